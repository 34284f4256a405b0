"""What every picture is: a name for its files, a title, words for those who cannot see it, and matplotlib's figure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganeval.errors import ContentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Plot:
    """A drawn picture. `name` is that of its files, `alt` says in a sentence or two what is to be seen."""

    name: str
    title: str
    alt: str
    figure: "Figure"


class Absent(ContentError):
    """A run lacks what a picture is drawn from, as runs of earlier versions do."""


class OutOfPlace(Absent):
    """A kind of run cannot have this picture, so nothing is missing."""
