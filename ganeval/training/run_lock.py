"""The folder of a run: one process at a time trains there, in no other run's place, beside no report of another run."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import dump
from ganeval.reports.run_folders import config_of, is_run, is_trained
from ganeval.runtime.files import SCRATCH, replacing
from ganeval.training.insight.stored_arrays import delete_learning
from ganeval.version import __version__
from reference_models import Config
from reference_models.engine.checkpoint import CheckpointError, read
from reference_models.engine.resuming import changed_since

LOCK = ".lock"


@contextlib.contextmanager
def alone_in(folder: Path, seconds: float = 5.0) -> Iterator[None]:
    """Keeps other processes from training in this folder; UsageError where one still trains there after some `seconds`.

    The operating system releases the lock with its process: a killed run leaves nothing to clean up.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder for the run")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=seconds, poll_interval=0.1)
    except Timeout:
        raise UsageError(f"{folder}: another process trains this run; wait for it to end") from None
    except NotImplementedError:  # by a filelock of before its own way out of this
        needed = "needed one that locks files for --out, or a newer filelock (pip install -U filelock)"
        raise UsageError(f"{folder}: found a file system without file locks, {needed}") from None
    try:
        yield
    finally:
        lock.release()


def holds_run(folder: Path) -> bool:
    """Whether a run in this folder has come as far as its first check, and would be resumed.

    Raises UsageError for a file in its place, ContentError for files that are no training run.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder for the run")
    if not folder.is_dir() or all(path.name == LOCK or path.name.startswith(SCRATCH) for path in folder.iterdir()):
        return False
    if not (is_run(folder) and is_trained(folder)):
        raise ContentError(f"{folder}: found files that are no training run; give another --out, or an empty folder")
    return (folder / "report.json").is_file() or (folder / "checkpoints" / "last.json").is_file()


def check_resumable(folder: Path, config: Config, fingerprint: str, extractor: str | None) -> None:
    """UsageError, with the difference, where a folder holds a run of another configuration, data or extractor.

    A run that ended without an extractor may be scored by any.
    """
    if not holds_run(folder):
        return
    record = config_of(folder)
    differences = changed_since(record, config, fingerprint)
    before = record.get("judge", extractor)
    if before != extractor:
        differences += _extractor_difference(folder, config, before, extractor)
    if differences:
        raise UsageError(
            f"{folder}: found a run of another configuration ({'; '.join(differences)}); "
            "give another --out, or delete this folder"
        )


def _extractor_difference(folder: Path, config: Config, before: str | None, extractor: str | None) -> list[str]:
    """Why the checks of another extractor cannot follow: two scales of FID, or none, in one log, and no best of them.

    A run that nobody scored while it trained can be scored when it has ended: no check follows.
    """
    if before is not None:
        return [f"the extractor: was {before}, now {extractor or 'none'}"]
    try:
        last = read(folder / "checkpoints", "last")
    except CheckpointError as error:
        raise ContentError(str(error)) from error
    steps = 0 if last is None else int(last["step"])
    if 0 < steps < config.steps:
        return [f"the extractor: was none for the first {steps:,} of {config.steps:,} steps, now {extractor}"]
    return []


def begin(folder: Path, config: Config, fingerprint: str, extractor: str | None, about: Mapping[str, Any]) -> None:
    """Write `config.json` and delete the report and images of a former run; a run that is resumed keeps its own.

    Raises as `check_resumable`.
    """
    check_resumable(folder, config, fingerprint, extractor)
    if read(folder / "checkpoints", "last") is not None:
        return
    for path in (*folder.glob("report*.json"), folder / "samples.npz"):
        path.unlink(missing_ok=True)
    delete_learning(folder)
    run = {"data_sha256": fingerprint, "judge": extractor, "config": config.to_dict()}
    with replacing(folder / "config.json") as partial:
        partial.write_text(dump({"ganeval": __version__, **about, **run}) + "\n", encoding="utf-8")
