"""How samples spread over the modes, or classes, beside how the reference does."""

import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ganeval.comparison import Row
from ganeval.errors import ContentError, GanevalWarning
from ganeval.plots import theme
from ganeval.plots.mode_counts import Counts, counts_of
from ganeval.plots.row_styles import told
from ganeval.plots.theme import Absent, Plot
from ganeval.reports.report import Report

NAME = "modes"
NAMED = 30  # modes at most that each carry a name
ACROSS = 90  # letters that fit under the bars
CUT = 3  # bars over the top, at most, whose heights are said


def modes(report: Report) -> Plot:
    """A bar for each mode, the share of the samples, and a line where the reference has it; lost modes are crossed."""
    counts = counts_of(report)
    figure = theme.chart(2.8)
    axes = figure.subplots()
    _bars(axes, counts)
    axes.set_ylim(0, counts.top)
    axes.set_xlabel("class" if counts.names else "mode")
    _legend(figure, counts)
    return Plot(NAME, "Samples by mode", _alt(report, counts), figure)


def modes_by_run(rows: Sequence[Row]) -> Plot | None:
    """A panel of bars for each row whose report counts modes; None where none does."""
    known = []
    for row in rows:
        try:
            known.append((row, counts_of(row.report)))
        except Absent:
            continue
        except ContentError as reason:
            warnings.warn(f"modes-by-run: left out: {reason}", GanevalWarning, stacklevel=2)
    if not known:
        return None
    figure = theme.chart(0.7 + 1.6 * -(-len(known) // 2))
    grid = figure.subplots(-(-len(known) // 2), 2, sharey=True, squeeze=False)
    flat = [axes for line in grid for axes in line]
    for axes, (row, counts) in zip(flat, known, strict=False):
        _bars(axes, counts, ACROSS // 2)
        axes.set_title(theme.said(row.name))
    top = max(counts.top for _, counts in [one for one in known if one[0].yardstick != "noise"] or known)
    flat[0].set_ylim(0, top)
    for axes, (_, counts) in zip(flat, known, strict=False):
        _cut(axes, counts, top)
    for axes in flat[len(known) :]:
        axes.remove()
    _legend(figure, known[0][1], counted=False)
    lost = told([f"{row.name} loses {len(counts.lost)} of {len(counts.made)}" for row, counts in known])
    return Plot("modes-by-run", "Samples by mode", f"Shares of modes beside the reference: {lost}.", figure)


def _bars(axes: Axes, counts: Counts, across: int = ACROSS) -> None:
    made, real, places = counts.made, counts.real, np.arange(len(counts.made))
    axes.bar(places, made, 0.72, color=theme.MADE, alpha=0.75)
    axes.errorbar(places, made, counts.error, fmt="none", ecolor=theme.INK, elinewidth=0.9)
    axes.hlines(real, places - 0.46, places + 0.46, color=theme.VERMILLION, linewidth=2.2)
    axes.plot(counts.lost, np.full(len(counts.lost), 0.05 * counts.top), "x", color=theme.INK, markersize=6)
    axes.set_ylabel("share")
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.7, len(made) - 0.3)
    if len(made) <= NAMED:
        labels = [theme.said(one, 16) for one in counts.names] or [str(place) for place in places]
        axes.set_xticks(places, labels, rotation=90 if sum(len(one) + 2 for one in labels) > across else 0)


def _cut(axes: Axes, counts: Counts, top: float) -> None:
    """The height of bars that go over the top: those of noise, beside which all others would be flat."""
    over = [int(place) for place in counts.made.argsort()[::-1][:CUT] if counts.made[place] > top]
    if over:
        names = counts.names or [str(place) for place in range(len(counts.made))]
        heights = [f"{theme.said(names[place], 12)} to {counts.made[place]:.2f}" for place in over]
        axes.set_xlabel(f"cut: {', '.join(heights)}")


def _legend(figure: Figure, counts: Counts, *, counted: bool = True) -> None:
    samples, reference = (f" ({one.sum():,})" if counted else "" for one in (counts.samples, counts.reference))
    handles: list[Patch | Line2D] = [
        Patch(facecolor=theme.MADE, alpha=0.75, label=f"{counts.whose}{samples}, ± one standard error"),
        Line2D([], [], color=theme.VERMILLION, linewidth=2.2, label=f"reference{reference}"),
        Line2D([], [], linestyle="", marker="x", color=theme.INK, markersize=6, label=counts.loss),
    ]
    handles = handles if len(counts.lost) or not counted else handles[:2]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))


def _alt(report: Report, counts: Counts) -> str:
    apart = np.abs(counts.made - counts.real)
    most = int(apart.argmax())
    name = counts.names[most] if counts.names else f"mode {most}"
    return (
        f"Shares of {len(counts.made)} modes in {report.samples.name} beside the reference; furthest apart: {name}, "
        f"{counts.made[most]:.1%} against {counts.real[most]:.1%}; {len(counts.lost)} lost."
    )
