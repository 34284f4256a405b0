"""`ganeval train-all`: five models, their yardsticks, one table; again, elsewhere, killed and with a failing model."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from ganeval.errors import UsageError
from ganeval.reports.report import Report, load_report
from ganeval.training import run_lock, workers
from ganeval.training.final_scores import FinishedRun
from ganeval.training.plan import TrainingPlan
from ganeval.training.run_lock import alone_in

MODELS = ("vanilla", "dcgan", "wgan-gp", "cgan", "cyclegan")
TINY = ("--steps", "8", "--set", "check_every=4", "-n", "100")
ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]
Cells = Callable[[str], list[list[str]]]


def report(out: Path, name: str) -> Report:
    return load_report(out / f"digits-{name}")


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of one printed table's rows, headings left out."""
    part = text[text.index(title) :].split("─\n", 1)[1].split("\n\n", 1)[0]
    return [re.split(r" {2,}", line.strip()) for line in part.splitlines() if line.strip()]


# what it leaves behind


@pytest.mark.slow
def test_every_model_and_both_yardsticks_have_a_run_folder(suite_run: tuple[Path, Result]) -> None:
    out, _ = suite_run
    runs = [f"digits-{model}-s0" for model in MODELS]
    assert sorted(path.name for path in out.iterdir()) == sorted(["README.md", "digits-real", "digits-noise", *runs])
    for name in (*runs, "digits-real", "digits-noise"):
        assert json.loads((out / name / "config.json").read_text())["ganeval"]
        assert load_report(out / name).reference.name == "digits:test" or "cyclegan" in name


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_folder_holds_log_grids_and_checkpoints(suite_run: tuple[Path, Result], model: str) -> None:
    folder = suite_run[0] / f"digits-{model}-s0"
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records if "check" in record] == [4, 8]
    assert all({"seconds", "images"} <= set(record) for record in records if "check" not in record)
    for step in (4, 8):
        with Image.open(folder / "grids" / f"step-{step:08d}.png") as grid:
            assert grid.format == "PNG"
            assert grid.width >= 400  # enlarged: eight pixels are seen by nobody
    for name in ("best", "last"):
        document = json.loads((folder / "checkpoints" / f"{name}.json").read_text())
        assert (folder / "checkpoints" / document["file"]).is_file()
        assert {"config", "versions", "data_sha256", "step"} <= set(document)
    assert not [path for path in folder.rglob(".*") if path.name != ".lock"]  # nothing half written


@pytest.mark.slow
def test_all_are_scored_in_one_protocol_at_one_number_of_images(suite_run: tuple[Path, Result]) -> None:
    out, _ = suite_run
    reports = [report(out, name) for name in ("real", "noise", *[f"{model}-s0" for model in MODELS[:4]])]
    assert {one.samples.count for one in reports} == {100}
    assert len({one.reference.fingerprint for one in reports}) == 1
    assert all(one.protocol == reports[0].protocol for one in reports)
    both = [load_report(out / "digits-cyclegan-s0" / name) for name in ("report.json", "report-back.json")]
    assert [one.samples.count for one in both] == [500, 500]  # all test pictures, there and back
    assert both[0].protocol == reports[0].protocol


@pytest.mark.slow
def test_a_report_holds_the_facts_of_its_training(suite_run: tuple[Path, Result]) -> None:
    training = report(suite_run[0], "wgan-gp-s0").more["training"]
    assert (training["model"], training["data"], training["steps"]) == ("wgan-gp", "digits", 8)
    assert set(training["selection_fid"]) == {"4", "8"}
    best = min(training["selection_fid"], key=training["selection_fid"].get)
    assert str(training["best_step"]) == best
    assert training["verdicts"][0]["sentence"].startswith(training["verdicts"][0]["name"])


# the table


@pytest.mark.slow
def test_the_models_stand_between_real_images_and_noise(suite_run: tuple[Path, Result]) -> None:
    text = suite_run[1].stdout
    found = rows(text, "against digits:test, N = 100, M = 500")
    assert [row[0] for row in found] == ["real (train)", *MODELS[:4], "noise"]
    heading = text[: text.index("─")]
    for word in ("FID", "(digits", "% of noise", "IS", "KID", "precision", "recall", "density", "coverage", "modes"):
        assert word in heading, word
    share = next(column for column, cell in enumerate(found[-1]) if cell == "100 %")
    for row in found:
        name = {"real (train)": "real", "noise": "noise"}.get(row[0], f"{row[0]}-s0")
        value = report(suite_run[0], name).scores["fid"].value
        assert float(row[1].split()[0]) == pytest.approx(value, rel=0.02)
        ratio = 100 * value / report(suite_run[0], "noise").scores["fid"].value
        assert float(row[share].split()[0]) == pytest.approx(ratio, rel=0.06)
        assert " of 10" in row[-1]


