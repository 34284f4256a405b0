"""What plots show: the figures' own data, and laws over all of them."""

import itertools
import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from example_runs import MODES, STEPS, make, report_on, scores_at, some_cells, store

from ganeval.comparison import compare
from ganeval.errors import GanevalWarning
from ganeval.plots import plots_of_group, plots_of_run, png_of
from ganeval.plots.discriminator_precision_recall import average_precision, curve
from ganeval.plots.modes import modes_by_run
from ganeval.plots.theme import GENERATED, INK, REAL
from ganeval.reports.report import Score
from ganeval.reports.run_folders import StoredReport

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


def drawn(found):
    plots, said = plots_of_run(found)
    assert said == []
    return {plot.name: plot for plot in plots}


def group():
    """Three runs, the yardsticks, and one of long and awkward names, in their order by FID."""
    names = {"best": 0.5, "a name so long that nobody would ever want to read it to its end": 1.0, "_$x$ 数字": 2.0}
    reports = [report_on(name, fid) for name, fid in names.items()]
    training = {"best_step": 200, "selection_fid": {"100": 9.0, "200": 1.5, "300": 2.0}, "config": {}}
    reports = [replace(one, more={"training": training}) for one in reports]
    far = {"precision": Score(0.01, "higher", error=0.01), "recall": Score(0.1, "higher", error=0.01)}
    outer = [report_on("real (train)", 0.1), report_on("noise", 90.0, **far)]
    (found,) = compare([*reports, *outer]).groups
    return found.rows, [StoredReport(one, None) for one in reports]


@pytest.fixture(scope="module")
def all_drawn(tmp_path_factory):
    """Every plot of every kind of run, and of several runs, drawn once."""
    folder = tmp_path_factory.mktemp("kinds")
    runs = {kind: make(folder, kind, 1.0, config.get("names"), plain(config)) for kind, config in KINDS.items()}
    return {**{kind: drawn(found) for kind, found in runs.items()}, "group": of_group()}


def plain(config):
    return {key: value for key, value in config.items() if key != "names"}


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


def of_group():
    return {plot.name: plot for plot in plots_of_group(*group())}


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_run_gives_every_plot_of_its_kind(all_drawn, kind):
    assert set(all_drawn[kind]) == EXPECTED[kind] | {"modes"}


@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_texts_lie_within_their_plot_and_apart(all_drawn, kind):
    for plot in all_drawn[kind].values():
        boxes = words_of(plot.figure)
        assert boxes, plot.name
        width, height = plot.figure.canvas.get_width_height()
        for text, box in boxes:
            assert box.x0 >= -1, (plot.name, text)
            assert box.y0 >= -1, (plot.name, text)
            assert box.x1 <= width + 1, (plot.name, text)
            assert box.y1 <= height + 1, (plot.name, text)
        for axes in plot.figure.axes:
            assert axes.get_legend() is None or axes.get_legend().get_window_extent().x0 >= 0, plot.name
        for (one, first), (other, second) in itertools.combinations(boxes, 2):
            across = min(first.x1, second.x1) - max(first.x0, second.x0)
            down = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert across < 1 or down < 1, (plot.name, one, other)


@pytest.mark.parametrize("extent", [0.3, 0.5, 1.0, 3.0])
def test_titles_lie_within_plots_of_equal_aspect(make_run, extent):
    """Aspects move the axes once they are laid out: titles are to be laid out after that."""
    found = make_run(shape=[2])
    path = found.folder / "learning" / "interpolation.npz"
    with np.load(path) as kept:
        stored = dict(kept)
    store(path, **{key: extent * value if key != "positions" else value for key, value in stored.items()})
    figure = drawn(found)["interpolation"].figure
    tops = {text: box.y1 for text, box in words_of(figure)}
    assert max(tops["linear"], tops["spherical"]) <= figure.canvas.get_width_height()[1]


