"""All plots in the order in which they are shown: two literal tables, and the functions that draw from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import matplotlib

from ganeval.comparison import Row
from ganeval.errors import ContentError
from ganeval.plots.activation import activations
from ganeval.plots.decision_boundary import decision_boundary
from ganeval.plots.discriminator_precision_recall import discriminator_precision_recall
from ganeval.plots.discriminator_scores import discriminator_scores
from ganeval.plots.evolution import evolution
from ganeval.plots.fid_over_training import fid_over_training
from ganeval.plots.fid_side_by_side import fid_side_by_side
from ganeval.plots.interpolation import interpolation
from ganeval.plots.losses import losses
from ganeval.plots.modes import modes, modes_by_run
from ganeval.plots.precision_recall import precision_recall
from ganeval.plots.theme import STYLE, MissingData, NotApplicable, Plot, freeze_layout
from ganeval.plots.training import training
from ganeval.plots.training_log import training_log_of
from ganeval.reports.run_folders import StoredReport


@dataclass(frozen=True)
class RunPlots:
    """The plots of a run, and a line with the reason for each other one.

    `missing` lack their data, `broken` have a broken file, `inapplicable` do not apply to this kind of run.
    """

    plots: list[Plot] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    inapplicable: list[str] = field(default_factory=list)


RUN_PLOTS: dict[str, Callable[[StoredReport], list[Plot]]] = {
    "evolution": lambda run: [evolution(training_log_of(run))],
    "interpolation": lambda run: [interpolation(training_log_of(run))],
    "losses": lambda run: [losses(training_log_of(run))],
    "training": lambda run: [training(training_log_of(run))],
    "critic-scores": lambda run: [discriminator_scores(training_log_of(run))],
    "detector": lambda run: [discriminator_precision_recall(training_log_of(run))],
    "boundary": lambda run: [decision_boundary(training_log_of(run))],
    "activation": lambda run: activations(training_log_of(run)),
    "modes": lambda run: [modes(run.report)],
}
GROUP_PLOTS: dict[str, Callable[[Sequence[Row]], Plot | None]] = {
    "fid-over-training": fid_over_training,
    "precision-recall": precision_recall,
    "fid": fid_side_by_side,
    "modes-by-run": modes_by_run,
}


def draw_run(run: StoredReport, names: Sequence[str] = tuple(RUN_PLOTS)) -> RunPlots:
    """The plots of a run with these names, as far as it has their data."""
    result = RunPlots()
    with matplotlib.rc_context(STYLE):
        for name in names:
            try:
                result.plots.extend(RUN_PLOTS[name](run))
            except NotApplicable as reason:
                result.inapplicable.append(f"{name}: {reason}")
            except MissingData as reason:
                result.missing.append(f"{name}: {reason}")
            except ContentError as reason:
                result.broken.append(f"{name}: {reason}")
        for plot in result.plots:
            freeze_layout(plot.figure)
    return result


def draw_group(rows: Sequence[Row], names: Sequence[str] = tuple(GROUP_PLOTS)) -> list[Plot]:
    """The plots of several comparable runs with these names, as far as there are numbers.

    The reports of the rows are enough; a log in a run's folder has more steps.
    """
    with matplotlib.rc_context(STYLE):
        plots = [plot for name in names if (plot := GROUP_PLOTS[name](rows)) is not None]
        for plot in plots:
            freeze_layout(plot.figure)
    return plots
