"""The run folders that are in the repository: readable by themselves, whole, and told apart from half of one."""

import json
import math
import shutil
from pathlib import Path

import pytest

from ganeval.comparison import compare
from ganeval.reports.report import load_report
from ganeval.reports.run_folders import REPORTS, config_of, find_reports, is_run, is_trained, log_of, why_no_report

RECORDED = Path(__file__).parents[2] / "results" / "recorded"
RUNS = sorted(path.parent for path in RECORDED.glob("*/report.json"))
TRAINED = [run for run in RUNS if (run / "log.jsonl").is_file()]


def ids(run: Path) -> str:
    return run.name


def test_there_are_ten_runs_at_least() -> None:
    assert len(RUNS) >= 10
    assert len(TRAINED) >= 5


@pytest.mark.parametrize("run", RUNS, ids=ids)
def test_a_run_is_whole_and_each_file_reads_by_itself(run: Path) -> None:
    assert is_run(run)
    assert why_no_report(run) is None
    assert load_report(run).scores["fid"].value >= 0
    assert config_of(run)["ganeval"]
    for name in REPORTS:
        assert "NaN" not in (run / name).read_text("utf-8") if (run / name).is_file() else True


@pytest.mark.parametrize("run", TRAINED, ids=ids)
def test_a_log_is_one_line_a_step_and_none_goes_back(run: Path) -> None:
    text = (run / "log.jsonl").read_text("utf-8")
    lines = list(log_of(run))
    assert text.endswith("\n")
    assert len(lines) == len(text.splitlines())
    steps = [line["step"] for line in lines]
    assert steps == sorted(steps)
    assert max(steps) == config_of(run)["config"]["steps"]
    assert all(math.isfinite(line["g/loss"]) for line in lines if "g/loss" in line)


@pytest.mark.parametrize("run", TRAINED, ids=ids)
def test_the_same_run_without_its_report_is_an_unfinished_one(run: Path, tmp_path: Path) -> None:
    half = tmp_path / run.name
    half.mkdir()
    shutil.copy(run / "config.json", half)
    lines = (run / "log.jsonl").read_text("utf-8").splitlines(keepends=True)
    (half / "log.jsonl").write_text("".join(lines[: len(lines) // 2]) + lines[-1][:15], encoding="utf-8")
    assert is_trained(half)
    note = why_no_report(half)
    assert note is not None
    step = json.loads(lines[len(lines) // 2 - 1])["step"]
    assert f"step {step:,} of {config_of(run)['config']['steps']:,}" in note


def test_the_recorded_runs_are_compared_whole() -> None:
    reports, omissions = find_reports([RECORDED])
    assert omissions == []
    assert {stored.folder for stored in reports} == set(RUNS)
    groups = compare(reports).groups
    assert sum(len(group.rows) for group in groups) == len(reports)
    digits = groups[0]
    assert digits.rows[0].yardstick == "real"
    assert digits.rows[-1].yardstick == "noise"
    fids = [row.score("fid") for row in digits.rows]
    values = [score.value for score in fids if score]
    assert values == sorted(values)
