"""The commands as a user meets them: what goes to stdout, what to stderr, which files are left."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ganeval.cli import main
from ganeval.cli.console import advance, bars_on, print_view, progress, terminal_width
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_report
from ganeval.tables.report_view import reports_view
from ganeval.training.data.loading import LARGEST, SMALLEST

ROOT = Path(__file__).parents[2]
FID = ("--metrics", "fid")
COMMANDS = ((), *((name,) for name in main.commands))


def score(run, *arguments):
    result = run("score", *arguments)
    assert result.exit_code == 0, result.stderr
    return result


# the score and where it goes


def test_a_score_is_a_plain_table_on_stdout_and_warnings_on_stderr(run, digits_folder):
    result = score(run, "--samples", digits_folder, "--ref", "digits")
    lines = result.stdout.splitlines()
    assert lines[0] == "digits against digits:train"
    shown = {re.split(r"  +", line.strip())[0] for line in lines if re.search(r"[↓↑] (lower|higher)", line)}
    assert {"FID (digits classifier)", "IS", "KID", "precision", "recall", "density", "coverage"} <= shown
    assert {"modes covered", "modes KL", "NDB/K"} <= shown
    assert "N = 60 samples; M = 1,097 reference images" in result.stdout
    assert "tf1: digits features (published weights" in result.stdout
    assert not re.search(r"\x1b|[ \t]\n|[│┃╭]", result.stdout)
    assert "warning" not in result.stdout
    assert all(line.startswith("warning: ") for line in result.stderr.splitlines())
    assert "biased upwards at N = 60" in result.stderr


def test_the_table_shows_the_reports_own_numbers(run, digits_folder):
    options = ("--samples", digits_folder, "--ref", "digits", "--metrics", "fid,pr")
    report = json.loads(score(run, *options, "--json", "-").stdout)
    table = score(run, *options).stdout
    for heading, name in (("FID (digits classifier)", "fid"), ("precision", "precision"), ("recall", "recall")):
        value, error = re.search(rf"^ *{re.escape(heading)} +(\S+) +(\S+)", table, re.MULTILINE).groups()
        assert float(value) == pytest.approx(report["scores"][name]["value"], abs=float(f"1e-{places(value)}"))
        assert float(error) == pytest.approx(report["scores"][name]["error"], rel=0.06)


def places(text):
    return len(text.partition(".")[2])


def test_json_to_a_dash_is_json_alone(run, digits_folder):
    result = score(run, "--samples", digits_folder, "--ref", "digits", *FID, "--json", "-")
    report = json.loads(result.stdout)
    assert report["schema"] == 1
    assert list(report["scores"]) == ["fid"]
    assert "warning: fid: biased" in result.stderr


def test_json_to_a_file_leaves_the_table_on_stdout(run, digits_folder, tmp_path):
    target = tmp_path / "new" / "report.json"
    result = score(run, "--samples", digits_folder, "--ref", "digits", *FID, "--json", target)
    assert "FID (digits classifier)" in result.stdout
    assert load_report(target).samples.count == 60
    assert [path.name for path in target.parent.iterdir()] == ["report.json"]


def test_several_samples_are_one_table_of_a_row_each_and_a_json_list(run, digits_folder, write_digits, tmp_path):
    sources = ("--samples", digits_folder, "--samples", write_digits(tmp_path / "b", 20, 60), "--name", "dcgan")
    options = (*sources, "--name", "wgan-gp", "--ref", "digits", "--metrics", "fid,pr,modes")
    result = score(run, *options)
    rows = [line.split()[:2] for line in result.stdout.splitlines() if line.strip().startswith(("dcgan", "wgan-gp"))]
    assert rows == [["dcgan", "60"], ["wgan-gp", "20"]]
    assert not re.search(r"\x1b|[ \t]\n", result.stdout)
    for heading in ("FID (digits classifier) ↓", "precision ↑", "recall ↑", "modes covered ↑", "modes KL ↓"):
        assert heading in result.stdout
    reports = json.loads(score(run, *options, "--json", "-").stdout)
    assert [report["samples"]["name"] for report in reports] == ["dcgan", "wgan-gp"]
    assert reports[0]["reference"] == reports[1]["reference"]


def test_a_run_folder_is_out_itself_for_one_and_below_it_for_several(run, digits_folder, write_digits, tmp_path):
    other = write_digits(tmp_path / "b", 20, 60)
    score(run, "--samples", digits_folder, "--ref", "digits", *FID, "--out", tmp_path / "one")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["config.json", "gallery.npz", "report.json"]
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    assert config["reference"] == "digits"
    assert config["samples"] == [str(digits_folder)]
    assert (config["seed"], config["protocol"]) == (2020, "tf1")
    both = ("--samples", digits_folder, "--samples", other)
    score(run, *both, "--name", "a/x", "--name", "..b", "--ref", "digits", *FID, "--out", tmp_path / "two")
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["a_x", "b"]
    assert load_report(tmp_path / "two" / "b").samples.count == 20


def test_a_run_can_be_scored_again_and_gives_the_same(run, digits_folder, tmp_path):
    score(run, "--samples", digits_folder, "--ref", "digits", *FID, "--out", tmp_path / "run")
    again = json.loads(score(run, "--samples", tmp_path / "run", "--ref", "digits", *FID, "--json", "-").stdout)
    assert again["scores"] == json.loads((tmp_path / "run" / "report.json").read_text())["scores"]
    assert again["samples"]["name"] == "run"


def test_only_the_metrics_asked_for_are_given(run, digits_folder):
    report = json.loads(score(run, "--samples", digits_folder, "--ref", "digits", "--metrics", "pr,is",
                              "--json", "-").stdout)  # fmt: skip
    assert set(report["scores"]) == {"precision", "recall", "inception_score"}


def test_n_draws_at_random_by_the_seed_and_never_the_first(run, digits_folder, write_digits, tmp_path):
    def scores(source, *more):
        return json.loads(score(run, "--samples", source, "--ref", "digits", *FID, *more, "--json", "-").stdout)

    first = scores(write_digits(tmp_path / "first", 20))
    seeded, again, other = (scores(digits_folder, "-n", "20", "--seed", seed) for seed in ("1", "1", "2"))
    assert seeded["samples"]["count"] == 20
    assert seeded["scores"] == again["scores"]
    prints = {report["samples"]["fingerprint"] for report in (first, seeded, other)}
    assert len(prints) == 3
    fewer = scores(digits_folder, "--ref-n", "50")
    assert fewer["reference"]["count"] == 50


def test_a_generators_pictures_are_scored(run, tmp_path, monkeypatch):
    (tmp_path / "my_generator.py").write_text(
        "import torch\ndef generate(n): return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(n))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    options = ("--samples", "my_generator:generate", "-n", "40", "--ref", "digits", *FID, "--json", "-")
    report = json.loads(score(run, *options).stdout)
    assert report["samples"]["count"] == 40
    assert report["scores"]["fid"]["value"] > 20  # noise is far from digits


def test_features_without_probabilities_leave_out_what_needs_them_and_say_so(run, digits_folder, tmp_path, monkeypatch):
    (tmp_path / "my_features.py").write_text("def pixels(x): return x[:, 0].flatten(1)[:, ::2]\npixels.size = 8\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    result = score(run, "--samples", digits_folder, "--ref", "digits", "--extractor", "my_features:pixels")
    assert "FID (my_features:pixels)" in result.stdout
    assert not re.search(r"^ *IS ", result.stdout, re.MULTILINE)
    assert "warning: is left out: this extractor gives no class probabilities" in result.stderr
    assert "modes covered" in result.stdout  # by the reference's labels


def test_the_same_command_prints_the_same_again(run, digits_folder):
    options = ("--samples", digits_folder, "--ref", "digits:test", "--no-cache")
    first, second = (score(run, *options) for _ in range(2))
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr)


# help, lists, classifiers


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "ganeval")
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_opens_with_complete_commands(run, command, flag):
    result = run(*command, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    usage, sentence, *rest = [part for part in result.stdout.split("\n\n") if part.strip()]
    assert usage.startswith("Usage: ")
    assert sentence.strip()
    examples = rest[0].splitlines()
    assert len(examples) >= 2
    assert all(line.strip().startswith(" ".join(("ganeval", *command))) for line in examples)


def test_every_flag_of_an_example_is_one_that_the_command_has(run):
    commands = dict(main.commands)
    for name, group in main.commands.items():
        if isinstance(group, click.Group):
            commands |= {f"{name} {inner}": command for inner, command in group.commands.items()}
            del commands[name]
    for name, command in commands.items():
        flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
        lines = [line.strip() for line in (command.help or "").splitlines()]
        examples = [line for line in lines if line.startswith(f"ganeval {name}")]
        assert examples
        for example in examples:
            used = re.findall(r"(?<= )--?[a-z][a-z-]*", example.split("   ")[0].split("|")[0])
            assert set(used) <= flags, example


def test_lists_name_what_is_here_and_what_is_missing(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("GANEVAL_DATA", raising=False)
    every = run("list")
    assert (every.exit_code, every.stderr) == (0, "")
    parts = {}
    for name in ("metrics", "datasets", "extractors", "models", "protocols"):
        parts[name] = run("list", name).stdout
        assert parts[name] in every.stdout + "\n"
    assert re.search(r"fid +fid ↓\n +Heusel", parts["metrics"])
    assert re.search(r"digits +here: comes with ganeval", parts["datasets"])
    assert re.search(rf"mnist +missing: train-images-idx3-ubyte.gz, .* in {tmp_path}", parts["datasets"])
    assert re.search(r"inception .*\n +absent: downloaded on first use from github.com", parts["extractors"])
    assert re.search(r"digits .*\n +in the package", parts["extractors"])
    assert re.search(r"cifar10 .*\n +absent: `ganeval classifier cifar10` trains it", parts["extractors"])
    assert re.search(r"wgan-gp +Gulrajani.*\n +steps by preset: digits [\d,]+, mnist", parts["models"])
    assert "clean-fid" in parts["protocols"]
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "weights-inception-2015-12-05-6726825d.pth").touch()
    assert re.search(rf"inception .*\n +in {tmp_path}/weights", run("list", "extractors").stdout)


def test_settings_are_listed_when_asked_for_and_known_to_the_help(run):
    listed = run("list", "settings").stdout
    about = "whole number, 1 to 64; default: 1; not for models that translate"
    assert re.search(rf"\n +pack +samples that .*\n +{about}\n", listed)
    assert re.search(rf"\n +size .*\n +whole number, {SMALLEST} to {LARGEST}; ", listed)
    assert listed not in run("list").stdout
    for command in ("train", "train-all"):
        assert re.search(r"--set key=value +A changed setting of `ganeval list settings`", run(command, "-h").stdout)
    refused = run("train", "dcgan", "--set", "nonsense=1", "--dry-run")
    assert refused.stderr.endswith("; `ganeval list settings` explains them)\n")


def test_data_sets_are_found_where_the_flag_says(run, data_root):
    listed = run("list", "datasets", "--data-root", data_root).stdout
    assert re.search(rf"cifar10 +here: {re.escape(str(data_root))}", listed)


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    """What `ganeval classifier` says and writes for six pictures of each of three digits."""
    root = tmp_path_factory.mktemp("classes")
    for digit in ("0", "1", "7"):
        (root / "train" / digit).mkdir(parents=True)
        for path in sorted((ROOT / "examples" / "digits" / digit).iterdir())[:6]:
            shutil.copy(path, root / "train" / digit)
    result = run("classifier", root / "train", "-o", root / "own.safetensors")
    assert result.exit_code == 0, result.stderr
    return root, result


def test_a_classifier_of_ones_own_folders_is_trained_once_and_scores(run, trained):
    root, result = trained
    assert re.fullmatch(rf"{root}/own\.safetensors: \d+\.\d% accuracy on held-out images\n", result.stdout)
    before = (root / "own.safetensors").read_bytes()
    again = run("classifier", root / "train", "-o", root / "own.safetensors")
    assert "trained before" in again.stdout
    assert (root / "own.safetensors").read_bytes() == before
    options = ("--samples", root / "train", "--ref", root / "train", "--extractor", root / "own.safetensors")
    report = json.loads(score(run, *options, "--json", "-").stdout)
    assert report["scores"]["modes_covered"]["total"] == 3
    assert report["scores"]["modes_covered"]["value"] == 3
    assert report["protocol"]["weights"] == "custom"
    assert report["scores"]["fid"]["value"] == pytest.approx(0, abs=1e-6)
    assert any("are the same images" in text for text in report["warnings"])
    assert "FID (own" in score(run, *options).stdout


def test_another_file_or_another_seed_of_a_classifier_is_its_own(run, trained):
    root, _ = trained
    copied = run("classifier", root / "train", "-o", root / "copy.safetensors")
    assert copied.exit_code == 0
    assert (root / "copy.safetensors").read_bytes() == (root / "own.safetensors").read_bytes()
    seeded = run("classifier", root / "train", "-o", root / "seeded.safetensors", "--seed", "1")
    assert seeded.exit_code == 0
    assert "trained before" not in seeded.stdout
    assert (root / "seeded.safetensors").read_bytes() != (root / "own.safetensors").read_bytes()


def test_an_existing_classifier_of_other_data_is_not_taken_for_this_datas(run, trained, tmp_path):
    root, _ = trained
    shutil.copytree(root / "train", tmp_path / "other")
    shutil.copy(ROOT / "examples" / "digits" / "0" / "040.png", tmp_path / "other" / "0")
    result = run("classifier", tmp_path / "other", "-o", root / "own.safetensors")
    assert result.exit_code == 1
    assert "holds the classifier of other images" in result.stderr
    seeded = run("classifier", root / "train", "-o", root / "own.safetensors", "--seed", "7")
    assert seeded.exit_code == 1
    assert "holds the classifier of seed 2020; delete it or give another -o" in seeded.stderr


# what is imported


HEAVY = """
import sys
import ganeval, ganeval.reports.report, ganeval.reports.run_folders, ganeval.tables.report_view, ganeval.cli
from click.testing import CliRunner
commands = [[name, "-h"] for name in ("score", "train", "train-all", "sample")]
for arguments in (["--help"], ["-h"], *commands, ["--version"], ["scoer"], ["list", "protocols"]):
    CliRunner().invoke(ganeval.cli.main, arguments)
