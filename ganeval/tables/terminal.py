"""A comparison on the screen: rich tables, in further blocks where the terminal is too narrow for all columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.comparison import Comparison
from ganeval.tables.group_table import MARK, TableColumn, group_tables, remarks

UNBROKEN = 10_000  # characters of a line in a pipe or a file


def comparison_view(comparison: Comparison, width: int | None = None) -> RenderableType:
    """Every group as a table, or as several one below the other within a `width`; then what the signs mean."""
    parts: list[RenderableType] = []
    for table in group_tables(comparison):
        parts.append(Text(f"\n{table.caption}", style="bold"))
        if table.differs:
            parts.append(Text(table.differs, style="yellow"))
        parts += [_table(columns, table.yardsticks) for columns in table.blocks(width or UNBROKEN)]
        parts.append(Text(" ".join(table.notes), style="dim"))
    return Group(*parts, Text("\n" + "\n".join(remarks(comparison)), style="dim"))


def plain_text(comparison: Comparison) -> str:
    """The tables as they are for a pipe: as wide as they need to be, without colours."""
    console = Console(width=UNBROKEN, color_system=None, highlight=False, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(comparison_view(comparison))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).lstrip("\n") + "\n"


def _table(columns: Sequence[TableColumn], yardsticks: Sequence[bool]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for column in columns:
        run = column.kind == "run"
        heading = Text("\n".join(column.heading_lines), justify="left" if run else "right")
        left = column.kind in ("run", "delta")
        table.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=not run)
    for yardstick, *texts in zip(yardsticks, *map(_texts, columns), strict=True):
        table.add_row(*texts, style="dim" if yardstick else None)
    return table


def _texts(column: TableColumn) -> list[Text]:
    """The cells; differences with their digits below one another, whether a mark follows them or not."""
    texts, mark = [cell.text for cell in column.cells], f" {MARK}"
    if column.kind == "delta":
        marked = any(text.endswith(mark) for text in texts)
        heading = max(map(len, column.heading_lines)) - len(mark) * marked
        width = max(heading, *[len(text.removesuffix(mark)) for text in texts])
        texts = [text.removesuffix(mark).rjust(width) + mark * text.endswith(mark) for text in texts]
    return [Text(text, "bold" if cell.best else "") for text, cell in zip(texts, column.cells, strict=True)]
