"""Run folders: writing one, reading its configuration, log and samples, and finding the reports in many.

Every file can be read by itself; `report.json` is written last and marks a finished run.
"""

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

REPORTS = ("report.json", "report-back.json")  # the second for the way back of a CycleGAN
CONFIG = "config.json"
LOG = "log.jsonl"
SAMPLES = ("samples", "samples.zip", "samples.npz")
FOLDERS = ("checkpoints", "grids", "learning", "samples")
NEEDED = "needed a run, a report file or a folder of runs"


@dataclass(frozen=True)
class StoredReport:
    """A report as it lies on disk, with the run folder that it belongs to; None for a file by itself."""

    report: Report
    folder: Path | None


def find_reports(paths: Sequence[Path]) -> tuple[list[StoredReport], list[str]]:
    """The reports in run folders, report files and folders of runs, each once, and a line for each run left out.

    A run is left out where it has no report yet, or a broken one in a folder of runs. Raises UsageError for a path that
    does not exist or cannot be read and for a folder without runs, ContentError for a named file without a report and
    where no report is left.
    """
    reports: dict[Path, list[StoredReport]] = {}
    omissions: list[str] = []
    for path in paths:
        try:
            _find(path, reports, omissions)
        except OSError as reason:
            raise UsageError(f"{path}: cannot be read ({reason.strerror}); {NEEDED}") from reason
    omissions = list(dict.fromkeys(omissions))
    if omissions and not any(reports.values()):
        raise ContentError(f"found no complete report: {'; '.join(omissions)}")
    return [stored for file in reports.values() for stored in file], omissions


def _find(path: Path, reports: dict[Path, list[StoredReport]], omissions: list[str]) -> None:
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; {NEEDED}")
    if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):  # later Pythons find nothing in it instead
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if path.is_dir() and not _may_be_run(path):
        _find_below(path, reports, omissions)
    elif path.is_dir() and (note := why_no_report(path)):
        omissions.append(note)
    else:
        _read(path, reports)


def _find_below(folder: Path, reports: dict[Path, list[StoredReport]], omissions: list[str]) -> None:
    """The runs in a folder, by their names; none of them keeps the others from being read."""
    runs = sorted(path for path in folder.iterdir() if _may_be_run(path))
    if not runs:
        below = sorted({str(file.parent.parent) for file in folder.glob(f"*/*/{REPORTS[0]}")})
        hint = f"; there are some in {', '.join(below)}" if below else ""
        raise UsageError(f"{folder}: found no runs in it, needed folders with a report.json{hint}")
    for run in runs:
        try:
            _find(run, reports, omissions)
        except ContentError as error:
            omissions.append(f"left out: {error}")
        except OSError as reason:
            omissions.append(f"left out: {run}: cannot be read ({reason.strerror})")


def _read(path: Path, reports: dict[Path, list[StoredReport]]) -> None:
    """The reports of a file, or of a run (of CycleGAN's both directions): all or none, and each file once."""
    files = [path / name for name in REPORTS if (path / name).is_file()] if path.is_dir() else [path]
    home = path if path.is_dir() else path.parent
    folder = home if files[0].name in REPORTS and is_run(home) else None
    contents = {file.resolve(): [StoredReport(report, folder) for report in load_reports(file)] for file in files}
    reports.update({file: stored for file, stored in contents.items() if file not in reports})


def why_no_report(run: Path) -> str | None:
    """How far a run without a report came, and what to do; None where it has one."""
    if (run / REPORTS[0]).is_file():
        return None
    lines = list(log_of(run))
    config = config_of(run).get("config")
    steps = _number(config.get("steps")) if isinstance(config, dict) else None
    done = max((_number(line.get("step")) or 0 for line in lines), default=0)
    if any("diverged" in line for line in lines):
        return f"{run}: left out, as it diverged at step {done:,} and has no report"
    if steps is None:
        return f"{run}: unfinished (no report.json): run its command again"
    progress = f"step {done:,} of {steps:,}" if done < steps else f"all {steps:,} steps done, not scored"
    return f"{run}: unfinished ({progress}): run the same command again to resume"


