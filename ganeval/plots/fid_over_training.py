"""FID over training of several runs in one plot: which is better after how many steps."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import RowStyle, list_rows, row_styles
from ganeval.plots.theme import Plot
from ganeval.plots.training_log import Series, fid_by_step
from ganeval.reports.score_names import fid_heading

STAR: Any = {"marker": "*", "markersize": 10, "markeredgecolor": theme.PAPER, "markeredgewidth": 0.6}


def fid_over_training(rows: Sequence[Row]) -> Plot | None:
    """A line for each run, one style for the seeds of a row; None where no run has checks."""
    lines = [
        (row, style, seeds)
        for row, style in zip(rows, row_styles(rows), strict=True)
        if (seeds := [fids for run in row.stored if (fids := fid_by_step(run))])
    ]
    if not lines:
        return None
    figure = theme.chart(max(3.5, 0.5 + 0.24 * len(lines)))
    axes = figure.subplots()
    handles = [_draw_seeds(axes, number, style, seeds) for number, (_, style, seeds) in enumerate(lines)]
    star = axes.plot([], [], linestyle="", color=theme.INK, **STAR)
    theme.fid_axis(axes, [value for *_, seeds in lines for fids in seeds for value in fids.values()])
    axes.set_ylabel(f"{fid_heading(lines[0][0].report.protocol)} of held-out images ↓")
    theme.steps_axis(axes)
    theme.legend_beside(figure, [*handles, *star], [*(row.name for row, *_ in lines), "lowest"])
    lowest = list_rows([f"{row.name} {min(min(fids.values()) for fids in seeds):.3g}" for row, _, seeds in lines])
    count = sum(len(seeds) for *_, seeds in lines)
    alt = f"FID by training step, of {count} {'run' if count == 1 else 'runs'}; the lowest of each: {lowest}."
    return Plot("fid-over-training", "FID over training", alt, figure)


def _draw_seeds(axes: Axes, number: int, style: RowStyle, seeds: Sequence[Series]) -> Line2D:
    """The lines of a row, a star at the lowest point of each; the first line, for the legend."""
    lines = []
    width = 1.7 if len(seeds) == 1 else 1.1
    for fids in seeds:
        lines += axes.plot(
            list(fids), list(fids.values()), color=style.colour, marker=style.marker, linestyle=theme.dash(number),
            markersize=4, linewidth=width,
        )  # fmt: skip
        best = min(fids, key=lambda step: fids[step])
        axes.plot([best], [fids[best]], linestyle="", color=theme.INK, zorder=4, **STAR)
    return lines[0]
