"""FID of several runs side by side, each with its error: overlapping bars are no difference to speak of."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ganeval.comparison import Row
from ganeval.plots import theme
from ganeval.plots.row_styles import Look, called, looks, told
from ganeval.plots.theme import Plot
from ganeval.reports.report import Score
from ganeval.reports.score_names import cell, fid_heading


def fid_dots(rows: Sequence[Row]) -> Plot | None:
    """A line for each row, the lowest FID on top: the value, one standard error to either side, and both as text."""
    pairs = zip(rows, looks(rows), strict=True)
    known = [(row, look, score) for row, look in pairs if (score := row.score("fid"))]
    if not known:
        return None
    known.sort(key=lambda one: one[2].value)
    figure = theme.chart(0.75 + 0.3 * len(known))
    axes = figure.subplots()
    for place, (row, look, score) in enumerate(known):
        _dot(axes, place, row, look, score)
    lows = [max(score.value - (score.error or 0.0), score.value / 4) for *_, score in known]
    if theme.wide([*lows, *(score.value for *_, score in known)]):
        axes.set_xlim(min(lows) / 1.4, max(score.value + (score.error or 0.0) for *_, score in known) * 1.4)
        theme.logarithmic(axes, "x")
    else:
        axes.set_xlim(left=0)
    axes.set_yticks(range(len(known)), [theme.said(called(row)) for row, *_ in known])
    axes.set_ylim(len(known) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    grouped = any(len(row.reports) > 1 for row, *_ in known)
    what = "± standard deviation over seeds" if grouped else "± one standard error"
    axes.set_xlabel(f"{fid_heading(known[0][0].report.protocol)} ↓, {what}")
    values = told([f"{row.name} {cell(score)}" for row, _, score in known])
    return Plot("fid", "FID side by side", f"FID with its error, the lowest on top: {values}.", figure)


def _dot(axes: Axes, place: int, row: Row, look: Look, score: Score) -> None:
    """The row's value, its error, the single seeds where there are several, and the numbers on the right."""
    if score.error is not None:
        low = min(score.error, 0.999 * score.value) if score.value > 0 else score.error
        axes.errorbar(
            score.value, place, xerr=[[low], [score.error]],
            fmt="none", ecolor=look.colour, elinewidth=1.5, capsize=2.5,
        )  # fmt: skip
    axes.plot(
        [score.value], [place], linestyle="", color=look.colour, marker=look.marker,
        markersize=7, markeredgecolor=theme.PAPER, markeredgewidth=0.7,
    )  # fmt: skip
    if len(row.reports) > 1:
        values = [one.scores["fid"].value for one in row.reports if "fid" in one.scores]
        axes.plot(values, [place + 0.28] * len(values), "|", color=look.colour, markersize=5)
    axes.text(1.01, place, cell(score), transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=theme.INK)
