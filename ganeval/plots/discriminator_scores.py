"""The critic's scores as checks stored them: of training pictures, of held-out ones, and of what was made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ganeval.plots import theme
from ganeval.plots.run_arrays import ANEW, Array, arrays, by_step, chosen, numbers
from ganeval.plots.theme import Absent, Plot
from ganeval.plots.training_log import History

NAME = "critic-scores"
TITLE = "D's scores of what is real and made"
MOST = 10  # checks
BINS = 48
TALL = 1.75  # of a ridge, in rows: ridges may rise into the row above


@dataclass(frozen=True)
class Judged:
    """One critic's scores at one check, each (n,)."""

    real: Array
    held_out: Array
    made: Array

    @property
    def all(self) -> Array:
        return np.concatenate([self.real, self.held_out, self.made])


def critics(history: History) -> dict[str, str]:
    """What follows each key of a scores file, and what its critic is called: one, or two where it translates."""
    if not history.translates:
        return {"": "D"}
    a, b = history.domains()
    return {"_a": f"D of {theme.said(a, 15)}", "_b": f"D of {theme.said(b, 15)}"}


def score_files(history: History) -> dict[int, Path]:
    """The files of scores by step; Absent where there are none."""
    files = by_step(history.folder / "learning", "scores-*.npz")
    if not files:
        raise Absent(f"no learning/scores-*.npz: {ANEW}")
    return files


def judged_in(path: Path, ending: str) -> Judged:
    """One critic's scores in a file. ContentError where they are not there or not numbers."""
    names = [f"{name}{ending}" for name in ("real", "held_out", "made")]
    found = arrays(path, names)
    return Judged(*(numbers(path, found, name, 1) for name in names))


def critic_scores(history: History) -> Plot:
    """A ridge for each check, the first on top: how far real, held-out and made pictures are apart to the critic."""
    files = score_files(history)
    steps = chosen(list(files), MOST, history.best_step)
    names = critics(history)
    figure = theme.chart(0.9 + 0.46 * (len(steps) + 1))
    columns = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, (ending, name) in zip(columns, names.items(), strict=True):
        _ridges(axes, {step: judged_in(files[step], ending) for step in steps})
        axes.set_xlabel(f"score of {name}" if ending else "D's score: the higher, the more it is taken for real")
        axes.set_yticks(range(len(steps)), [_label(step, history.best_step) for step in reversed(steps)])
    figure.legend(handles=_handles(), loc="outside upper right", ncols=3)
    return Plot(NAME, TITLE, _alt(history, steps, files), figure)


def _label(step: int, best: int | None) -> str:
    return f"{'★ ' if step == best else ''}step {step:,}"


def _ridges(axes: Axes, known: dict[int, Judged]) -> None:
    """Histograms of one range and bin width; within a row heights are densities, in the same measure for all three."""
    low, high = np.percentile(np.concatenate([judged.all for judged in known.values()]), [0.1, 99.9])
    edges = np.linspace(low, high, BINS + 1) if high > low else np.linspace(low - 0.5, high + 0.5, BINS + 1)
    for row, judged in enumerate(reversed(known.values())):
        heights = [_density(scores, edges) for scores in (judged.real, judged.held_out, judged.made)]
        unit = TALL / 2 / max(max(one.max() for one in heights), 1e-12)
        real, held, made = (row + one * unit for one in heights)
        above = 2.0 * (len(known) - row)
        axes.stairs(real, edges, baseline=row, fill=True, color=theme.REAL, alpha=0.45, zorder=above)
        axes.stairs(made, edges, baseline=row, fill=True, color=theme.MADE, alpha=0.35, zorder=above)
        axes.stairs(real, edges, baseline=row, color=theme.REAL, linewidth=1, zorder=above)
        axes.stairs(made, edges, baseline=row, color=theme.MADE, linewidth=1.2, zorder=above)
        axes.stairs(held, edges, baseline=row, color=theme.INK, linewidth=1, linestyle=(0, (2, 1)), zorder=above)
    axes.set_ylim(-0.15, len(known) - 1 + TALL / 2 + 0.1)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _density(scores: Array, edges: Array) -> Array:
    """The share of scores in each bin; the few beyond the edges are in none."""
    counts, _ = np.histogram(scores, edges)
    found: Array = counts / len(scores)
    return found


def _handles() -> list[Patch | Line2D]:
    return [
        Patch(facecolor=theme.REAL, alpha=0.55, label="real, trained on"),
        Line2D([], [], color=theme.INK, linewidth=1, linestyle=(0, (2, 1)), label="real, held out"),
        Patch(facecolor=theme.MADE, alpha=0.5, label="made"),
    ]


def _alt(history: History, steps: list[int], files: dict[int, Path]) -> str:
    ending, name = next(iter(critics(history).items()))
    last, whose = judged_in(files[steps[-1]], ending), f" of {name}" if ending else ""
    means = ", ".join(
        f"{word} {scores.mean():.3g}"
        for word, scores in (("trained on", last.real), ("held out", last.held_out), ("made", last.made))
    )
    return (
        f"Histograms of the critic's scores of {history.report.samples.name} at {len(steps)} checks from step "
        f"{steps[0]:,} to {steps[-1]:,}. Mean scores{whose} at the last one: {means}."
    )
