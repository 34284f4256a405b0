"""A line for each score of a run, with a scale that the group shares: a dot, its error bar, and real data.

The scale is 0 … 1 for shares and 0 … total for counts; else it runs from 0 (IS: from 1; KID: from its lowest value) to
the largest value of the group's runs and real data. Noise is left out where it is off the scale.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from ganeval.comparison import ComparisonGroup, Row
from ganeval.page.table import delta_text, value_texts
from ganeval.reports.report import Score
from ganeval.reports.score_names import title
from ganeval.reports.scores import ARROWS, HEADLINES, SCORES

SCALE_MARGIN = 1.06  # keeps the last dot off the edge
Range = tuple[float, float]


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
    """A score of a run: its title, its value and error as printed, its track and its rank."""

    name: str
    title: str
    arrow: str
    better: str
    value: str
    error: str
    track: Track | None
    rank: int | None
    best: bool
    delta: str
    outside: bool
    headline: bool


def score_lines(group: ComparisonGroup, row: Row) -> tuple[ScoreLine, ...]:
    """A line for each score of a row, headlines first."""
    return tuple(_line(group, row, name, score) for name in group.names if (score := row.score(name)))


def _line(group: ComparisonGroup, row: Row, name: str, score: Score) -> ScoreLine:
    value, error = value_texts(score)
    better = group.better(name)
    delta = group.delta(row, name)
    return ScoreLine(
        name,
        title(name, row.report.protocol),
        ARROWS[better],
        f"{better} is better",
        value,
        error,
        _track(group, name, score),
        group.rank(row, name) if group.several_have(name) else None,
        group.is_best(row, name),
        delta_text(delta),
        delta is not None and delta.outside,
        name in HEADLINES,
    )


def _track(group: ComparisonGroup, name: str, score: Score) -> Track | None:
    start, end = scale_of(group, name)
    if not end > start or (_alone(group, name) and not _is_share(name) and score.total is None):
        return None
    error = score.error or 0.0
    places = [_place(value, (start, end)) for value in (score.value, score.value - error, score.value + error)]
    marks = {row.yardstick: row.score(name) for row in group.rows if row.yardstick}
    real, noise = (_mark(marks.get(kind), (start, end)) for kind in ("real", "noise"))
    return Track(places[0], places[1], places[2], real, noise, (_end(start, 1), _end(end, 2)))


def _end(value: float, digits: int) -> str:
    """An end of a scale: thousands in full, else to so many digits.

    >>> _end(3000.0, 2), _end(0.054, 2), _end(-0.0073, 1), _end(-0.00005, 1)
    ('3,000', '0.054', '−0.007', '−0.00005')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", "−")
    short = f"{value:.{digits}g}"
    return f"{Decimal(short):f}".replace("-", "−")


def _alone(group: ComparisonGroup, name: str) -> bool:
    """Whether there is nothing to compare a score with, so that a scale would be meaningless."""
    return sum(row.score(name) is not None for row in group.rows if row.yardstick != "noise") < 2


def scale_of(group: ComparisonGroup, name: str) -> Range:
    """Where a score's scale begins and ends, the same for all of a group."""
    scores = [score for row in group.rows if row.yardstick != "noise" and (score := row.score(name))]
    counts = [score.total for score in scores if score.total is not None and not _is_share(name)]
    if _is_share(name):
        return 0.0, 1.0
    if counts:
        return 0.0, float(max(counts))
    largest = max((score.value + (score.error or 0.0) for score in scores), default=0.0)
    lowest = SCORES[name].range[0] if name in SCORES else 0.0
    start = min([lowest if isfinite(lowest) else 0.0, *[score.value for score in scores]])
    return start, start + (largest - start) * SCALE_MARGIN


def _is_share(name: str) -> bool:
    return name in SCORES and SCORES[name].range == (0.0, 1.0)


def _mark(score: Score | None, span: Range) -> float | None:
    """A yardstick's place; None where there is none, or it is off the scale."""
    if score is None or not span[0] <= score.value <= span[1]:
        return None
    return _place(score.value, span)


def _place(value: float, span: Range) -> float:
    start, end = span
    return round(100 * min(1.0, max(0.0, (value - start) / (end - start))), 2)
