"""Precision against recall of several runs: better is up and to the right. See Kynkäänniemi et al. 2019."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import RowStyle, list_rows, row_label, row_styles
from ganeval.plots.theme import Plot
from ganeval.reports.report import Score

LETTER = 0.06  # inches of a legend's width


def precision_recall(rows: Sequence[Row]) -> Plot | None:
    """A point with its errors for each row that has both scores; None where none has.

    The axes begin where the runs do: the legend gives the numbers of noise, far below.
    """
    points = [
        (row, style, precision, recall)
        for row, style in zip(rows, row_styles(rows), strict=True)
        if (precision := row.score("precision")) and (recall := row.score("recall"))
    ]
    if not points:
        return None
    runs = [point for point in points if point[0].yardstick != "noise"] or points
    low = axis_start(min(score.value - (score.error or 0.0) for _, _, *scores in runs for score in scores))
    labels = [_label(row, precision, recall, low) for row, _, precision, recall in points]
    height = max(3.9, 0.6 + 0.22 * len(points))
    figure = theme.chart(height, width=height + 0.75 + LETTER * max(len(theme.shorten(label)) for label in labels))
    axes = figure.subplots()
    handles = [_draw_point(axes, style, precision, recall) for _, style, precision, recall in points]
    axes.set_xlim(low, 1 + 0.03 * (1 - low))
    axes.set_ylim(low, 1 + 0.03 * (1 - low))
    axes.set_xlabel("recall ↑ (share of real images within reach)")
    axes.set_ylabel("precision ↑ (share of samples that look real)")
    theme.legend_beside(figure, handles, labels)
    values = list_rows(
        [f"{row.name} {precision.value:.2f} and {recall.value:.2f}" for row, _, precision, recall in points]
    )
    alt = f"Precision against recall, each with its error, better up and to the right. Both by run: {values}."
    return Plot("precision-recall", "Precision and recall", alt, figure)


def axis_start(lowest: float) -> float:
    """The start of both axes: the next lower tenth, and at most 0.7, which leaves room between the points.

    >>> axis_start(0.55), axis_start(0.95), axis_start(0.02)
    (0.5, 0.7, 0.0)
    """
    return min(0.7, max(0.0, math.floor(lowest * 10) / 10))


def _label(row: Row, precision: Score, recall: Score, low: float) -> str:
    """The row's label; for a point below `low`, where the axes begin, its numbers as well."""
    if min(precision.value, recall.value) >= low:
        return row_label(row)
    return f"{theme.shorten(row.name, 9)}, off: recall {recall.value:.2f}, precision {precision.value:.2f}"


def _draw_point(axes: Axes, style: RowStyle, precision: Score, recall: Score) -> Line2D:
    """The point and its error bars; the point alone, for the legend."""
    axes.errorbar(
        recall.value, precision.value, xerr=recall.error, yerr=precision.error,
        fmt="none", ecolor=style.colour, elinewidth=1.1,
    )  # fmt: skip
    (marker,) = axes.plot(
        [recall.value], [precision.value], linestyle="", color=style.colour, marker=style.marker,
        markersize=8, markeredgecolor=theme.PAPER, markeredgewidth=0.7,
    )  # fmt: skip
    return marker
