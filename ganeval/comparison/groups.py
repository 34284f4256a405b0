"""Rows that are comparable with one another: the best, the rank, and the difference to a baseline."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

from ganeval.comparison.rows import Row
from ganeval.reports.report import Score
from ganeval.reports.score_names import measured
from ganeval.reports.scores import HEADLINES

OUTSIDE = 1.96  # standard errors beyond which a difference is marked: 95 %, two-sided
CONFIDENCE = 0.975  # the same as a one-sided confidence, for errors of seeds
Place = tuple[int, float, tuple[str | int, ...]]


@dataclass(frozen=True)
class Delta:
    """A score's difference to the baseline's: `value`, its standard error where known, whether it is outside it."""

    value: float
    error: float | None
    outside: bool

    @property
    def printed(self) -> tuple[str, str]:
        """The difference with its sign, and its error to two digits, as tables have them.

        >>> Delta(-0.5234, 0.1234, True).printed, Delta(2, None, False).printed, Delta(0.054, 3e-17, True).printed
        (('-0.52', '0.12'), ('+2', ''), ('+0.054', ''))
        """
        value, error = measured(Score(self.value, "lower", self.error))
        return value if value.startswith("-") else f"+{value}", "" if error == "0" else error


@dataclass(frozen=True)
class ComparisonGroup:
    """Rows that are comparable with one another, sorted by the score `sort`, or by "name".

    `differs` says what sets it apart from the first group (empty for that one), each as `what: this, not that`.
    """

    rows: tuple[Row, ...]
    sort: str
    baseline: Row | None = None
    differs: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The scores that any row has: headlines first, then the others as the reports have them."""
        return names_of(self.rows)

    @cached_property
    def table_scores(self) -> tuple[str, ...]:
        """The scores in tables for people: headlines and the score of sorting, or all where none is a headline."""
        headlines = tuple(name for name in self.names if name in HEADLINES)
        if not headlines:
            return self.names
        other = self.sort in self.names and self.sort not in headlines  # a group may lack the score that sorts others
        return (self.sort, *headlines) if other else headlines

    def better(self, name: str) -> str:
        """The direction of a score that some row has: lower or higher."""
        return next(report.scores[name].better for row in self.rows for report in row.reports if name in report.scores)

    @cached_property
    def contenders(self) -> tuple[Row, ...]:
        """The rows that compete: all but the yardsticks."""
        return tuple(row for row in self.rows if row.yardstick is None)

    @cached_property
    def _values(self) -> dict[str, list[float]]:
        """The contenders' values of each score, in rising order: what ranks are read from."""
        scores = {name: [row.score(name) for row in self.contenders] for name in self.names}
        return {name: sorted(float(score.value) for score in column if score) for name, column in scores.items()}

    def best(self, name: str) -> tuple[Row, ...]:
        """The contenders with the best value of a score, ties included."""
        return tuple(row for row in self.contenders if self.rank(row, name) == 1)

    def several_have(self, name: str) -> bool:
        """Whether several contenders have a score: one alone is not called the best."""
        return len(self._values.get(name, ())) > 1

    def is_best(self, row: Row, name: str) -> bool:
        """Whether a row is marked in tables: it has the best value of a score that several have."""
        return self.several_have(name) and self.rank(row, name) == 1

    def rank(self, row: Row, name: str | None = None) -> int | None:
        """A row's place by a score (that of sorting), 1 for the best, equal for equals; None where it has none."""
        name = name or self.sort
        score = row.score(name)
        if score is None or row.yardstick is not None:
            return None
        values = self._values[name]
        lower, higher = bisect_left(values, score.value), len(values) - bisect_right(values, score.value)
        return 1 + (lower if score.better == "lower" else higher)

    def delta(self, row: Row, name: str) -> Delta | None:
        """A row's score less the baseline's; None for the baseline itself, and where either lacks it.

        Where either error is unknown the difference has none, and is not called outside it.
        Between seeds 95 % are Student's t; a single run beside them takes their spread, as it is one more seed.
        """
        if self.baseline is None or row is self.baseline:
            return None
        score, base = row.score(name), self.baseline.score(name)
        if score is None or base is None:
            return None
        value = score.value - base.value
        pairs = (row, self.baseline), (self.baseline, row)
        parts = [(error, one.seeds(name)) for one, other in pairs if (error := _error(one, other, name)) is not None]
        if len(parts) < 2:
            return Delta(value, None, False)
        factor = quantile(CONFIDENCE, parts) if any(seeds > 1 for _, seeds in parts) else OUTSIDE
        error = math.hypot(*[error for error, _ in parts])
        return Delta(value, error, abs(value) > factor * error)


@dataclass(frozen=True)
class Comparison:
    """The result of `compare`: groups, each comparable in itself only; the baseline's or the largest first."""

    groups: tuple[ComparisonGroup, ...]

    @property
    def has_seeds(self) -> bool:
        """Whether a row stands for several seeds."""
        return any(len(row.reports) > 1 for group in self.groups for row in group.rows)

    @property
    def has_baseline(self) -> bool:
        """Whether any group has a baseline."""
        return any(group.baseline for group in self.groups)


def _error(row: Row, other: Row, name: str) -> float | None:
    """A row's standard error in a difference: a single run's beside seeds is their spread; a yardstick is no seed."""
    seeds, error = other.seeds(name), other.standard_error(name)
    if row.seeds(name) == 1 < seeds and error is not None and not (row.yardstick or other.yardstick):
        return error * math.sqrt(seeds)
    return row.standard_error(name)


def quantile(confidence: float, parts: Sequence[tuple[float, int]]) -> float:
    """How many standard errors of a difference noise stays below, one-sided; `parts`: each side's error and seeds.

    Without seeds it is the normal distribution's; else Student's t with Welch's degrees of freedom.

    >>> round(quantile(0.975, [(0.1, 1), (0.1, 1)]), 2), round(quantile(0.975, [(0.1, 3), (0.1, 3)]), 2)
    (1.96, 2.78)
    """
    seeded = [(error, count - 1) for error, count in parts if count > 1]
    if not seeded:
        return NormalDist().inv_cdf(confidence)
    from scipy.special import stdtrit  # takes a sixth of a second, for which a single report need not wait

    total = math.fsum(error**2 for error, _ in seeded)
    if total == 0:
        return float(stdtrit(min(degrees for _, degrees in seeded), confidence))
    return float(stdtrit(1 / math.fsum((error**2 / total) ** 2 / degrees for error, degrees in seeded), confidence))


def names_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """The scores that any of these rows has: headlines first, then the others as the reports have them."""
    names = dict.fromkeys(name for row in rows for report in row.reports for name in report.scores)
    return (*[name for name in HEADLINES if name in names], *[name for name in names if name not in HEADLINES])


def sorted_rows(rows: Sequence[Row], sort: str) -> tuple[Row, ...]:
    """Real data first and noise last, between them the best first, and below these the rows without the score."""

    def place(row: Row) -> Place:
        outer = {"real": 0, None: 1, "noise": 3}[row.yardstick]
        name = tuple(int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", row.name))  # s2 before s10
        score = row.score(sort)
        if sort == "name":
            return outer, 0.0, name
        if score is None:
            return max(outer, 2), math.inf, name
        return outer, score.value if score.better == "lower" else -score.value, name

    return tuple(sorted(rows, key=place))
