"""Which pictures there are, in the order in which they are shown: a literal table, and what draws them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import matplotlib

from ganeval.comparison import Row
from ganeval.errors import ContentError
from ganeval.plots.activation import activation, activation_files
from ganeval.plots.decision_boundary import boundary
from ganeval.plots.discriminator_precision_recall import detector
from ganeval.plots.discriminator_scores import critic_scores
from ganeval.plots.evolution import evolution
from ganeval.plots.fid_over_training import fid_over_training
from ganeval.plots.fid_side_by_side import fid_dots
from ganeval.plots.interpolation import interpolation
from ganeval.plots.losses import losses
from ganeval.plots.modes import modes, modes_by_run
from ganeval.plots.precision_recall import precision_recall
from ganeval.plots.theme import STYLE, Absent, OutOfPlace, Plot, settle
from ganeval.plots.training import training
from ganeval.plots.training_log import History, Series, history_of
from ganeval.reports.run_folders import StoredReport

Drawing = Callable[[StoredReport], Iterator[Plot]]


@dataclass(frozen=True)
class Drawn:
    """The pictures of a run; a line for each that lacks its data, for each that met a broken file, and for the rest.

    `elsewhere` are the pictures that this kind of run cannot have.
    """

    plots: list[Plot] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def _trained(draw: Callable[[History], Plot]) -> Drawing:
    """A picture that needs the history of training."""

    def drawing(found: StoredReport) -> Iterator[Plot]:
        yield draw(history_of(found))

    return drawing


def _activations(found: StoredReport) -> Iterator[Plot]:
    """One picture for each layer that is stored."""
    history = history_of(found)
    for path in activation_files(history):
        yield activation(history, path)


def _modes(found: StoredReport) -> Iterator[Plot]:
    yield modes(found.report)


PICTURES: dict[str, Drawing] = {
    "evolution": _trained(evolution),
    "interpolation": _trained(interpolation),
    "losses": _trained(losses),
    "training": _trained(training),
    "critic-scores": _trained(critic_scores),
    "detector": _trained(detector),
    "boundary": _trained(boundary),
    "activation": _activations,
    "modes": _modes,
}


def _training(rows: Sequence[Row], runs: Sequence[StoredReport]) -> Plot | None:
    return fid_over_training(rows, _logged(runs))


OF_SEVERAL: dict[str, Callable[[Sequence[Row], Sequence[StoredReport]], Plot | None]] = {
    "fid-over-training": _training,
    "precision-recall": lambda rows, _: precision_recall(rows),
    "fid": lambda rows, _: fid_dots(rows),
    "modes-by-run": lambda rows, _: modes_by_run(rows),
}


def draw(found: StoredReport, names: Sequence[str] = tuple(PICTURES)) -> Drawn:
    """The pictures of a run with these names, as far as it has what they are drawn from."""
    drawn = Drawn()
    with matplotlib.rc_context(STYLE):
        for name in names:
            try:
                drawn.plots.extend(PICTURES[name](found))
            except OutOfPlace as reason:
                drawn.elsewhere.append(f"{name}: {reason}")
            except Absent as reason:
                drawn.absent.append(f"{name}: {reason}")
            except ContentError as reason:
                drawn.broken.append(f"{name}: {reason}")
        for plot in drawn.plots:
            settle(plot.figure)
    return drawn


def plots_of_run(found: StoredReport) -> tuple[list[Plot], list[str]]:
    """All plots of one run, and a line for each that cannot be drawn, with the reason.

    Plots that do not apply to this kind of run, such as a decision boundary for images, are not listed.
    """
    drawn = draw(found)
    return drawn.plots, [*drawn.absent, *drawn.broken]


def plots_of_group(rows: Sequence[Row], runs: Sequence[StoredReport]) -> list[Plot]:
    """What a page shows of runs that may be compared: all pictures but the modes, which it shows run by run."""
    return draw_several(rows, runs, [name for name in OF_SEVERAL if name != "modes-by-run"])


def draw_several(
    rows: Sequence[Row], runs: Sequence[StoredReport], names: Sequence[str] = tuple(OF_SEVERAL)
) -> list[Plot]:
    """The pictures of several runs with these names, as far as there are numbers."""
    with matplotlib.rc_context(STYLE):
        found = [plot for name in names if (plot := OF_SEVERAL[name](rows, runs)) is not None]
        for plot in found:
            settle(plot.figure)
    return found


def _logged(runs: Sequence[StoredReport]) -> dict[int, Series]:
    """FID by step from the logs of trained runs, by the `id` of their reports."""
    known = {}
    for one in runs:
        try:
            known[id(one.report)] = history_of(one).checks.get("fid", {})
        except ContentError:
            continue  # the report itself may still tell
    return known
