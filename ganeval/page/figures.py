"""The plots of runs as inline SVG in the page's colours, each with its words, and which of them stand where."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ganeval.comparison import Row
from ganeval.plots import Plot, plots_of_group, plots_of_run, svg_of
from ganeval.reports.run_folders import StoredReport

FIRST = frozenset({"modes"})  # of a run: shown on its card; the others are unfolded


@dataclass(frozen=True)
class Figure:
    """A plot in the page: its SVG, title and words."""

    name: str
    title: str
    alt: str
    svg: Markup


@dataclass(frozen=True)
class Figures:
    """A run's plots: those of its card, those to unfold, and a line for each that cannot be drawn."""

    first: tuple[Figure, ...] = ()
    more: tuple[Figure, ...] = ()
    said: tuple[str, ...] = ()


def figures_of_run(found: StoredReport) -> Figures:
    """Everything that can be drawn of a run."""
    plots, said = plots_of_run(found)
    figures = [_figure(plot) for plot in plots]
    first = tuple(figure for figure in figures if figure.name in FIRST)
    return Figures(first, tuple(figure for figure in figures if figure.name not in FIRST), tuple(said))


def figures_of_direction(found: StoredReport) -> Figures:
    """What differs between the directions of one translating run: the plots of its card alone."""
    from ganeval.plots.catalogue import draw_run

    drawn = draw_run(found, sorted(FIRST))
    return Figures(tuple(_figure(plot) for plot in drawn.plots), said=tuple(drawn.broken))


def figures_of_group(rows: Sequence[Row], runs: Sequence[StoredReport]) -> tuple[Figure, ...]:
    """What is drawn of several runs together."""
    return tuple(_figure(plot) for plot in plots_of_group(rows, runs))


def _figure(plot: Plot) -> Figure:
    return Figure(plot.name, plot.title, plot.alt, Markup(svg_of(plot, themed=True)))  # noqa: S704  # it is ours
