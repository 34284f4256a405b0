"""`ganeval gate` as a CI job meets it: exit codes, what is printed, which files are left; and our own gate."""

import json
import math
import os
import re
import stat
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from example_reports import damaged, places
from scipy.stats import t

from ganeval.errors import UsageError
from ganeval.gating import gate
from ganeval.gating.github import annotation
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_report, load_reports

ROOT = Path(__file__).parents[2]
HOW = Protocol("tf1", "inception", "2048", "published", "67" * 32, "tf1-bilinear")
REAL = ImageSet("cifar10", "cifar10", 50_000, "sha256:0a")
FID, RECALL = Score(20.0, "lower", 0.5, 0.3), Score(0.8, "higher", 0.05, 0.03)


def report(fid: Score | None = FID, recall: Score | None = RECALL, number: int = 0, **changes: Any) -> Report:
    scores = {name: score for name, score in (("fid", fid), ("recall", recall)) if score is not None}
    samples = ImageSet(f"mine-s{number}", "mine/", 1000, f"sha256:{number}")
    return replace(Report("0.1.0", "2026-01-31", samples, REAL, HOW, scores), **changes)


def of(value: float) -> Score:
    return replace(FID, value=value)


def save(path: Path, *reports: Report) -> Path:
    """A report file, or a list of them; NaN as Python writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = [report.to_dict() for report in reports]
    path.write_text(json.dumps(documents[0] if len(documents) == 1 else documents), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def outside_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests run in a workflow."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Reports of all kinds, in a folder whose name is not ASCII."""
    folder = tmp_path / "läufe 数"
    other = replace(HOW, resize="pil-bicubic")
    return {
        "new": save(folder / "new.json", report()),
        "base": save(folder / "base.json", report(of(19.0), number=1)),
        "worse": save(folder / "worse.json", report(of(25.0), number=2)),
        "nan": save(folder / "nan.json", report(of(math.nan), number=3)),
        "zero": save(folder / "zero.json", report(of(0.0), number=7)),
        "bare": save(folder / "bare.json", report(None, number=4)),
        "other": save(folder / "other.json", report(number=5, protocol=other)),
        "seeds": save(
            folder / "seeds.json", *[report(of(19 + 0.1 * number), number=10 + number) for number in range(5)]
        ),
        "run": save(folder / "run" / "report.json", report(number=6)).parent,
        "folder": folder,
    }


def gated(run: Callable[..., Result], *arguments: object) -> Result:
    result = run("gate", *arguments)
    assert "Traceback" not in result.output
    return result


# outcomes and exit codes


@pytest.mark.parametrize(
    ("given", "code", "lines"),
    [
        (("new", "--max", "fid=25"), 0,
         ["held  FID 20.00 ±0.30, --max fid=25: 16.7 standard errors under (by 5)",
          "gate  held (1 limit), exit code 0"]),
        (("run", "--max", "fid=25", "--min", "recall=0.3"), 0,
         ["held  FID 20.00 ±0.30, --max fid=25: 16.7 standard errors under (by 5)",
          "held  recall 0.800 ±0.030, --min recall=0.3: 16.7 standard errors over (by 0.5)",
          "gate  held (2 limits), exit code 0"]),
        (("worse", "--baseline", "base", "--max-increase", "fid=5%"), 1,
         ["regressed  FID 25.00 ±0.30, --max-increase fid=5% (baseline 19.00 ±0.30): "
          "11.6 standard errors over (by 5.05)",
          "gate       regressed (1 limit), exit code 1"]),
        (("new", "--max", "fid=19.8"), 3,
         ["inconclusive  FID 20.00 ±0.30, --max fid=19.8: 0.667 standard errors over (by 0.2); "
          "about 6,088 samples would decide",
          "gate          inconclusive (1 limit), exit code 3"]),
        (("new", "--baseline", "other", "--max-increase", "fid=1", "--max", "fid=1"), 4,
         ["regressed       FID 20.00 ±0.30, --max fid=1: 63.3 standard errors over (by 19)",
          "not comparable  FID –, --max-increase fid=1: resize: tf1-bilinear, not pil-bicubic",
          "gate            not comparable (1 of 2 limits), exit code 4"]),
        (("nan", "--max", "fid=25"), 1,
         ["regressed  FID –, --max fid=25: nan in the report", "gate       regressed (1 limit), exit code 1"]),
        (("bare", "--max", "fid=25"), 1,
         ["regressed  FID –, --max fid=25: missing from the report", "gate       regressed (1 limit), exit code 1"]),
        (("seeds", "--max", "fid=20"), 0,
         ["held  FID 19.200 ±0.071 of 5 seeds, --max fid=20: 11.3 standard errors under (by 0.8)",
          "gate  held (1 limit), exit code 0"]),
        (("new", "--baseline", "seeds", "--max-increase", "fid=0.1"), 1,
         ["regressed  FID 20.00 ±0.16, --max-increase fid=0.1 (baseline 19.200 ±0.071 of 5 seeds): "
          "4.04 standard errors over (by 0.7)",
          "gate       regressed (1 limit), exit code 1"]),
    ],
    ids=["held", "folder", "regressed", "inconclusive", "not comparable", "nan", "missing", "seeds", "one of seeds"],
)  # fmt: skip
def test_an_outcome_is_printed_and_exits(run, files, given, code, lines) -> None:
    result = gated(run, *[files.get(name, name) for name in given])
    assert (result.stdout.splitlines(), result.exit_code, result.stderr) == (lines, code, "")


