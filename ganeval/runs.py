"""The run store: a folder per run, every file readable by itself. `report.json` is written last: it marks the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.files import replacing
from ganeval.report import Report, dump, load_report, save_report

PICTURES = ("samples", "samples.zip", "samples.npz")


def is_run(path: Path) -> bool:
    """Whether a folder is a run of ours, finished or not."""
    return path.is_dir() and any((path / name).is_file() for name in ("report.json", "config.json"))


def write_run(folder: Path, report: Report, config: Mapping[str, Any]) -> None:
    """Write a scored run: `config.json` (what was asked for), then `report.json`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder to write the run into")
    with replacing(folder / "config.json") as partial:
        partial.write_text(dump(config) + "\n", encoding="utf-8")
    save_report(report, folder / "report.json")


def pictures_of(run: Path) -> str:
    """The source that a run stands for: the pictures it holds, else those its report was made from."""
    for name in PICTURES:
        if (run / name).exists():
            return str(run / name)
    if not (run / "report.json").is_file():
        raise ContentError(f"{run}: a run without pictures or report.json, so never finished; run its command again")
    source = load_report(run).samples.source
    if Path(source).resolve() == run.resolve():
        raise ContentError(f"{run}: its report names the run itself as the pictures; needed {' or '.join(PICTURES)}")
    return source