print(sorted({"torch", "torchvision", "torch_fidelity", "pandas", "matplotlib", "scipy"} & set(sys.modules)))
"""


def test_light_commands_import_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", HEAVY], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# progress


def shown(ticks):
    """The bars after some ticks, as (stage, done, total)."""
    from rich.progress import Progress

    bars = Progress(disable=True)
    for tick in ticks:
        advance(bars, *tick)
    return [(bar.description, bar.completed, bar.total) for bar in bars.tasks]


def test_a_bar_never_goes_back_when_threads_report_out_of_order():
    assert shown([("decode", 512, 1097), ("decode", 1024, 1097), ("decode", 512, 1097)]) == [("decode", 1024, 1097)]


def test_the_next_set_starts_its_bar_anew():
    first = [("decode", 1097, 1097), ("kid", 1, 100)]
    assert shown([*first, ("decode", 20, 167)]) == [("kid", 1, 100), ("decode", 20, 167)]
    assert shown([*first, ("decode", 0, 1097), ("decode", 20, 1097)]) == [("kid", 1, 100), ("decode", 20, 1097)]


def test_what_follows_a_colon_may_change_within_one_bar():
    ticks = [("dcgan: d/loss 1.38", 50, 400), ("wgan-gp", 10, 90), ("dcgan: d/loss 0.71", 100, 400)]
    assert shown(ticks) == [("dcgan: d/loss 0.71", 100, 400), ("wgan-gp", 10, 90)]


def test_stages_have_a_bar_each_whoever_reports_first():
    from concurrent.futures import ThreadPoolExecutor

    with progress() as tick, ThreadPoolExecutor(8) as pool:
        ticks = [(stage, count, 50) for count in range(1, 51) for stage in ("decode", "extract", "kid")]
        futures = [pool.submit(tick, *arguments) for arguments in ticks]
    assert all(future.exception() is None for future in futures)
    assert shown(ticks) == [("decode", 50, 50), ("extract", 50, 50), ("kid", 50, 50)]


def test_a_bar_that_moves_every_few_minutes_has_its_rate_from_the_second_tick():
    import io

    from rich.console import Console

    seconds = 0.0
    bars = bars_on(Console(file=io.StringIO(), force_terminal=True), get_time=lambda: seconds)
    rates = []
    for step in range(50, 300, 50):
        advance(bars, "dcgan", step, 4000)
        rates.append(bars.tasks[0].fields["rate"])
        seconds += 300
    assert rates == ["", "0.17/s", "0.17/s", "0.17/s", "0.17/s"]


def test_in_a_pipe_a_view_is_plain_text_as_wide_as_it_needs_to_be(capsys):
    from rich.text import Text

    print_view(Text("word " * 100 + "\n[bold] is no markup   "))
    assert capsys.readouterr().out == ("word " * 100).rstrip() + "\n[bold] is no markup\n"
    assert terminal_width() is None


# tables of several reports


def report_of(name, scores):
    images = ImageSet(name, name, 10000)
    protocol = Protocol("tf1", "digits", "features", "published", "ab", "tf1-bilinear")
    return Report("0.1.0", "now", images, images, protocol, scores)


SCORES = {
    "fid": Score(28.9341, "lower", error=0.2042),
    "inception_score": Score(8.123, "higher", error=0.1234),
    "kid": Score(-0.01234, "lower", error=0.00123),
    **{name: Score(0.71234, "higher", error=0.01234) for name in ("precision", "recall", "density", "coverage")},
    "modes_covered": Score(10, "higher", total=10),
    "modes_kl": Score(0.000321, "lower", error=0.00012),
}
PRINTED = (
    "28.93",
    "±0.20",
    "8.12",
    "±0.12",
    "-0.0123",
    "±0.0012",
    "0.712",
    "±0.012",
    "10 of 10",
    "0.00032",
    "±0.00012",
)


def printed(width, *reports):
    from rich.console import Console

    console = Console(width=width or 10_000, color_system=None)
    with console.capture() as captured:
        console.print(reports_view(reports, width=width))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [40, 80, 100, 130, None])
def test_a_table_of_reports_fits_and_breaks_no_number(width):
    lines = printed(width, report_of("dcgan", SCORES), report_of("wgan-gp", SCORES))
    text = "\n".join(lines)
    assert width is None or max(map(len, lines)) <= width
    for number in PRINTED:
        assert len(re.findall(rf"(?<![\d.]){re.escape(number)}(?!\d)", text)) in (2, 8), number  # 8: four scores alike
    assert "…" not in text
    assert lines[0].strip() == "against dcgan"


def test_a_score_that_one_of_them_lacks_is_a_dash():
    lines = printed(None, report_of("a", SCORES), report_of("b", {"fid": SCORES["fid"]}))
    (row,) = [line for line in lines if line.strip().startswith("b ")]
    assert row.split() == ["b", "10,000", "28.93", "±0.20", *["–"] * 8]


def test_a_metric_asked_for_is_a_column_of_its_own():
    lines = printed(None, *[report_of(name, {"fid_infinity": Score(3.25, "lower", error=0.1)}) for name in "ab"])
    assert any("FID∞ ↓" in line for line in lines)
    assert sum("3.25 ±0.10" in line for line in lines) == 2
