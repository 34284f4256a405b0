"""Run folders: complete runs or none, and the samples that a run stands for."""

import json
import math
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest

from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_report
from ganeval.reports.run_folders import config_of, is_run, is_trained, samples_of, why_no_report, write_run
from ganeval.sources.opening import open_source


def report_on(source):
    images = ImageSet("a", str(source), 2)
    protocol = Protocol("tf1", "digits", "features", "published", "ab", "tf1-bilinear")
    return Report("0.1.0", "2026-01-31T12:00:00Z", images, images, protocol, {"fid": Score(1.0, "lower")})


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["run", "läufe/ein lauf 数字"])
def test_a_run_is_its_config_and_its_report(tmp_path, name):
    run = tmp_path / name
    write_run(run, report_on("out/"), {"seed": 1, "reference": "ziffern/ü"})
    assert files_in(run) == ["config.json", "report.json"]
    assert load_report(run) == report_on("out/")
    assert json.loads((run / "config.json").read_text("utf-8")) == {
        "ganeval": "0.1.0", "seed": 1, "reference": "ziffern/ü",
    }  # fmt: skip
    assert is_run(run)


def test_nothing_is_left_of_a_run_whose_report_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_run(tmp_path / "run", replace(report_on("a"), scores={"fid": Score(math.nan, "lower")}), {})
    with pytest.raises(TypeError):
        write_run(tmp_path / "run", report_on("a"), {"seed": object()})
    assert files_in(tmp_path) == []


def test_a_run_that_fails_half_way_through_a_file_keeps_the_old_one_whole(tmp_path, monkeypatch):
    write_run(tmp_path, report_on("old"), {"seed": 1})
    write_text = type(tmp_path).write_text

    def torn(path, text, **options):
        if "report" not in path.name:
            return write_text(path, text, **options)
        write_text(path, text[:20], **options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "write_text", torn)
    with pytest.raises(OSError, match="No space left"):
        write_run(tmp_path, report_on("new"), {"seed": 2})
    assert files_in(tmp_path) == ["config.json", "report.json"]
    assert load_report(tmp_path).samples.source == "old"


