"""The result of a comparison in a sentence or two: the best run, and those that do not differ from it."""

from dataclasses import dataclass, replace

from ganeval.comparison import ComparisonGroup, Row
from ganeval.reports.score_names import cell, title


@dataclass(frozen=True)
class Headline:
    """The best runs by a score, its value as printed, and which others are within its error."""

    best: tuple[str, ...]
    score: str
    value: str
    within: tuple[str, ...]
    beyond: int
    unknown: int


def headline_of(group: ComparisonGroup) -> Headline | None:
    """The headline of a group by the score it is sorted by (by its first one where it is sorted by name); or None."""
    name = group.names[0] if group.sort == "name" and group.names else group.sort
    best = group.best(name)
    if not best:
        return None
    others = [row for row in group.contenders if row not in best and row.score(name)]
    within = [row.name for row in others if _differs(group, row, best[0], name) is False]
    beyond = sum(_differs(group, row, best[0], name) is True for row in others)
    heading = title(name, best[0].report.protocol)
    value = cell(best[0].score(name))
    names = tuple(row.name for row in best)
    return Headline(names, heading, value, tuple(within), beyond, len(others) - len(within) - beyond)


def _differs(group: ComparisonGroup, row: Row, best: Row, name: str) -> bool | None:
    """Whether a row differs from the best by more than the error of the difference; None where that is unknown."""
    delta = replace(group, baseline=best).delta(row, name)
    return None if delta is None or delta.error is None else delta.outside
