"""The bars of modes, of one run and of several."""

import pytest
from example_plots import plots_by_name
from example_runs import MODES, report_on

from ganeval.comparison import compare
from ganeval.errors import GanevalWarning
from ganeval.plots.modes import modes_by_run
from ganeval.reports.report import Score


def test_bars_of_noise_do_not_flatten_those_of_models_and_are_clipped():
    counted = {"samples": [95, 3, 2, 0], "reference": [25, 25, 25, 25], "names": ["a", "b", "c", "d"]}
    noise = report_on("noise", 90.0, modes_covered=Score(1, "higher", total=4, more=counted))
    (rows,) = (group.rows for group in compare([report_on("mine"), noise]).groups)
    figure = modes_by_run(rows).figure
    mine, other = figure.axes
    assert mine.get_ylim() == other.get_ylim()
    assert 0.5 < mine.get_ylim()[1] < 0.6  # of half the samples and their error
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "clipped: a to 0.95"]


def test_a_report_with_broken_counts_is_a_warning_and_the_others_are_drawn():
    broken = report_on("broken", 2.0, modes_covered=Score(3, "higher", total=4, more={**MODES, "samples": "x"}))
    (rows,) = (group.rows for group in compare([report_on("mine"), broken]).groups)
    with pytest.warns(GanevalWarning, match="^modes-by-run: left out: broken: samples by mode is x, needed whole"):
        figure = modes_by_run(rows).figure
    assert [axes.get_title() for axes in figure.axes] == ["mine"]


@pytest.mark.slow
def test_bars_of_modes_are_shares_and_lost_ones_are_crossed(make_run):
    axes = plots_by_name(make_run())["modes"].figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.5, 0.3, 0.2, 0.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == MODES["names"]
    (crosses,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert list(crosses.get_xdata()) == [3]
