"""A line for each score of a run, with a scale that the group shares: a dot, its error bar, and real data.

The scale is 0 … 1 for shares and 0 … total for counts; else it runs from 0 (IS: from 1; KID: from its lowest value) to
the largest value of the group's runs and real data. Noise is left out where it is off the scale.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from ganeval.comparison import ComparisonGroup, Row
from ganeval.reports.report import Score
from ganeval.reports.score_names import measured, title
from ganeval.reports.scores import HEADLINES, SCORES

SCALE_MARGIN = 1.06  # keeps the last dot off the edge


@dataclass(frozen=True)
class Track:
    """Positions on the scale of a line, in per cent of its width."""

    at: float
    low: float
    high: float
    real: float | None
    noise: float | None
    ends: tuple[str, str]

    @property
    def widest(self) -> int:
        """The number of characters of the longer end."""
        return max(map(len, self.ends))


@dataclass(frozen=True)
class ScoreLine:
    """A score of a row as the table and its card print it, with the number to sort by, its track and its rank.

    `delta` and `delta_error` are its difference to the baseline; `outside`: whether that is significant.
    """

    title: str
    better: str
    number: float
    value: str
    error: str
    track: Track | None
    rank: int | None
    best: bool
    delta: str
    delta_error: str
    outside: bool
    headline: bool


def score_lines(group: ComparisonGroup, row: Row) -> dict[str, ScoreLine]:
    """A line for each score of a row by its name, headlines first."""
    return {name: _line(group, row, name, score) for name in group.names if (score := row.score(name))}


def _line(group: ComparisonGroup, row: Row, name: str, score: Score) -> ScoreLine:
    value, error = measured(score)
    delta = group.delta(row, name)
    change, change_error = delta.printed if delta else ("", "")
    return ScoreLine(
        title(name, row.report.protocol),
        group.better(name),
        score.value,
        f"−{value[1:]}" if value.startswith("-") else value,
        error,
        _track(group, name, score),
        group.rank(row, name) if group.several_have(name) else None,
        group.is_best(row, name),
        change.replace("-", "−"),
        change_error,
        delta is not None and delta.outside,
        name in HEADLINES,
    )


def _track(group: ComparisonGroup, name: str, score: Score) -> Track | None:
    """None where a scale would be meaningless: it has no length, or there is nothing to compare the score with."""
    start, end = scale_of(group, name)
    alone = sum(row.score(name) is not None for row in group.rows if row.yardstick != "noise") < 2
    if not end > start or (alone and not _is_share(name) and score.total is None):
        return None

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - start) / (end - start))), 2)

    yardsticks = {row.yardstick: mark.value for row in group.rows if row.yardstick and (mark := row.score(name))}
    marks = {kind: place(value) for kind, value in yardsticks.items() if start <= value <= end}
    low, high = (score.value + sign * (score.error or 0.0) for sign in (-1, 1))
    ends = _end(start, 1), _end(end, 2)
    return Track(place(score.value), place(low), place(high), marks.get("real"), marks.get("noise"), ends)


def _end(value: float, digits: int) -> str:
    """An end of a scale: thousands in full, else to so many digits.

    >>> _end(3000.0, 2), _end(0.054, 2), _end(-0.0073, 1), _end(-0.00005, 1)
    ('3,000', '0.054', '−0.007', '−0.00005')
    """
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{Decimal(f'{value:.{digits}g}'):f}"
    return text.replace("-", "−")


def scale_of(group: ComparisonGroup, name: str) -> tuple[float, float]:
    """Where a score's scale begins and ends, the same for all of a group."""
    if _is_share(name):
        return 0.0, 1.0
    scores = [score for row in group.rows if row.yardstick != "noise" and (score := row.score(name))]
    if totals := [score.total for score in scores if score.total is not None]:
        return 0.0, float(max(totals))
    largest = max((score.value + (score.error or 0.0) for score in scores), default=0.0)
    lowest = SCORES[name].range[0] if name in SCORES else 0.0
    start = min([lowest if isfinite(lowest) else 0.0, *[score.value for score in scores]])
    return start, start + (largest - start) * SCALE_MARGIN


def _is_share(name: str) -> bool:
    return name in SCORES and SCORES[name].range == (0.0, 1.0)
