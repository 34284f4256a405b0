"""Plots of runs, drawn from what their folders hold: reports, logs, grids and stored arrays. No torch.

Each plot is a file here and a row in the table of `ganeval.plots.catalogue`; colours and fonts are in
`ganeval.plots.theme`. The room imports matplotlib, so commands import it only where they draw.
"""

from ganeval.plots.catalogue import GROUP_PLOTS, draw_group, draw_run
from ganeval.plots.output import png_of, svg_of
from ganeval.plots.theme import Plot

__all__ = ["GROUP_PLOTS", "Plot", "draw_group", "draw_run", "png_of", "svg_of"]
