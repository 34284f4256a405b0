"""What G and D lose while they train: the losses, D's mean scores, and the other terms, each in a panel of its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.run_arrays import ANEW, Array
from ganeval.plots.theme import Absent, Plot
from ganeval.plots.training_log import History, Series

NAME = "losses"
TITLE = "Losses of G and D"
LABELS = {
    "d/loss": "D",
    "g/loss": "G",
    "d/real": "real",
    "d/fake": "made",
    "d/a": "D of {a}",
    "d/b": "D of {b}",
    "g/ab": "G, {a} to {b}",
    "g/ba": "G, {b} to {a}",
    "d/real a": "real {a}",
    "d/fake a": "made {a}",
    "d/real b": "real {b}",
    "d/fake b": "made {b}",
    "g/cycle a": "cycle of {a}",
    "g/cycle b": "cycle of {b}",
    "g/identity a": "identity of {a}",
    "g/identity b": "identity of {b}",
}
LOSSES = ("d/loss", "g/loss", "d/a", "d/b", "g/ab", "g/ba")
SCORES = ("d/real", "d/fake", "d/real a", "d/fake a", "d/real b", "d/fake b")
BACKING: Any = {"facecolor": theme.PAPER, "edgecolor": "none", "pad": 1, "alpha": 0.8}  # of a word over curves
COLOURS = {"d/loss": theme.CRITIC, "g/loss": theme.GENERATOR, "d/real": theme.REAL, "d/fake": theme.MADE}


@dataclass(frozen=True)
class Panel:
    """What is drawn together: a word for the axis, and the log's names."""

    label: str
    names: Sequence[str]


def losses(history: History) -> Plot:
    """Every logged term over the steps, as logged and smoothed, with the best step and where training diverged."""
    panels = _panels(history.terms)
    if not panels:
        raise Absent(f"no losses in log.jsonl: {ANEW}")
    figure = theme.chart(0.5 + sum(1.9 if number == 0 else 1.5 for number in range(len(panels))))
    heights = [1.9 if number == 0 else 1.5 for number in range(len(panels))]
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(rows, panels, strict=True):
        _draw(axes, panel, history)
    for axes in rows:
        mark_steps(axes, history, named=axes is rows[0])
    theme.steps_axis(rows[-1])
    figure.align_ylabels(list(rows))
    return Plot(NAME, TITLE, _alt(history), figure)


def _panels(terms: Mapping[str, Series]) -> list[Panel]:
    """Losses, D's mean scores, and whatever else there is, by the scale they share."""
    others = [name for name in terms if name not in LOSSES + SCORES]
    groups = [
        Panel("loss", [name for name in LOSSES if name in terms]),
        Panel("D's mean score", [name for name in SCORES if name in terms]),
        Panel("other terms", others),
    ]
    return [panel for panel in groups if panel.names]


def _draw(axes: Axes, panel: Panel, history: History) -> None:
    terms, handles, labels = history.terms, [], []
    for number, name in enumerate(panel.names):
        steps, values = list(terms[name]), np.array(list(terms[name].values()))
        colour = COLOURS.get(name, theme.colour(number))
        axes.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
        (line,) = axes.plot(steps, smoothed(values), color=colour, linestyle=theme.dash(number))
        handles.append(line)
        labels.append(label(name, history))
    axes.set_ylabel(panel.label)
    axes.margins(x=0.01)
    if panel.label == "other terms" and theme.wide([value for name in panel.names for value in terms[name].values()]):
        theme.logarithmic(axes, "y")
    theme.legend_above(axes, handles, labels)


def label(name: str, history: History) -> str:
    """What a term of the log is called in a legend, with the run's own domains; an unknown one as the log has it."""
    a, b = (theme.said(one, 12) for one in history.domains()) if history.translates else ("A", "B")
    known = LABELS.get(name)
    return known.format(a=a, b=b) if known else name.replace("/", ": ").replace("d:", "D:").replace("g:", "G:")


def smoothed(values: Array) -> Array:
    """The mean around each value, of a thirtieth of all on either side; near an end of as many as there are on both.

    >>> smoothed(np.array([0.0, 3.0, 0.0, 3.0])).tolist()
    [0.0, 3.0, 0.0, 3.0]
    >>> smoothed(np.arange(60.0) ** 2)[[0, 1, 30]].round(2).tolist()
    [0.0, 1.67, 902.0]
    """
    places = np.arange(len(values))
    reach = np.minimum(len(values) // 30, np.minimum(places, places[::-1]))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found: Array = (sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1)
    return found


def mark_steps(axes: Axes, history: History, *, named: bool) -> None:
    """Upright lines where the best checkpoint is and where training diverged; with words in the first panel."""
    marks = [(history.best_step, "★ best", ":", 0.97), (history.diverged, "✕ diverged", "-", 0.83)]
    for step, text, dashes, height in marks:
        if step is None:
            continue
        axes.axvline(step, color=theme.MUTED, linestyle=dashes, linewidth=1.1, zorder=1)
        if named:
            low, high = axes.get_xlim()
            side = "right" if step > (low + high) / 2 else "left"
            shift = -4 if side == "right" else 4
            axes.annotate(
                text, (step, height), (shift, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                ha=side, va="top", fontsize=8, bbox=BACKING,
            )  # fmt: skip


def _alt(history: History) -> str:
    """What the ends of the curves are, in words."""
    ends = []
    for name in LOSSES:
        series = history.terms.get(name)
        if series and not math.isnan(last := list(series.values())[-1]):
            ends.append(f"{label(name, history)} {last:.3g}")
    step = max(max(series) for series in history.terms.values())
    end = f"; diverged at step {history.diverged:,}" if history.diverged is not None else ""
    return f"Losses of {history.report.samples.name} over {step:,} steps; at the end {', '.join(ends)}{end}."
