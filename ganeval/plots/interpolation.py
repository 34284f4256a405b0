"""From one latent to another: along the straight line, and along the arc on the sphere.

Latents of a normal distribution lie near a sphere; the middle of a straight line is nearer to the origin than any of
them (White 2016, arXiv:1609.04468), which shows where a generator has learned no more than the sphere.
"""

from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from ganeval.errors import ContentError
from ganeval.plots import theme
from ganeval.plots.decision_boundary import plane_in
from ganeval.plots.mosaic import Words, mosaic
from ganeval.plots.run_arrays import Array, arrays, by_step, numbers, pictures
from ganeval.plots.theme import OutOfPlace, Plot
from ganeval.plots.training_log import History

NAME = "interpolation"
TITLE = "Between two latents"
KINDS = ("linear", "spherical")
NUMBERED = 5  # positions at most that carry a number


def interpolation(history: History) -> Plot:
    """Linear on the left and spherical on the right, a pair of latents in each row."""
    if history.translates:
        raise OutOfPlace("translates pictures: it has no latent")
    path = history.folder / "learning" / "interpolation.npz"
    found = arrays(path, [*KINDS, "positions"])
    positions = numbers(path, found, "positions", 1)
    if history.plane:
        return _paths(history, path, found)
    linear, spherical = (pictures(path, found, kind, 5) for kind in KINDS)
    if linear.shape != spherical.shape or linear.shape[1] != len(positions):
        raise ContentError(f"{path}: linear, spherical and positions do not fit together, needed (r, t, H, W, C) alike")
    count = len(positions)
    words = Words(
        rows=_labels(history, found, len(linear)),
        columns=2 * _numbers(positions),
        spans=[(0, count - 1, "linear"), (count, 2 * count - 1, "spherical")],
        breaks=[count - 1],
    )
    return Plot(NAME, TITLE, _alt(history, len(linear)), mosaic(np.concatenate([linear, spherical], axis=1), words))


def _numbers(positions: Array) -> list[str]:
    """The positions that have room for a number: both ends, and some evenly between."""
    numbered = {round(place) for place in np.linspace(0, len(positions) - 1, min(NUMBERED, len(positions)))}
    return [f"{value:.2g}" if place in numbered else "" for place, value in enumerate(positions)]


def _labels(history: History, found: dict[str, Array], rows: int) -> list[str]:
    """The class of each row, where the model is conditional."""
    labels = found.get("labels")
    if labels is None or labels.shape != (rows,) or labels.dtype.kind not in "iu":
        return []
    names = history.classes
    return [names[label] if 0 <= label < len(names) else str(label) for label in labels.tolist()]


def _paths(history: History, path: Path, found: dict[str, Array]) -> Plot:
    """Points: the way that a sample goes through the plane, over real points where a check stored some."""
    ways = [numbers(path, found, kind, 3) for kind in KINDS]
    if any(way.shape[2] != 2 for way in ways):
        raise ContentError(f"{path}: linear is of shape {ways[0].shape}, needed (r, t, 2)")
    files = by_step(history.folder / "grids", "step-*.npz")
    figure = theme.chart(3.6)
    both = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, way, kind in zip(both, ways, KINDS, strict=True):
        if files:
            real = plane_in(list(files.values())[-1]).real
            axes.plot(*real[:600].T, "+", color=theme.REAL, markersize=4, markeredgewidth=0.7, rasterized=True)
        for number, line in enumerate(way):
            axes.plot(
                *line.T, color=theme.MADE, linestyle=theme.dash(number), marker=theme.marker(number), markersize=4
            )
        axes.set_title(kind)
        axes.set_aspect("equal")
    handles = [
        Line2D([], [], linestyle="", marker="+", color=theme.REAL, label="real"),
        Line2D([], [], color=theme.MADE, marker="o", markersize=4, label="made, latent by latent"),
    ]
    figure.legend(handles=handles if files else handles[1:], loc="outside lower center", ncols=2)
    return Plot(NAME, TITLE, _alt(history, len(ways[0])), figure)


def _alt(history: History, rows: int) -> str:
    return (
        f"Samples of {history.report.samples.name} between {rows} pairs of latents, from one to the other: on the left "
        "along the straight line, on the right along the arc on the sphere."
    )
