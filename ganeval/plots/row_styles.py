"""How a row is drawn and called in every picture of several runs, so that one run looks the same in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ganeval.comparison import Row
from ganeval.plots import theme

TOLD = 8  # rows of a picture that its words go through one by one
YARDSTICKS = {"real": "*", "noise": "X"}


@dataclass(frozen=True)
class Look:
    """How a row is drawn in every picture: yardsticks in grey, and the others each in a shape and a colour."""

    colour: str
    marker: str


def looks(rows: Sequence[Row]) -> list[Look]:
    """The looks of rows, in their order."""
    found, number = [], 0
    for row in rows:
        if row.yardstick is not None:
            found.append(Look(theme.MUTED, YARDSTICKS[row.yardstick]))
            continue
        found.append(Look(theme.colour(number), theme.marker(number)))
        number += 1
    return found


def called(row: Row) -> str:
    """A row's name, and that it is a yardstick where it is one."""
    return f"{row.name} (yardstick)" if row.yardstick else row.name


def told(rows: Sequence[str]) -> str:
    """What there is to say of rows one by one; of many, of the first ones and how many more there are.

    >>> told(["a 1", "b 2"]), told([str(number) for number in range(12)])
    ('a 1; b 2', '0; 1; 2; 3; 4; 5; 6; 7; and 4 more')
    """
    few = rows if len(rows) <= TOLD + 1 else [*rows[:TOLD], f"and {len(rows) - TOLD} more"]
    return "; ".join(few)
