"""FID over training of several runs in one picture: who is better after how many steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import Look, looks, told
from ganeval.plots.theme import Plot
from ganeval.plots.training import STEEP
from ganeval.plots.training_log import Series, selection_fid
from ganeval.reports.score_names import fid_heading

STAR: Any = {"marker": "*", "markersize": 10, "markeredgecolor": theme.PAPER, "markeredgewidth": 0.6}


def fid_over_training(rows: Sequence[Row], logged: Mapping[int, Series]) -> Plot | None:
    """A line for each run, one look for the seeds of a row; None where no run was scored while it trained.

    `logged`: FID by step from the logs, by the `id` of the report; a report without a log tells it as well.
    """
    lines = [
        (row, look, some)
        for row, look in zip(rows, looks(rows), strict=True)
        if (some := [series for one in row.reports if (series := logged.get(id(one)) or selection_fid(one))])
    ]
    if not lines:
        return None
    figure = theme.chart(max(3.5, 0.5 + 0.24 * len(lines)))
    axes = figure.subplots()
    handles = [_drawn(axes, number, look, some) for number, (_, look, some) in enumerate(lines)]
    star = axes.plot([], [], linestyle="", color=theme.INK, **STAR)
    values = [value for *_, some in lines for series in some for value in series.values()]
    if theme.wide(values, STEEP):
        theme.logarithmic(axes, "y")
    else:
        axes.set_ylim(bottom=min(0.0, *values))
    axes.set_ylabel(f"{fid_heading(lines[0][0].report.protocol)} of held-out pictures ↓")
    theme.steps_axis(axes)
    theme.legend_beside(figure, [*handles, *star], [*(row.name for row, *_ in lines), "lowest"])
    ends = told([f"{row.name} {min(min(one.values()) for one in some):.3g}" for row, *_, some in lines])
    count = sum(len(some) for *_, some in lines)
    alt = f"FID by training step, of {count} {'run' if count == 1 else 'runs'}; the lowest of each: {ends}."
    return Plot("fid-over-training", "FID over training", alt, figure)


def _drawn(axes: Axes, number: int, look: Look, some: Sequence[Series]) -> Line2D:
    """The lines of a row, a star at the lowest point of each; the first line, for the legend."""
    drawn = []
    width = 1.7 if len(some) == 1 else 1.1
    for series in some:
        drawn += axes.plot(
            list(series), list(series.values()), color=look.colour, marker=look.marker, linestyle=theme.dash(number),
            markersize=4, linewidth=width,
        )  # fmt: skip
        best = min(series, key=lambda step: series[step])
        axes.plot([best], [series[best]], linestyle="", color=theme.INK, zorder=4, **STAR)
    return drawn[0]