@pytest.mark.slow
def test_scores_of_only_some_models_are_a_table_of_their_own(suite_run: tuple[Path, Result]) -> None:
    text = suite_run[1].stdout
    both = rows(text, "translations against the other domain, N = 500")
    assert [row[0] for row in both] == ["cyclegan digit→outline", "cyclegan outline→digit"]
    special = rows(text, "classes and translations")
    assert [row[0] for row in special] == ["cgan", *[row[0] for row in both]]
    heading = " ".join(text[text.index("classes and translations") :].split("─")[0].split())
    for word in ("accuracy", "intra-class", "GAN-train", "cycle L1", "labels kept", "PSNR dB"):
        assert word in heading
    assert [cell == "–" for cell in special[0][1:]] == [False] * 4 + [True] * 5
    assert [cell == "–" for cell in special[1][1:]] == [True] * 4 + [False] * 5


@pytest.mark.slow
def test_every_run_has_its_best_last_and_raw_checkpoints_scored_and_a_verdict(suite_run: tuple[Path, Result]) -> None:
    out, result = suite_run
    found = rows(result.stdout, "\ntraining\n")
    assert [row[0] for row in found] == [*[f"digits-{model}-s0" for model in MODELS], "and back"]
    for row in found[:5]:
        scores = load_report(out / row[0]).scores
        shown = dict(zip(("fid", "fid_last", "fid_raw", "fid_last_raw"), row[3:7], strict=True))
        for name, text in shown.items():
            assert float(text) == pytest.approx(scores[name].value, rel=0.02)
        assert int(row[1]) == 8
        assert row[8].partition(":")[0] in ("healthy", "nothing learned", "mode collapse")
    assert "± one standard error" in result.stdout.splitlines()[-1]


@pytest.mark.slow
def test_each_run_that_ends_is_a_line_on_stderr(suite_run: tuple[Path, Result]) -> None:
    lines = suite_run[1].stderr.splitlines()
    for model in MODELS:
        (line,) = [line for line in lines if line.startswith(f"digits-{model}-s0: ")]
        assert re.fullmatch(r"\S+: 8 steps in \d+ s, FID [\d.]+( and [\d.]+)?", line)


@pytest.mark.slow
def test_the_page_has_the_tables_own_cells(suite_run: tuple[Path, Result]) -> None:
    out, result = suite_run
    page = (out / "README.md").read_text(encoding="utf-8")
    listed = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    for title in ("against digits:test", "translations against", "classes and translations"):
        for row in rows(result.stdout, title):
            assert row in listed
    for model in MODELS:
        assert any(cells[0].startswith(f"digits-{model}-s0") for cells in listed)


# again, and elsewhere


@pytest.mark.slow
def test_the_same_command_again_trains_nothing_and_prints_the_same(
    run: Run, suite_run: tuple[Path, Result], here: None
) -> None:
    out, first = suite_run
    before = contents(out)
    checkpoints = {path: path.stat().st_mtime_ns for path in out.rglob("checkpoints/*")}
    again = run("train-all", *TINY, "--out", out)
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert contents(out) == before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("checkpoints/*")} == checkpoints


