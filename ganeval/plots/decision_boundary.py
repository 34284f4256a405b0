"""Points in the plane: samples over real points during training, and which points the discriminator takes for real."""

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
from ganeval.plots.run_arrays import Array, numeric_array, pick_steps, read_arrays
from ganeval.plots.theme import NotApplicable, Plot
from ganeval.plots.training_log import TrainingLog

SAMPLE_PANELS = 8
BOUNDARY_PANELS = 4
POINTS = 1000  # of each kind in a panel
SHADES = LinearSegmentedColormap.from_list("scores", ["#8fbfe0", "#f4f4f4", "#f6c667"])  # fake, boundary, real


@dataclass(frozen=True)
class ScorePlane:
    """What a check stored of the plane: scores (len(y), len(x)), the boundary's score, and points (n, 2)."""

    x: Array
    y: Array
    scores: Array
    boundary: float
    real: Array
    generated: Array


def planes(log: TrainingLog, count: int) -> tuple[dict[int, ScorePlane], int]:
    """At most `count` checks' planes by step, and how many checks there are.

    NotApplicable for images, MissingData where there are none.
    """
    if log.shape != (2,):
        raise NotApplicable("the samples are images or vectors, not points in the plane")
    files = log.files("grids/step-*.npz")
    return {step: read_plane(files[step]) for step in pick_steps(list(files), count, log.best_step)}, len(files)


def read_plane(path: Path) -> ScorePlane:
    """The plane in a file. ContentError where the file holds no such plane."""
    stored = read_arrays(path, ["x", "y", "scores", "boundary", "real", "made"])
    x, y = numeric_array(path, stored, "x", 1), numeric_array(path, stored, "y", 1)
    scores, boundary = numeric_array(path, stored, "scores", 2), numeric_array(path, stored, "boundary", 0)
    real, generated = numeric_array(path, stored, "real", 2), numeric_array(path, stored, "made", 2)
    if scores.shape != (len(y), len(x)) or real.shape[1] != 2 or generated.shape[1] != 2:
        raise ContentError(f"{path}: scores, x, y, real and made do not fit together, needed a plane as `train` stores")
    return ScorePlane(x, y, scores, float(boundary), real, generated)


def points_over_time(log: TrainingLog, name: str, title: str) -> Plot:
    """Small multiples: samples over real points at each check."""
    by_step, count = planes(log, SAMPLE_PANELS)
    figure = theme.chart(2.05 * -(-len(by_step) // 4) + 0.35)
    for axes, plane in panels(figure, by_step, log.best_step):
        draw_points(axes, plane)
    points_legend(figure)
    alt = (
        f"Points of {log.name} over real ones at {len(by_step)} of {count} checks, "
        f"from step {min(by_step):,} to {max(by_step):,}."
    )
    return Plot(name, title, alt, figure)


def decision_boundary(log: TrainingLog) -> Plot:
    """The discriminator's scores over the plane at some checks, and the line between real and fake."""
    by_step, count = planes(log, BOUNDARY_PANELS)
    figure = theme.chart(2.35)
    for axes, plane in panels(figure, by_step, log.best_step):
        draw_scores(axes, plane)
        draw_points(axes, plane, POINTS // 3)
    points_legend(
        figure,
        Line2D([], [], color=theme.GREEN, linewidth=1.5, label="D's boundary"),
        Patch(facecolor=SHADES(0.9), label="D: real"),
        Patch(facecolor=SHADES(0.1), label="D: fake"),
    )
    alt = (
        f"Scores of the discriminator of {log.name} over the plane at {len(by_step)} of {count} checks: "
        "orange where it takes points for real, blue where for fake, a green line between; real and generated points "
        "on top."
    )
    return Plot("boundary", "D's decision boundary", alt, figure)


def panels(figure: Figure, by_step: Mapping[int, ScorePlane], best: int | None) -> list[tuple[Axes, ScorePlane]]:
    """Square panels, each with its plane, four in a row under their steps; only the outer ones have tick labels."""
    columns = min(4, len(by_step))
    rows = -(-len(by_step) // columns)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    flat = list(grid.flat)
    for axes, (step, plane) in zip(flat, by_step.items(), strict=False):
        axes.set_title(theme.step_label(step, best))
        axes.set_aspect("equal")
        axes.set_xlim(float(plane.x[0]), float(plane.x[-1]))
        axes.set_ylim(float(plane.y[0]), float(plane.y[-1]))
        axes.grid(visible=False)
        axes.spines[["top", "right"]].set_visible(True)
    for axes in flat[len(by_step) :]:
        axes.remove()
    return list(zip(flat, by_step.values(), strict=False))


def draw_points(axes: Axes, plane: ScorePlane, count: int = POINTS) -> None:
    """Real points as crosses below, samples as dots on top."""
    axes.plot(*plane.real[:count].T, "+", color=theme.REAL, markersize=4, markeredgewidth=0.8, rasterized=True)
    axes.plot(
        *plane.generated[:count].T, "o", color=theme.GENERATED, markersize=1.8, markeredgewidth=0, rasterized=True
    )


def draw_scores(axes: Axes, plane: ScorePlane) -> None:
    """Scores as shades from blue (fake) over white, at the boundary, to orange (real), and the boundary as a line."""
    low, high = (float(score) for score in np.percentile(plane.scores, [2, 98]))
    reach = max(high - plane.boundary, plane.boundary - low, 1e-9)
    norm = TwoSlopeNorm(plane.boundary, plane.boundary - reach, plane.boundary + reach)
    edges = (float(plane.x[0]), float(plane.x[-1]), float(plane.y[0]), float(plane.y[-1]))
    axes.imshow(plane.scores, origin="lower", extent=edges, cmap=SHADES, norm=norm, aspect="equal")
    if plane.scores.min() < plane.boundary < plane.scores.max():
        axes.contour(
            plane.x, plane.y, plane.scores, levels=[plane.boundary],
            colors=theme.GREEN, linewidths=1.5, linestyles="solid",
        )  # fmt: skip


def points_legend(figure: Figure, *handles: Line2D | Patch) -> None:
    """A legend of crosses and dots, and of further handles, below the panels."""
    points: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", marker="+", color=theme.REAL, label="real"),
        Line2D([], [], linestyle="", marker="o", markersize=3, color=theme.GENERATED, label="generated"),
    ]
    figure.legend(handles=[*points, *handles], loc="outside lower center", ncols=len(points) + len(handles))
