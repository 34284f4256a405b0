"""`ganeval human page` and `ganeval human tally`: output, messages and exit codes."""

import subprocess
import sys

import human_answers
import pytest
from human_answers import PLAN, wilson

from ganeval.evaluation.evaluator import evaluate
from ganeval.human.plan import read_plan
from ganeval.reports.report import load_report
from ganeval.reports.run_folders import write_run


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (["-n", "7"], 2, "-n: found 7, needed an even number from 2 to 1,000: half are real"),
        (["-n", "0"], 2, "-n: found 0, needed an even number from 2 to 1,000: half are real"),
        (["-n", "62"], 1, "{dark}: found 30 images, needed 31 for a test of 62; ask for fewer with -n"),
        (["--limit", "31"], 1, "{dark}: found 30 images, needed 31; lower the limit"),
        (["--seconds", "nan"], 2, "--seconds: found nan, needed 0 (until answered) to 60"),
        (["--seconds", "-1"], 2, "--seconds: found -1, needed 0 (until answered) to 60"),
        (["--seed", "-1"], 2, "--seed: found -1, needed 0 to 4294967295"),
        (["--ref", "ring8"], 2, "ring8:train: found points or statistics, needed images"),
        (["--ref", "digts"], 2, "digts: no such file, folder or data set: did you mean 'digits'?"),
        (["-o", "/"], 2, "-o /: found a folder, needed a file to write"),
        (["-o", "report.json"], 2, "-o report.json: the page is HTML, needed a name that ends in .html"),
    ],
)
def test_a_wrong_option_is_one_line(run, tmp_path, flags, code, line):
    dark, light = human_answers.write_sets(tmp_path)
    given = {"--samples": dark, "--ref": light, "-o": tmp_path / "a.html"} | dict([flags])
    found = run("human", "page", *[part for option in given.items() for part in option])
    assert found.exit_code == code
    assert found.stderr.splitlines()[-1].startswith(f"Error: {line}".format(dark=dark))
    assert not (tmp_path / "a.html").exists()


def test_an_unreadable_image_is_named(run, tmp_path, write_digits):
    folder = write_digits(tmp_path / "digits", 10)
    (folder / "004.png").write_bytes(b"")
    found = run("human", "page", "--samples", folder, "--ref", "digits", "-o", tmp_path / "a.html", "-n", "2")
    assert (found.exit_code, found.stderr) == (1, f"Error: {folder}/004.png: the file is empty (0 bytes)\n")


def test_the_command_prints_the_next_step(run, tmp_path):
    dark, light = human_answers.write_sets(tmp_path)
    page = tmp_path / "prüfung 数字.html"
    found = run("human", "page", "--samples", dark, "--ref", light, "-o", page, "-n", "4", "--title", "Echt?")
    name = human_answers.data_in(page)["test"]["id"]
    assert found.stdout.splitlines() == [
        f"{page}: test {name}, 2 fakes of dark, 2 reals of light",
        f"open it in a browser; then ganeval human tally answers-{name[:8]}-*.json",
    ]
    assert "<title>Echt?</title>" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gone.json"], "gone.json: found no such file, needed answers saved by a page of `ganeval human page`"),
        (["."], ".: found no such file, needed answers saved"),
        (["{a}", "--confidence", "1"], "--confidence: found 1, needed more than 0 and less than 1, such as 0.95"),
        (["{a}", "--confidence", "nan"], "--confidence: found nan, needed more than 0"),
        (["{a}", "--report", "gone"], "--report gone: found no such file or folder, needed a run or a report file"),
        (["{a}", "--report", "{folder}"], "--report {folder}: found a folder without report.json, needed a run or"),
    ],
)
def test_a_wrong_path_or_flag_is_exit_2(run, tmp_path, arguments, line):
    words = {"a": human_answers.write_answers(tmp_path / "a.json", PLAN, human_answers.right(PLAN)), "folder": tmp_path}
    found = run("human", "tally", *[one.format(**words) for one in arguments])
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith(f"Error: {line.format(**words)}")


def test_the_tally_is_printed(run, tmp_path):
    ada = human_answers.write_answers(
        tmp_path / "ada.json", PLAN, human_answers.with_errors(PLAN, 1, 2), "Ada", [100.0, *[700.0] * 7]
    )
    eve = human_answers.write_answers(tmp_path / "eve.json", PLAN, human_answers.right(PLAN), "[bold]Eve", [900.0] * 8)
    found = run("human", "tally", ada, eve, "--confidence", "0.9")
    assert found.exit_code == 0
    lines = [line.split("  ") for line in found.stdout.splitlines()]
    rows = {cells[1]: [cell.strip() for cell in cells[2:] if cell.strip()] for cells in lines if len(cells) > 2}
    low, high = (f"{100 * end:.1f}" for end in wilson(3, 16, 1.6448536269514722))
    assert rows["human error rate ↑"] == ["18.8 %", f"{low} … {high} %", "3 of 16"]
    assert rows["fakes taken for real"][::2] == ["12.5 %", "1 of 8"]
    assert rows["reals taken for fake"][::2] == ["25.0 %", "2 of 8"]
    assert [rows["Ada"][place] for place in (0, 2, 3, 4)] == ["37.5 %", "25.0 %", "50.0 %", "700"]
    assert rows["[bold]Eve"][0] == "0.0 %"
    assert "a among b: 8 images, half real, each shown for 1 s" in found.stdout
    assert "2 people, median reaction 800 ms. 50 % is chance" in found.stdout
    assert "over people the rate is 18.8 % ± 26.5 % (standard deviation); 2 people are few." in found.stdout
    assert "1 answer within 150 ms, faster than anybody can react (Ada: 1); included all the same." in found.stdout


def test_from_a_page_to_a_report(run, tmp_path, digits_folder):
    """The whole way, but for the person."""
    report = evaluate(digits_folder, "digits:test", metrics=["fid"])
    write_run(tmp_path / "run", report, {})
    page = tmp_path / "test.html"
    made_page = run("human", "page", "--samples", tmp_path / "run", "--ref", "digits:test", "-o", page, "-n", "10")
    assert made_page.exit_code == 0, made_page.stderr
    plan = read_plan(human_answers.data_in(page)["test"], "page")
    file = human_answers.write_answers(tmp_path / "a.json", plan, ["real"] * 10, "Ada")
    assert run("human", "tally", file, "--report", tmp_path / "run").exit_code == 0
    assert load_report(tmp_path / "run").scores["human_error_rate"].value == 0.5


@pytest.mark.slow
def test_a_tally_needs_no_torch(tmp_path, answers):
    code = (
        f"import sys; from ganeval.cli import main; main(['human', 'tally', {str(answers)!r}], standalone_mode=False)"
    )
    checked = f"{code}; assert not {{'torch', 'pandas', 'matplotlib', 'jinja2'}} & set(sys.modules), 'heavy'"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
