"""Rows that may be compared with one another: the best, the rank, and the difference to a baseline."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

from ganeval.comparison.rows import Row
from ganeval.reports.score_names import DIGITS, places_for
from ganeval.reports.scores import HEADLINES


def quantile(confidence: float, parts: Sequence[tuple[float, int]]) -> float:
    """How many standard errors of a difference noise stays below, one-sided; `parts`: each side's error and seeds.

    >>> round(quantile(0.975, [(0.1, 1), (0.1, 1)]), 2), round(quantile(0.975, [(0.1, 3), (0.1, 3)]), 2)
    (1.96, 2.78)
    """
    degrees = _degrees(parts)
    if math.isinf(degrees):
        return NormalDist().inv_cdf(confidence)
    from scipy.special import stdtrit  # a sixth of a second that a single report need not wait for

    return float(stdtrit(degrees, confidence))


def _degrees(parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom: infinite without seeds, else Welch's of the sides that have several."""
    seeded = [(error, count - 1) for error, count in parts if count > 1]
    if not seeded:
        return math.inf
    total = math.fsum(error**2 for error, _ in seeded)
    if total == 0:
        return float(min(degrees for _, degrees in seeded))
    return 1 / math.fsum((error**2 / total) ** 2 / degrees for error, degrees in seeded)


OUTSIDE = 1.96  # standard errors from which a difference is marked: 95 %, two-sided
CONFIDENCE = 0.975  # the same, where the errors are those of seeds
Place = tuple[int, float, tuple[str | int, ...]]


@dataclass(frozen=True)
class Delta:
    """How far a score is from the baseline's: `value`, its standard error where known, whether it is outside it."""

    value: float
    error: float | None
    outside: bool

    @property
    def printed(self) -> tuple[str, str]:
        """The difference with its sign, and its error to two digits, as tables have them.

        >>> Delta(-0.5234, 0.1234, True).printed, Delta(2, None, False).printed, Delta(0.054, 3e-17, True).printed
        (('-0.52', '0.12'), ('+2', ''), ('+0.054', ''))
        """
        if not self.error or self.error < 10**-DIGITS:
            return f"{self.value:+.4g}", ""
        places = places_for(self.error)
        return f"{self.value:+.{places}f}", f"{self.error:.{places}f}"


@dataclass(frozen=True)
class Group:
    """Rows that may be compared, sorted by the score `sort`, or by "name".

    `differs` says why not with the first group's (empty for that one), each as `what: this one's, not that one's`.
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
    def shown(self) -> tuple[str, ...]:
        """The scores that tables for people show: headlines and what is sorted by; all where there is no headline."""
        headlines = tuple(name for name in self.names if name in HEADLINES)
        if not headlines:
            return self.names
        apart = self.sort in self.names and self.sort not in headlines  # a group may lack what others are sorted by
        return (self.sort, *headlines) if apart else headlines

    def better(self, name: str) -> str:
        """The direction of a score that some row has: lower or higher."""
        return next(report.scores[name].better for row in self.rows for report in row.reports if name in report.scores)

    @property
    def judged(self) -> tuple[Row, ...]:
        """The rows that are no yardsticks."""
        return tuple(row for row in self.rows if row.yardstick is None)

    def best(self, name: str) -> tuple[Row, ...]:
        """The rows with the best value of a score, ties and all; yardsticks do not compete."""
        return tuple(row for row in self.judged if self.rank(row, name) == 1)

    def contested(self, name: str) -> bool:
        """Whether several rows have a score: the best of one alone is none."""
        return sum(row.score(name) is not None for row in self.judged) > 1

    def is_best(self, row: Row, name: str) -> bool:
        """Whether a row is to be marked: it has the best value of a score that several have."""
        return self.contested(name) and self.rank(row, name) == 1

    def rank(self, row: Row, name: str | None = None) -> int | None:
        """A row's place by a score (that of sorting), 1 for the best, equal for equals; None where it has none."""
        name = name or self.sort
        mine = row.score(name)
        if mine is None or row.yardstick is not None:
            return None
        others = [score.value for one in self.judged if (score := one.score(name))]
        return 1 + sum(value < mine.value if mine.better == "lower" else value > mine.value for value in others)

    def delta(self, row: Row, name: str) -> Delta | None:
        """A row's score less the baseline's; None for the baseline itself, and where either lacks it.

        Where the error of either is not known neither is that of the difference, and nothing is called outside it.
        Between seeds 95 % are Student's t; a single run beside them takes their spread, as it is one more seed.
        """
        if self.baseline is None or row is self.baseline:
            return None
        mine, theirs = row.score(name), self.baseline.score(name)
        if mine is None or theirs is None:
            return None
        value = mine.value - theirs.value
        one, other = _error(row, self.baseline, name), _error(self.baseline, row, name)
        if one is None or other is None:
            return Delta(value, None, False)
        counts = row.seeds(name), self.baseline.seeds(name)
        factor = OUTSIDE if counts == (1, 1) else quantile(CONFIDENCE, [(one, counts[0]), (other, counts[1])])
        error = math.hypot(one, other)
        return Delta(value, error, abs(value) > factor * error)


@dataclass(frozen=True)
class Comparison:
    """What `compare` found: groups that may not be compared with one another; the baseline's or the largest first."""

    groups: tuple[Group, ...]

    @property
    def grouped(self) -> bool:
        """Whether a row stands for several seeds."""
        return any(len(row.reports) > 1 for group in self.groups for row in group.rows)

    @property
    def baseline(self) -> bool:
        """Whether any group has a baseline."""
        return any(group.baseline for group in self.groups)


def _error(row: Row, other: Row, name: str) -> float | None:
    """A row's standard error in a difference: a single run's beside seeds is their spread; a yardstick is no seed."""
    seeds, theirs = other.seeds(name), other.standard_error(name)
    if row.seeds(name) == 1 < seeds and theirs is not None and not (row.yardstick or other.yardstick):
        return theirs * math.sqrt(seeds)
    return row.standard_error(name)


def names_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """The scores that any of these rows has: headlines first, then the others as the reports have them."""
    have = dict.fromkeys(name for row in rows for report in row.reports for name in report.scores)
    return (*[name for name in HEADLINES if name in have], *[name for name in have if name not in HEADLINES])


def sorted_rows(rows: Sequence[Row], sort: str) -> tuple[Row, ...]:
    """Real data first and noise last, between them the best first; what lacks the score goes below."""
    return tuple(sorted(rows, key=lambda row: _place(row, sort)))


def _place(row: Row, sort: str) -> Place:
    outer = {"real": 0, None: 1, "noise": 3}[row.yardstick]
    score = row.score(sort)
    if sort == "name":
        return outer, 0.0, _natural(row.name)
    if score is None:
        return max(outer, 2), math.inf, _natural(row.name)
    return outer, score.value if score.better == "lower" else -score.value, _natural(row.name)


def _natural(name: str) -> tuple[str | int, ...]:
    """A name's words and numbers, by which `s2` comes before `s10`."""
    return tuple(int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name))
