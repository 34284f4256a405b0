"""`ganeval compare` as a user meets it: what is printed where, exit codes, files, and how little it imports."""

import csv
import io
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from example_reports import as_run, damaged, of_set, places, scored, trained

from ganeval.comparison import compare
from ganeval.errors import GanevalError
from ganeval.reports.report import load_report
from ganeval.tables import FORMATS as WRITERS

RECORDED = Path(__file__).parents[2] / "results" / "recorded"
FORMATS = ("table", "markdown", "csv", "json", "latex", "html")


@pytest.fixture
def results(tmp_path):
    """A folder with three runs."""
    for name, fid in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        as_run(scored(name, fid), tmp_path / "results" / name)
    return tmp_path / "results"


def names_in(text):
    return [row["run"] for row in json.loads(text)]


# what is compared


def test_without_arguments_the_runs_of_results_are_compared(run, results, monkeypatch):
    monkeypatch.chdir(results.parent)
    done = run("compare")
    assert done.exit_code == 0
    assert done.stderr == ""
    rows = [line.split()[:2] for line in done.stdout.splitlines() if "±0.10" in line]
    assert rows == [["1", "a"], ["2", "b"], ["3", "c"]]
    assert names_in(run("compare", "--format", "json").stdout) == ["a", "b", "c"]


