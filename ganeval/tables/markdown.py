"""GitHub's Markdown: pipe tables, and a comparison as one for each group, for a README, an issue or a step summary."""

import re
from collections.abc import Iterable, Iterator, Sequence

from ganeval.comparison import Comparison
from ganeval.errors import plain
from ganeval.tables.group_table import GroupTable, group_tables, remarks

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")


def escaped(text: str) -> str:
    r"""A text in one line that Markdown shows as it is.

    >>> escaped("my_run|<b>*")
    'my\\_run\\|\\<b\\>\\*'
    """
    return SPECIAL.sub(r"\\\1", plain(text))


def pipe_table(headings: Sequence[str], rules: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; `rules` align the columns, `---` to the left and `---:` to the right.

    >>> print(pipe_table(["run", "FID"], ["---", "---:"], [["a", "**1.0**"]]))
    | run | FID |
    | --- | ---: |
    | a | **1.0** |
    """
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rules, *rows))


def markdown_text(comparison: Comparison) -> str:
    """The tables of all groups, then what the signs mean."""
    parts = [part for table in group_tables(comparison) for part in _parts(table)]
    return "\n\n".join([*parts, "  \n".join(map(escaped, remarks(comparison)))]) + "\n"


def _parts(table: GroupTable) -> Iterator[str]:
    yield f"**{escaped(table.caption)}**"
    if table.differs:
        yield escaped(table.differs)
    headings = [escaped(column.heading) for column in table.columns]
    rules = ["---" if column.kind == "run" else "---:" for column in table.columns]
    rows = [[f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text) for cell in row] for row in table.rows]
    yield pipe_table(headings, rules, rows)
    yield escaped(" ".join(table.notes))
