"""A comparison on the screen: rich tables, in further blocks where the terminal is too narrow for all columns."""

from collections.abc import Sequence
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.comparison import Comparison
from ganeval.tables.sheets import MARK, Cell, Column, heading_lines, laid_out, remarks, sheets


def comparison_view(comparison: Comparison, width: int | None = None) -> RenderableType:
    """Every group as a table, or as several one below the other within a `width`; then what the signs mean."""
    parts: list[RenderableType] = []
    for sheet in sheets(comparison):
        parts.append(Text(f"\n{sheet.caption}", style="bold"))
        if sheet.differs:
            parts.append(Text(sheet.differs, style="yellow"))
        parts += [_table(columns, sheet.yardsticks) for columns in laid_out(sheet, width)]
        parts.append(Text(" ".join(sheet.notes), style="dim"))
    return Group(*parts, Text("\n" + "\n".join(remarks(comparison)), style="dim"))


def plain_text(comparison: Comparison) -> str:
    """The tables as they are for a pipe: as wide as they need to be, without colours."""
    console = Console(width=10_000, color_system=None, highlight=False, force_terminal=False)
    with console.capture() as captured:
        console.print(comparison_view(comparison))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).lstrip("\n") + "\n"


def _table(columns: Sequence[Column], yardsticks: Sequence[bool]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    shown = [_aligned(column) if column.kind == "delta" else column for column in columns]
    for column in shown:
        run = column.kind == "run"
        heading = Text("\n".join(heading_lines(column)), justify="left" if run else "right")
        flush = column.kind not in ("run", "delta")
        table.add_column(heading, justify="right" if flush else "left", overflow="fold", no_wrap=not run)
    rows = zip(*[column.cells for column in shown], strict=True)
    for cells, yardstick in zip(rows, yardsticks, strict=True):
        table.add_row(*map(_text, cells), style="dim" if yardstick else None)
    return table


def _aligned(column: Column) -> Column:
    """Differences with their digits below one another, whether they have a mark behind them or not."""
    bare = [cell.text.removesuffix(f" {MARK}") for cell in column.cells]
    marks = [cell.text.removeprefix(one) for one, cell in zip(bare, column.cells, strict=True)]
    heading = max(map(len, heading_lines(column))) - max(map(len, marks))
    width = max(heading, *map(len, bare))
    texts = [one.rjust(width) + mark for one, mark in zip(bare, marks, strict=True)]
    return replace(column, cells=tuple(replace(cell, text=t) for cell, t in zip(column.cells, texts, strict=True)))


def _text(cell: Cell) -> Text:
    return Text(cell.text, style="bold" if cell.best else "")
