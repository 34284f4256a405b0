"""Precision against recall of several runs: what is good is up and to the right. See Kynkäänniemi et al. 2019."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import Look, called, looks, told
from ganeval.plots.theme import Plot
from ganeval.reports.report import Score

LETTER = 0.06  # inches of a legend's width


@dataclass(frozen=True)
class Point:
    """A row with both scores, and how it looks."""

    row: Row
    look: Look
    precision: Score
    recall: Score

    @property
    def low(self) -> float:
        """The lower end of the lower score's error bar."""
        return min(score.value - (score.error or 0.0) for score in (self.precision, self.recall))


def precision_recall(rows: Sequence[Row]) -> Plot | None:
    """A point with its errors for each row that has both scores; None where none has.

    The axes begin where runs do: noise, far below, is named with its numbers instead.
    """
    points = [
        Point(row, look, precision, recall)
        for row, look in zip(rows, looks(rows), strict=True)
        if (precision := row.score("precision")) and (recall := row.score("recall"))
    ]
    if not points:
        return None
    low = floor(min(point.low for point in [one for one in points if one.row.yardstick != "noise"] or points))
    labels = [_label(point, low) for point in points]
    high = max(3.9, 0.6 + 0.22 * len(points))
    figure = theme.chart(high, width=high + 0.75 + LETTER * max(len(theme.said(label)) for label in labels))
    axes = figure.subplots()
    handles = [_drawn(axes, point) for point in points]
    axes.set_xlim(low, 1 + 0.03 * (1 - low))
    axes.set_ylim(low, 1 + 0.03 * (1 - low))
    axes.set_xlabel("recall ↑ (share of real pictures within reach)")
    axes.set_ylabel("precision ↑ (share of samples that look real)")
    theme.legend_beside(figure, handles, labels)
    both = told([f"{one.row.name} {one.precision.value:.2f} and {one.recall.value:.2f}" for one in points])
    alt = f"Precision against recall, each with its error, better up and to the right. Both by run: {both}."
    return Plot("precision-recall", "Precision and recall", alt, figure)


def floor(lowest: float) -> float:
    """Where the axes begin: a tenth below the lowest, and no higher than 0.7, so that there is room to see.

    >>> floor(0.55), floor(0.95), floor(0.02)
    (0.5, 0.7, 0.0)
    """
    return min(0.7, max(0.0, math.floor(lowest * 10) / 10))


def _label(point: Point, low: float) -> str:
    if min(point.precision.value, point.recall.value) >= low:
        return called(point.row)
    name = theme.said(point.row.name, 9)
    return f"{name}, off: recall {point.recall.value:.2f}, precision {point.precision.value:.2f}"


def _drawn(axes: Axes, point: Point) -> Line2D:
    """The point and its error bars; the point alone, for the legend."""
    recall, precision = point.recall, point.precision
    axes.errorbar(
        recall.value, precision.value, xerr=recall.error, yerr=precision.error,
        fmt="none", ecolor=point.look.colour, elinewidth=1.1,
    )  # fmt: skip
    (marker,) = axes.plot(
        [recall.value], [precision.value], linestyle="", color=point.look.colour, marker=point.look.marker,
        markersize=8, markeredgecolor=theme.PAPER, markeredgewidth=0.7,
    )  # fmt: skip
    return marker
