"""The folder of a run that trains: nobody else trains there, it holds no other run, and no report of what is gone."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import dump
from ganeval.reports.run_folders import config_of, is_run, is_trained
from ganeval.runtime.files import replacing
from ganeval.training.insight.stored_arrays import forget
from ganeval.version import __version__
from reference_models import Config
from reference_models.engine.checkpoint import CheckpointError, read
from reference_models.engine.resuming import changed_since

try:
    import fcntl
except ImportError:  # Windows has none; there nobody is kept out
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
HALF = ".config.json.*.json"  # what is left of a run that was killed while it wrote its first file


@contextlib.contextmanager
def alone_in(folder: Path, patience: float = 5.0) -> Iterator[None]:
    """Nobody else trains in this folder meanwhile; UsageError where someone does, and goes on doing so for seconds.

    The lock is the system's, and gone with its process: a killed run leaves nothing to clean up.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder for the run")
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    with (folder / LOCK).open("w") as file:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise UsageError(f"{folder}: another process trains this run; wait for it") from None
                time.sleep(0.1)
        yield


def check_free(folder: Path, config: Config, fingerprint: str, judge: str | None) -> None:
    """Whether a folder is empty, or holds this very run, as far as it came, its checks made by the same `judge`.

    One that ended without a judge may be scored by any.
    ContentError for files that are no run's, UsageError for a run of another configuration, with the difference.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder for the run")
    if not folder.is_dir() or all(one.name == LOCK or one.match(HALF) for one in folder.iterdir()):
        return
    if not (is_run(folder) and is_trained(folder)):
        raise ContentError(f"{folder}: found files that are no training run; give another --out, or an empty folder")
    if not ((folder / "report.json").is_file() or (folder / "checkpoints" / "last.json").is_file()):
        return  # it was stopped before its first check: nothing is lost
    found = config_of(folder)
    changed = changed_since(found, config, fingerprint)
    if found.get("judge", judge) != judge:
        changed += _other_judge(folder, config, found["judge"], judge)
    if changed:
        raise UsageError(
            f"{folder}: holds a run of another configuration ({'; '.join(changed)}); "
            "give another --out, or delete this folder"
        )


def _other_judge(folder: Path, config: Config, before: str | None, judge: str | None) -> Iterator[str]:
    """Why another judge's checks cannot follow: two scales of FID, or none, in one log, and no best of them.

    A run that nobody judged while it trained can be scored when it has ended: no check follows.
    """
    if before is not None:
        yield f"the extractor: was {before}, now {judge or 'none'}"
    elif 0 < (done := _steps_done(folder)) < config.steps:
        yield f"the extractor: was none for the first {done:,} of {config.steps:,} steps, now {judge}"


def _steps_done(folder: Path) -> int:
    try:
        last = read(folder / "checkpoints", "last")
    except CheckpointError as error:
        raise ContentError(str(error)) from error
    return 0 if last is None else int(last["step"])


def begin(folder: Path, config: Config, fingerprint: str, judge: str | None, about: Mapping[str, Any]) -> None:
    """Write `config.json` and take away the report and pictures of a run that is no longer there; not where it goes on.

    Raises as `check_free`.
    """
    check_free(folder, config, fingerprint, judge)
    if read(folder / "checkpoints", "last") is not None:
        return
    for old in (*folder.glob("report*.json"), *folder.glob(HALF), folder / "samples.npz"):
        old.unlink(missing_ok=True)
    forget(folder)
    known = {"data_sha256": fingerprint, "judge": judge, "config": config.to_dict()}
    document = {"ganeval": __version__, **about, **known}
    with replacing(folder / "config.json") as partial:
        partial.write_text(dump(document) + "\n", encoding="utf-8")