@pytest.mark.parametrize(("policy", "code"), [("pass", 0), ("fail", 1), ("3", 3), (None, 3)])
def test_an_inconclusive_gate_exits_as_it_is_asked_to(run, files, policy, code) -> None:
    flags = [] if policy is None else ["--inconclusive", policy]
    result = gated(run, files["new"], "--max", "fid=19.8", *flags)
    assert result.exit_code == code
    by_policy = f" by --inconclusive {policy}" if policy in ("pass", "fail") else ""
    assert result.stdout.splitlines()[-1] == f"gate          inconclusive (1 limit), exit code {code}{by_policy}"


def test_confidence_moves_the_border_between_inconclusive_and_regressed(run, files) -> None:
    codes = [gated(run, files["new"], "--max", "fid=19.4", "--confidence", c).exit_code for c in (0.9, 0.95, 0.99)]
    assert codes == [1, 1, 3]  # 2 standard errors, against 1.28, 1.64 and 2.33


def test_several_files_are_several_seeds(run, files) -> None:
    other = save(files["folder"] / "s7.json", report(of(20.4), number=7))
    result = gated(run, files["new"], other, "--max", "fid=20")
    assert result.exit_code == 3
    assert result.stdout.startswith(
        "inconclusive  FID 20.20 ±0.20 of 2 seeds, --max fid=20: 1 standard error over (by 0.2); "
    )
    both = gated(run, files["new"], "--baseline", files["base"], "--baseline", other, "--max-increase", "fid=1")
    assert "(baseline 19.70 ±0.70 of 2 seeds)" in both.stdout


# mistakes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("lost.json", "--max", "fid=25"), "lost.json: no such file; needed a report, or a run folder"),
        (("new", "--baseline", "lost.json", "--max-increase", "fid=1"), "lost.json: no such file"),
        (("new",), "found no limit, needed at least one, as --max fid=25"),
        (("new", "--max", "fdi=25"), "unknown metric 'fdi': did you mean 'fid'?"),
        (("new", "--max", "fid"), "--max fid: needed metric=amount, as fid=25"),
        (("new", "--max", "fid=low"), "--max fid=low: needed a number, as fid=25"),
        (("new", "--max", "fid=5%"), "--max fid=5%: needed a number, as fid=25"),
        (("new", "--max-increase", "fid=5%"), "--max-increase fid=5%: relative to a baseline, needed --baseline"),
        (("new", "--max", "fid=25", "--confidence", "95"), "--confidence 95.0: needed a number between 0.5 and 1"),
        (("new", "--max", "fid=25", "--confidence", "NaN"), "--confidence nan: needed a number between 0.5 and 1"),
        (("new", "--max", "fid=25", "--inconclusive", "fial"), "--inconclusive 'fial': did you mean 'fail'?"),
        (("new", "--max", "fid=25", "--limits", "lost.toml"), "--limits lost.toml: cannot be read"),
        (("new", "--max", "fid=25", "--junit", "folder"), "found a folder, needed a file to write"),
        (("new", "--max", "fid=25", "--junit", "/proc/gate.xml"), "--junit /proc/gate.xml: "),
        (("folder", "--max", "fid=25"), "läufe 数: found no report.json in it, needed a report, or a run folder"),
        (("new", "--max", "IS=25"), "unknown metric 'IS': did you mean 'inception_score'?"),
        (("new", "--max", "FID=25"), "unknown metric 'FID': did you mean 'fid'?"),
        (("new", "--max", "fid=25", "--junit", "x" * 300), "cannot be written (File name too long)"),
        (("new", "--baseline", "x" * 300, "--update-baseline"), "cannot be written (File name too long)"),
        (("new", "--max", "fid=25", "--junit", "base"), "base.json: found a report, needed another name"),
        (("new", "--baseline", "base", "--limits", "base"), "found no TOML"),
        (("new", "--baseline", "base", "--update-baseline", "--junit", "a.xml"), "--update-baseline, which judges"),
        (("new", "new", "--max", "fid=25"), "found the same images twice, of mine-s0; needed different seeds"),
        (("new", "--baseline", "bare", "--max-increase", "fid=1"), "fid is missing from the baseline; write a new one"),
        (("new", "--baseline", "nan", "--max-increase", "fid=1"), "fid is nan in the baseline; write a new one"),
        (("new", "--maxx", "fid=25"), "No such option"),
        (("--max", "fid=25"), "Missing argument 'REPORT...'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(run, files, given, message) -> None:
    result = gated(run, *[files.get(name, name) for name in given])
    assert result.exit_code == 2
    assert message in result.stderr
    if "Usage:" not in result.stderr:
        assert result.stderr.count("\n") == 1


WHOLE = report().to_dict()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[]",
        "null",
        "3",
        '"report"',
        "{}",
        '{"schema": 1}',
        '{"schema": 1, "scores": []}',
        '[{"a": 1}]',
        "[" * 5000,
        WHOLE and json.dumps({**WHOLE, "scores": {"fid": {"value": None, "better": "lower"}}}),
        json.dumps({**WHOLE, "scores": {"fid": {"value": "20", "better": "lower"}}}),
        json.dumps({**WHOLE, "scores": {"fid": 20}}),
        json.dumps({**WHOLE, "protocol": None}),
        json.dumps({**WHOLE, "samples": {**WHOLE["samples"], "count": "many"}}),
        json.dumps({**WHOLE, "samples": {**WHOLE["samples"], "count": 10**400}}),
        json.dumps({**WHOLE, "reference": {**WHOLE["reference"], "fingerprint": 3}}),
        json.dumps({**WHOLE, "samples": {**WHOLE["samples"], "name": ["a"]}}),
    ],
    ids=range(20),
)
def test_a_file_that_is_no_report_is_never_a_regression(run, files, text) -> None:
    broken = files["folder"] / "broken.json"
    broken.write_text(text, encoding="utf-8")
    for given in (
        (broken, "--max", "fid=25"),
        (files["new"], "--baseline", broken, "--max-increase", "fid=1"),
        (files["new"], "--baseline", broken, "--max", "fid=25"),
    ):
        result = gated(run, *given)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("place", list(places(WHOLE)), ids=lambda place: ".".join(map(str, place)))
