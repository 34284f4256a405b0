"""Samples and reference counted by mode, as a report holds them with `modes_covered` or `modes_captured`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganeval.errors import ContentError
from ganeval.plots.run_arrays import Array
from ganeval.plots.theme import MissingData
from ganeval.reports.report import Report

SCORES = {"modes_covered": "samples", "modes_captured": "samples near a mode"}  # and what each counts


@dataclass(frozen=True)
class ModeCounts:
    """Samples and reference images in each mode, the modes' names, where they have any, and their score.

    `covered` is the number of modes that it counts, `label` says which samples are in `samples`.
    """

    samples: Array
    reference: Array
    names: tuple[str, ...]
    label: str
    covered: int

    @property
    def sample_shares(self) -> Array:
        """The share of the samples in each mode."""
        return shares(self.samples)

    @property
    def reference_shares(self) -> Array:
        """The share of the reference in each mode."""
        return shares(self.reference)

    @property
    def error(self) -> Array:
        """One standard error of each share of the samples."""
        variances: Array = self.sample_shares * (1 - self.sample_shares) / max(int(self.samples.sum()), 1)
        return np.sqrt(variances)

    @property
    def top(self) -> float:
        """The height of a chart of the shares."""
        return 1.06 * float(max((self.sample_shares + self.error).max(), self.reference_shares.max(), 1e-9))

    @property
    def lost(self) -> Array:
        """The modes that the score does not count: it counts those with the largest share for their reference's."""
        present = np.flatnonzero(self.reference)
        ratios = self.sample_shares[present] / self.reference_shares[present]
        lost: Array = np.sort(present[np.argsort(ratios)][: max(0, len(present) - self.covered)])
        return lost


def shares(counts: Array) -> Array:
    """Counts as shares of their sum.

    >>> shares(np.array([1, 3])).tolist(), shares(np.array([0, 0])).tolist()
    ([0.25, 0.75], [0.0, 0.0])
    """
    parts: Array = counts / max(int(counts.sum()), 1)
    return parts


def mode_counts_of(report: Report) -> ModeCounts:
    """The counts in a report. MissingData where it has none, ContentError where they are no counts."""
    scores = {name: report.scores[name] for name in SCORES if name in report.scores}
    counted = [name for name, score in scores.items() if {"samples", "reference"} <= set(score.more)]
    if not counted:
        total = max((score.total or 0 for score in scores.values()), default=0)
        reason = f"{total:,} modes are too many, or an earlier version scored it" if total else "no modes were counted"
        raise MissingData(f"no counts by mode in the report: {reason}")
    score = scores[counted[0]]
    samples, reference = (_counts(report, name, score.more[name]) for name in ("samples", "reference"))
    names = score.more.get("names") or ()
    if samples.shape != reference.shape or not isinstance(names, Sequence) or len(names) not in (0, len(samples)):
        raise ContentError(f"{report.samples.name}: found counts of {len(samples)} and of {len(reference)} modes")
    return ModeCounts(samples, reference, tuple(str(name) for name in names), SCORES[counted[0]], int(score.value))


def _counts(report: Report, name: str, counts: object) -> Array:
    valid = isinstance(counts, Sequence) and all(type(count) is int and 0 <= count < 2**53 for count in counts)
    if not valid or not counts:
        raise ContentError(f"{report.samples.name}: {name} by mode is {str(counts)[:40]}, needed whole numbers")
    return np.array(counts, np.int64)
