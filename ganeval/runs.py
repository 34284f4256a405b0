"""The run store: a folder per run, every file readable by itself. `report.json` is written last: it marks the end."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.files import replacing
from ganeval.report import Report, dump, load_report

PICTURES = ("samples", "samples.zip", "samples.npz")


def is_run(path: Path) -> bool:
    """Whether a folder is a run of ours, finished or not; a `config.json` of another program makes none."""
    return path.is_dir() and any(_is_ours(path / name) for name in ("report.json", "config.json"))


def write_run(folder: Path, report: Report, config: Mapping[str, Any]) -> None:
    """Write a scored run: `config.json` (what was asked for), then `report.json`; neither where one cannot be."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: found a file, needed a folder to write the run into")
    texts = {"config.json": dump({"ganeval": report.ganeval, **config}), "report.json": report.to_json()}
    for name, text in texts.items():
        with replacing(folder / name) as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def config_of(run: Path) -> dict[str, Any]:
    """What a run was asked for. ContentError where `config.json` is missing or is no object."""
    path = run / "config.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise ContentError(f"{path}: cannot be read ({reason}); needed the config.json of a run") from reason
    if not isinstance(document, dict):
        raise ContentError(f"{path}: found no JSON object, needed the config.json of a run")
    return document


def is_trained(run: Path) -> bool:
    """Whether a run is a reference model's, whose samples can be made anew."""
    return (run / "config.json").is_file() and isinstance(config_of(run).get("config"), dict)


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
    if not (run / "report.json").is_file():
        raise ContentError(f"{run}: a run without pictures or report.json, so never finished; run its command again")
    return load_report(run).samples.source


def _is_ours(file: Path) -> bool:
    """Whether a JSON file says that ganeval wrote it."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and "ganeval" in document
