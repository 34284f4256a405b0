"""FID of several runs side by side, each with its error: runs whose error bars overlap may not differ."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import RowStyle, list_rows, row_label, row_styles
from ganeval.plots.theme import Plot
from ganeval.reports.report import Score
from ganeval.reports.score_names import cell, fid_heading


def fid_side_by_side(rows: Sequence[Row]) -> Plot | None:
    """A line for each row, the lowest FID on top: the value, one standard error to either side, and both as text."""
    styles = zip(rows, row_styles(rows), strict=True)
    lines = [(row, style, score) for row, style in styles if (score := row.score("fid"))]
    if not lines:
        return None
    lines.sort(key=lambda line: line[2].value)
    figure = theme.chart(0.75 + 0.3 * len(lines))
    axes = figure.subplots()
    for place, (row, style, score) in enumerate(lines):
        _draw_row(axes, place, row, style, score)
    lows = [max(score.value - (score.error or 0.0), score.value / 4) for *_, score in lines]
    if theme.needs_log_axis([*lows, *(score.value for *_, score in lines)]):
        axes.set_xlim(min(lows) / 1.4, max(score.value + (score.error or 0.0) for *_, score in lines) * 1.4)
        theme.log_axis(axes, "x")
    else:
        axes.set_xlim(left=0)
    axes.set_yticks(range(len(lines)), [theme.shorten(row_label(row)) for row, *_ in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    several_seeds = any(len(row.reports) > 1 for row, *_ in lines)
    error = "± standard deviation over seeds" if several_seeds else "± one standard error"
    axes.set_xlabel(f"{fid_heading(lines[0][0].report.protocol)} ↓, {error}")
    values = list_rows([f"{row.name} {cell(score)}" for row, _, score in lines])
    return Plot("fid", "FID side by side", f"FID with its error, the lowest on top: {values}.", figure)


def _draw_row(axes: Axes, place: int, row: Row, style: RowStyle, score: Score) -> None:
    """The row's value, its error, the single seeds where there are several, and the numbers on the right."""
    if score.error is not None:
        low = min(score.error, 0.999 * score.value) if score.value > 0 else score.error
        axes.errorbar(
            score.value, place, xerr=[[low], [score.error]],
            fmt="none", ecolor=style.colour, elinewidth=1.5, capsize=2.5,
        )  # fmt: skip
    axes.plot(
        [score.value], [place], linestyle="", color=style.colour, marker=style.marker,
        markersize=7, markeredgecolor=theme.PAPER, markeredgewidth=0.7,
    )  # fmt: skip
    if len(row.reports) > 1:
        values = [report.scores["fid"].value for report in row.reports if "fid" in report.scores]
        axes.plot(values, [place + 0.28] * len(values), "|", color=style.colour, markersize=5)
    axes.text(1.01, place, cell(score), transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=theme.INK)
