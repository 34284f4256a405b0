"""What a person is shown of a comparison, in whatever format: for each group a caption, columns of cells, and notes."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from ganeval.comparison import OUTSIDE, Comparison, Delta, Group, Row
from ganeval.errors import plain
from ganeval.reports.score_names import NOTHING, cell, title
from ganeval.reports.scores import ARROWS
from ganeval.tables.report_view import column_width

MARK = "*"
RULE = f"|Δ| > {OUTSIDE} standard errors"
CAUTION = "These are errors of drawing samples: another seed of training may differ by more."
OF_SEEDS = (
    "with seeds, Student's t at 95 %. A single run beside seeds takes their spread; "
    "between single runs another seed of training may differ by more."
)


@dataclass(frozen=True)
class Cell:
    """A text, the number by which it sorts, and whether it is the best of its column."""

    text: str
    value: float | None = None
    best: bool = False


@dataclass(frozen=True)
class Column:
    """A heading over cells; `kind` is rank, run, seeds, score or delta."""

    kind: str
    heading: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """One group: `caption` says against what, `differs` why it is apart, `yardsticks` which rows are only measures."""

    caption: str
    differs: str
    columns: tuple[Column, ...]
    yardsticks: tuple[bool, ...]
    notes: tuple[str, ...]


def sheets(comparison: Comparison) -> list[Sheet]:
    """A sheet for each group, with the headline scores that it has."""
    count = len(comparison.groups)
    return [
        _sheet(group, comparison, f"Group {number} of {count}: " * (count > 1))
        for number, group in enumerate(comparison.groups, 1)
    ]


def remarks(comparison: Comparison) -> list[str]:
    """What ±, Δ and the mark mean."""
    seeds = "; of several seeds the mean ± their standard deviation" if comparison.grouped else ""
    found = [f"± one standard error over new draws{seeds}."]
    names = dict.fromkeys(plain(group.baseline.name) for group in comparison.groups if group.baseline)
    if names:
        mean = " (of several seeds their deviation / √seeds)" if comparison.grouped else ""
        found.append(f"Δ less {' or '.join(names)}, ± one standard error on the samples' side{mean}.")
        found.append(f"{MARK} outside its error: {RULE}{f'; {OF_SEEDS}' if comparison.grouped else f'. {CAUTION}'}")
    return found


def _sheet(group: Group, comparison: Comparison, prefix: str) -> Sheet:
    report = group.rows[0].report
    counts = f"N = {_count(report.samples.count)}, M = {_count(report.reference.count)}"
    whose = ", the baseline's" if comparison.baseline and group.baseline is None else ""
    differs = f"not comparable with group 1{whose}: {'; '.join(group.differs)}" if group.differs else ""
    caption = f"{prefix}against {plain(report.reference.name)}, {counts}"
    columns = (*_labels(group, comparison.grouped), *_scores(group))
    yardsticks = tuple(row.yardstick is not None for row in group.rows)
    return Sheet(caption, plain(differs), columns, yardsticks, tuple(_notes(group)))


def _notes(group: Group) -> Iterator[str]:
    report = group.rows[0].report
    if any(group.rank(row) for row in group.rows):
        yield f"Rank by {plain(title(group.sort, report.protocol))}."
    yield f"{plain(report.protocol.line())}."


def _labels(group: Group, grouped: bool) -> Iterator[Column]:
    """Rank, name and number of seeds, as far as there are any."""
    ranks = [group.rank(row) for row in group.rows]
    if any(ranks):
        yield Column("rank", "rank", tuple(Cell(NOTHING if rank is None else str(rank), rank) for rank in ranks))
    yield Column("run", "run", tuple(Cell(plain(row.name)) for row in group.rows))
    if grouped:
        counts = [len(row.reports) for row in group.rows]
        yield Column("seeds", "seeds", tuple(Cell(str(count), count) for count in counts))


def _scores(group: Group) -> Iterator[Column]:
    """A column for each score, and one of differences after it where there is a baseline."""
    for name in group.shown:
        heading = plain(title(name, group.rows[0].report.protocol))
        cells = tuple(_cell(row, name, group.is_best(row, name)) for row in group.rows)
        yield Column("score", f"{heading} {ARROWS[group.better(name)]}", cells)
        if group.baseline is not None:
            deltas = [group.delta(row, name) for row in group.rows]
            yield Column("delta", f"Δ {heading.partition(' (')[0]}", tuple(map(delta_cell, deltas)))


def _cell(row: Row, name: str, best: bool) -> Cell:
    score = row.score(name)
    return Cell(cell(score), None if score is None else float(score.value), best)


def delta_cell(delta: Delta | None) -> Cell:
    """A difference with its sign and its error, marked where it is outside it.

    >>> delta_cell(Delta(-0.5234, 0.1234, True)).text, delta_cell(Delta(2, None, False)).text, delta_cell(None).text
    ('-0.52 ±0.12 *', '+2', '–')
    """
    if delta is None:
        return Cell(NOTHING)
    value, error = delta.printed
    return Cell(value + f" ±{error}" * bool(error) + f" {MARK}" * delta.outside, float(delta.value))


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


HEADING = 13  # characters of a heading's line
NAME = 16  # characters of a name that there is always room for
PADDING = 3  # of a column
EDGES = 2  # of a table


def laid_out(sheet: Sheet, width: int | None) -> list[list[Column]]:
    """The columns of each block: the labels, then scores, each with its differences, one at least."""
    labels = [column for column in sheet.columns if column.kind not in ("score", "delta")]
    room = None if width is None else width - EDGES - sum(_label_width(one, width) for one in labels)
    blocks: list[list[Column]] = [[]]
    for pair in _pairs(sheet):
        if room is not None and blocks[-1] and sum(map(_width, [*blocks[-1], *pair])) > room:
            blocks.append([])
        blocks[-1] += pair
    return [[*labels, *block] for block in blocks]


def heading_lines(column: Column) -> list[str]:
    """A heading over several lines where it is long: columns stay narrow."""
    return textwrap.wrap(column.heading, HEADING, break_long_words=False)


def _pairs(sheet: Sheet) -> list[list[Column]]:
    pairs: list[list[Column]] = []
    for column in sheet.columns:
        if column.kind == "score":
            pairs.append([column])
        elif column.kind == "delta":
            pairs[-1].append(column)
    return pairs


def _width(column: Column) -> int:
    return column_width([*heading_lines(column), *[cell.text for cell in column.cells]])


def _label_width(column: Column, width: int) -> int:
    """A long name is folded: to a third of the width, and not below what is readable."""
    most = max(NAME, width // 3) + PADDING if column.kind == "run" else width
    return min(_width(column), most)
