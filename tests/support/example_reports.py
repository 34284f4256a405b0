"""Reports made by hand, for the tests of what reads them: every score is known."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganeval.reports.report import ImageSet, Protocol, Report, Score
from ganeval.reports.run_folders import write_run

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


ODD = [None, True, -1, 0, 1e308, 10**400, math.nan, "x", "", [], {}, [1], {"a": 1}, 5e-324, "\ud800"]


def damaged(document: Any, place: tuple[Any, ...]) -> Iterator[Any]:
    """A JSON document whose value at a place is, in turn, everything that JSON can hold."""
    for odd in ODD:
        copy = json.loads(json.dumps(document))
        inner = copy
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = odd
        yield copy


def places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document."""
    if above:
        yield above
    if isinstance(document, dict | list):
        for key in document if isinstance(document, dict) else range(len(document)):
            yield from places(document[key], (*above, key))


def as_run(report: Report, folder: Path) -> Path:
    """The folder, with the report as its run."""
    write_run(folder, report, {})
    return folder