def words_of(figure):
    """The texts that are seen, and where they are in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in a script that the font lacks
        canvas.draw()
    renderer = canvas.get_renderer()
    seen = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
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
    return [(one.get_text(), one.get_window_extent(renderer)) for one in seen if one not in hidden]


@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_lines_of_one_panel_differ_in_more_than_their_colour(all_drawn, kind):
    for plot in all_drawn[kind].values():
        for axes in plot.figure.axes:
            strong = [
                line
                for line in axes.lines
                if line.get_alpha() is None and line.get_label() and len(line.get_xdata()) > 2
            ]
            looks = {(line.get_color(), str(line._unscaled_dash_pattern), line.get_marker()) for line in strong}
            assert len({look[1:] for look in looks}) == len(looks), plot.name


@pytest.mark.parametrize("kind", [*KINDS, "group"])
def test_every_plot_has_a_description(all_drawn, kind):
    for plot in all_drawn[kind].values():
        assert plot.title
        assert plot.alt.endswith(".")
        assert len(plot.alt) > 40
        assert re.search(r"\d", plot.alt)
        assert not re.search(r"nan|None|\{", plot.alt)


def test_losses_are_those_of_the_log_with_the_best_step_and_where_it_diverged(make_run):
    found = make_run()
    with (found.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 305, "diverged": "nan", "last_good": 300}) + "\n")
    panels = drawn(found)["losses"].figure.axes
    assert [axes.get_ylabel() for axes in panels] == ["loss", "D's mean score", "other terms"]
    raw = [line for line in panels[0].lines if line.get_alpha() is not None]
    assert [line.get_ydata()[0] for line in raw] == [1.0, 2.0]
    assert list(raw[0].get_xdata()) == list(range(10, 301, 10))
    upright = [line.get_xdata()[0] for line in panels[0].lines if list(line.get_ydata()) == [0, 1]]
    assert upright == [200, 305]
    assert {text.get_text() for text in panels[0].texts} == {"★ best", "✕ diverged"}
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == ["D", "G"]


def test_scores_over_training_are_named_for_what_they_are_of(make_run):
    upper, lower = drawn(make_run())["training"].figure.axes
    named = {}
    for axes in (upper, lower):
        legend = axes.get_legend()
        looks = [(line.get_color(), line.get_marker()) for line in legend.get_lines()]
        lines = {(line.get_color(), line.get_marker()): list(line.get_ydata()) for line in axes.lines[::-1]}
        named |= {text.get_text(): lines[look] for text, look in zip(legend.get_texts(), looks, strict=True)}
    assert named == {
        "held-out images": [4.0, 1.5, 2.0],
        "held-out, raw weights": [5.0, 1.875, 2.5],
        "training images": [2.0, 0.75, 1.0],
        "real images, as many as held-out": [0.9, 0.9],
        "precision": [0.5] * 3,
        "recall": [0.6] * 3,
    }


def test_error_bars_are_as_long_as_the_errors():
    rows, runs = group()
    plots = {plot.name: plot for plot in plots_of_group(rows, runs)}
    reaches = {}
    for name in ("fid", "precision-recall"):
        bars = [one.get_segments()[0] for one in plots[name].figure.axes[0].collections]
        reaches[name] = {tuple(np.ptp(bar, axis=0).round(6)) for bar in bars}
    assert (0.2, 0.0) in reaches["fid"]
    assert {(0.06, 0.0), (0.0, 0.04)} <= reaches["precision-recall"]  # recall ± 0.03 across, precision ± 0.02 up
    assert reaches["precision-recall"] == {(0.06, 0.0), (0.0, 0.04), (0.02, 0.0), (0.0, 0.02)}
    report = report_on("a")
    (axes,) = {plot.name: plot for plot in plots_of_run(StoredReport(report, None))[0]}["modes"].figure.axes
    bars = next(one.get_segments() for one in axes.collections)
    assert np.ptp(bars[0], axis=0)[1] == pytest.approx(2 * (0.5 * 0.5 / 100) ** 0.5)


def test_the_best_step_and_divergence_can_both_be_read_where_they_are_near(make_run):
    found = make_run()
    with (found.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 205, "diverged": "nan", "last_good": 200}) + "\n")
    boxes = dict(words_of(drawn(found)["losses"].figure))
    assert boxes["✕ diverged"].y1 < boxes["★ best"].y0


def test_a_row_of_the_evolution_is_the_first_row_of_that_checks_grid(make_run):
    axes = drawn(make_run(classes=3, names=["zebra", "x", "y"]))["evolution"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    gap = 1
    for row, step in enumerate(STEPS):
        expected = some_cells(8, 3, 8, step)[0]
        for column in range(3):
            top, left = row * (8 + gap), column * (8 + gap)
            assert np.array_equal(canvas[top : top + 8, left : left + 8, :3], expected[column])
    words = [text.get_text() for text in axes.texts]
    assert words == ["step 100", "★ step 200", "step 300", "zebra", "x", "y"]


def test_translations_are_shown_as_image_translation_and_back_of_both_domains(make_run):
    axes = drawn(make_run(model="cyclegan", shape=[1, 16, 16]))["evolution"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    row = some_cells(8, 12, 16, 100)[0]  # a, ab, aba, b, ba, bab, and again
    expected = [row[place] for place in (0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11)]
    full = np.flatnonzero(canvas[0, :, 3])
    starts = [int(place) for place in full if place == 0 or canvas[0, place - 1, 3] == 0]
    assert len(starts) == 12
    for start, cell in zip(starts, expected, strict=True):
        assert np.array_equal(canvas[:16, start : start + 16, :3], cell)
    assert {"digit → outline → digit", "outline → digit → outline"} <= {text.get_text() for text in axes.texts}


def test_interpolations_stand_side_by_side_with_their_classes(make_run):
    found = make_run(classes=4, names=["p", "q", "r", "s"])
    axes = drawn(found)["interpolation"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    with np.load(found.folder / "learning" / "interpolation.npz") as arrays:
        assert np.array_equal(canvas[9:17, :8, 0], arrays["linear"][1, 0, ..., 0])
        assert np.array_equal(canvas[9:17, -8:, 0], arrays["spherical"][1, 8, ..., 0])
    assert [text.get_text() for text in axes.texts][:4] == ["s", "q", "p", "r"]


def test_the_decision_boundary_lies_where_scores_equal_it(make_run):
    panels = drawn(make_run(shape=[2]))["boundary"].figure.axes
    assert len(panels) == 3
    for axes in panels:
        contours = [one for one in axes.collections if len(one.get_paths()) and len(one.get_paths()[0].vertices) > 4]
        vertices = np.concatenate([path.vertices for one in contours for path in one.get_paths()])
        assert np.allclose(vertices[:, 0], 0.25, atol=1e-6)
        assert vertices[:, 1].min() == pytest.approx(-1)
        assert vertices[:, 1].max() == pytest.approx(1)


def test_the_detectors_legend_says_the_average_precision_at_the_best_and_the_last_check(make_run):
    held, trained_on = drawn(make_run())["detector"].figure.axes
    for axes, key in ((held, "held_out"), (trained_on, "real")):
        values = [average_precision(*curve(scores_at(step)[key], scores_at(step)["made"])) for step in (200, 300)]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [
            f"best, step 200: AP {values[0]:.3f}", f"last, step 300: AP {values[1]:.3f}", "chance: 0.5",
        ]  # fmt: skip


def test_ridges_are_the_scores_of_what_their_colour_stands_for(make_run):
    from matplotlib.colors import to_hex

    axes = drawn(make_run())["critic-scores"].figure.axes[0]
    legend = {"real": REAL, "held_out": INK, "made": GENERATED}
    for row, step in enumerate(reversed(STEPS)):
        for key, colour in legend.items():
            (ridge,) = [
                one
                for one in axes.patches
                if to_hex(one.get_edgecolor()) == colour and not one.get_fill() and one.get_data().baseline == row
            ]
            heights, edges = ridge.get_data().values - row, ridge.get_data().edges
            middle = np.average((edges[1:] + edges[:-1]) / 2, weights=heights)
            assert middle == pytest.approx(scores_at(step)[key].mean(), abs=0.15), (step, key)


def test_a_layers_starts_are_above_its_maxima(make_run):
    found = make_run()
    canvas = np.asarray(drawn(found)["activation-block2"].figure.axes[0].images[0].get_array())
    with np.load(found.folder / "learning" / "activation-block2.npz") as arrays:
        assert np.array_equal(canvas[:8, :8, 0], arrays["before"][0, ..., 0])
        top = canvas.shape[0] - int(np.argmax(canvas[::-1, 0, 3] > 0)) - 8
        assert np.array_equal(canvas[top : top + 8, :8, 0], arrays["pictures"][0, ..., 0])


def test_activations_are_written_under_their_images(make_run):
    axes = drawn(make_run())["activation-block2"].figure.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert [f"{value / 2:.2f}" for value in range(8)] == words[-16:-8]
    assert [f"{value + 1:.2f}" for value in range(8)] == words[-8:]


def test_a_translators_images_are_test_images_and_not_generated(make_run):
    plot = drawn(make_run(model="cyclegan"))["activation-block2"]
    words = [text.get_text() for text in plot.figure.axes[0].texts]
    assert {"median", "highest", "layer block2, by channel; below: its peak activation"} <= set(words)
    assert "before" not in words
    assert plot.alt.startswith("Test images of median and of highest activation for each of 8 channels of layer block2")


def test_bars_of_modes_are_shares_and_lost_ones_are_crossed(make_run):
    axes = drawn(make_run())["modes"].figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.5, 0.3, 0.2, 0.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == MODES["names"]
    (crosses,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert list(crosses.get_xdata()) == [3]


def test_fid_dots_are_in_order_with_their_numbers_beside_them():
    axes = of_group()["fid"].figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "0.10 ±0.10",
        "0.50 ±0.10",
        "1.00 ±0.10",
        "2.00 ±0.10",
        "90.00 ±0.10",
    ]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "real (train) (yardstick)"
    assert labels[-1] == "noise (yardstick)"
    low, high = axes.get_xlim()
    assert 0 < low < 0.1
    assert high > 90


def test_points_of_precision_and_recall_are_where_the_scores_are_and_noise_is_named():
    plot = of_group()["precision-recall"]
    axes = plot.figure.axes[0]
    points = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() not in ("", "None")
    ]
    assert points.count((0.7, 0.8)) == 4
    assert axes.get_xlim()[0] > 0.5
    labels = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert labels[-1] == "noise, off: recall 0.10, precision 0.01"


def test_fid_over_training_needs_reports_alone_and_a_log_is_finer(make_run):
    (axes,) = of_group()["fid-over-training"].figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) > 1]
    assert [list(line.get_ydata()) for line in lines] == 3 * [[9.0, 1.5, 2.0]]
    found = make_run()
    with (found.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 400, "check": {"fid": 0.7}}) + "\n")
    (rows,) = compare([found.report]).groups
    plots = {plot.name: plot for plot in plots_of_group(rows.rows, [found])}
    line = plots["fid-over-training"].figure.axes[0].lines[0]
    assert list(line.get_ydata()) == [4.0, 1.5, 2.0, 0.7]


def test_seeds_of_one_model_are_one_line_of_the_table_and_each_is_shown():
    reports = [report_on(f"mine-s{seed}", fid) for seed, fid in enumerate((1.0, 2.0, 3.0))]
    (found,) = compare(reports, group=True).groups
    plots = {plot.name: plot for plot in plots_of_group(found.rows, [])}
    axes = plots["fid"].figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["2.0 ±1.0"]
    assert [
        list(line.get_xdata()) for line in axes.lines if line.get_marker() == "|" and len(line.get_xdata()) == 3
    ] == [[1.0, 2.0, 3.0]]
    assert "over seeds" in axes.get_xlabel()
    assert "one standard error" not in plots["precision-recall"].alt  # of seeds it is their deviation


def test_fid_over_training_counts_runs_and_not_models():
    training = {"best_step": 200, "selection_fid": {"100": 9.0, "200": 1.5}, "config": {}}
    reports = [replace(report_on(f"mine-s{seed}", 1.0 + seed), more={"training": training}) for seed in range(3)]
    (found,) = compare(reports, group=True).groups
    plots = {plot.name: plot for plot in plots_of_group(found.rows, [])}
    assert plots["fid-over-training"].alt.startswith("FID by training step, of 3 runs;")


def test_scores_that_are_all_equal_or_of_one_image_are_drawn(make_run):
    found = make_run()
    for step in STEPS:
        path = found.folder / "learning" / f"scores-{step:08}.npz"
        store(path, real=np.ones(1), held_out=np.ones(1), made=np.ones(1))
    plots = drawn(found)
    assert png_of(plots["critic-scores"]).startswith(b"\x89PNG")
    assert "average precision 0.500" in plots["detector"].alt


def test_an_unknown_error_is_no_error_bar_and_noise_alone_is_drawn():
    noise = {"precision": Score(0.0, "higher"), "recall": Score(0.1, "higher"), "fid": Score(90.0, "lower")}
    report = replace(report_on("noise"), scores=noise)
    (found,) = compare([report, replace(report, created="later")]).groups
    plots = {plot.name: plot for plot in plots_of_group(found.rows, [])}
    assert plots["precision-recall"].figure.axes[0].get_xlim()[0] == 0.0
    axes = plots["fid"].figure.axes[0]
    assert not axes.collections
    assert axes.texts[0].get_text() == "90"


def test_a_description_lists_a_few_runs_and_counts_the_others():
    (found,) = compare([report_on(f"mine-{number:02}", 1.0 + number) for number in range(12)]).groups
    for plot in plots_of_group(found.rows, []):
        assert "mine-07" in plot.alt, plot.name
        assert "mine-08" not in plot.alt, plot.name
        assert plot.alt.endswith("; and 4 more."), plot.name
    (found,) = compare([report_on(f"mine-{number:02}") for number in range(9)]).groups
    assert all("mine-08" in plot.alt for plot in plots_of_group(found.rows, []))  # one more is not left to guess


def test_the_mean_scores_in_the_description_are_those_of_the_named_discriminator(make_run):
    assert "Mean scores at the last one: training" in drawn(make_run())["critic-scores"].alt
    words = drawn(make_run("c-s0", model="cyclegan", shape=[1, 16, 16]))["critic-scores"].alt
    assert "Mean scores of D of digit at the last one: training" in words


def test_runs_without_scores_give_no_group_plots():
    bare = report_on("a")
    bare = replace(bare, scores={"kid": Score(0.1, "lower")})
    (found,) = compare([bare], sort="kid").groups
    assert plots_of_group(found.rows, []) == []
