"""Samples and reference counted by mode, as a report keeps them beside `modes_covered` or `modes_captured`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganeval.errors import ContentError
from ganeval.plots.run_arrays import Array
from ganeval.plots.theme import Absent
from ganeval.reports.report import Report, Score

SCORES = ("modes_covered", "modes_captured")
TENTH = 10  # a mode is covered when this many times its samples reach its share in the reference
MOST = 100  # modes that a report counts one by one


@dataclass(frozen=True)
class Counts:
    """Samples and reference pictures in each mode, the modes' names, where they have any, and the score they are of."""

    samples: Array
    reference: Array
    names: tuple[str, ...]
    score: str

    @property
    def made(self) -> Array:
        """The share of the samples in each mode."""
        return shares(self.samples)

    @property
    def real(self) -> Array:
        """The share of the reference in each mode."""
        return shares(self.reference)

    @property
    def error(self) -> Array:
        """One standard error of each share of the samples."""
        found: Array = np.sqrt(self.made * (1 - self.made) / max(int(self.samples.sum()), 1))
        return found

    @property
    def top(self) -> float:
        """How high a chart of the shares has to be."""
        return 1.06 * float(max((self.made + self.error).max(), self.real.max(), 1e-9))

    @property
    def lost(self) -> Array:
        """The modes that the score does not count; in integers, as it is: a tenth is enough."""
        enough = TENTH * self.samples * self.reference.sum() >= self.reference * self.samples.sum()
        found: Array = np.flatnonzero(self.samples == 0 if self.score == "modes_captured" else ~enough)
        return found

    @property
    def whose(self) -> str:
        """Which samples are counted: of points, those alone that lie near a mode."""
        return "samples near a mode" if self.score == "modes_captured" else "samples"

    @property
    def loss(self) -> str:
        """What makes a mode lost, in words."""
        return "lost: none near it" if self.score == "modes_captured" else "lost: below a tenth of it"


def shares(counts: Array) -> Array:
    """Counts as shares of them all.

    >>> shares(np.array([1, 3])).tolist(), shares(np.array([0, 0])).tolist()
    ([0.25, 0.75], [0.0, 0.0])
    """
    found: Array = counts / max(int(counts.sum()), 1)
    return found


def counts_of(report: Report) -> Counts:
    """The counts in a report. Absent where it has none, ContentError where they are no counts."""
    scores = {name: report.scores[name] for name in SCORES if name in report.scores}
    kept = [name for name, score in scores.items() if {"samples", "reference"} <= set(score.more)]
    if not kept:
        raise Absent(f"no counts by mode in the report: {_why_none(list(scores.values()))}")
    more = scores[kept[0]].more
    samples, reference = (_whole(report, name, more[name]) for name in ("samples", "reference"))
    names = more.get("names") or ()
    if samples.shape != reference.shape or not isinstance(names, Sequence) or len(names) not in (0, len(samples)):
        raise ContentError(f"{report.samples.name}: found counts of {len(samples)} and of {len(reference)} modes")
    return Counts(samples, reference, tuple(str(one) for one in names), kept[0])


def _why_none(scores: Sequence[Score]) -> str:
    if not scores:
        return "no modes were counted"
    most = max(score.total or 0 for score in scores)
    if most > MOST:
        return f"{most:,} modes are too many to be shown one by one"
    return "it was scored by an earlier version; score it again"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _whole(report: Report, name: str, counts: object) -> Array:
    if not isinstance(counts, Sequence) or not counts or not all(_is_count(one) for one in counts):
        raise ContentError(f"{report.samples.name}: {name} by mode is {str(counts)[:40]}, needed whole numbers")
    return np.array(counts, np.int64)
