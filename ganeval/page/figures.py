"""The plots of runs as inline SVG in the page's colours, each with its description."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from ganeval.plots import Plot, svg_of


@dataclass(frozen=True)
class PageFigure:
    """A plot in the page: its SVG, title and description."""

    name: str
    title: str
    alt: str
    svg: Markup


def figures_of(plots: Iterable[Plot]) -> list[PageFigure]:
    """Plots as the page holds them, without the figures from which they were drawn."""
    return [
        PageFigure(plot.name, plot.title, plot.alt, Markup(svg_of(plot, themed=True)))  # noqa: S704  # it is ours
        for plot in plots
    ]