@pytest.mark.parametrize("moment", [1, 2])
def test_a_run_killed_while_rewritten_never_mixes_two_requests(tmp_path, moment):
    """Killed before its configuration gets its name it is as it was; before its report does, it is unfinished."""
    write_run(tmp_path / "run", report_on("old"), {"seed": 1})
    script = (
        "import itertools, os, signal, sys; from pathlib import Path; from ganeval.reports.report import load_report\n"
        "from ganeval.reports.run_folders import write_run\n"
        "moments, rename, folder = itertools.count(1), os.replace, Path(sys.argv[1])\n"
        "def replace(*paths):\n"
        f"    os.kill(os.getpid(), signal.SIGKILL) if next(moments) == {moment} else rename(*paths)\n"
        "report, os.replace = load_report(folder), replace\n"
        "write_run(folder, report, {'seed': 2})\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "run")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert config_of(tmp_path / "run")["seed"] == moment
    note = f"{tmp_path / 'run'}: unfinished (no report.json): run its command again"
    assert why_no_report(tmp_path / "run") == (None if moment == 1 else note)
    assert moment == 2 or load_report(tmp_path / "run") == report_on("old")


def test_a_name_that_is_not_utf_8_round_trips(tmp_path):
    odd = os.fsdecode(b"out-\xff\xc3\xa9")
    write_run(tmp_path, report_on(odd), {"samples": [odd]})
    assert load_report(tmp_path).samples.source == odd
    assert config_of(tmp_path)["samples"] == [odd]
    assert "é" in (tmp_path / "report.json").read_text("utf-8")


def test_a_run_is_not_written_over_a_file(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UsageError) as caught:
        write_run(tmp_path / "taken", report_on("a"), {})
    assert str(caught.value) == f"{tmp_path / 'taken'}: found a file, needed a folder to write the run into"
    assert (tmp_path / "taken").read_text() == "mine"


def test_the_samples_in_a_run_come_before_those_its_report_names(tmp_path):
    write_run(tmp_path, report_on("elsewhere/"), {})
    assert samples_of(tmp_path) == "elsewhere/"
    for name in ("samples.npz", "samples.zip", "samples"):
        (tmp_path / name).mkdir() if name == "samples" else (tmp_path / name).touch()
        assert samples_of(tmp_path) == str(tmp_path / name)


def test_a_run_with_samples_in_a_zip_is_those_samples(tmp_path, digits_folder):
    write_run(tmp_path / "run", report_on("gone/"), {})
    with zipfile.ZipFile(tmp_path / "run" / "samples.zip", "w") as archive:
        for path in sorted(digits_folder.iterdir())[:7]:
            archive.write(path, path.name)
    assert len(open_source(tmp_path / "run")) == 7


def test_a_run_without_samples_stands_for_those_it_scored(tmp_path, digits_folder):
    write_run(tmp_path / "run", report_on(digits_folder), {})
    write_run(tmp_path / "again", report_on(tmp_path / "run"), {})
    write_run(tmp_path / "named", report_on("digits:test"), {})
    assert len(open_source(tmp_path / "run")) == 60
    assert len(open_source(tmp_path / "again")) == 60
    assert open_source(tmp_path / "named").name == "digits:test"


def test_a_run_in_the_folder_of_its_own_samples_is_those_samples(tmp_path, write_digits):
    folder = write_digits(tmp_path / "out", 5)
    write_run(folder, report_on(folder), {})
    assert len(open_source(folder)) == 5


def test_runs_that_name_each_other_are_one_error_and_no_endless_loop(tmp_path):
    write_run(tmp_path / "a", report_on(tmp_path / "b"), {})
    write_run(tmp_path / "b", report_on(tmp_path / "a"), {})
    with pytest.raises(ContentError, match="runs that name each other as their samples, needed samples or"):
        samples_of(tmp_path / "a")


def test_a_run_whose_samples_are_gone_is_an_error(tmp_path):
    write_run(tmp_path / "run", report_on(tmp_path / "gone"), {})
    with pytest.raises(ContentError) as caught:
        open_source(tmp_path / "run")
    assert str(caught.value).startswith(f"{tmp_path / 'run'}: a run whose images cannot be opened again (")
    assert f"{tmp_path / 'gone'}: no such file" in str(caught.value)


def test_an_unfinished_run_without_samples_is_an_error(tmp_path):
    write_run(tmp_path, report_on("a"), {})
    (tmp_path / "report.json").unlink()
    assert is_run(tmp_path)
    with pytest.raises(ContentError) as caught:
        samples_of(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: found neither samples nor report.json, so it never finished; run its command again"
    )


@pytest.mark.parametrize("content", ['{"model_type": "unet"}', "[1]", "not json", ""])
def test_images_beside_another_programs_config_are_no_run(tmp_path, write_digits, content):
    folder = write_digits(tmp_path / "out", 3)
    for name in ("config.json", "report.json"):
        (folder / name).write_text(content)
    assert not is_run(folder)
    assert len(open_source(folder)) == 3


def test_a_run_is_trained_where_its_config_holds_that_of_a_model(tmp_path):
    write_run(tmp_path / "scored", report_on("a"), {"seed": 1})
    write_run(tmp_path / "trained", report_on("a"), {"config": {"model": "dcgan"}})
    (tmp_path / "bare").mkdir()
    assert [is_trained(tmp_path / name) for name in ("scored", "trained", "bare")] == [False, True, False]
    assert config_of(tmp_path / "trained")["config"] == {"model": "dcgan"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read ("), ('{"a": ', "cannot be read ("), ("[1]", "found no JSON object")],
)
def test_a_config_that_cannot_be_read_is_one_line(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ContentError, match=r"needed the config\.json of a run") as caught:
        config_of(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'config.json'}: {problem}")
