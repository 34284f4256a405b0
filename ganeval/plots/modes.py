"""How samples spread over the modes, or classes, beside the reference."""

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
from ganeval.plots.mode_counts import ModeCounts, mode_counts_of
from ganeval.plots.row_styles import list_rows
from ganeval.plots.theme import MissingData, Plot
from ganeval.reports.report import Report

TITLE = "Samples by mode"
LABELLED_MODES = 30
LABEL_ROOM = 90  # characters that fit under the bars
CLIPPED_BARS = 3


def modes(report: Report) -> Plot:
    """A bar for each mode, the share of the samples, and a line at the reference's share; lost modes are crossed."""
    counts = mode_counts_of(report)
    figure = theme.chart(2.8)
    axes = figure.subplots()
    _draw_bars(axes, counts)
    axes.set_ylim(0, counts.top)
    axes.set_xlabel("class" if counts.names else "mode")
    _add_legend(figure, counts)
    shares, reference = counts.sample_shares, counts.reference_shares
    furthest = int(np.abs(shares - reference).argmax())
    name = counts.names[furthest] if counts.names else f"mode {furthest}"
    alt = (
        f"Shares of {len(shares)} modes in {report.samples.name} beside the reference; furthest apart: {name}, "
        f"{shares[furthest]:.1%} against {reference[furthest]:.1%}; {len(counts.lost)} lost."
    )
    return Plot("modes", TITLE, alt, figure)


def modes_by_run(rows: Sequence[Row]) -> Plot | None:
    """A panel of bars for each row whose report counts modes; None where none does."""
    panels = []
    for row in rows:
        try:
            panels.append((row, mode_counts_of(row.report)))
        except MissingData:
            continue
        except ContentError as reason:
            warnings.warn(f"modes-by-run: left out: {reason}", GanevalWarning, stacklevel=2)
    if not panels:
        return None
    figure = theme.chart(0.7 + 1.6 * -(-len(panels) // 2))
    grid = figure.subplots(-(-len(panels) // 2), 2, sharey=True, squeeze=False)
    flat = list(grid.flat)
    # beside the bars of noise all others would be flat
    top = max(counts.top for _, counts in [panel for panel in panels if panel[0].yardstick != "noise"] or panels)
    flat[0].set_ylim(0, top)
    for axes, (row, counts) in zip(flat, panels, strict=False):
        _draw_bars(axes, counts, LABEL_ROOM // 2)
        axes.set_title(theme.shorten(row.name))
        _label_clipped_bars(axes, counts, top)
    for axes in flat[len(panels) :]:
        axes.remove()
    _add_legend(figure, panels[0][1], totals=False)
    lost = list_rows([f"{row.name} loses {len(counts.lost)} of {len(counts.samples)}" for row, counts in panels])
    return Plot("modes-by-run", TITLE, f"Shares of modes beside the reference: {lost}.", figure)


def _draw_bars(axes: Axes, counts: ModeCounts, room: int = LABEL_ROOM) -> None:
    shares, places = counts.sample_shares, np.arange(len(counts.samples))
    axes.bar(places, shares, 0.72, color=theme.GENERATED, alpha=0.75)
    axes.errorbar(places, shares, counts.error, fmt="none", ecolor=theme.INK, elinewidth=0.9)
    axes.hlines(counts.reference_shares, places - 0.46, places + 0.46, color=theme.VERMILLION, linewidth=2.2)
    axes.plot(counts.lost, np.full(len(counts.lost), 0.05 * counts.top), "x", color=theme.INK, markersize=6)
    axes.set_ylabel("share")
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.7, len(places) - 0.3)
    if len(places) <= LABELLED_MODES:
        labels = [theme.shorten(name, 16) for name in counts.names] or [str(place) for place in places]
        axes.set_xticks(places, labels, rotation=90 if sum(len(label) + 2 for label in labels) > room else 0)


def _label_clipped_bars(axes: Axes, counts: ModeCounts, top: float) -> None:
    """The heights of bars that end above the panel."""
    shares = counts.sample_shares
    clipped = [int(place) for place in shares.argsort()[::-1][:CLIPPED_BARS] if shares[place] > top]
    if clipped:
        names = counts.names or [str(place) for place in range(len(shares))]
        heights = [f"{theme.shorten(names[place], 12)} to {shares[place]:.2f}" for place in clipped]
        axes.set_xlabel(f"clipped: {', '.join(heights)}")


def _add_legend(figure: Figure, counts: ModeCounts, *, totals: bool = True) -> None:
    samples, reference = (f" ({part.sum():,})" if totals else "" for part in (counts.samples, counts.reference))
    handles: list[Patch | Line2D] = [
        Patch(facecolor=theme.GENERATED, alpha=0.75, label=f"{counts.label}{samples}, ± one standard error"),
        Line2D([], [], color=theme.VERMILLION, linewidth=2.2, label=f"reference{reference}"),
        Line2D([], [], linestyle="", marker="x", color=theme.INK, markersize=6, label="lost"),
    ]
    handles = handles if len(counts.lost) or not totals else handles[:2]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
