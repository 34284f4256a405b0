"""Where a report's numbers come from, as facts to read and to copy: what was scored, against what, how, and when."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ganeval.errors import ContentError
from ganeval.plots.training_log import training_of
from ganeval.reports.report import ImageSet, Report, dump
from ganeval.reports.run_folders import StoredReport, config_of

Fact = tuple[str, str]


def facts_of(found: StoredReport) -> tuple[Fact, ...]:
    """The facts of a report, label and text."""
    report = found.report
    return (
        *_set("samples", report.samples, report),
        *_set("reference", report.reference, report),
        ("protocol", report.protocol.line()),
        ("weights sha256", report.protocol.weights_sha256 or "none"),
        *_training(report),
        ("scored", f"{report.created or 'at an unknown time'}, by ganeval {report.ganeval}"),
        ("environment", _plain(report.environment)),
        *_folder(found),
    )


def config_text(found: StoredReport) -> str:
    """What the run was asked for, as JSON: its `config.json`, or what its report holds of it; empty where neither."""
    if found.folder is not None and (found.folder / "config.json").is_file():
        try:
            return dump(config_of(found.folder))
        except (ContentError, ValueError):  # a page of scores does not fail over what explains them
            return ""
    training = training_of(found.report)
    return json.dumps(training, indent=1, ensure_ascii=False) if training else ""


def _set(kind: str, images: ImageSet, report: Report) -> Iterator[Fact]:
    count = "an unknown number" if images.count is None else f"{images.count:,}"
    shape = " of mixed sizes" if images.shape is None else f" of {' × '.join(map(str, images.shape))}"
    shape = " points" if report.protocol.extractor == "points" else shape
    yield kind, f"{images.name}: {count}{shape}, from {images.source}"
    yield f"{kind} fingerprint", images.fingerprint or "none (a statistics file)"
    notes = [f"{count:,} {name}" for name, count in (*images.formats.items(), *images.converted.items())]
    notes += [f"{len(images.skipped):,} left out"] if images.skipped else []
    notes += [f"{images.duplicates:,} exact duplicates"] if images.duplicates else []
    if notes:
        yield f"{kind} files", ", ".join(notes)


def _training(report: Report) -> Iterator[Fact]:
    training = training_of(report)
    if not training:
        return
    model, data = training.get("model", "?"), training.get("data", "?")
    steps, best, seconds = (training.get(key) for key in ("steps", "best_step", "seconds"))
    parts = [f"{model} on {data}"]
    parts += [f"{steps:,} steps"] if isinstance(steps, int) else []
    parts += [f"scored at its best, step {best:,}"] if isinstance(best, int) else []
    parts += [f"{seconds:,.0f} s"] if isinstance(seconds, int | float) else []
    yield "training", ", ".join(parts)


def _folder(found: StoredReport) -> Iterator[Fact]:
    if found.folder is not None:
        yield "run folder", str(found.folder)


def _plain(environment: Mapping[str, Any]) -> str:
    """What it ran on: `python 3.11.2, torch 2.9, device cpu`; seconds in full."""
    parts = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            parts.append(f"{key} " + ", ".join(f"{name} {number}" for name, number in value.items()))
        else:
            parts.append(f"{key} {value}")
    return "; ".join(parts) or "not kept"
