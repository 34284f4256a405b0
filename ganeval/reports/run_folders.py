"""The run store: a folder per run, every file readable by itself. `report.json` is written last: it marks the end."""

import errno
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import Report, dump, load_report, load_reports
from ganeval.runtime.files import check_target, replacing

REPORTS = ("report.json", "report-back.json")  # of CycleGAN both directions
CONFIG = "config.json"
LOG = "log.jsonl"
PICTURES = ("samples", "samples.zip", "samples.npz")
FOLDERS = ("checkpoints", "grids", "learning", "samples")


@dataclass(frozen=True)
class Found:
    """A report, and the run folder that it is of, where it is of one."""

    report: Report
    folder: Path | None


@dataclass(frozen=True)
class Gathered:
    """What some paths hold: reports in their order, and a line for each run that has none, or a broken one."""

    found: tuple[Found, ...]
    said: tuple[str, ...]


def gather(paths: Sequence[Path]) -> Gathered:
    """The reports in run folders, report files and folders of runs; what is given twice is taken once.

    What has no report yet, and a broken one in a folder of runs, is said. Raises UsageError for a path that is not
    there or may not be read and a folder without runs, ContentError for a named file that holds no report and where no
    report is left.
    """
    found: dict[Path, list[Found]] = {}
    said: list[str] = []
    for path in paths:
        try:
            _gather(path, found, said)
        except OSError as reason:
            needed = "needed a run, a report file or a folder of runs"
            raise UsageError(f"{path}: cannot be read ({reason.strerror}); {needed}") from reason
    if said and not any(found.values()):
        raise ContentError(f"found no whole report: {'; '.join(dict.fromkeys(said))}")
    return Gathered(tuple(one for some in found.values() for one in some), tuple(dict.fromkeys(said)))


def _gather(path: Path, found: dict[Path, list[Found]], said: list[str]) -> None:
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; needed a run, a report file or a folder of runs")
    _check_open(path)
    if path.is_dir() and not _may_be_run(path):
        _gather_below(path, found, said)
    elif path.is_dir() and (line := unfinished(path)):
        said.append(line)
    else:
        _take(path, found)


def _gather_below(folder: Path, found: dict[Path, list[Found]], said: list[str]) -> None:
    """The runs of a folder, by their names."""
    runs = sorted(one for one in folder.iterdir() if _may_be_run(one))
    if not runs:
        below = sorted({str(one.parent.parent) for one in folder.glob("*/*/report.json")})
        hint = f"; there are some in {', '.join(below)}" if below else ""
        raise UsageError(f"{folder}: found no runs in it, needed folders with a report.json{hint}")
    for run in runs:
        try:
            _check_open(run)
            if line := unfinished(run):
                said.append(line)
            else:
                _take(run, found)
        except ContentError as error:
            said.append(f"left out: {error}")
        except OSError as reason:
            said.append(f"left out: {run}: cannot be read ({reason.strerror})")


def _take(path: Path, found: dict[Path, list[Found]]) -> None:
    """The reports of a run, one for each direction of a CycleGAN, or of a file; all or none, and each file once."""
    files = [path / name for name in REPORTS if (path / name).is_file()] if path.is_dir() else [path]
    home = path if path.is_dir() else path.parent
    folder = home if files[0].name in REPORTS and is_run(home) else None
    read = {file.resolve(): [Found(one, folder) for one in load_reports(file)] for file in files}
    for file, reports in read.items():
        found.setdefault(file, reports)


def unfinished(run: Path) -> str | None:
    """What there is to say of a run without its last file, the report: how far it came; None for a finished one."""
    if _has_report(run):
        return None
    lines = list(log_of(run))
    steps = _number(_object(config_of(run).get("config")).get("steps"))
    done = max((_number(line.get("step")) or 0 for line in lines), default=0)
    if any("diverged" in line for line in lines):
        return f"{run}: left out, as it diverged at step {done:,} and has no report"
    if steps is None:
        return f"{run}: unfinished (no report.json); run its command again"
    far = f"step {done:,} of {steps:,}" if done < steps else f"all {steps:,} steps done, not scored"
    return f"{run}: unfinished ({far}); the command that began it, given again, goes on"


def _has_report(folder: Path) -> bool:
    return (folder / REPORTS[0]).is_file()


