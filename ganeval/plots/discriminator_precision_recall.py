"""The discriminator as a detector of real data: its precision against its recall at the best and the last check.

Real data are the positives. Real and generated data have the same weight, whatever their counts, so that chance is 0.5
for every run. The average precision is the step sum of scikit-learn's `average_precision_score` with those weights.
"""

import numpy as np
from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.discriminator_scores import FILES, DiscriminatorScores, discriminators, read_scores
from ganeval.plots.run_arrays import Array
from ganeval.plots.theme import Plot
from ganeval.plots.training_log import TrainingLog

CHANCE = 0.5


def discriminator_precision_recall(log: TrainingLog) -> Plot:
    """Precision against recall on held-out data, and on training data, where memorisation shows."""
    files = log.files(FILES)
    last = max(files)
    best = log.best_step if log.best_step in files else None
    steps = list(dict.fromkeys([last] if best is None else [best, last]))
    names = discriminators(log)
    figure = theme.chart(3.1 * len(names))
    grid = figure.subplots(len(names), 2, sharex=True, sharey=True, squeeze=False)
    averages = []
    for row, (ending, name) in zip(grid, names.items(), strict=True):
        by_step = {step: read_scores(files[step], ending) for step in steps}
        for axes, held_out in zip(row, (True, False), strict=True):
            _draw_curves(axes, by_step, held_out, best)
            axes.set_title(f"{name}, {'held-out' if held_out else 'training'} {log.sample_kind}")
        row[0].set_ylabel("precision")
        average = average_precision(*curve(by_step[last].held_out, by_step[last].generated))
        averages.append(f"{name} at step {last:,}: average precision {average:.3f}")
    for axes in grid[-1]:
        axes.set_xlabel(f"recall of real {log.sample_kind}")
    alt = (
        f"Precision of the discriminator of {log.name} in detecting real {log.sample_kind} against recall; held-out: "
        f"{'; '.join(averages)}; chance is 0.5."
    )
    return Plot("detector", "D as a detector of real data", alt, figure)


def _draw_curves(axes: Axes, by_step: dict[int, DiscriminatorScores], held_out: bool, best: int | None) -> None:
    for number, (step, scores) in enumerate(by_step.items()):
        recall, precision = curve(scores.held_out if held_out else scores.real, scores.generated)
        which = "best and last" if step == best == max(by_step) else "best" if step == best else "last"
        label = f"{which}, step {step:,}: AP {average_precision(recall, precision):.3f}"
        axes.plot(recall, precision, color=theme.colour(number), linestyle=theme.dash(number), label=label)
    axes.axhline(CHANCE, color=theme.MUTED, linestyle=":", linewidth=1.2, label="chance: 0.5")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.legend(loc="lower left")


def curve(real: Array, fake: Array) -> tuple[Array, Array]:
    """Recall and precision at each threshold, from the highest down, each (thresholds + 1,); 1 is best for both.

    A score of at least the threshold counts as real. The first point is recall 0 at precision 1.

    >>> curve(np.array([3.0, 1.0]), np.array([2.0, 0.0]))[1].round(3).tolist()
    [1.0, 1.0, 0.5, 0.667, 0.5]
    """
    thresholds = np.unique(np.concatenate([real, fake]))[::-1]
    true_rate = 1 - np.searchsorted(np.sort(real), thresholds, "left") / len(real)
    false_rate = 1 - np.searchsorted(np.sort(fake), thresholds, "left") / len(fake)
    return np.concatenate([[0.0], true_rate]), np.concatenate([[1.0], true_rate / (true_rate + false_rate)])


def average_precision(recall: Array, precision: Array) -> float:
    """The mean precision over recall; higher is better for the discriminator: 0.5 is chance, 1 separates all.

    >>> average_precision(*curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])))
    1.0
    """
    return float(np.sum(np.diff(recall) * precision[1:]))
