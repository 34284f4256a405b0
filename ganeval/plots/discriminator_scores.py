"""The discriminator's scores of training, held-out and generated data, as checks stored them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ganeval.plots import theme
from ganeval.plots.run_arrays import Array, numeric_array, pick_steps, read_arrays
from ganeval.plots.theme import Plot
from ganeval.plots.training_log import TrainingLog

FILES = "learning/scores-*.npz"
CHECKS = 10
BINS = 48
RIDGE_HEIGHT = 1.75  # rows: a ridge may rise into the row above


class DiscriminatorScores(NamedTuple):
    """One discriminator's scores at one check, each (n,); `real` are of training data."""

    real: Array
    held_out: Array
    generated: Array


def discriminators(log: TrainingLog) -> dict[str, str]:
    """The ending of each key in a file of scores, and the discriminator's name: one, or two for a translation."""
    if not log.translates:
        return {"": "D"}
    a, b = log.domains()
    return {"_a": f"D of {theme.shorten(a, 15)}", "_b": f"D of {theme.shorten(b, 15)}"}


def read_scores(path: Path, ending: str) -> DiscriminatorScores:
    """One discriminator's scores in a file. ContentError where they are missing or no numbers."""
    names = [f"{name}{ending}" for name in ("real", "held_out", "made")]
    stored = read_arrays(path, names)
    return DiscriminatorScores(*(numeric_array(path, stored, name, 1) for name in names))


def discriminator_scores(log: TrainingLog) -> Plot:
    """A ridge for each check, the first on top: how well the discriminator separates real, held-out and generated."""
    files = log.files(FILES)
    steps = pick_steps(list(files), CHECKS, log.best_step)
    names = discriminators(log)
    figure = theme.chart(0.9 + 0.46 * (len(steps) + 1))
    columns = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, (ending, name) in zip(columns, names.items(), strict=True):
        _draw_ridges(axes, [read_scores(files[step], ending) for step in steps])
        axes.set_xlabel(f"score of {name}" if ending else "D's score, higher for what it takes for real")
        axes.set_yticks(range(len(steps)), [theme.step_label(step, log.best_step) for step in reversed(steps)])
    handles = [
        Patch(facecolor=theme.REAL, alpha=0.55, label="real, training"),
        Line2D([], [], color=theme.INK, linewidth=1, linestyle=(0, (2, 1)), label="real, held-out"),
        Patch(facecolor=theme.GENERATED, alpha=0.5, label="generated"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=3)
    ending, name = next(iter(names.items()))
    last, owner = read_scores(files[steps[-1]], ending), f" of {name}" if ending else ""
    alt = (
        f"Histograms of the discriminator's scores of {log.name} at {len(steps)} checks from step {steps[0]:,} to "
        f"{steps[-1]:,}. Mean scores{owner} at the last one: training {last.real.mean():.3g}, held-out "
        f"{last.held_out.mean():.3g}, generated {last.generated.mean():.3g}."
    )
    return Plot("critic-scores", "D's scores of real and generated data", alt, figure)


def _draw_ridges(axes: Axes, checks: list[DiscriminatorScores]) -> None:
    """Histograms of one range and bin width; within a row heights are densities, on the same scale for all three."""
    low, high = np.percentile(np.concatenate([scores for check in checks for scores in check]), [0.1, 99.9])
    edges = np.linspace(low, high, BINS + 1) if high > low else np.linspace(low - 0.5, high + 0.5, BINS + 1)
    for row, check in enumerate(reversed(checks)):
        heights = [bin_shares(scores, edges) for scores in check]
        unit = RIDGE_HEIGHT / 2 / max(max(height.max() for height in heights), 1e-12)
        real, held_out, generated = (row + height * unit for height in heights)
        above = 2.0 * (len(checks) - row)
        axes.stairs(real, edges, baseline=row, fill=True, color=theme.REAL, alpha=0.45, zorder=above)
        axes.stairs(generated, edges, baseline=row, fill=True, color=theme.GENERATED, alpha=0.35, zorder=above)
        axes.stairs(real, edges, baseline=row, color=theme.REAL, linewidth=1, zorder=above)
        axes.stairs(generated, edges, baseline=row, color=theme.GENERATED, linewidth=1.2, zorder=above)
        axes.stairs(held_out, edges, baseline=row, color=theme.INK, linewidth=1, linestyle=(0, (2, 1)), zorder=above)
    axes.set_ylim(-0.15, len(checks) - 1 + RIDGE_HEIGHT / 2 + 0.1)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def bin_shares(scores: Array, edges: Array) -> Array:
    """The share of scores in each bin; the few beyond the edges are in none.

    >>> bin_shares(np.array([0.5, 0.6, 1.5, 9.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [0.5, 0.25]
    """
    counts, _ = np.histogram(scores, edges)
    shares: Array = counts / len(scores)
    return shares
