"""Laws over all plots: all are there, texts lie apart, lines differ, each has a description."""

import itertools
import re

import numpy as np
import pytest
from example_plots import example_rows, group_plots, plots_by_name, texts_of
from example_runs import make, store

KINDS = {
    "images": {},
    "classes": {"classes": 3, "names": ["zebra crossing", "x", "y"]},
    "translations": {"model": "cyclegan", "shape": [1, 16, 16]},
    "large": {"shape": [3, 64, 64]},
    "points": {"shape": [2]},
}
EXPECTED = {
    "images": {"evolution", "interpolation", "losses", "training", "critic-scores", "detector", "activation-block2"},
    "points": {"evolution", "interpolation", "losses", "training", "critic-scores", "detector", "boundary"},
}
EXPECTED["classes"] = EXPECTED["large"] = EXPECTED["images"]
EXPECTED["translations"] = EXPECTED["images"] - {"interpolation"}


@pytest.fixture(scope="module")
def all_plots(tmp_path_factory):
    """Every plot of every kind of run, and of several runs, drawn once."""
    folder = tmp_path_factory.mktemp("kinds")
    runs = {kind: make(folder, kind, 1.0, config.get("names"), without_names(config)) for kind, config in KINDS.items()}
    return {**{kind: plots_by_name(run) for kind, run in runs.items()}, "group": group_plots(example_rows())}


def without_names(config):
    return {key: value for key, value in config.items() if key != "names"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_run_gives_every_plot_of_its_kind(all_plots, kind):
    assert set(all_plots[kind]) == EXPECTED[kind] | {"modes"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_texts_lie_within_their_plot_and_apart(all_plots, kind):
    for plot in all_plots[kind].values():
        boxes = texts_of(plot.figure)
        assert boxes, plot.name
        width, height = plot.figure.canvas.get_width_height()
        for text, box in boxes:
            assert box.x0 >= -1, (plot.name, text)
            assert box.y0 >= -1, (plot.name, text)
            assert box.x1 <= width + 1, (plot.name, text)
            assert box.y1 <= height + 1, (plot.name, text)
        for axes in plot.figure.axes:
            assert axes.get_legend() is None or axes.get_legend().get_window_extent().x0 >= 0, plot.name
        for (text, first), (next_text, second) in itertools.combinations(boxes, 2):
            across = min(first.x1, second.x1) - max(first.x0, second.x0)
            down = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert across < 1 or down < 1, (plot.name, text, next_text)


@pytest.mark.slow
@pytest.mark.parametrize("extent", [0.3, 0.5, 1.0, 3.0])
def test_titles_lie_within_plots_of_equal_aspect(make_run, extent):
    """Aspects move the axes once they are laid out: titles are to be laid out after that."""
    run = make_run(shape=[2])
    path = run.folder / "learning" / "interpolation.npz"
    with np.load(path) as kept:
        stored = dict(kept)
    store(path, **{key: extent * value if key != "positions" else value for key, value in stored.items()})
    figure = plots_by_name(run)["interpolation"].figure
    tops = {text: box.y1 for text, box in texts_of(figure)}
    assert max(tops["linear"], tops["spherical"]) <= figure.canvas.get_width_height()[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_lines_of_one_panel_differ_in_more_than_their_colour(all_plots, kind):
    for plot in all_plots[kind].values():
        for axes in plot.figure.axes:
            strong = [
                line
                for line in axes.lines
                if line.get_alpha() is None and line.get_label() and len(line.get_xdata()) > 2
            ]
            looks = {(line.get_color(), str(line._unscaled_dash_pattern), line.get_marker()) for line in strong}
            assert len({look[1:] for look in looks}) == len(looks), plot.name


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_every_plot_has_a_description(all_plots, kind):
    for plot in all_plots[kind].values():
        assert plot.title
        assert plot.alt.endswith(".")
        assert len(plot.alt) > 40
        assert re.search(r"\d", plot.alt)
        assert not re.search(r"nan|None|\{", plot.alt)
