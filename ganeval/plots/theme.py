"""What a plot is, and the colours, fonts, axes and legends of all plots.

The colours are those of Okabe and Ito (2008), which people with any colour vision tell apart. No plot relies on colour
alone: lines also differ in dashes and points in shape.
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
WIDTH = 7.2  # inches: the width of a page's text
PAPER, INK, MUTED, GRID = "#fefefe", "#1b1d22", "#5c616b", "#dfe1e6"
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
VERMILLION, PURPLE, SKY = "#d55e00", "#cc79a7", "#56b4e9"
REAL, GENERATED = ORANGE, BLUE
GENERATOR, DISCRIMINATOR = BLUE, VERMILLION
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
NAME_LENGTH = 40  # characters
LEGEND_LINE = 70  # characters of the labels that fit on one line


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot. `name` is that of its files, `alt` describes it in a sentence or two."""

    name: str
    title: str
    alt: str
    figure: Figure


class MissingData(ContentError):
    """A run lacks the data of a plot, as runs of earlier versions do."""


class NotApplicable(MissingData):
    """The plot does not apply to this kind of run, so nothing is missing."""


def chart(height: float, *, width: float = WIDTH) -> Figure:
    """An empty figure for charts, in inches, whose layout keeps everything apart."""
    return Figure(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))


def freeze_layout(figure: Figure) -> None:
    """Lay a figure out once and for all: a new layout at each writing would shift it by a hair.

    The first pass moves axes of equal aspect; only the second knows where their titles belong.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # characters that the font lacks are shown as boxes
        for _ in range(2):
            figure.draw_without_rendering()
    figure.set_layout_engine("none")


def shorten(text: str, length: int = NAME_LENGTH) -> str:
    """A name for a plot: on one line, without control characters, at most `length` characters.

    >>> shorten("digits-dcgan-s0"), shorten("a" * 60, 11), shorten("two" + chr(10) + "lines")
    ('digits-dcgan-s0', 'aaaaa…aaaaa', 'two lines')
    """
    name = plain(text)
    if len(name) <= length:
        return name
    half = (length - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def colour(index: int) -> str:
    """The colour of a series by its number; the seventh has the first's colour, another dash and another marker."""
    return SERIES[index % len(SERIES)]


def marker(index: int) -> str:
    """The shape of a series' points by its number."""
    return MARKERS[index % len(MARKERS)]


def dash(index: int) -> Any:
    """The dashes of a line by its number."""
    return DASHES[index % len(DASHES)]


def step_label(step: int, best: int | None) -> str:
    """The heading of a step's row or panel; a star marks the best step.

    >>> step_label(400, 800), step_label(1200, 1200)
    ('step 400', '★ step 1,200')
    """
    return f"{'★ ' if step == best else ''}step {step:,}"


def steps_axis(axes: Axes) -> None:
    """Label the x axis with whole generator steps and thousands separators."""
    axes.set_xlabel("generator steps")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def needs_log_axis(values: Iterable[float], ratio: float = 20) -> bool:
    """Whether all values are above 0 and the largest is more than `ratio` times the smallest.

    >>> needs_log_axis([0.1, 75.0]), needs_log_axis([1.0, 5.0]), needs_log_axis([0.0, 75.0])
    (True, False, False)
    """
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) > ratio * min(finite)


def log_axis(axes: Axes, which: str) -> None:
    """Make the axis `x` or `y` logarithmic, with plain numbers at its ticks."""
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    low, high = sorted(getattr(axes, f"get_{which}lim")())
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def fid_axis(axes: Axes, values: Sequence[float]) -> None:
    """Make the y axis logarithmic where FID falls far, else let it begin at 0."""
    if needs_log_axis(values, 8):
        log_axis(axes, "y")
    else:
        axes.set_ylim(bottom=min(0.0, *values))


def legend_above(axes: Axes, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """A legend above the axes, on the right, where it hides nothing."""
    axes.legend(
        handles,
        [legend_label(label) for label in labels],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(labels) if sum(map(len, labels)) < LEGEND_LINE else 2,
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def legend_beside(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend to the right of all axes, for many or long names."""
    figure.legend(handles, [legend_label(label) for label in labels], loc="outside right upper", labelspacing=0.7)


def legend_label(label: str) -> str:
    """A label that matplotlib shows even where it begins with an underscore."""
    return f"\u200a{shorten(label)}" if label.startswith("_") else shorten(label)
