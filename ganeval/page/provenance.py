"""The provenance of a report's numbers, to read and to copy: samples, reference, protocol, training and time."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ganeval.errors import ContentError
from ganeval.plots.training_log import training_of
from ganeval.reports.report import ImageSet, Report, dump
from ganeval.reports.run_folders import StoredReport, config_of

Fact = tuple[str, str]


def facts_of(run: StoredReport) -> tuple[Fact, ...]:
    """The facts of a report, each a label and a text."""
    report = run.report
    return (
        *_set_facts("samples", report.samples, report),
        *_set_facts("reference", report.reference, report),
        ("protocol", report.protocol.line()),
        ("weights sha256", report.protocol.weights_sha256 or "none"),
        *_training_facts(report),
        ("scored", f"{report.created or 'at an unknown time'}, by ganeval {report.ganeval}"),
        ("environment", _environment(report.environment)),
        *([] if run.folder is None else [("run folder", str(run.folder))]),
    )


def config_text(run: StoredReport) -> str:
    """The configuration of a run as JSON: its `config.json`, else the report's own record of training; or empty."""
    if run.folder is not None and (run.folder / "config.json").is_file():
        try:
            return dump(config_of(run.folder))
        except (ContentError, ValueError):  # the scores stand without it
            return ""
    training = training_of(run.report)
    return json.dumps(training, indent=1, ensure_ascii=False) if training else ""


def _set_facts(kind: str, images: ImageSet, report: Report) -> Iterator[Fact]:
    count = "an unknown number" if images.count is None else f"{images.count:,}"
    shape = " of mixed sizes" if images.shape is None else f" of {' × '.join(map(str, images.shape))}"
    shape = " points" if report.protocol.extractor == "points" else shape
    yield kind, f"{images.name}: {count}{shape}, from {images.source}"
    yield f"{kind} fingerprint", images.fingerprint or "none (a statistics file)"
    notes = [f"{count:,} {name}" for name, count in (*images.formats.items(), *images.converted.items())]
    notes += [f"{len(images.skipped):,} skipped"] if images.skipped else []
    notes += [f"{images.duplicates:,} exact duplicates"] if images.duplicates else []
    if notes:
        yield f"{kind} files", ", ".join(notes)


def _training_facts(report: Report) -> Iterator[Fact]:
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


def _environment(environment: Mapping[str, Any]) -> str:
    """The environment: `python 3.11.2; torch 2.9; device cpu`; seconds in full."""
    parts = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            parts.append(f"{key} " + ", ".join(f"{name} {number}" for name, number in value.items()))
        else:
            parts.append(f"{key} {value}")
    return "; ".join(parts) or "not recorded"
