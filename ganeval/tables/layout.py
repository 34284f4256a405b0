"""Columns laid out within a width: what does not fit beside the labels goes into further blocks."""

import textwrap

from ganeval.render import column_width
from ganeval.tables.sheets import Column, Sheet

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