def test_without_results_the_error_names_what_is_needed(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("compare")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == ("Error: results: no such file or folder; needed a run, a report file or a folder of runs\n")


@pytest.mark.parametrize("form", FORMATS)
def test_the_recorded_runs_are_shown_in_every_format(run, form):
    done = run("compare", RECORDED, "--format", form, "--baseline", "digits-dcgan-s0")
    assert (done.exit_code, done.stderr) == (0, "")
    shown = done.stdout.replace("&#8594;", "→").replace(r"$\rightarrow$", "→")
    for name in ("digits-cgan-s0", "mnist-wgan-gp-s0", "digits-cyclegan-s0 digit→outline", "noise"):
        assert name in shown
    assert "nan" not in done.stdout.lower()


@pytest.mark.slow
@pytest.mark.parametrize("form", WRITERS)
def test_every_format_is_sorted_by_any_score_that_some_group_lacks(form):
    names = {name for folder in RECORDED.glob("*/") if folder.is_dir() for name in load_report(folder).scores}
    assert len(names) > 20
    for name in names:
        comparison = compare(RECORDED, sort=name, group=True)
        assert len(comparison.groups) > 1
        assert "digits-cgan" in WRITERS[form](comparison)


def test_the_values_are_those_of_the_reports(run):
    done = run("compare", RECORDED, "--format", "csv", "--baseline", RECORDED / "digits-dcgan-s0")
    rows = {(row["group"], row["run"]): row for row in csv.DictReader(io.StringIO(done.stdout))}
    base, other = (load_report(RECORDED / f"digits-{model}-s0").scores["fid"] for model in ("dcgan", "cgan"))
    row = rows["1", "digits-cgan-s0"]
    assert (float(row["fid"]), float(row["fid_error"])) == (other.value, other.error)
    assert float(row["fid_delta"]) == other.value - base.value
    error = math.hypot(base.error_samples, other.error_samples)
    assert float(row["fid_delta_error"]) == pytest.approx(error)
    assert row["fid_outside"] == str(abs(other.value - base.value) > 1.96 * error)
    fids = [float(row["fid"]) for (group, _), row in rows.items() if group == "1" and row["rank"]]
    assert fids == sorted(fids)


def test_sort_group_and_baseline_reach_the_table(run, tmp_path):
    for seed, fid in enumerate((1.0, 3.0)):
        as_run(trained(f"d-s{seed}", fid, seed), tmp_path / f"d-s{seed}")
    as_run(trained("e-s0", 4.0, lr=1), tmp_path / "e-s0")
    done = run("compare", tmp_path, "--group", "--baseline", "e-s0", "--sort", "name", "--format", "json")
    first, second = json.loads(done.stdout)
    assert (first["run"], first["seeds"], first["fid"], first["fid_delta"]) == ("d", 2, 2.0, -2.0)
    assert first["fid_error"] == pytest.approx(math.sqrt(2))
    assert first["fid_delta_error"] == pytest.approx(math.hypot(1.0, math.sqrt(2)))  # the lone run has their spread
    assert (second["run"], second["baseline"], second["rank"]) == ("e-s0", True, None)


# warnings and errors


def test_unfinished_and_broken_runs_are_listed_on_stderr_and_left_out(run, results):
    (results / "b" / "report.json").unlink()
    (results / "c" / "report.json").write_text('{"schema": 1')
    done = run("compare", results, "--format", "json")
    assert (done.exit_code, names_in(done.stdout)) == (0, ["a"])
    first, second = done.stderr.splitlines()
    assert first == f"warning: {results / 'b'}: unfinished (no report.json): run its command again"
    assert second.startswith(f"warning: left out: {results / 'c' / 'report.json'}: found no JSON")


def test_nan_in_a_report_is_a_warning_and_never_the_best(run, results):
    file = results / "c" / "report.json"
    file.write_text(file.read_text().replace('"value": 3.0', '"value": NaN'))
    done = run("compare", results, "--format", "json")
    assert [(row["run"], row["rank"], row["fid"]) for row in json.loads(done.stdout)] == [
        ("a", 1, 1.0), ("b", 2, 2.0), ("c", None, None),
    ]  # fmt: skip
    assert done.stderr == "warning: c: the value of fid is nan, which is no number: left out\n"
    (line,) = [line for line in run("compare", results).stdout.splitlines() if line.split()[1:2] == ["c"]]
    assert line.split() == ["–", "c", "–"]


def test_no_name_in_a_report_can_begin_a_workflow_command(run, results):
    file = results / "c" / "report.json"
    file.write_text(scored("c\n::error::x\x1b[31m", 9.0).to_json().replace('"value": 9.0', '"value": NaN'))
    assert run("compare", results).stderr.startswith("warning: c ::error::x [31m: the value of fid is nan")


def test_runs_that_are_not_comparable_are_in_a_group_that_states_the_difference(run, results):
    as_run(of_set(scored("few", 0.1), count=10), results / "few")
    lines = run("compare", results).stdout.splitlines()
    assert "Group 2 of 2: against digits:test, N = 10, M = 500" in lines
    assert "not comparable with group 1: number of samples: 10, not 1,000" in lines


ERRORS = {
    ("gone",): (2, "gone: no such file or folder; needed a run, a report file or a folder of runs"),
    ("results", "--sort", "fdi"): (2, "unknown score to sort by 'fdi': did you mean 'fid'? (known: name, fid)"),
    ("results", "--baseline", "z"): (2, "unknown baseline 'z': (known: a, b, c)"),
    ("results", "--format", "mrkdown"): (
        2,
        "unknown format 'mrkdown': did you mean 'markdown'? (known: table, markdown, csv, json, latex, html)",
    ),
    ("results", "-o", "x.doc"): (
        2,
        "-o x.doc: needed an ending of .txt, .md, .csv, .json, .tex, .html, or a --format",
    ),
    ("results", "-o", "results"): (
        2,
        "-o results: needed an ending of .txt, .md, .csv, .json, .tex, .html, or a --format",
    ),
    ("results", "--format", "csv", "-o", "results"): (2, "-o results: found a folder, needed a file to write"),
    **{
        ("results", "--format", "csv", "-o", f"results/a/{name}"): (
            2,
            f"-o results/a/{name}: found a file of a run, needed another name",
        )
        for name in ("report.json", "config.json", "log.jsonl", "gallery.npz")
    },
    ("results", "-o", "one.json"): (2, "-o one.json: found a report, needed another name"),
    ("results", "--format", "csv", "-o", "pipe"): (2, "-o pipe: found a device, needed a file to write"),
    ("results", "--format", "csv", "-o", "x" * 300): (2, f"-o {'x' * 300}: cannot be written (File name too long)"),
    ("results", "--sort", "FID"): (2, "unknown score to sort by 'FID': did you mean 'fid'? (known: name, fid)"),
    ("results", "-o", "file/x.csv"): (2, "-o file/x.csv: nothing can be written to file"),
    ("file",): (1, "file: found no JSON (Expecting value: line 1 column 1 (char 0)); needed a ganeval report"),
    (".",): (2, ".: found no runs in it, needed folders with a report.json; there are some in results"),
}


@pytest.mark.parametrize("arguments", ERRORS, ids=" ".join)
def test_mistakes_are_one_line_and_nothing_is_written(run, results, monkeypatch, arguments):
    monkeypatch.chdir(results.parent)
    Path("file").write_text("mine")
    Path("one.json").write_text(scored("a", 1.0).to_json())
    os.mkfifo("pipe")
    for name in ("log.jsonl", "gallery.npz"):
        Path("results", "a", name).touch()
    before = sorted(results.parent.rglob("*"))
    done = run("compare", *arguments)
    code, line = ERRORS[arguments]
    stderr = done.stderr.replace(f"{results.parent}/", "")
    assert (done.exit_code, done.stdout, stderr) == (code, "", f"Error: {line}\n")
    assert sorted(results.parent.rglob("*")) == before
    assert load_report(results / "a").scores["fid"].value == 1.0


def test_a_mistyped_command_gets_a_did_you_mean(run):
    assert "did you mean 'compare'?" in run("comapre").stderr


WHOLE = trained("a-s0", 1.0).to_dict()


@pytest.mark.filterwarnings("ignore::ganeval.errors.GanevalWarning")
@pytest.mark.parametrize("place", list(places(WHOLE)), ids=lambda place: ".".join(map(str, place)))
def test_no_value_anywhere_in_a_report_is_more_than_a_mistake(tmp_path, place):
    """Each value in turn becomes everything that JSON can hold: every format's text, or one line."""
    broken, base = tmp_path / "broken.json", tmp_path / "base.json"
    base.write_text(trained("b-s1", -1e140, seed=1).to_json())
    messages = []
    for document in damaged(WHOLE, place):
        broken.write_text(json.dumps(document))
        for group in (False, True):
            try:
                comparison = compare([broken, base], group=group, baseline=None if group else base)
            except GanevalError as error:
                messages.append(str(error))
                continue
            for writer in WRITERS.values():
                assert "nan" not in writer(comparison).encode("utf-8").decode().lower()
    assert not any("\n" in line for line in messages)


# files


@pytest.mark.parametrize(
    ("name", "form", "begins"),
    [
        ("t.txt", "table", "against digits:test"),
        ("t.md", "markdown", "**against"),
        ("t.csv", "csv", "group,differs,run"),
        ("t.json", "json", "[\n {"),
        ("t.tex", "latex", "% \\usepackage{booktabs"),
        ("t.html", "html", "<div class="),
    ],
)
def test_a_file_has_the_format_of_its_ending_and_the_text_of_stdout(run, results, tmp_path, name, form, begins):
    target = tmp_path / "tables" / "数字" / name
    done = run("compare", results, "-o", target)
    assert (done.exit_code, done.stdout) == (0, f"{target}: 3 rows, {form}\n")
    text = target.read_text("utf-8")
    assert text.startswith(begins)
    assert text.strip() == run("compare", results, "--format", form).stdout.strip()
    assert [path.name for path in target.parent.iterdir()] == [name]


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_name_that_is_not_utf_8_is_in_every_format(run, results, tmp_path, form):
    odd = results / os.fsdecode(b"run-\xff")
    as_run(scored("a", 4.0), odd)
    target = tmp_path / f"table.{form}"
    for arguments in ((), ("-o", target)):
        done = run("compare", results, "--format", form, *arguments)
        assert (done.exit_code, done.stderr) == (0, "")
    text = target.read_text("utf-8")
    assert "run-" in text
    if form == "json":
        assert str(odd) in [row["folder"] for row in json.loads(text)]


def test_a_config_json_outside_runs_may_be_replaced(run, results, tmp_path):
    target = tmp_path / "config.json"
    target.write_text("{}")
    assert run("compare", results, "-o", target).exit_code == 0
    assert names_in(target.read_text()) == ["a", "b", "c"]


def test_the_format_option_comes_before_the_ending_and_a_table_may_be_replaced(run, results, tmp_path):
    target = tmp_path / "t.txt"
    run("compare", results, "-o", target)
    run("compare", results, "-o", target, "--format", "json")
    assert names_in(target.read_text()) == ["a", "b", "c"]


def test_a_read_only_folder_is_an_error_before_anything_is_read(run, results, tmp_path, monkeypatch):
    monkeypatch.setattr("ganeval.runtime.files.os.access", lambda path, mode: False)
    done = run("compare", tmp_path / "gone", "-o", tmp_path / "t.csv")
    assert (done.exit_code, done.stderr) == (
        2,
        f"Error: -o {tmp_path / 't.csv'}: nothing can be written to {tmp_path}\n",
    )


def test_a_failed_write_leaves_the_old_file(run, results, tmp_path, monkeypatch):
    target = tmp_path / "t.csv"
    run("compare", results, "-o", target)
    before = target.read_text()

    def full(*_):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("ganeval.runtime.files.os.replace", full)
    done = run("compare", results / "a", "-o", target)
    assert (done.exit_code, done.stderr) == (2, f"Error: -o {target}: cannot be written (No space left on device)\n")
    assert target.read_text() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["t.csv"]


def test_a_link_is_replaced_and_its_target_stays(run, results, tmp_path):
    (results / "a" / "log.jsonl").write_text("mine")
    (tmp_path / "link.csv").symlink_to(results / "a" / "log.jsonl")
    assert run("compare", results, "-o", tmp_path / "link.csv").exit_code == 0
    assert (tmp_path / "link.csv").read_text().startswith("group,")
    assert (results / "a" / "log.jsonl").read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_on_stdout_is_one_line(results, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    script = [sys.executable, "-m", "ganeval", "compare", str(results)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(script, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")


# what is imported


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_imports_torch_and_only_csv_and_latex_pandas(form):
    script = (
        "import sys; from ganeval.cli import main; from click.testing import CliRunner\n"
        f"done = CliRunner().invoke(main, ['compare', {str(RECORDED)!r}, '--format', {form!r}])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'torch', 'torchvision', 'matplotlib', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == ("['pandas']" if form in ("csv", "latex") else "[]")


def test_ten_runs_and_more_are_compared(run, tmp_path):
    for seed in range(12):
        as_run(replace(trained(f"d-s{seed}", 1.0 + seed, seed)), tmp_path / f"d-s{seed}")
    assert names_in(run("compare", tmp_path, "--format", "json").stdout) == [f"d-s{seed}" for seed in range(12)]
    (row,) = json.loads(run("compare", tmp_path, "--group", "--format", "json").stdout)
    assert (row["run"], row["seeds"], row["fid"]) == ("d", 12, 6.5)
