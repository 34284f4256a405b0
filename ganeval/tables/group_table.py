"""What the formats for people show of a comparison: for each group a caption, columns of cells, and notes."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from ganeval.comparison import OUTSIDE, Comparison, ComparisonGroup, Delta, Row
from ganeval.errors import plain
from ganeval.reports.score_names import NOTHING, cell, title
from ganeval.reports.scores import ARROWS
from ganeval.tables.report_view import blocks, column_width, count_text

MARK = "*"
RULE = f"|Δ| > {OUTSIDE} standard errors"
SINGLE_RUNS = "These are errors of drawing samples: another seed of training may differ by more."
SEEDS = (
    "with seeds, Student's t at 95 %. A single run beside seeds takes their spread; "
    "between single runs another seed of training may differ by more."
)
HEADING_WIDTH = 13  # characters of a heading's line
NAME_WIDTH = 16  # characters of a name that there is always room for
PADDING = 3  # characters around a column
EDGES = 2  # characters around a table


@dataclass(frozen=True)
class TableCell:
    """A text, the number by which it sorts, and whether it is the best of its column."""

    text: str
    value: float | None = None
    best: bool = False


@dataclass(frozen=True)
class TableColumn:
    """A heading over cells; `kind` is rank, run, seeds, score or delta."""

    kind: str
    heading: str
    cells: tuple[TableCell, ...]

    @property
    def heading_lines(self) -> list[str]:
        """The heading over several lines where it is long, so that columns stay narrow."""
        return textwrap.wrap(self.heading, HEADING_WIDTH, break_long_words=False)

    @property
    def width(self) -> int:
        """Characters of the widest line, with the space around it."""
        return column_width([*self.heading_lines, *[cell.text for cell in self.cells]])


@dataclass(frozen=True)
class GroupTable:
    """One group: `caption` names the reference, `differs` says what sets it apart, `yardsticks` marks these rows."""

    caption: str
    differs: str
    columns: tuple[TableColumn, ...]
    yardsticks: tuple[bool, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[tuple[TableCell, ...]]:
        """The cells row by row."""
        return list(zip(*[column.cells for column in self.columns], strict=True))

    def blocks(self, width: int) -> list[list[TableColumn]]:
        """The columns in blocks of a width: the labels, then scores, at least one, each with its differences."""
        labels = [column for column in self.columns if column.kind not in ("score", "delta")]
        scores = [[column] for column in self.columns if column.kind == "score"]
        deltas = [column for column in self.columns if column.kind == "delta"]
        for pair, delta in zip(scores, deltas, strict=False):  # there are as many or none
            pair.append(delta)
        folded = max(NAME_WIDTH, width // 3) + PADDING  # a long name is, to no less than can be read
        taken = sum(min(column.width, folded if column.kind == "run" else width) for column in labels)
        room = width - EDGES - taken
        widths = [sum(column.width for column in pair) for pair in scores]
        return [[*labels, *[column for pair in block for column in pair]] for block in blocks(scores, widths, room)]


def group_tables(comparison: Comparison) -> list[GroupTable]:
    """A table for each group, with the headline scores that it has."""
    count = len(comparison.groups)
    return [
        _group_table(group, comparison, f"Group {number} of {count}: " * (count > 1))
        for number, group in enumerate(comparison.groups, 1)
    ]


def remarks(comparison: Comparison) -> list[str]:
    """What ±, Δ and the mark mean."""
    seeds = "; of several seeds the mean ± their standard deviation" if comparison.has_seeds else ""
    lines = [f"± one standard error over new draws{seeds}."]
    names = dict.fromkeys(plain(group.baseline.name) for group in comparison.groups if group.baseline)
    if names:
        mean = " (of several seeds their deviation / √seeds)" if comparison.has_seeds else ""
        lines.append(f"Δ less {' or '.join(names)}, ± one standard error on the samples' side{mean}.")
        lines.append(f"{MARK} outside its error: {RULE}{f'; {SEEDS}' if comparison.has_seeds else f'. {SINGLE_RUNS}'}")
    return lines


def _group_table(group: ComparisonGroup, comparison: Comparison, prefix: str) -> GroupTable:
    report = group.rows[0].report
    counts = f"N = {count_text(report.samples)}, M = {count_text(report.reference)}"
    whose = ", the baseline's" if comparison.has_baseline and group.baseline is None else ""
    differs = f"not comparable with group 1{whose}: {'; '.join(group.differs)}" if group.differs else ""
    notes = [f"{plain(report.protocol.line())}."]
    if any(group.rank(row) for row in group.rows):
        notes.insert(0, f"Rank by {plain(title(group.sort, report.protocol))}.")
    notes += _of_training(group)
    return GroupTable(
        caption=f"{prefix}against {plain(report.reference.name)}, {counts}",
        differs=plain(differs),
        columns=(*_labels(group, comparison.has_seeds), *_scores(group)),
        yardsticks=tuple(row.yardstick is not None for row in group.rows),
        notes=tuple(notes),
    )


def _of_training(group: ComparisonGroup) -> Iterator[str]:
    """Which part of the spread over seeds is training, and what so many seeds of two such models could tell apart."""
    parts = []
    for row in group.rows:
        if found := row.components(group.sort):
            low, high = found.share_interval
            share = f"{found.share:.0%} ({low:.0%} to {high:.0%})"
            parts.append(f"{plain(row.name)} {share}, {found.smallest_difference(found.seeds):.2g}")
    if parts:
        heading = plain(title(group.sort, group.rows[0].report.protocol))
        what = "the smallest difference of two such models that as many seeds find in 80 % of cases"
        yield f"Share of training in the variance of {heading} over seeds (95 %), and {what}: {'; '.join(parts)}."


def _labels(group: ComparisonGroup, grouped: bool) -> Iterator[TableColumn]:
    """Rank, name and number of seeds, as far as there are any."""
    ranks = [group.rank(row) for row in group.rows]
    if any(ranks):
        yield TableColumn("rank", "rank", tuple(TableCell(str(rank or NOTHING), rank) for rank in ranks))
    yield TableColumn("run", "run", tuple(TableCell(plain(row.name)) for row in group.rows))
    if grouped:
        counts = [len(row.reports) for row in group.rows]
        yield TableColumn("seeds", "seeds", tuple(TableCell(str(count), count) for count in counts))


def _scores(group: ComparisonGroup) -> Iterator[TableColumn]:
    """A column for each score, and one of differences after it where there is a baseline."""
    for name in group.table_scores:
        heading = plain(title(name, group.rows[0].report.protocol))
        cells = tuple(_score_cell(group, row, name) for row in group.rows)
        yield TableColumn("score", f"{heading} {ARROWS[group.better(name)]}", cells)
        if group.baseline is not None:
            deltas = [group.delta(row, name) for row in group.rows]
            yield TableColumn("delta", f"Δ {heading.partition(' (')[0]}", tuple(map(delta_cell, deltas)))


def _score_cell(group: ComparisonGroup, row: Row, name: str) -> TableCell:
    score = row.score(name)
    return TableCell(cell(score), None if score is None else float(score.value), group.is_best(row, name))


def delta_cell(delta: Delta | None) -> TableCell:
    """A difference with its sign and its error, marked where it is outside it.

    >>> delta_cell(Delta(-0.5234, 0.1234, True)).text, delta_cell(Delta(2, None, False)).text, delta_cell(None).text
    ('-0.52 ±0.12 *', '+2', '–')
    """
    if delta is None:
        return TableCell(NOTHING)
    value, error = delta.printed
    return TableCell(value + f" ±{error}" * bool(error) + f" {MARK}" * delta.outside, float(delta.value))
