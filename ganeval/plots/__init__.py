"""Pictures of runs, drawn from what their folders hold: reports, logs, grids and stored arrays. No torch.

Each picture is a file of its own here and a line in the table of `ganeval.plots.catalogue`; colours and fonts are in
`ganeval.plots.theme`. matplotlib is imported with the pictures only, so that this package itself is light.
"""

from collections.abc import Sequence

from ganeval.comparison import Row
from ganeval.plots.plot import Plot
from ganeval.reports.run_folders import Found


def plots_of_run(found: Found) -> tuple[list[Plot], list[str]]:
    """The pictures of one run, and a line for each that cannot be drawn, with the reason.

    What a kind of run cannot have, such as a decision boundary in the plane of pictures, is not said.
    """
    from ganeval.plots.catalogue import draw

    drawn = draw(found)
    return drawn.plots, [*drawn.absent, *drawn.broken]


def plots_of_group(rows: Sequence[Row], runs: Sequence[Found]) -> list[Plot]:
    """The pictures of several runs that may be compared: FID over training, precision and recall, FID side by side.

    Only those for which there are numbers. The reports of the rows are enough; a log in a run's folder is finer.
    """
    from ganeval.plots.catalogue import draw_group

    return draw_group(rows, runs)


def svg_of(plot: Plot, *, themed: bool = False) -> str:
    """The picture as SVG text; the same picture gives the same text.

    `themed`: for a page that holds it inline: it begins with `<svg`, text is text in the page's font, there is no
    background, identifiers are its own, and colours are the page's: ink is `currentColor`, and the others are
    `var(--plot-blue, #0072b2)` and so on, with the names of `ganeval.plots.theme.VARIABLES`.
    """
    from ganeval.plots.output import svg

    return svg(plot, themed)


def png_of(plot: Plot) -> bytes:
    """The picture as PNG at 150 dots per inch, on white; the same picture gives the same bytes."""
    from ganeval.plots.output import png

    return png(plot)


__all__ = ["Plot", "plots_of_group", "plots_of_run", "png_of", "svg_of"]
