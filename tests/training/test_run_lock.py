"""The folder of a run: what may go on there, and what is refused."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ganeval.errors import ContentError, UsageError
from ganeval.reports.run_folders import config_of
from ganeval.training.run_lock import LOCK, alone_in, begin, check_resumable
from reference_models import configure

CONFIG = configure("vanilla", (1, 8, 8))
HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print(flush=True)
    time.sleep(60)
"""


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run that was scored, of one configuration, data and extractor."""
    begin(tmp_path, CONFIG, "pictures", "digits 48f3", {"data": "digits"})
    (tmp_path / "report.json").write_text("{}")
    return tmp_path


def test_the_same_run_resumes(run_folder: Path) -> None:
    check_resumable(run_folder, CONFIG, "pictures", "digits 48f3")


def test_another_extractor_would_mix_two_scales_in_one_log_and_is_refused(run_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the extractor: was digits 48f3, now inception 6726"):
        check_resumable(run_folder, CONFIG, "pictures", "inception 6726")


@pytest.fixture
def unjudged(tmp_path: Path) -> Callable[[int], Path]:
    """A run whose checks nobody scored, and which came so many steps far."""

    def run(step: int) -> Path:
        begin(tmp_path, CONFIG, "pictures", None, {"data": "digits"})
        last = {"file": "last.safetensors", "step": step, "drawn": step, "seconds": 1.0, "config": {}}
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "last.json").write_text(json.dumps(last))
        return tmp_path

    return run


def test_a_run_that_ended_without_an_extractor_may_be_scored(unjudged: Callable[[int], Path]) -> None:
    folder = unjudged(CONFIG.steps)
    check_resumable(folder, CONFIG, "pictures", "inception 6726")
    with pytest.raises(UsageError, match=r"configuration \(the training data: other samples\);"):
        check_resumable(folder, CONFIG, "others", "inception 6726")


def test_a_run_stopped_without_an_extractor_resumes_only_without_one(unjudged: Callable[[int], Path]) -> None:
    folder = unjudged(CONFIG.steps - 1000)
    check_resumable(folder, CONFIG, "pictures", None)
    done = f"{CONFIG.steps - 1000:,} of {CONFIG.steps:,}"
    with pytest.raises(UsageError, match=rf"extractor: was none for the first {done} steps, now inception 6726\)"):
        check_resumable(folder, CONFIG, "pictures", "inception 6726")
    (folder / "checkpoints" / "last.json").write_text("{}")
    with pytest.raises(ContentError, match=r"last\.json: not a checkpoint; delete"):
        check_resumable(folder, CONFIG, "pictures", "inception 6726")


def test_a_run_with_an_extractor_does_not_resume_without_one(run_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the extractor: was digits 48f3, now none\)"):
        check_resumable(run_folder, CONFIG, "pictures", None)


def test_other_images_are_refused(run_folder: Path) -> None:
    with pytest.raises(UsageError, match="the training data: other samples"):
        check_resumable(run_folder, CONFIG, "others", "digits 48f3")


def test_a_run_of_an_earlier_version_had_what_it_lacks_by_default(run_folder: Path) -> None:
    document = config_of(run_folder)
    del document["config"]["ema_ramp"], document["judge"]
    (run_folder / "config.json").write_text(json.dumps(document))
    check_resumable(run_folder, CONFIG, "pictures", "digits 48f3")


def test_a_run_killed_while_it_wrote_its_first_file_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".lock").touch()
    code = """import os, sys
from pathlib import Path
from ganeval.runtime.files import scratch_in
with scratch_in(Path(sys.argv[1])):
    os._exit(9)"""
    subprocess.run([sys.executable, "-c", code, folder], check=False)
    assert len(list(folder.iterdir())) == 2
    begin(folder, CONFIG, "pictures", None, {})
    assert sorted(one.name for one in folder.iterdir()) == [".lock", "config.json"]


def test_another_process_is_kept_out_until_it_ends_or_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / LOCK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it holds the lock
        with pytest.raises(UsageError, match="another process trains this run"), alone_in(tmp_path, seconds=0.2):
            pass
        process.kill()
    with alone_in(tmp_path, seconds=5.0):
        pass


def test_a_file_system_without_locks_is_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")  # as earlier versions of filelock do

    monkeypatch.setattr("ganeval.training.run_lock.FileLock.acquire", acquire)
    with pytest.raises(UsageError, match="found a file system without file locks, needed one"), alone_in(tmp_path):
        pass
