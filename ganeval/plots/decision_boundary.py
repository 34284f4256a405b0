"""Points in the plane: samples over real ones while a model trains, and what its critic takes for real."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ganeval.errors import ContentError
from ganeval.plots import theme
from ganeval.plots.run_arrays import ANEW, Array, arrays, by_step, chosen, numbers
from ganeval.plots.theme import Absent, OutOfPlace, Plot
from ganeval.plots.training_log import History

BOUNDARY = "boundary"
MOST = 8  # checks as small multiples, of samples
FEW = 4  # of the critic's scores
POINTS = 1000  # drawn, of each kind
SIDES = LinearSegmentedColormap.from_list("sides", ["#8fbfe0", "#f4f4f4", "#f6c667"])


@dataclass(frozen=True)
class Plane:
    """What a check stored of the plane: scores (len(y), len(x)), where they count as real, and points (n, 2)."""

    x: Array
    y: Array
    scores: Array
    boundary: float
    real: Array
    made: Array


def planes(history: History, most: int) -> tuple[dict[int, Plane], int]:
    """Some checks' planes by step, and how many there are; OutOfPlace for pictures, Absent where there are none."""
    if not history.plane:
        raise OutOfPlace("made pictures or vectors, not points in the plane")
    files = by_step(history.folder / "grids", "step-*.npz")
    if not files:
        raise Absent(f"no grids/step-*.npz: {ANEW}")
    return {step: plane_in(files[step]) for step in chosen(list(files), most, history.best_step)}, len(files)


def plane_in(path: Path) -> Plane:
    """The plane in a file. ContentError where the file is no such plane."""
    found = arrays(path, ["x", "y", "scores", "boundary", "real", "made"])
    x, y = numbers(path, found, "x", 1), numbers(path, found, "y", 1)
    scores, boundary = numbers(path, found, "scores", 2), numbers(path, found, "boundary", 0)
    real, made = numbers(path, found, "real", 2), numbers(path, found, "made", 2)
    if scores.shape != (len(y), len(x)) or real.shape[1] != 2 or made.shape[1] != 2:
        raise ContentError(f"{path}: scores, x, y, real and made do not fit together, needed a plane as `train` stores")
    return Plane(x, y, scores, float(boundary), real, made)


def points_over_time(history: History, name: str, title: str) -> Plot:
    """Small multiples: samples over real points at each check."""
    known, count = planes(history, MOST)
    figure = theme.chart(2.05 * -(-len(known) // 4) + 0.35)
    for axes, plane in zip(panels(figure, known, history.best_step), known.values(), strict=False):
        dots(axes, plane)
    points_legend(figure)
    alt = (
        f"Points of {history.report.samples.name} over real ones at {len(known)} of {count} checks, "
        f"from step {min(known):,} to {max(known):,}."
    )
    return Plot(name, title, alt, figure)


def boundary(history: History) -> Plot:
    """The critic's scores over the plane at some checks, and the line between what it takes for real and for made."""
    known, count = planes(history, FEW)
    figure = theme.chart(2.35)
    for axes, plane in zip(panels(figure, known, history.best_step), known.values(), strict=False):
        sides(axes, plane)
        dots(axes, plane, POINTS // 3)
    points_legend(
        figure,
        Line2D([], [], color=theme.GREEN, linewidth=1.5, label="D's boundary"),
        Patch(facecolor=SIDES(0.9), label="real, to D"),
        Patch(facecolor=SIDES(0.1), label="made, to D"),
    )
    alt = (
        f"Scores of the critic of {history.report.samples.name} over the plane at {len(known)} of {count} checks: "
        "orange where it takes points for real, blue where for made, a green line between; real and made points on top."
    )
    return Plot(BOUNDARY, "D's decision boundary", alt, figure)


def panels(figure: Figure, known: Mapping[int, Plane], best: int | None) -> list[Axes]:
    """Square panels, four in a row, headed with their steps; only the outer ones carry numbers."""
    columns = min(4, len(known))
    rows = -(-len(known) // columns)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    flat = [axes for row in grid for axes in row]
    for axes, (step, plane) in zip(flat, known.items(), strict=False):
        axes.set_title(f"{'★ ' if step == best else ''}step {step:,}")
        axes.set_aspect("equal")
        axes.set_xlim(float(plane.x[0]), float(plane.x[-1]))
        axes.set_ylim(float(plane.y[0]), float(plane.y[-1]))
        axes.grid(visible=False)
        axes.spines[["top", "right"]].set_visible(True)
    for axes in flat[len(known) :]:
        axes.remove()
    return flat[: len(known)]


def dots(axes: Axes, plane: Plane, most: int = POINTS) -> None:
    """Real points as crosses below, samples as dots on top."""
    axes.plot(*plane.real[:most].T, "+", color=theme.REAL, markersize=4, markeredgewidth=0.8, rasterized=True)
    axes.plot(*plane.made[:most].T, "o", color=theme.MADE, markersize=1.8, markeredgewidth=0, rasterized=True)


def sides(axes: Axes, plane: Plane) -> None:
    """Scores as shades from blue (made) over white, at the boundary, to orange (real), and the boundary as a line."""
    low, high = (float(one) for one in np.percentile(plane.scores, [2, 98]))
    reach = max(high - plane.boundary, plane.boundary - low, 1e-9)
    norm = TwoSlopeNorm(plane.boundary, plane.boundary - reach, plane.boundary + reach)
    edges = (float(plane.x[0]), float(plane.x[-1]), float(plane.y[0]), float(plane.y[-1]))
    axes.imshow(plane.scores, origin="lower", extent=edges, cmap=SIDES, norm=norm, aspect="equal")
    if plane.scores.min() < plane.boundary < plane.scores.max():
        axes.contour(
            plane.x,
            plane.y,
            plane.scores,
            levels=[plane.boundary],
            colors=theme.GREEN,
            linewidths=1.5,
            linestyles="solid",
        )


def points_legend(figure: Figure, *more: Line2D | Patch) -> None:
    """What crosses and dots are, below the panels."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", marker="+", color=theme.REAL, label="real"),
        Line2D([], [], linestyle="", marker="o", markersize=3, color=theme.MADE, label="made"),
        *more,
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
