"""Samples while a model trains: always the same latents, or the same held-out pictures and their translations."""

import numpy as np

from ganeval.plots.decision_boundary import points_over_time
from ganeval.plots.mosaic import Words, mosaic
from ganeval.plots.run_arrays import ANEW, Array, by_step, cells, chosen
from ganeval.plots.theme import Absent, OutOfPlace, Plot
from ganeval.plots.training_log import History

NAME = "evolution"
TITLE = "Samples while it trains"
MOST = 10  # checks
PICTURES = 2  # of each domain


def evolution(history: History) -> Plot:
    """A row of samples for each check, the same latents in each; Absent where there are no grids."""
    if history.plane:
        return points_over_time(history, NAME, TITLE)
    if len(history.shape) != 3:
        raise OutOfPlace("made vectors, which cannot be shown")
    grids = by_step(history.folder / "grids", "step-*.png")
    if not grids:
        raise Absent(f"no grids/step-*.png: {ANEW}")
    steps = chosen(list(grids), MOST, history.best_step)
    read = {step: cells(grids[step], history.columns, history.shape[-1]) for step in steps}
    if history.translates:
        return _translated(history, read, len(grids))
    rows = np.stack([grid[0] for grid in read.values()])
    words = Words(
        rows=[step_label(step, history.best_step) for step in steps], columns=history.classes[: history.columns]
    )
    return Plot(NAME, TITLE, _alt(history, steps, "fixed latents", len(grids)), mosaic(rows, words))


def step_label(step: int, best: int | None) -> str:
    """A step as a row or panel is headed; a star marks the best one.

    >>> step_label(400, 800), step_label(1200, 1200)
    ('step 400', '★ step 1,200')
    """
    return f"{'★ ' if step == best else ''}step {step:,}"


def _translated(history: History, read: dict[int, Array], count: int) -> Plot:
    """On the left A to B and back again, on the right B to A: three pictures of each."""
    steps = list(read)
    rows = [_threes(grid) for grid in read.values()]
    a, b = history.domains()
    half = 3 * PICTURES
    words = Words(
        rows=[step_label(step, history.best_step) for step in steps],
        spans=[(0, half - 1, f"{a} → {b} → {a}"), (half, 2 * half - 1, f"{b} → {a} → {b}")],
        breaks=range(2, 2 * half - 1, 3),
    )
    what = "a picture, its translation and that translated back, for two held-out pictures of either domain"
    return Plot(NAME, TITLE, _alt(history, steps, what, count), mosaic(np.stack(rows), words))


def _threes(grid: Array) -> Array:
    """(2 PICTURES x 3) cells: a row of the grid holds picture, translation and back, for A, B, A, B."""
    triples = grid.reshape(-1, 3, *grid.shape[2:])
    wanted = [*triples[0 : 2 * PICTURES : 2], *triples[1 : 2 * PICTURES : 2]]
    return np.concatenate(wanted)


def _alt(history: History, steps: list[int], what: str, count: int) -> str:
    of_all = f"{len(steps)} of {count} checks" if len(steps) < count else f"{count} checks"
    return (
        f"Samples of {history.report.samples.name} at {of_all}, from step {steps[0]:,} above to step {steps[-1]:,} "
        f"below; in each row the same: {what}."
    )
