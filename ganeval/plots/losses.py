"""The losses of G and D during training, D's mean scores, and the other terms, each in a panel."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.run_arrays import RETRAIN, Array
from ganeval.plots.theme import MissingData, Plot
from ganeval.plots.training_log import TrainingLog

LABELS = {
    "d/loss": "D",
    "g/loss": "G",
    "d/real": "real",
    "d/fake": "fake",
    "d/a": "D of {a}",
    "d/b": "D of {b}",
    "g/ab": "G, {a} to {b}",
    "g/ba": "G, {b} to {a}",
    "d/real a": "real {a}",
    "d/fake a": "fake {a}",
    "d/real b": "real {b}",
    "d/fake b": "fake {b}",
    "g/cycle a": "cycle of {a}",
    "g/cycle b": "cycle of {b}",
    "g/identity a": "identity of {a}",
    "g/identity b": "identity of {b}",
}
LOSSES = ("d/loss", "g/loss", "d/a", "d/b", "g/ab", "g/ba")
SCORES = ("d/real", "d/fake", "d/real a", "d/fake a", "d/real b", "d/fake b")
TEXT_BOX: Any = {"facecolor": theme.PAPER, "edgecolor": "none", "pad": 1, "alpha": 0.8}
COLOURS = {
    "d/loss": theme.DISCRIMINATOR,
    "g/loss": theme.GENERATOR,
    "d/real": theme.REAL,
    "d/fake": theme.GENERATED,
}


def losses(log: TrainingLog) -> Plot:
    """Every logged term over the steps, raw and smoothed, with the best step and where training diverged."""
    panels = {  # by the label of an axis the terms that share its scale
        "loss": [name for name in LOSSES if name in log.terms],
        "D's mean score": [name for name in SCORES if name in log.terms],
        "other terms": [name for name in log.terms if name not in LOSSES + SCORES],
    }
    panels = {label: names for label, names in panels.items() if names}
    if not panels:
        raise MissingData(f"no losses in log.jsonl: {RETRAIN}")
    heights = [1.9 if number == 0 else 1.5 for number in range(len(panels))]
    figure = theme.chart(0.5 + sum(heights))
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (label, names) in zip(rows, panels.items(), strict=True):
        _draw_panel(axes, label, names, log)
    for axes in rows:
        mark_steps(axes, log, label=axes is rows[0])
    theme.steps_axis(rows[-1])
    figure.align_ylabels(list(rows))
    ends = []
    for name in LOSSES:
        if (series := log.terms.get(name)) and not math.isnan(last := list(series.values())[-1]):
            ends.append(f"{term_label(name, log)} {last:.3g}")
    step = max(max(series) for series in log.terms.values())
    diverged = f"; diverged at step {log.diverged:,}" if log.diverged is not None else ""
    alt = f"Losses of {log.name} over {step:,} steps; at the end {', '.join(ends)}{diverged}."
    return Plot("losses", "Losses of G and D", alt, figure)


def _draw_panel(axes: Axes, label: str, names: Sequence[str], log: TrainingLog) -> None:
    lines, labels, values = [], [], []
    for number, name in enumerate(names):
        steps, raw = list(log.terms[name]), np.array(list(log.terms[name].values()))
        colour = COLOURS.get(name, theme.colour(number))
        axes.plot(steps, raw, color=colour, alpha=0.3, linewidth=0.8)
        lines += axes.plot(steps, smoothed(raw), color=colour, linestyle=theme.dash(number))
        labels.append(term_label(name, log))
        values += raw.tolist()
    axes.set_ylabel(label)
    axes.margins(x=0.01)
    if label == "other terms" and theme.needs_log_axis(values):
        theme.log_axis(axes, "y")
    theme.legend_above(axes, lines, labels)


def term_label(name: str, log: TrainingLog) -> str:
    """The label of a logged term, with the run's own domains; an unknown term is labelled as in the log."""
    a, b = (theme.shorten(domain, 12) for domain in log.domains()) if log.translates else ("A", "B")
    label = LABELS.get(name)
    return label.format(a=a, b=b) if label else name.replace("/", ": ").replace("d:", "D:").replace("g:", "G:")


def smoothed(values: Array) -> Array:
    """The running mean over a thirtieth of all values on either side; near an end over fewer, as many on both sides.

    >>> smoothed(np.array([0.0, 3.0, 0.0, 3.0])).tolist()
    [0.0, 3.0, 0.0, 3.0]
    >>> smoothed(np.arange(60.0) ** 2)[[0, 1, 30]].round(2).tolist()
    [0.0, 1.67, 902.0]
    """
    places = np.arange(len(values))
    reach = np.minimum(len(values) // 30, np.minimum(places, places[::-1]))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: Array = (sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1)
    return means


def mark_steps(axes: Axes, log: TrainingLog, *, label: bool) -> None:
    """Vertical lines at the best checkpoint and where training diverged; with a `label` in the first panel."""
    marks = [(log.best_step, "★ best", ":", 0.97), (log.diverged, "✕ diverged", "-", 0.83)]
    for step, text, dashes, height in marks:
        if step is None:
            continue
        axes.axvline(step, color=theme.MUTED, linestyle=dashes, linewidth=1.1, zorder=1)
        if label:
            low, high = axes.get_xlim()
            side, shift = ("right", -4) if step > (low + high) / 2 else ("left", 4)
            axes.annotate(
                text, (step, height), (shift, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                ha=side, va="top", fontsize=8, bbox=TEXT_BOX,
            )  # fmt: skip