def test_no_value_anywhere_in_a_report_is_more_than_a_mistake(files, place) -> None:
    """Each value in turn becomes everything that JSON can hold: an outcome, or one line and exit code 2."""
    broken = files["folder"] / "broken.json"
    for document in damaged(WHOLE, place):
        broken.write_text(json.dumps(document), encoding="utf-8")
        for new, old in ((broken, files["base"]), (files["base"], broken)):
            try:
                outcome = gate(
                    new, baseline=old, max={"fid": 25}, max_increase={"fid": "50%"}, max_decrease={"recall": 1}
                )
            except UsageError:
                continue
            assert outcome.exit_code in (0, 1, 3, 4)
            assert "\n" not in "".join(judgement.sentence for judgement in outcome.judgements)
            assert outcome.exit_code != 0 or all(judgement.value is not None for judgement in outcome.judgements)


def test_binary_files_and_unfinished_runs_are_usage_errors(run, files) -> None:
    (files["folder"] / "bytes.json").write_bytes(b"\xff\xfe\x00\x01")
    assert gated(run, files["folder"] / "bytes.json", "--max", "fid=25").exit_code == 2
    half = files["folder"] / "unfinished"
    half.mkdir()
    (half / "config.json").write_text('{"ganeval": "0.1.0", "config": {"steps": 100}}')
    result = gated(run, half, "--max", "fid=25")
    assert result.exit_code == 2
    assert "unfinished (step 0 of 100)" in result.stderr


def test_reports_of_earlier_and_later_versions_are_gated(run, files) -> None:
    document = {**WHOLE, "of_later": {"x": 1}}
    document["scores"] = {"fid": {"value": 20.0, "error": 0.3, "better": "lower", "of_later": [1]}}
    document["samples"] = {"name": "mine", "source": "mine/", "count": 1000}
    path = files["folder"] / "mixed.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = gated(run, path, "--max", "fid=25")
    assert (result.exit_code, result.stdout[:4]) == (0, "held")


def test_warnings_go_to_stderr(run, files) -> None:
    bare = save(files["folder"] / "bare-error.json", report(Score(20.0, "lower", None)))
    result = gated(run, bare, "--max", "fid=25")
    assert result.exit_code == 0
    assert result.stderr == "warning: fid has no error bar in the report; it counts as 0\n"


# a file of limits


def test_a_limits_file_gates_and_its_baseline_lies_beside_it(run, files, monkeypatch, tmp_path) -> None:
    limits = files["folder"] / "limits.toml"
    limits.write_text(
        'baseline = "base.json"\nconfidence = 0.99\ninconclusive = "pass"\n'
        '[max]\nfid = 10\n[max-increase]\nfid = "4%"\n'
    )
    monkeypatch.chdir(tmp_path)
    result = gated(run, files["new"], "--limits", limits)
    assert [line.split("  ")[0] for line in result.stdout.splitlines()] == ["regressed", "inconclusive", "gate"]
    assert result.exit_code == 1
    result = gated(run, files["new"], "--limits", limits, "--max", "fid=25")  # the flag's, not the file's
    assert (result.exit_code, "--max fid=25: " in result.stdout) == (0, True)
    result = gated(run, files["new"], "--limits", limits, "--max", "fid=25", "--inconclusive", "fail")
    assert result.exit_code == 1
    result = gated(run, files["new"], "--limits", limits, "--max", "fid=25", "--baseline", files["worse"])
    assert "baseline 25.00" in result.stdout


