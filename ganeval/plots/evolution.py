"""Samples during training: of the same latents at each check, or the same held-out images and their translations."""

import numpy as np

from ganeval.plots.decision_boundary import points_over_time
from ganeval.plots.mosaic import MosaicText, mosaic
from ganeval.plots.run_arrays import Array, grid_cells, pick_steps
from ganeval.plots.theme import NotApplicable, Plot, step_label
from ganeval.plots.training_log import TrainingLog

NAME = "evolution"
TITLE = "Samples during training"
CHECKS = 10
TRANSLATIONS = 2  # of each domain


def evolution(log: TrainingLog) -> Plot:
    """A row of samples for each check, of the same latents in each; MissingData where there are no grids."""
    if log.shape == (2,):
        return points_over_time(log, NAME, TITLE)
    if len(log.shape) != 3:
        raise NotApplicable("the samples are vectors, which cannot be shown")
    grids = log.files("grids/step-*.png")
    steps = pick_steps(list(grids), CHECKS, log.best_step)
    cells = [grid_cells(grids[step], log.grid_columns, log.shape[-1]) for step in steps]
    rows = [step_label(step, log.best_step) for step in steps]
    if log.translates:
        a, b = log.domains()
        half = 3 * TRANSLATIONS
        text = MosaicText(
            rows=rows,
            spans=[(0, half - 1, f"{a} → {b} → {a}"), (half, 2 * half - 1, f"{b} → {a} → {b}")],
            breaks=range(2, 2 * half - 1, 3),
        )
        figure = mosaic(np.stack([_translations(grid) for grid in cells]), text)
        columns = "an image, its translation and that translated back, for two held-out images of either domain"
    else:
        figure = mosaic(np.stack([grid[0] for grid in cells]), MosaicText(rows, log.classes[: log.grid_columns]))
        columns = "fixed latents"
    checks = f"{len(steps)} of {len(grids)} checks" if len(steps) < len(grids) else f"{len(grids)} checks"
    alt = (
        f"Samples of {log.name} at {checks}, from step {steps[0]:,} above to step {steps[-1]:,} below; in each row the "
        f"same: {columns}."
    )
    return Plot(NAME, TITLE, alt, figure)


def _translations(grid: Array) -> Array:
    """(2 TRANSLATIONS x 3) cells: a row of the grid holds image, translation and back, of A, B, A, B."""
    triples = grid.reshape(-1, 3, *grid.shape[2:])
    return np.concatenate([*triples[0 : 2 * TRANSLATIONS : 2], *triples[1 : 2 * TRANSLATIONS : 2]])