def _may_be_run(folder: Path) -> bool:
    """A run of ours, or what looks like one that lost the file that would say so, as in a power cut, or is locked."""
    if not folder.is_dir():
        return False
    if not os.access(folder, os.R_OK | os.X_OK):
        return True
    return _has_report(folder) or is_run(folder) or ((folder / LOG).is_file() and _is_torn(folder / CONFIG))


def _check_open(path: Path) -> None:
    """PermissionError for a folder that may not be entered, in which later Pythons find nothing instead."""
    if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _is_torn(file: Path) -> bool:
    """Whether a file is there and holds no JSON."""
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        return False
    except (ValueError, RecursionError):
        return True
    return False


def _object(document: Any) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def log_of(run: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of `log.jsonl`, none where there is none; a line that a killed writer left is passed over."""
    path = run / LOG
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def is_run(path: Path) -> bool:
    """Whether a folder is a run of ours, finished or not; a `config.json` of another program makes none."""
    return path.is_dir() and any(_is_ours(path / name) for name in (REPORTS[0], CONFIG))


def check_no_run(flag: str, path: Path) -> None:
    """UsageError where nothing can be written to `path`, or what is there is part of a run."""
    check_target(flag, path)
    if path.is_file() and _is_part(path):
        raise UsageError(f"{flag} {path}: found a file of a run, needed another name")


def check_free(flag: str, path: Path) -> None:
    """The same, and UsageError for any report: no table may take its place."""
    check_no_run(flag, path)
    try:
        load_reports(path)
    except ContentError:
        return
    raise UsageError(f"{flag} {path}: found a report, needed another name")


def _is_part(path: Path) -> bool:
    """Whether a file is one of those that make up a run: a report beside no configuration is a file by itself."""
    if path.parent.name in FOLDERS and _is_ours(path.parent.parent / CONFIG):
        return True
    own = path.name in (*REPORTS, CONFIG, *PICTURES) or path.suffix in (".jsonl", ".npz")
    return own and _is_ours(path.parent / CONFIG)


def write_run(folder: Path, report: Report, config: Mapping[str, Any]) -> None:
    """Write a scored run: `config.json` (what was asked for), then `report.json`; neither where one cannot be.

    A report of before goes in between: killed there, the run has none, and never one of another `config.json`.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder to write the run into")
    asked, scored = dump({"ganeval": report.ganeval, **config}), report.to_json()
    with replacing(folder / REPORTS[0]) as last:
        last.write_text(scored + "\n", encoding="utf-8")
        with replacing(folder / CONFIG) as first:
            first.write_text(asked + "\n", encoding="utf-8")
        (folder / REPORTS[0]).unlink(missing_ok=True)


def config_of(run: Path) -> dict[str, Any]:
    """What a run was asked for. ContentError where `config.json` is missing or is no object."""
    path = run / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as reason:
        raise ContentError(f"{path}: cannot be read ({reason}); needed the config.json of a run") from reason
    if not isinstance(document, dict):
        raise ContentError(f"{path}: found no JSON object, needed the config.json of a run")
    return document


def is_trained(run: Path) -> bool:
    """Whether a run is a reference model's, whose samples can be made anew."""
    return (run / CONFIG).is_file() and isinstance(config_of(run).get("config"), dict)


def pictures_of(run: Path) -> str:
    """The source that a run stands for: the pictures it holds, else those its report was made from.

    Those may be another run's, which is followed, or lie beside the report in the run's own folder.
    """
    passed = {run.resolve()}
    while True:
        source = _source(run)
        if not is_run(Path(source)) or Path(source).resolve() == run.resolve():
            return source
        run = Path(source)
        if run.resolve() in passed:
            raise ContentError(f"{run}: runs that name each other as their pictures; needed {' or '.join(PICTURES)}")
        passed.add(run.resolve())


def _source(run: Path) -> str:
    for name in PICTURES:
        if (run / name).exists():
            return str(run / name)
    if not _has_report(run):
        raise ContentError(f"{run}: a run without pictures or report.json, so never finished; run its command again")
    return load_report(run).samples.source


def _is_ours(file: Path) -> bool:
    """Whether a JSON file says that ganeval wrote it."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "ganeval" in document
