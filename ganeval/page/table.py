"""The table of one group: columns, rows and cells, with the numbers by which the page's script sorts them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ganeval.comparison import ComparisonGroup, Delta, Row
from ganeval.reports.report import Score
from ganeval.reports.score_names import NOTHING, measured, title
from ganeval.reports.scores import ARROWS


@dataclass(frozen=True)
class ScoreColumn:
    """A score's heading: its name in reports, its title, its arrow, the better direction in words."""

    name: str
    title: str
    arrow: str
    better: str
    sorted: bool


@dataclass(frozen=True)
class ScoreCell:
    """A score of a row as printed, its error, the number to sort by (None where missing), its difference alone."""

    value: str
    error: str = ""
    number: float | None = None
    best: bool = False
    delta: str = ""
    outside: bool = False


@dataclass(frozen=True)
class TableRow:
    """A line of the table; `anchor` is the card that it leads to."""

    name: str
    kind: str  # real, noise, or empty for a run
    rank: int | None
    seeds: int
    baseline: bool
    anchor: str
    cells: tuple[ScoreCell, ...]


@dataclass(frozen=True)
class TableView:
    """One group's table: yardsticks apart, at the top and at the bottom."""

    columns: tuple[ScoreColumn, ...]
    rows: tuple[TableRow, ...]
    sort: str
    baseline: str

    def part(self, kind: str) -> list[TableRow]:
        """The rows of a kind: `real`, `noise`, or empty for runs."""
        return [row for row in self.rows if row.kind == kind]

    @property
    def seeds(self) -> bool:
        """Whether any row is of several seeds."""
        return any(row.seeds > 1 for row in self.rows)


def table_of(group: ComparisonGroup, anchors: Sequence[str]) -> TableView:
    """The table of a group; an anchor for each row."""
    columns = []
    for name in group.table_scores:
        better, heading = group.better(name), title(name, group.rows[0].report.protocol)
        columns.append(ScoreColumn(name, heading, ARROWS[better], f"{better} is better", name == group.sort))
    rows = [
        TableRow(
            row.name,
            row.yardstick or "",
            group.rank(row),
            len(row.reports),
            row is group.baseline,
            anchor,
            tuple(_cell(group, row, name) for name in group.table_scores),
        )
        for row, anchor in zip(group.rows, anchors, strict=True)
    ]
    return TableView(tuple(columns), tuple(rows), group.sort, group.baseline.name if group.baseline else "")


def _cell(group: ComparisonGroup, row: Row, name: str) -> ScoreCell:
    score = row.score(name)
    if score is None:
        return ScoreCell(NOTHING)
    value, error = value_texts(score)
    delta = group.delta(row, name)
    outside = delta is not None and delta.outside
    return ScoreCell(value, error, score.value, group.is_best(row, name), delta_text(delta, bare=True), outside)


def value_texts(score: Score) -> tuple[str, str]:
    """A value and its error as printed, with a true minus sign.

    >>> value_texts(Score(-0.0073, "lower", 0.0045))
    ('−0.0073', '0.0045')
    """
    value, error = measured(score)
    return (f"−{value[1:]}" if value.startswith("-") else value), error


def delta_text(delta: Delta | None, *, bare: bool = False) -> str:
    """A difference and its error as printed, or the difference alone (`bare`); empty where there is none.

    >>> change = Delta(-0.123, 0.05, True)
    >>> delta_text(change), delta_text(change, bare=True), delta_text(None)
    ('−0.123 ±0.050', '−0.123', '')
    """
    if delta is None:
        return ""
    value, error = delta.printed
    return value.replace("-", "−") + (f" ±{error}" if error and not bare else "")
