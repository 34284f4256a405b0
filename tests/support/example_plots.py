"""The plots of example runs by name, and the texts that are visible in a figure."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from example_runs import report_on
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ganeval.comparison import Row, compare
from ganeval.plots import Plot, draw_group, draw_run
from ganeval.reports.report import Score
from ganeval.reports.run_folders import StoredReport


def plots_by_name(run: StoredReport) -> dict[str, Plot]:
    """The plots of a run from which nothing is missing."""
    result = draw_run(run)
    assert result.missing == result.broken == []
    return {plot.name: plot for plot in result.plots}


def example_rows() -> Sequence[Row]:
    """Three runs, the yardsticks, and one of long and awkward names, in their order by FID."""
    names = {"best": 0.5, "a name so long that nobody would ever want to read it to its end": 1.0, "_$x$ 数字": 2.0}
    reports = [report_on(name, fid) for name, fid in names.items()]
    training = {"best_step": 200, "selection_fid": {"100": 9.0, "200": 1.5, "300": 2.0}, "config": {}}
    reports = [replace(report, more={"training": training}) for report in reports]
    far = {"precision": Score(0.01, "higher", error=0.01), "recall": Score(0.1, "higher", error=0.01)}
    outer = [report_on("real (train)", 0.1), report_on("noise", 90.0, **far)]
    (group,) = compare([*reports, *outer]).groups
    return group.rows


def group_plots(rows: Sequence[Row]) -> dict[str, Plot]:
    """The plots of several rows by name."""
    return {plot.name: plot for plot in draw_group(rows)}


def texts_of(figure: Figure) -> list[tuple[str, Bbox]]:
    """The visible texts, and their boxes in pixels."""
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in a script that the font lacks
        canvas.draw()
    renderer = canvas.get_renderer()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            low, high = sorted(axis.get_view_interval())
            hidden |= {text for tick in ticks for text in (tick.label1, tick.label2) if not text.get_visible()}
            hidden |= {
                text for tick in ticks for text in (tick.label1, tick.label2) if not low <= tick.get_loc() <= high
            }
            if not axes.axison:
                hidden |= {text for tick in ticks for text in (tick.label1, tick.label2)} | {axis.label}
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text not in hidden]