def test_an_unknown_key_in_a_limits_file_is_a_usage_error(run, files) -> None:
    limits = files["folder"] / "limits.toml"
    limits.write_text("[max-incraese]\nfid = 1\n")
    result = gated(run, files["new"], "--limits", limits)
    assert result.exit_code == 2
    assert "unknown key 'max-incraese': did you mean 'max-increase'?" in result.stderr


# JUnit


def suite_of(path: Path) -> tuple[dict[str, str], list[ElementTree.Element]]:
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.tag == "testsuite"
    for key in ("tests", "failures", "errors", "time"):
        assert root.get(key) == suite.get(key)
    cases = list(suite)
    for case in cases:
        assert case.tag == "testcase"
        assert case.get("name")
        assert case.get("classname") == "ganeval.gate"
        assert float(case.get("time", "")) >= 0
    assert suite.get("tests") == str(len(cases))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(key) == str(sum(case.find(tag) is not None for case in cases))
    return dict(suite.attrib), cases


@pytest.mark.parametrize("policy", ["3", "pass", "fail"])
def test_junit_has_a_case_for_each_limit_and_all_four_outcomes(run, files, policy) -> None:
    target = files["folder"] / "new folder" / "gate.xml"
    flags = ["--max", "fid=25", "--min", "recall=0.9", "--max", "recall=0.79", "--max-increase", "fid=1"]
    result = gated(run, files["new"], "--baseline", files["other"], *flags, "--junit", target, "--inconclusive", policy)
    assert result.exit_code == 4
    attributes, cases = suite_of(target)
    named = {case.get("name"): case for case in cases}
    assert list(named) == ["--max fid=25", "--max recall=0.79", "--min recall=0.9", "--max-increase fid=1"]
    taken = "failure" if policy == "fail" else "skipped"
    tags = [[part.tag for part in case] for case in cases]
    assert tags == [["system-out"], [taken], ["failure"], ["error"]]
    assert named["--min recall=0.9"][0].get("message") == (
        "regressed: recall 0.800 ±0.030, --min recall=0.9: 3.33 standard errors under (by 0.1)"
    )
    assert named["--max recall=0.79"][0].get("message", "").startswith("inconclusive: recall")
    assert named["--max-increase fid=1"][0].get("message", "").endswith("resize: tf1-bilinear, not pil-bicubic")
    assert attributes["failures"] == ("2" if policy == "fail" else "1")
    assert [path.name for path in target.parent.iterdir()] == ["gate.xml"]


def test_junit_escapes_names(run, files) -> None:
    odd = 'a<b>&"c"\x00\x1b数'
    path = save(files["folder"] / "odd.json", report(number=8, scores={odd: of(3.0)}))
    assert gated(run, path, "--max", f"{odd}=1", "--junit", files["folder"] / "gate.xml").exit_code == 1
    _, (case,) = suite_of(files["folder"] / "gate.xml")
    assert case.get("name") == '--max a<b>&"c" 数=1'


def test_a_gate_replaces_no_file_of_a_run_and_no_limits_file(run, files) -> None:
    own = ("config.json", "log.jsonl", "checkpoints/best.json", "samples.zip", "grids/step-1.png", "learning/a.npz")
    for name in own:
        (files["run"] / name).parent.mkdir(exist_ok=True)
        (files["run"] / name).write_text('{"ganeval": "0.1.0"}')
    limits = files["folder"] / "limits.toml"
    limits.write_text("[max]\nfid = 25\n")
    before = {path: path.read_bytes() for path in files["folder"].rglob("*") if path.is_file()}
    for name in ("report.json", *own):
        for flags in (["--max", "fid=25", "--junit"], ["--update-baseline", "--baseline"]):
            result = gated(run, files["new"], *flags, files["run"] / name)
            needed = f"{flags[-1]} {files['run'] / name}: found a file of a run, needed another name"
            assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {needed}\n")
    link = files["folder"] / "link.toml"
    link.symlink_to(limits)
    for flags in (["--update-baseline", "--baseline"], ["--junit"]):
        for spelled in (limits, link):
            result = gated(run, files["new"], "--limits", spelled, *flags, limits)
            path = limits if flags == ["--junit"] else spelled
            line = f"{flags[-1]} {path}: found the file of --limits, needed another one"
            assert (result.exit_code, result.stderr) == (2, f"Error: {line}\n")
    link.unlink()
    assert {path: path.read_bytes() for path in files["folder"].rglob("*") if path.is_file()} == before


def test_a_baseline_called_report_json_can_be_updated_repeatedly(run, files) -> None:
    target = files["folder"] / "baseline" / "report.json"
    for name in ("new", "worse", "new"):
        assert gated(run, files[name], "--baseline", target, "--update-baseline").exit_code == 0
        assert load_report(target) == load_report(files[name])
    assert gated(run, files["new"], "--baseline", target.parent, "--max-increase", "fid=1").exit_code == 0


