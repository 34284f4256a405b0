"""The critic as a detector of real pictures: its precision at each recall, at the best check and at the last.

Real pictures are the positives. Real and made ones weigh alike, whatever their numbers, so that chance is 0.5 for every
run. The average precision is the step sum of scikit-learn's `average_precision_score` with those weights.
"""

import numpy as np
from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.discriminator_scores import Judged, critics, judged_in, score_files
from ganeval.plots.run_arrays import Array
from ganeval.plots.theme import Plot
from ganeval.plots.training_log import History

NAME = "detector"
TITLE = "D as a detector of what is real"
CHANCE = 0.5


def detector(history: History) -> Plot:
    """Precision against recall: of held-out pictures, and of those trained on, which shows what D has memorised."""
    files = score_files(history)
    last = max(files)
    best = history.best_step if history.best_step in files else None
    steps = list(dict.fromkeys([last] if best is None else [best, last]))
    names = critics(history)
    figure = theme.chart(3.1 * len(names))
    grid = figure.subplots(len(names), 2, sharex=True, sharey=True, squeeze=False)
    known = {ending: {step: judged_in(files[step], ending) for step in steps} for ending in names}
    for row, (ending, name) in zip(grid, names.items(), strict=True):
        for axes, held in zip(row, (True, False), strict=True):
            _panel(axes, known[ending], held, best)
            axes.set_title(f"{name}, {'held-out' if held else 'training'} {history.things}")
        row[0].set_ylabel("precision")
    for axes in grid[-1]:
        axes.set_xlabel(f"recall of real {history.things}")
    return Plot(NAME, TITLE, _alt(history, known, names), figure)


def _panel(axes: Axes, known: dict[int, Judged], held: bool, best: int | None) -> None:
    for number, (step, judged) in enumerate(known.items()):
        recall, precision = curve(judged.held_out if held else judged.real, judged.made)
        word = "best and last" if step == best == max(known) else "best" if step == best else "last"
        label = f"{word}, step {step:,}: AP {average_precision(recall, precision):.3f}"
        axes.plot(recall, precision, color=theme.colour(number), linestyle=theme.dash(number), label=label)
    axes.axhline(CHANCE, color=theme.MUTED, linestyle=":", linewidth=1.2, label="chance: 0.5")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.legend(loc="lower left")


def curve(real: Array, made: Array) -> tuple[Array, Array]:
    """Recall and precision at each threshold, from the highest down, each (thresholds + 1,); 1 is best for both.

    A picture counts as real where its score is at least the threshold. The first point is recall 0 at precision 1.

    >>> curve(np.array([3.0, 1.0]), np.array([2.0, 0.0]))[1].round(3).tolist()
    [1.0, 1.0, 0.5, 0.667, 0.5]
    """
    thresholds = np.unique(np.concatenate([real, made]))[::-1]
    caught = 1 - np.searchsorted(np.sort(real), thresholds, "left") / len(real)
    false = 1 - np.searchsorted(np.sort(made), thresholds, "left") / len(made)
    return np.concatenate([[0.0], caught]), np.concatenate([[1.0], caught / (caught + false)])


def average_precision(recall: Array, precision: Array) -> float:
    """The mean precision over recall; higher is better for the critic, 0.5 is chance, 1 tells all apart.

    >>> average_precision(*curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])))
    1.0
    """
    return float(np.sum(np.diff(recall) * precision[1:]))


def _alt(history: History, known: dict[str, dict[int, Judged]], names: dict[str, str]) -> str:
    said = []
    for ending, some in known.items():
        step = max(some)
        value = average_precision(*curve(some[step].held_out, some[step].made))
        said.append(f"{names[ending]} at step {step:,}: average precision {value:.3f}")
    return (
        f"Precision of the critic of {history.report.samples.name} at telling real from made {history.things}, "
        f"against recall; held out: {'; '.join(said)}; chance is 0.5."
    )