def _may_be_run(folder: Path) -> bool:
    """A run, or what cannot be told from one: a locked folder, a log whose configuration a power cut emptied."""
    if not folder.is_dir():
        return False
    if not os.access(folder, os.R_OK | os.X_OK) or (folder / REPORTS[0]).is_file():
        return True
    emptied = (folder / CONFIG).is_file() and _json(folder / CONFIG) is None
    return is_run(folder) or (emptied and (folder / LOG).is_file())


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def log_of(run: Path) -> Iterator[dict[str, Any]]:
    """The records of `log.jsonl`, none where there is no such file; a line that a killed writer left is skipped."""
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
    """Whether a folder is a run of ours, complete or not; a `config.json` of another program does not make it one."""
    return path.is_dir() and any(_is_ours(path / name) for name in (REPORTS[0], CONFIG))


def check_not_in_run(flag: str, path: Path) -> None:
    """UsageError where nothing can be written to `path`, or the file there is part of a run."""
    check_target(flag, path)
    own = path.name in (*REPORTS, CONFIG, *SAMPLES) or path.suffix in (".jsonl", ".npz")
    inner = path.parent.name in FOLDERS and _is_ours(path.parent.parent / CONFIG)
    if path.is_file() and (inner or (own and _is_ours(path.parent / CONFIG))):  # a report alone is a file by itself
        raise UsageError(f"{flag} {path}: found a file of a run, needed another name")


def check_apart(flag: str, target: Path, inputs: Sequence[tuple[str, Path]]) -> None:
    """UsageError where writing `target` would replace one of the `inputs` (flag, path), or add to a folder of images.

    >>> check_apart("--out", Path("/run"), [("--samples", Path("/"))])
    Traceback (most recent call last):
    ganeval.errors.UsageError: --out /run: found a place among the images of --samples, needed one outside /
    """
    for name, path in inputs:
        try:
            if target.is_file() and path.is_file() and target.samefile(path):  # by links and another case as well
                raise UsageError(f"{flag} {target}: found the file of {name}, needed another one")
            within = path.is_dir() and path.resolve() in (target.resolve(), *target.resolve().parents)
        except (OSError, RuntimeError):  # names too long, links to themselves: what reads or writes them says so
            continue
        if within and not is_run(path):
            raise UsageError(f"{flag} {target}: found a place among the images of {name}, needed one outside {path}")


def check_no_report(flag: str, path: Path) -> None:
    """As `check_not_in_run`, and UsageError for any report: no table may replace it."""
    check_not_in_run(flag, path)
    try:
        load_reports(path)
    except ContentError:
        return
    raise UsageError(f"{flag} {path}: found a report, needed another name")


def write_run(folder: Path, report: Report, config: Mapping[str, Any]) -> None:
    """Write a scored run: `config.json` (what was asked for), then `report.json`; neither where one cannot be written.

    An earlier report is removed in between: a run killed there has no report, and never that of another `config.json`.
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
    """Whether a run is a reference model's, whose samples can be generated again."""
    return (run / CONFIG).is_file() and isinstance(config_of(run).get("config"), dict)


def samples_of(run: Path) -> str:
    """The source that a run stands for: the samples in its folder, else those that its report is about.

    These may be another run's, which is followed, or lie beside the report in the run's own folder.
    """
    visited: set[Path] = set()
    while run.resolve() not in visited:
        visited.add(run.resolve())
        own = [str(run / name) for name in SAMPLES if (run / name).exists()]
        if not own and not (run / REPORTS[0]).is_file():
            unfinished = "found neither samples nor report.json, so it never finished"
            raise ContentError(f"{run}: {unfinished}; run its command again")
        source = own[0] if own else load_report(run).samples.source
        if not is_run(Path(source)) or Path(source).resolve() == run.resolve():
            return source
        run = Path(source)
    raise ContentError(f"{run}: found runs that name each other as their samples, needed {' or '.join(SAMPLES)}")


def _json(file: Path) -> Any:
    """What a JSON file holds; None where it cannot be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _is_ours(file: Path) -> bool:
    """Whether a JSON file says that ganeval wrote it."""
    document = _json(file)
    return isinstance(document, dict) and "ganeval" in document