def contents(out: Path) -> dict[str, bytes]:
    """The files of all models' runs: the yardsticks are scored anew."""
    files = [path for model in MODELS for path in (out / f"digits-{model}-s0").rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_another_folder_and_no_processes_give_an_equal_table(
    run: Run, suite_run: tuple[Path, Result], here: None, tmp_path: Path, timeless: Cells
) -> None:
    other = run("train-all", *TINY, "--out", tmp_path)
    assert other.exit_code == 0
    assert timeless(other.stdout) == timeless(suite_run[1].stdout)
    for model in MODELS:
        name = f"{model}-s0"
        assert report(tmp_path, name).scores == report(suite_run[0], name).scores


@pytest.mark.slow
def test_of_several_seeds_the_table_has_mean_and_standard_deviation(run: Run, here: None, tmp_path: Path) -> None:
    result = run("train-all", *TINY, "--models", "vanilla", "--seeds", "2", "--out", tmp_path)
    assert result.exit_code == 0, result.stderr
    values = [report(tmp_path, f"vanilla-s{seed}").scores["fid"].value for seed in (0, 1)]
    assert values[0] != values[1]
    (row,) = [row for row in rows(result.stdout, "against digits:test") if row[0] == "vanilla"]
    mean, deviation = row[1].split(" ±")
    assert float(mean) == pytest.approx(np.mean(values), rel=0.01)
    assert float(deviation) == pytest.approx(abs(values[0] - values[1]) / 2**0.5, rel=0.06)
    assert "of 2 seeds the mean ± their standard deviation" in result.stdout.splitlines()[-1]
    assert [row[0] for row in rows(result.stdout, "\ntraining\n")] == ["digits-vanilla-s0", "digits-vanilla-s1"]
    assert f"| vanilla | {row[1]} |" in (tmp_path / "README.md").read_text()


# killed


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def waited_for(what: Callable[[], Any], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="reads the processes from /proc")
def test_killed_at_a_random_moment_it_leaves_no_worker_and_resumes_to_the_same_table(
    run: Run, here: None, tmp_path: Path, timeless: Cells
) -> None:
    options = ["--models", "vanilla,dcgan", "--steps", "24", "--set", "check_every=6", "-n", "100", "--out"]
    whole = run("train-all", *options, tmp_path / "whole")
    out, log = tmp_path / "killed", tmp_path / "killed" / "digits-dcgan-s0" / "log.jsonl"
    command = [sys.executable, "-m", "ganeval", "train-all", *options, str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert waited_for(log.is_file)
        time.sleep(random.uniform(0, 1))
        workers_of = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
    assert workers_of
    assert waited_for(lambda: not any(map(alive, workers_of)), 20)
    assert not (out / "README.md").exists()
    again = run("train-all", *options, out)
    assert again.exit_code == 0, again.stderr
    assert timeless(again.stdout) == timeless(whole.stdout)
    for name in ("vanilla-s0", "dcgan-s0"):
        assert report(out, name).scores == report(tmp_path / "whole", name).scores


@pytest.mark.slow
def test_two_processes_do_not_train_in_one_folder(
    run: Run, here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganeval.training.run.alone_in", lambda folder: run_lock.alone_in(folder, seconds=0.1))
    folder = tmp_path / "digits-vanilla-s0"
    with alone_in(folder):
        result = run("train-all", *TINY, "--models", "vanilla", "--out", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == f"Error: {folder}: another process trains this run; wait for it to end"
    assert list(folder.iterdir()) == [folder / ".lock"]
    assert run("train-all", *TINY, "--models", "vanilla", "--out", tmp_path).exit_code == 0


# a model that fails


@pytest.mark.slow
def test_one_that_fails_does_not_stop_the_others(
    run: Run, here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    carry_out = workers.carry_out
    faults: dict[str, Exception] = {
        "dcgan": OSError(28, "No space left on device", "/full/log.jsonl"),
        "wgan-gp": RuntimeError("out of memory"),
    }

    def failing(plan: TrainingPlan, tick: Any) -> FinishedRun:
        if plan.request.model in faults:
            raise faults[plan.request.model]
        return carry_out(plan, tick)

    monkeypatch.setattr(workers, "carry_out", failing)
    result = run("train-all", *TINY, "--models", "vanilla,dcgan,wgan-gp", "--out", tmp_path)
    assert result.exit_code == 1
    problem = result.stderr.splitlines()[-1]
    assert problem.startswith("Error: ")
    assert "/full/log.jsonl: No space left on device" in problem
    assert "RuntimeError: out of memory" in problem
    assert [row[0] for row in rows(result.stdout, "against digits:test")] == ["real (train)", "vanilla", "noise"]
    assert "dcgan" not in (tmp_path / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "difference"),
    [(("--set", "lr_g=0.5"), "lr_g: was 0.0002, now 0.5"), (("--steps", "12"), "steps: was 8, now 12"),
     (("--seeds", "2", "--set", "width=8"), "width: was")],
)  # fmt: skip
def test_another_configuration_in_the_same_folder_is_refused_before_anything_is_trained(
    run: Run, suite_run: tuple[Path, Result], more: tuple[str, ...], difference: str
) -> None:
    out, _ = suite_run
    options = [*TINY, *more] if more[0] != "--steps" else [*more, *TINY[2:]]
    before = sorted(out.rglob("*"))
    result = run("train-all", *options, "--models", "cgan,vanilla", "--out", out)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {out}/digits-cgan-s0: found a run of another configuration (")
    assert difference in line
    assert line.endswith("give another --out, or delete this folder")
    assert sorted(out.rglob("*")) == before


def test_results_that_cannot_be_written_are_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    result = run("train-all", *TINY, "--out", tmp_path / "taken")
    assert result.exit_code == 2
    assert result.stderr == f"Error: --out {tmp_path / 'taken'}: found a file, needed a folder for the runs\n"


def test_foreign_files_in_a_run_folder_are_left_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "digits-vanilla-s0"
    folder.mkdir()
    for name, text in (("notes.txt", "mine"), ("config.json", '{"model_type": "unet"}')):
        (folder / name).write_text(text)
        result = run("train-all", *TINY, "--models", "vanilla", "--out", tmp_path)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: {folder}: found files that are no training run; give another --out, or an empty folder\n"
        )
        assert (folder / name).read_text() == text
    with pytest.raises(UsageError, match="found a file, needed a folder for the run"), alone_in(folder / "notes.txt"):
        pass
