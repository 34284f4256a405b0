"""Reports made by hand, for the tests of what reads them: every score is known."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganeval.report import ImageSet, Protocol, Report, Score
from ganeval.runs import write_run

PROTOCOL = Protocol("tf1", "digits", "features", "published", "ab" * 32, "tf1-bilinear")
REFERENCE = ImageSet("digits:test", "real/", 500, fingerprint="sha256:cd")
HIGHER = ("inception_score", "precision", "recall", "density", "coverage", "modes_covered")


def scored(name: str, fid: float | None = None, **scores: float | Score) -> Report:
    """A report of `name`; a number is a score whose error is 0.1."""
    given = {**({} if fid is None else {"fid": fid}), **scores}
    made = {
        key: value if isinstance(value, Score) else Score(value, "higher" if key in HIGHER else "lower", error=0.1)
        for key, value in given.items()
    }
    samples = ImageSet(name, f"out/{name}", 1000, fingerprint=f"sha256:{name}-{fid}")
    return Report("0.1.0", "2026-01-31T12:00:00Z", samples, REFERENCE, PROTOCOL, made)


def trained(name: str, fid: float, seed: int = 0, **config: Any) -> Report:
    """A report of a trained run, whose configuration is its seed and what else is given."""
    training: Mapping[str, Any] = {
        "model": "dcgan",
        "data": "digits",
        "count": 1000,
        "config": {"seed": seed, **config},
    }
    return replace(scored(name, fid), more={"training": dict(training)})


def of_set(report: Report, **changes: Any) -> Report:
    """The report with other facts of its samples."""
    return replace(report, samples=replace(report.samples, **changes))


def as_run(report: Report, folder: Path) -> Path:
    """The folder, with the report as its run."""
    write_run(folder, report, {})
    return folder
