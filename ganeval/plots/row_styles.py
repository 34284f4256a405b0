"""How each row is styled and labelled in the plots of several runs, so that a run looks the same in all of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ganeval.comparison import Row
from ganeval.plots import theme

LISTED_ROWS = 8
YARDSTICKS = {"real": "*", "noise": "X"}


@dataclass(frozen=True)
class RowStyle:
    """The colour and marker of a row: yardsticks are grey, every other row has its own."""

    colour: str
    marker: str


def row_styles(rows: Sequence[Row]) -> list[RowStyle]:
    """The styles of rows, in their order."""
    runs = (RowStyle(theme.colour(number), theme.marker(number)) for number in itertools.count())
    return [RowStyle(theme.MUTED, YARDSTICKS[row.yardstick]) if row.yardstick else next(runs) for row in rows]


def row_label(row: Row) -> str:
    """A row's name, followed by `(yardstick)` where it is one."""
    return f"{row.name} (yardstick)" if row.yardstick else row.name


def list_rows(texts: Sequence[str]) -> str:
    """A text for each row, joined; of many rows the first eight and the number of the others.

    >>> list_rows(["a 1", "b 2"]), list_rows([str(number) for number in range(12)])
    ('a 1; b 2', '0; 1; 2; 3; 4; 5; 6; 7; and 4 more')
    """
    if len(texts) > LISTED_ROWS + 1:
        texts = [*texts[:LISTED_ROWS], f"and {len(texts) - LISTED_ROWS} more"]
    return "; ".join(texts)