def test_a_run_folder_with_a_list_of_reports_is_seeds(run, files) -> None:
    several = files["folder"] / "several" / "report.json"
    several.parent.mkdir()
    several.write_text(files["seeds"].read_text())
    assert "19.200 ±0.071 of 5 seeds" in gated(run, several.parent, "--max", "fid=25").stdout
    several.write_text("{")
    result = gated(run, several.parent, "--max", "fid=25")
    assert (result.exit_code, "report.json: found no JSON" in result.stderr) == (2, True)


def test_an_unwritable_junit_file_is_an_error_before_any_verdict(run, files, actions, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ganeval.runtime.files.os.replace", full)
    target = files["folder"] / "gate.xml"
    result = gated(run, files["new"], "--max", "fid=25", "--junit", target)
    line = f"--junit {target}: cannot be written (No space left on device)"
    assert (result.exit_code, result.stderr) == (2, f"Error: {line}\n")
    assert result.stdout == f"::error title=ganeval gate%3A cannot judge::{line}\n"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_verdict_that_cannot_be_printed_is_no_regression(files, monkeypatch, unbuffered) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    script = [sys.executable, "-m", "ganeval", "gate", str(files["new"]), "--max", "fid=25"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(script, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Error: No space left on device\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(script, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, "Error: Broken pipe\n")
    shut = ["sh", "-c", '"$@" >&-', "sh", *script]
    done = subprocess.run(shut, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")  # nobody wants to read it


def test_an_unreadable_file_is_annotated_as_no_verdict(run, files, actions, monkeypatch) -> None:
    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "base.json")

    monkeypatch.setattr("ganeval.gating.rule.read_model", locked)
    result = gated(run, files["new"], "--max", "fid=25")
    assert (result.exit_code, result.stderr) == (2, "Error: base.json: Permission denied\n")
    assert result.stdout == "::error title=ganeval gate%3A cannot judge::base.json: Permission denied\n"


def test_a_mistake_leaves_the_old_junit_file(run, files) -> None:
    target = files["folder"] / "gate.xml"
    target.write_text("old")
    assert gated(run, "lost.json", "--max", "fid=25", "--junit", target).exit_code == 2
    assert target.read_text() == "old"


# GitHub Actions


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A step of a workflow: the summary file that the runner makes."""
    summary = tmp_path / "summary.md"
    summary.write_text("earlier\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    return summary


def test_in_actions_there_are_annotations_and_a_table(run, files, actions) -> None:
    flags = ["--max", "fid=25", "--min", "recall=0.9", "--max", "recall=0.79", "--max-increase", "fid=5%"]
    result = gated(run, files["new"], "--baseline", files["other"], *flags)
    assert [line for line in result.stdout.splitlines() if line.startswith("::")] == [
        "::warning title=ganeval gate%3A inconclusive::recall 0.800 ±0.030, --max recall=0.79: 0.333 standard errors "
        "over (by 0.01); about 24,350 samples would decide",
        "::error title=ganeval gate%3A regressed::recall 0.800 ±0.030, --min recall=0.9: 3.33 standard errors under "
        "(by 0.1)",
        "::error title=ganeval gate%3A not comparable::FID –, --max-increase fid=5%25: resize: tf1-bilinear, not "
        "pil-bicubic",
    ]
    text = actions.read_text(encoding="utf-8")
    assert text.startswith("earlier\n### ganeval gate\n")
    assert "⛔ **gate: not comparable (1 of 4 limits), exit code 4**" in text
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    assert [len(row) for row in rows] == [5] * 6
    assert rows[2] == [" ✅ held ", " FID ", " 20.00 ±0.30 ", " --max fid=25 ", " 16.7 standard errors under (by 5) "]


@pytest.mark.parametrize(("policy", "level"), [("pass", "notice"), ("fail", "error"), ("3", "warning")])
def test_an_inconclusive_limit_is_annotated_by_the_policy(run, files, actions, policy, level) -> None:
    result = gated(run, files["new"], "--max", "fid=19.8", "--inconclusive", policy)
    assert f"::{level} title=ganeval gate%3A inconclusive::FID 20.00" in result.stdout


def test_a_held_gate_is_one_notice(run, files, actions) -> None:
    result = gated(run, files["new"], "--max", "fid=25", "--min", "recall=0.5")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert line.startswith("::notice title=ganeval gate%3A held::FID 20.00 ±0.30, --max fid=25: ")


def test_nothing_in_a_report_can_write_a_workflow_command_or_break_the_table(run, files, actions) -> None:
    odd = "a|b\n::error::x%0A`<i>"
    path = save(files["folder"] / "odd.json", report(number=8, scores={odd: of(3.0)}))
    result = gated(run, path, "--max", f"{odd}=1")
    (line,) = [line.strip() for line in result.stdout.splitlines() if line.strip().startswith("::")]
    assert line.startswith("::error title=ganeval gate%3A regressed::a|b ::error::x%250A`<i> 3.00")
    table = [line for line in actions.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert [len(re.split(r"(?<!\\)\|", line)) for line in table] == [7, 7, 7]
    assert "a\\|b ::error::x%0A\\`\\<i\\>" in table[2]
    warned = gated(run, path, "--min", f"{odd}=1")
    assert len(warned.stderr.splitlines()) == 1


def test_a_summary_that_cannot_be_written_is_a_warning_alone(run, files, actions, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "lost" / "summary.md"))
    result = gated(run, files["new"], "--max", "fid=25")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"warning: GITHUB_STEP_SUMMARY .*: cannot be written \(.*\); the outcome stands\n", result.stderr
    )
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert gated(run, files["new"], "--max", "fid=25").stderr == ""


def test_no_end_of_line_of_any_kind_ends_an_annotation() -> None:
    assert annotation("error", "a\rb", "c\r\nd%") == "::error title=a%0Db::c%0D%0Ad%25"


def test_a_mistake_is_annotated_too(run, files, actions) -> None:
    result = gated(run, "lost.json", "--max", "fid=25")
    assert result.exit_code == 2
    assert result.stdout == (
        "::error title=ganeval gate%3A cannot judge::lost.json: no such file; needed a report, or a run folder\n"
    )


# a new baseline


def test_a_new_baseline_is_written_and_changes_are_listed(run, files) -> None:
    flags = ["--baseline", files["base"], "--max-increase", "fid=5%", "--min", "recall=0.1", "--update-baseline"]
    result = gated(run, files["worse"], *flags)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{files['base']}: the new baseline, mine-s2",
        "  recall: 0.800 ±0.030 → 0.800 ±0.030",
        "  FID: 19.00 ±0.30 → 25.00 ±0.30",
    ]
    assert load_report(files["base"]) == load_report(files["worse"])
    assert gated(run, files["worse"], "--baseline", files["base"], "--max-increase", "fid=0").exit_code == 0


def test_a_report_without_scores_and_a_broken_name_make_no_baseline_that_cannot_gate(run, files, actions) -> None:
    before = files["base"].read_bytes()
    bare = save(files["folder"] / "none.json", report(None, None, number=8))
    result = gated(run, bare, "--baseline", files["base"], "--update-baseline")
    line = "--update-baseline: the report has no score; the baseline stays as it was"
    assert (result.exit_code, result.stderr) == (1, f"Error: {line}\n")
    assert result.stdout == f"::error title=ganeval gate%3A cannot judge::{line}\n"
    assert files["base"].read_bytes() == before
    odd = save(files["folder"] / "odd.json", report(samples=ImageSet("a\n::error::b\ud800", "", 1000)))
    result = gated(run, odd, "--baseline", files["base"], "--update-baseline")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"{files['base']}: the new baseline, a ::error::b")
    assert load_report(files["base"]) == load_report(odd)


def test_custom_scores_can_be_a_baseline(run, files) -> None:
    own = save(files["folder"] / "own.json", report(scores={"mine": of(3.0)}))
    result = gated(run, own, "--baseline", files["base"], "--update-baseline")
    assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "  mine: – → 3.00 ±0.30")


def test_a_baseline_of_0_is_accepted_without_limits_in_per_cent(run, files) -> None:
    result = gated(run, files["zero"], "--baseline", files["base"], "--max-increase", "fid=1", "--update-baseline")
    assert (result.exit_code, load_report(files["base"]).scores["fid"].value) == (0, 0.0)


def test_several_reports_become_a_list(run, files) -> None:
    target = files["folder"] / "new" / "seeds.json"
    result = gated(
        run, files["new"], files["worse"], "--baseline", target, "--max-increase", "fid=1", "--update-baseline"
    )
    assert result.exit_code == 0
    assert "the new baseline, mine-s0 and 1 more" in result.stdout
    assert "  FID: – → 22.5 ±2.5" in result.stdout
    assert load_reports(target) == [load_report(files["new"]), load_report(files["worse"])]


@pytest.mark.parametrize("old", [None, "", "{", "[]", '{"schema": 1, "scores": {}}'])
def test_an_absent_or_broken_baseline_is_replaced(run, files, old) -> None:
    target = files["folder"] / "limits" / "base.json"
    target.parent.mkdir()
    if old is not None:
        target.write_text(old)
    limits = target.parent / "limits.toml"
    limits.write_text('baseline = "base.json"\n[max-increase]\nfid = 1\n')
    result = gated(run, files["new"], "--limits", limits, "--update-baseline")
    assert result.exit_code == 0
    assert "  FID: – → 20.00 ±0.30" in result.stdout
    assert ("  the old one could not be read: " in result.stdout) == (old is not None)
    assert load_report(target) == load_report(files["new"])
    assert sorted(path.name for path in target.parent.iterdir()) == ["base.json", "limits.toml"]


def test_without_limits_an_update_lists_every_headline(run, files) -> None:
    result = gated(run, files["new"], "--baseline", files["base"], "--update-baseline")
    assert result.stdout.splitlines()[1:] == [
        "  FID: 19.00 ±0.30 → 20.00 ±0.30",
        "  recall: 0.800 ±0.030 → 0.800 ±0.030",
    ]


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (
            ("nan", "--baseline", "base", "--max", "fid=25"),
            1,
            "--update-baseline: fid is nan in the report; the baseline",
        ),
        (("bare", "--baseline", "base", "--max", "fid=25"), 1, "--update-baseline: fid is missing from the report"),
        (("nan", "--baseline", "base", "--max", "recall=1"), 1, "the report cannot be written as one (Out of range"),
        (
            ("zero", "--baseline", "base", "--max-increase", "fid=5%"),
            1,
            "--update-baseline: --max-increase fid=5% needs a fid above 0, found 0\n",
        ),
        (("lost.json", "--baseline", "base"), 2, "lost.json: no such file"),
        (("new", "--max", "fid=25"), 2, "--update-baseline: found 0 files to write, needed one --baseline"),
        (("new", "--baseline", "base", "--baseline", "worse"), 2, "found 2 files to write, needed one --baseline"),
        (("new", "--baseline", "run"), 2, "found a folder, needed a file to write"),
        (("new", "--baseline", "base", "--max", "fdi=1"), 2, "unknown metric 'fdi': did you mean 'fid'?"),
        (("new", "other", "--baseline", "base"), 2, "the reports differ among themselves: resize"),
        (("new", "new", "--baseline", "base"), 2, ", of mine-s0; needed different seeds"),
        (("new", "--baseline", "/proc/base.json"), 2, "--baseline /proc/base.json: "),
    ],
)
def test_a_baseline_that_would_gate_nothing_is_not_written(run, files, given, code, message) -> None:
    before = files["base"].read_bytes()
    result = gated(run, *[files.get(name, name) for name in given], "--update-baseline")
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert files["base"].read_bytes() == before


@pytest.mark.parametrize("flags", [["--update-baseline"], ["--junit", "gate.xml", "--max", "fid=25"]])
def test_a_read_only_folder_is_a_usage_error_and_nothing_is_lost(run, files, monkeypatch, tmp_path, flags) -> None:
    """Also where the folder looks writable and the disk says no: as root, permissions bind nobody."""
    before = files["base"].read_bytes()
    monkeypatch.chdir(files["folder"])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr("ganeval.runtime.files.tempfile.mkdtemp", refuse)
    result = gated(run, files["new"], "--baseline", files["base"], *flags)
    assert result.exit_code == 2
    assert "cannot be written (Permission denied)" in result.stderr
    assert files["base"].read_bytes() == before
    if os.geteuid() != 0:
        monkeypatch.undo()
        files["folder"].chmod(stat.S_IREAD | stat.S_IEXEC)
        result = gated(run, files["new"], "--baseline", files["base"], "--update-baseline")
        files["folder"].chmod(stat.S_IRWXU)
        assert result.exit_code == 2


# what a CI job needs


def test_a_gate_imports_neither_torch_nor_pandas_nor_matplotlib(files) -> None:
    script = (
        "import sys; sys.argv = ['ganeval', 'gate', *sys.argv[1:]]\n"
        "from ganeval.cli import main\n"
        "code = 0\n"
        "try: main()\n"
        "except SystemExit as exit: code = exit.code\n"
        "heavy = {'torch', 'torchvision', 'pandas', 'matplotlib', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    flags = ["--baseline", files["seeds"], "--max-increase", "fid=9", "--junit", files["folder"] / "gate.xml"]
    ended = subprocess.run(
        [sys.executable, "-c", script, *map(str, [files["new"], *flags])], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_in_python_the_gate_is_the_same(run, files) -> None:
    outcome = gate(files["worse"], baseline=files["base"], max_increase={"fid": "5%"}, max={"fid": 30}, confidence=0.99)
    flags = ["--max-increase", "fid=5%", "--max", "fid=30", "--confidence", 0.99]
    result = gated(run, files["worse"], "--baseline", files["base"], *flags)
    assert result.exit_code == outcome.exit_code == 1
    for judgement in outcome.judgements:
        assert f"{judgement.outcome}" in result.stdout
        assert judgement.sentence in result.stdout


# our own gate


LIMITS = ROOT / ".ci" / "limits.toml"
RECORDED = load_reports(ROOT / ".ci" / "baseline" / "digits-vanilla.json")
FEWER = ROOT / ".ci" / "baseline" / "digits-vanilla-1097.json"


def spread_and_tolerance(values: list[float]) -> tuple[float, float]:
    """The standard deviation of five seeds, and above their mean what one more exceeds once in a hundred times."""
    spread = float(np.std(values, ddof=1))
    return spread, float(t.ppf(0.99, 4)) * spread * math.sqrt(1 + 1 / 5)


def test_the_tolerance_of_our_gate_is_what_five_recorded_seeds_give() -> None:
    assert sorted(report.more["training"]["config"]["seed"] for report in RECORDED) == [0, 1, 2, 3, 4]
    assert {report.more["training"]["model"] for report in RECORDED} == {"vanilla"}
    assert {report.samples.count for report in RECORDED} == {10_000}
    values = [report.scores["fid"].value for report in RECORDED]
    spread, tolerance = spread_and_tolerance(values)
    text = LIMITS.read_text(encoding="utf-8")
    assert tomllib.loads(text)["max-increase"] == {"fid": math.ceil(100 * tolerance) / 100}
    assert " ".join(f"{value:.3f}" for value in values) in text
    assert f"mean {np.mean(values):.3f}, standard deviation {spread:.4f}" in text
    assert f"{t.ppf(0.99, 4):.3f} · {spread:.4f} · {math.sqrt(1.2):.4f} = {tolerance:.3f}" in text
    wide, wider = spread_and_tolerance([report.scores["fid"].value for report in load_reports(FEWER)])
    assert f"spread by {wide:.4f} and need {wider:.2f}" in text


def test_each_recorded_seed_holds_our_gate(run, tmp_path) -> None:
    for number, report in enumerate(RECORDED):
        path = save(tmp_path / f"s{number}.json", report)
        assert gated(run, path, "--limits", LIMITS).exit_code == 0


def test_the_run_of_another_machine_is_one_more_seed_among_those_of_as_few_samples(run) -> None:
    """results/recorded was trained elsewhere and scored with 1,097 samples, which our gate refuses to compare."""
    other = ROOT / "results" / "recorded" / "digits-vanilla-s0"
    result = gated(run, other, "--limits", LIMITS)
    assert result.exit_code == 4
    assert "1,097" in result.stdout
    _, tolerance = spread_and_tolerance([report.scores["fid"].value for report in load_reports(FEWER)])
    flags = ["--max-increase", f"fid={tolerance:.2f}", "--inconclusive", "fail"]
    assert gated(run, other, "--baseline", FEWER, *flags).exit_code == 0


@pytest.mark.slow
def test_our_gate_fails_a_model_that_learned_too_little(run, tmp_path) -> None:
    """A twentieth of the steps; a broken loss is far worse than that."""
    trained = run("train", "vanilla", "--steps", "300", "-n", "10000", "--out", tmp_path / "short")
    assert trained.exit_code == 0, trained.stderr
    result = gated(run, tmp_path / "short", "--limits", LIMITS)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("regressed  FID (digits classifier) ")


def test_our_gate_runs_in_our_ci() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    train = lines.index('ganeval train vanilla --seed 0 -n 10000 --out "$scratch/digits-vanilla-s0"')
    assert lines[train + 1] == 'ganeval gate "$scratch/digits-vanilla-s0" --limits .ci/limits.toml'
    assert "set -euo pipefail" in lines


# the proof


@pytest.fixture
def scored_digits(run: Callable[..., Result], tmp_path: Path) -> Path:
    """500 real digits as samples, and their report."""
    assert run(
        "score", "--samples", "digits:test", "--ref", "digits", "--metrics", "fid", "--json", tmp_path / "a.json"
    )
    return tmp_path / "a.json"


def test_a_proof_is_printed_below_the_gate_and_its_fault_is_exit_code_1(
    run: Callable[..., Result], scored_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    given = ("--baseline", scored_digits, "--max-increase", "fid=5%", "--prove", "--junit", tmp_path / "gate.xml")
    result = gated(run, scored_digits, *given)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("held  FID (digits classifier)")
    assert lines[1] == "gate  held (1 limit), exit code 0"
    assert lines[2].startswith("passed  held-out real data (digits:test): held, FID (digits classifier)")
    assert any(line.startswith("power   --max-increase fid=5%: catches FID (digits classifier) of ") for line in lines)
    assert "proof   held-out real data passed; 5 of 6 bad sets caught, exit code 1" in lines
    assert any(line.startswith("::error title=ganeval gate --prove%3A missed::1%25 copies of one") for line in lines)
    assert "### ganeval gate --prove" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    suites = ElementTree.parse(tmp_path / "gate.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["ganeval gate", "ganeval gate --prove"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--held-out", "digits"), "--held-out: found no --prove, which it is for; add it, or leave this out"),
        (
            ("--prove", "--baseline", "base", "--update-baseline"),
            "--prove: found --update-baseline, which judges nothing",
        ),
        (("--prove",), "--prove: the samples cannot be opened again: mine/: no such file, folder or data set"),
    ],
)
def test_a_proof_that_cannot_be_is_one_line(
    run: Callable[..., Result], files: dict[str, Path], flags: tuple[str, ...], message: str
) -> None:
    result = gated(run, files["new"], "--max", "fid=25", *[files.get(flag, flag) for flag in flags])
    assert (result.exit_code, message in result.output) == (2, True)
