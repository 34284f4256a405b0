"""The discriminator's plots: scores, precision against recall, decision boundary."""

import numpy as np
import pytest
from example_plots import plots_by_name
from example_runs import STEPS, scores_at, store

from ganeval.plots import png_of
from ganeval.plots.discriminator_precision_recall import average_precision, curve
from ganeval.plots.discriminator_scores import BINS, bin_shares
from ganeval.plots.theme import GENERATED, INK, REAL


def test_the_detectors_curve_is_that_of_scikit_learn_where_both_sides_weigh_alike():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    for count, digits in ((200, 9), (37, 1), (500, 0)):
        real, fake = random.normal(0.7, 1, count).round(digits), random.normal(0, 1, 300).round(digits)
        truth = np.concatenate([np.ones(count), np.zeros(300)])
        weights = np.concatenate([np.full(count, 1 / count), np.full(300, 1 / 300)])
        scores = np.concatenate([real, fake])
        precision, recall, _ = metrics.precision_recall_curve(truth, scores, sample_weight=weights)
        mine = curve(real, fake)
        assert np.allclose(mine[0], recall[::-1])
        assert np.allclose(mine[1], precision[::-1])
        theirs = metrics.average_precision_score(truth, scores, sample_weight=weights)
        assert average_precision(*mine) == pytest.approx(theirs, abs=1e-12)


def test_a_discriminator_that_separates_all_has_precision_1_and_one_that_separates_nothing_has_chance():
    low, high = np.arange(10.0), np.arange(20.0, 27.0)
    assert average_precision(*curve(high, low)) == 1.0
    assert average_precision(*curve(np.zeros(7), np.zeros(90))) == 0.5
    assert curve(low, high)[1].min() == 0.0
    # wrong throughout: the k-th of n real ones is detected after all fakes, so precision is (k/n) / (k/n + 1)
    expected = np.mean([(k / 10) / (k / 10 + 1) for k in range(1, 11)])
    assert average_precision(*curve(low, high)) == pytest.approx(expected)


def test_the_number_of_samples_changes_nothing_in_the_detectors_curve():
    random = np.random.default_rng(1)
    real, fake = random.normal(1, 1, 50), random.normal(0, 1, 40)
    assert average_precision(*curve(real, fake)) == pytest.approx(average_precision(*curve(real, fake.repeat(9))))


def test_densities_of_all_scores_within_the_edges_add_up_to_one():
    scores = np.random.default_rng(0).normal(0, 1, 777)
    shares = bin_shares(scores, np.linspace(scores.min(), scores.max(), BINS + 1))
    assert shares.sum() == pytest.approx(1)
    assert shares[BINS // 2 - 10 : BINS // 2 + 10].sum() > 0.5


@pytest.mark.slow
def test_the_decision_boundary_lies_where_scores_equal_it(make_run):
    panels = plots_by_name(make_run(shape=[2]))["boundary"].figure.axes
    assert len(panels) == 3
    for axes in panels:
        drawn = [lines.get_paths() for lines in axes.collections]
        contours = [path for paths in drawn if len(paths) and len(paths[0].vertices) > 4 for path in paths]
        vertices = np.concatenate([path.vertices for path in contours])
        assert np.allclose(vertices[:, 0], 0.25, atol=1e-6)
        assert vertices[:, 1].min() == pytest.approx(-1)
        assert vertices[:, 1].max() == pytest.approx(1)


@pytest.mark.slow
def test_the_legend_has_the_average_precision_at_the_best_and_the_last_check(make_run):
    held, trained_on = plots_by_name(make_run())["detector"].figure.axes
    for axes, key in ((held, "held_out"), (trained_on, "real")):
        values = [average_precision(*curve(scores_at(step)[key], scores_at(step)["made"])) for step in (200, 300)]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [
            f"best, step 200: AP {values[0]:.3f}", f"last, step 300: AP {values[1]:.3f}", "chance: 0.5",
        ]  # fmt: skip


@pytest.mark.slow
def test_ridges_are_the_scores_of_what_their_colour_stands_for(make_run):
    from matplotlib.colors import to_hex

    axes = plots_by_name(make_run())["critic-scores"].figure.axes[0]
    legend = {"real": REAL, "held_out": INK, "made": GENERATED}
    for row, step in enumerate(reversed(STEPS)):
        for key, colour in legend.items():
            (ridge,) = [
                patch
                for patch in axes.patches
                if to_hex(patch.get_edgecolor()) == colour and not patch.get_fill() and patch.get_data().baseline == row
            ]
            heights, edges = ridge.get_data().values - row, ridge.get_data().edges
            middle = np.average((edges[1:] + edges[:-1]) / 2, weights=heights)
            assert middle == pytest.approx(scores_at(step)[key].mean(), abs=0.15), (step, key)


@pytest.mark.slow
def test_scores_that_are_all_equal_or_of_one_image_are_drawn(make_run):
    run = make_run()
    for step in STEPS:
        path = run.folder / "learning" / f"scores-{step:08}.npz"
        store(path, real=np.ones(1), held_out=np.ones(1), made=np.ones(1))
    plots = plots_by_name(run)
    assert png_of(plots["critic-scores"]).startswith(b"\x89PNG")
    assert "average precision 0.500" in plots["detector"].alt


@pytest.mark.slow
def test_the_mean_scores_in_the_description_are_those_of_the_named_discriminator(make_run):
    assert "Mean scores at the last one: training" in plots_by_name(make_run())["critic-scores"].alt
    alt = plots_by_name(make_run("c-s0", model="cyclegan", shape=[1, 16, 16]))["critic-scores"].alt
    assert "Mean scores of D of digit at the last one: training" in alt
