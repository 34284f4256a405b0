"""A comparison in GitHub's Markdown: a table for each group, for a README, an issue or a step summary."""

import re
from collections.abc import Iterator, Sequence

from ganeval.comparison import Comparison
from ganeval.tables.sheets import Cell, Sheet, remarks, sheets

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")


def markdown_text(comparison: Comparison) -> str:
    """The tables of all groups, then what the signs mean."""
    parts = [part for sheet in sheets(comparison) for part in _parts(sheet)]
    return "\n\n".join([*parts, "  \n".join(map(escaped, remarks(comparison)))]) + "\n"


def escaped(text: str) -> str:
    r"""A text that Markdown shows as it is.

    >>> escaped("my_run|<b>*")
    'my\\_run\\|\\<b\\>\\*'
    """
    return SPECIAL.sub(r"\\\1", text)


def _parts(sheet: Sheet) -> Iterator[str]:
    yield f"**{escaped(sheet.caption)}**"
    if sheet.differs:
        yield escaped(sheet.differs)
    heads = [escaped(column.heading) for column in sheet.columns]
    rules = ["---" if column.kind == "run" else "---:" for column in sheet.columns]
    rows = [[_cell(cell) for cell in cells] for cells in zip(*[one.cells for one in sheet.columns], strict=True)]
    yield "\n".join(_line(cells) for cells in [heads, rules, *rows])
    yield escaped(" ".join(sheet.notes))


def _cell(cell: Cell) -> str:
    return f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
