"""The plots of runs as inline SVG in the page's colours, each with its description, by their place on the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ganeval.comparison import Row
from ganeval.plots import Plot, plots_of_group, plots_of_run, svg_of
from ganeval.plots.catalogue import draw_run
from ganeval.reports.run_folders import StoredReport

ON_CARD = frozenset({"modes"})  # the other plots of a run are folded away


@dataclass(frozen=True)
class PageFigure:
    """A plot in the page: its SVG, title and description."""

    name: str
    title: str
    alt: str
    svg: Markup


@dataclass(frozen=True)
class RunFigures:
    """A run's plots: those of its card, the others, and a line for each that cannot be drawn."""

    on_card: tuple[PageFigure, ...] = ()
    others: tuple[PageFigure, ...] = ()
    omissions: tuple[str, ...] = ()


def figures_of_run(run: StoredReport) -> RunFigures:
    """All plots of a run."""
    plots, omissions = plots_of_run(run)
    figures = [_figure(plot) for plot in plots]
    on_card = tuple(figure for figure in figures if figure.name in ON_CARD)
    return RunFigures(on_card, tuple(figure for figure in figures if figure.name not in ON_CARD), tuple(omissions))


def figures_of_direction(run: StoredReport) -> RunFigures:
    """The plots that differ between the two directions of a translation: those of the card."""
    result = draw_run(run, sorted(ON_CARD))
    return RunFigures(tuple(_figure(plot) for plot in result.plots), omissions=tuple(result.broken))


def figures_of_group(rows: Sequence[Row], runs: Sequence[StoredReport]) -> tuple[PageFigure, ...]:
    """The plots of several runs together."""
    return tuple(_figure(plot) for plot in plots_of_group(rows, runs))


def _figure(plot: Plot) -> PageFigure:
    return PageFigure(plot.name, plot.title, plot.alt, Markup(svg_of(plot, themed=True)))  # noqa: S704  # it is ours
