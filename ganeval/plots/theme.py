"""Colours, fonts and sizes of all pictures. Needs matplotlib.

The colours are those of Okabe and Ito (2008), which people with any colour vision tell apart; no picture tells things
apart by colour alone, lines differ in dashes and points in shape as well.
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ganeval.errors import ContentError, plain

DPI = 150
WIDTH = 7.2  # inches: a page's text
PAPER, INK, MUTED, GRID = "#fefefe", "#1b1d22", "#5c616b", "#dfe1e6"
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
VERMILLION, PURPLE, SKY = "#d55e00", "#cc79a7", "#56b4e9"
REAL, HELD, MADE = ORANGE, VERMILLION, BLUE
GENERATOR, CRITIC = BLUE, VERMILLION
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
VARIABLES = {
    PAPER: "paper",
    MUTED: "muted",
    GRID: "grid",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    VERMILLION: "vermillion",
    PURPLE: "purple",
    SKY: "sky",
}
STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a dollar in a run's name is a dollar
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.7,
    "lines.markersize": 5,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "ganeval",
    "image.interpolation": "none",
}
LONGEST = 40  # characters of a name
LINE = 70  # of a legend's labels in one line


def chart(height: float, *, width: float = WIDTH) -> Figure:
    """An empty figure for charts, in inches; what is drawn in it is laid out so that nothing overlaps."""
    return Figure(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))


def settle(figure: Figure) -> None:
    """Lay a figure out once and for all: laid out anew at each writing, it would move by a hair each time.

    The second time titles are where equal aspects put them the first time.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in a script that the font lacks is shown as boxes
        for _ in range(2):
            figure.draw_without_rendering()
    figure.set_layout_engine("none")


def said(text: str, longest: int = LONGEST) -> str:
    """A name as pictures show it: on one line, not too long, and nothing that cannot be printed.

    >>> said("digits-dcgan-s0"), said("a" * 60, 11), said("two" + chr(10) + "lines")
    ('digits-dcgan-s0', 'aaaaa…aaaaa', 'two lines')
    """
    name = plain(text)
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def colour(index: int) -> str:
    """The colour of the series with this number; they come again after six, with another dash and marker."""
    return SERIES[index % len(SERIES)]


def marker(index: int) -> str:
    """The shape of the points of the series with this number."""
    return MARKERS[index % len(MARKERS)]


def dash(index: int) -> Any:
    """The dashes of the line with this number."""
    return DASHES[index % len(DASHES)]


def steps_axis(axes: Axes, what: str = "generator steps") -> None:
    """Whole steps along x, with thousands set apart."""
    axes.set_xlabel(what)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def wide(values: Iterable[float], times: float = 20) -> bool:
    """Whether values want a logarithmic axis: all above 0, and the largest more than so many times the smallest.

    >>> wide([0.1, 75.0]), wide([1.0, 5.0]), wide([0.0, 75.0])
    (True, False, False)
    """
    known = [value for value in values if math.isfinite(value)]
    return bool(known) and min(known) > 0 and max(known) > times * min(known)


def logarithmic(axes: Axes, which: str) -> None:
    """A logarithmic axis, `x` or `y`, whose ticks are plain numbers."""
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    low, high = sorted(getattr(axes, f"get_{which}lim")())
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_above(axes: Axes, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """A legend over the axes, on the right, where it can hide nothing."""
    axes.legend(
        handles,
        [shown(label) for label in labels],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(labels) if sum(map(len, labels)) < LINE else 2,
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def legend_beside(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend on the right of all axes, for names that may be many or long."""
    figure.legend(handles, [shown(label) for label in labels], loc="outside right upper", labelspacing=0.7)


def shown(label: str) -> str:
    """A label that matplotlib does not hide: it leaves out those that begin with an underscore."""
    return f"\u200a{said(label)}" if label.startswith("_") else said(label)


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot. `name` is that of its files, `alt` says in a sentence or two what there is to see."""

    name: str
    title: str
    alt: str
    figure: Figure


class Absent(ContentError):
    """A run lacks what a picture is drawn from, as runs of earlier versions do."""


class OutOfPlace(Absent):
    """A kind of run cannot have this picture, so nothing is missing."""
