"""From one latent to another: along the straight line, and along the arc on the sphere.

Latents of a normal distribution lie near a sphere; the middle of a straight line is nearer to the origin than any of
them (White 2016, arXiv:1609.04468), which shows where a generator has learned no more than the sphere.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ganeval.errors import ContentError
from ganeval.plots import theme
from ganeval.plots.decision_boundary import read_plane
from ganeval.plots.mosaic import MosaicText, mosaic
from ganeval.plots.run_arrays import Arrays, files_by_step, image_array, label_names, numeric_array, read_arrays
from ganeval.plots.theme import NotApplicable, Plot
from ganeval.plots.training_log import TrainingLog

KINDS = ("linear", "spherical")
POSITION_LABELS = 5
REAL_POINTS = 600


def interpolation(log: TrainingLog) -> Plot:
    """Linear on the left and spherical on the right, a pair of latents in each row."""
    if log.translates:
        raise NotApplicable("the model translates images and has no latent")
    path = log.folder / "learning" / "interpolation.npz"
    stored = read_arrays(path, [*KINDS, "positions"])
    numeric_array(path, stored, "positions", 1)
    draw = _paths if log.shape == (2,) else _images
    figure, rows = draw(log, path, stored)
    alt = (
        f"Samples of {log.name} between {rows} pairs of latents, from one to the other: on the left along the straight "
        "line, on the right along the arc on the sphere."
    )
    return Plot("interpolation", "Between two latents", alt, figure)


def _images(log: TrainingLog, path: Path, stored: Arrays) -> tuple[Figure, int]:
    """A row of images for each pair of latents, of a conditional model with its class; and their number."""
    positions = stored["positions"]
    linear, spherical = (image_array(path, stored, kind, 5) for kind in KINDS)
    if linear.shape != spherical.shape or linear.shape[1] != len(positions):
        raise ContentError(f"{path}: linear, spherical and positions do not fit together, needed (r, t, H, W, C) alike")
    count = len(positions)
    labels = {round(place) for place in np.linspace(0, count - 1, min(POSITION_LABELS, count))}
    classes = stored.get("labels", np.array([]))
    conditional = classes.shape == (len(linear),) and classes.dtype.kind in "iu"
    text = MosaicText(
        rows=label_names(classes, log.classes) if conditional else [],
        columns=2 * [f"{value:.2g}" if place in labels else "" for place, value in enumerate(positions)],
        spans=[(0, count - 1, "linear"), (count, 2 * count - 1, "spherical")],
        breaks=[count - 1],
    )
    return mosaic(np.concatenate([linear, spherical], axis=1), text), len(linear)


def _paths(log: TrainingLog, path: Path, stored: Arrays) -> tuple[Figure, int]:
    """Paths of samples through the plane, over real points where a check stored some; and their number."""
    paths = [numeric_array(path, stored, kind, 3) for kind in KINDS]
    if any(lines.shape[2] != 2 for lines in paths):
        raise ContentError(f"{path}: linear is of shape {paths[0].shape}, needed (r, t, 2)")
    files = files_by_step(log.folder / "grids", "step-*.npz")
    figure = theme.chart(3.6)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, lines, kind in zip(panels, paths, KINDS, strict=True):
        if files:
            real = read_plane(list(files.values())[-1]).real[:REAL_POINTS]
            axes.plot(*real.T, "+", color=theme.REAL, markersize=4, markeredgewidth=0.7, rasterized=True)
        for number, line in enumerate(lines):
            axes.plot(
                *line.T, color=theme.GENERATED, linestyle=theme.dash(number), marker=theme.marker(number), markersize=4
            )
        axes.set_title(kind)
        axes.set_aspect("equal")
    handles = [
        Line2D([], [], linestyle="", marker="+", color=theme.REAL, label="real"),
        Line2D([], [], color=theme.GENERATED, marker="o", markersize=4, label="generated, latent by latent"),
    ]
    figure.legend(handles=handles if files else handles[1:], loc="outside lower center", ncols=2)
    return figure, len(paths[0])
