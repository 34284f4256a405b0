"""The numbers behind the plots, against closed forms and other implementations."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from example_runs import report_on

from ganeval.errors import ContentError
from ganeval.plots.discriminator_precision_recall import average_precision, curve
from ganeval.plots.discriminator_scores import BINS, bin_shares
from ganeval.plots.losses import smoothed
from ganeval.plots.mode_counts import mode_counts_of
from ganeval.plots.run_arrays import files_by_step, grid_cells, pick_steps
from ganeval.plots.theme import MissingData
from ganeval.plots.training_log import selection_fid, training_log_of
from ganeval.reports.report import Score
from ganeval.training.checks.grids import write_grid


@pytest.mark.parametrize(("side", "columns", "channels"), [(8, 8, 1), (8, 10, 3), (16, 12, 1), (28, 16, 1), (64, 8, 3)])
def test_the_cells_of_a_grid_are_the_images_that_training_stored_in_it(tmp_path, side, columns, channels):
    pixels = torch.randint(0, 256, (columns * 8, channels, side, side), dtype=torch.uint8)
    write_grid(tmp_path / "step-00000100.png", pixels, columns)
    found = grid_cells(tmp_path / "step-00000100.png", columns, side)
    expected = pixels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).reshape(8, columns, side, side, 3)
    assert np.array_equal(found, expected.numpy())


def test_a_grid_of_another_size_is_refused_with_both_sizes(tmp_path):
    write_grid(tmp_path / "step-00000100.png", torch.zeros(64, 1, 8, 8, dtype=torch.uint8), 8)
    with pytest.raises(ContentError, match=r"found a grid of 492 x 492 pixels, needed 10 columns of 8 x 8 pixels"):
        grid_cells(tmp_path / "step-00000100.png", 10, 8)


def test_the_detectors_curve_is_that_of_scikit_learn_where_both_sides_weigh_alike():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    for count, digits in ((200, 9), (37, 1), (500, 0)):
        real, made = random.normal(0.7, 1, count).round(digits), random.normal(0, 1, 300).round(digits)
        truth = np.concatenate([np.ones(count), np.zeros(300)])
        weights = np.concatenate([np.full(count, 1 / count), np.full(300, 1 / 300)])
        scores = np.concatenate([real, made])
        precision, recall, _ = metrics.precision_recall_curve(truth, scores, sample_weight=weights)
        mine = curve(real, made)
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
    real, made = random.normal(1, 1, 50), random.normal(0, 1, 40)
    assert average_precision(*curve(real, made)) == pytest.approx(average_precision(*curve(real, made.repeat(9))))


def test_smoothing_is_a_running_mean_that_keeps_straight_lines_and_both_ends():
    values = np.random.default_rng(0).normal(0, 1, 300)
    assert np.allclose(smoothed(values)[10:-10], np.convolve(values, np.full(21, 1 / 21), "valid"))
    assert smoothed(values)[[0, -1]].tolist() == pytest.approx(values[[0, -1]].tolist())
    assert np.allclose(smoothed(np.arange(300.0)), np.arange(300.0))


@pytest.mark.parametrize("keep", [None, 10, 130, 240, 5])
def test_steps_are_picked_evenly_with_both_ends_and_the_best(keep):
    steps = list(range(10, 250, 10))
    found = pick_steps(steps, 8, keep)
    assert len(found) == 8
    assert found == sorted(set(found))
    assert {10, 240, *({keep} & set(steps))} <= set(found)
    assert max(np.diff(found)) <= 70


def test_densities_of_all_scores_within_the_edges_add_up_to_one():
    scores = np.random.default_rng(0).normal(0, 1, 777)
    found = bin_shares(scores, np.linspace(scores.min(), scores.max(), BINS + 1))
    assert found.sum() == pytest.approx(1)
    assert found[BINS // 2 - 10 : BINS // 2 + 10].sum() > 0.5


def test_a_resumed_run_keeps_the_later_line_of_a_step_and_ignores_what_is_no_number(make_run):
    found = make_run()
    lines = [
        {"step": 10, "d/loss": 77.0},
        {"step": 5, "d/loss": 66.0},
        {"step": 20, "d/loss": None, "g/loss": True},
        {"step": "x", "d/loss": 1.0},
        {"step": 310, "diverged": "the loss is nan", "last_good": 300},
    ]
    with (found.folder / "log.jsonl").open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.write('{"step": 30, "d/loss": NaN}\n{"step": 40, "d/lo')
    log = training_log_of(found)
    assert list(log.terms["d/loss"])[:4] == [5, 10, 20, 30]
    assert list(log.terms["d/loss"].values())[:4] == [66.0, 77.0, 10 / 20, 10 / 30]
    assert log.terms["g/loss"][20] == 1.0
    assert log.diverged == 310
    assert log.checks["fid"] == {100: 4.0, 200: 1.5, 300: 2.0}
    assert selection_fid(found.report) == log.checks["fid"]


@pytest.mark.parametrize(
    ("config", "names", "columns", "classes"),
    [
        ({"classes": 0}, ["0", "1"], 8, []),
        ({"classes": 3}, ["x", "y", "z"], 3, ["x", "y", "z"]),
        ({"classes": 3}, None, 3, ["0", "1", "2"]),
        ({"classes": 20}, None, 8, [str(number) for number in range(20)]),
        ({"model": "cyclegan", "shape": [1, 16, 16]}, ["0", "1"], 12, []),
    ],
)
def test_a_training_log_knows_the_columns_of_its_grids(make_run, config, names, columns, classes):
    log = training_log_of(make_run(names=names, **config))
    assert (log.grid_columns, log.classes) == (columns, classes)
    assert log.domains() == (("digit", "outline") if log.translates else ("A", "B"))


def test_modes_below_a_tenth_of_their_share_are_lost():
    more = {"samples": [90, 1, 9, 0], "reference": [40, 10, 40, 10], "names": None}
    counts = mode_counts_of(report_on("a", modes_covered=Score(3, "higher", total=4, more=more)))
    assert counts.sample_shares.tolist() == [0.9, 0.01, 0.09, 0.0]
    assert counts.lost.tolist() == [3]  # 0.01 is not below a tenth of 0.1
    assert counts.error[0] == pytest.approx((0.9 * 0.1 / 100) ** 0.5)


def test_modes_of_points_are_lost_where_no_sample_is_near():
    report = report_on("a")
    more = {"samples": [500, 0, 1], "reference": [10, 10, 10]}
    points = replace(report, scores={"modes_captured": Score(2, "higher", total=3, more=more)})
    assert mode_counts_of(points).lost.tolist() == [1]


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ({}, "no modes were counted"),
        ({"modes_covered": Score(9, "higher", total=10)}, "10 modes are too many, or an earlier version scored it"),
        (
            {"modes_covered": Score(9, "higher", total=1000)},
            "1,000 modes are too many, or an earlier version scored it",
        ),
    ],
)
def test_a_report_without_counts_says_why(scores, why):
    with pytest.raises(MissingData) as caught:
        mode_counts_of(replace(report_on("a"), scores=scores))
    assert str(caught.value) == f"no counts by mode in the report: {why}"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"samples": [1, 2], "reference": [1]}, "found counts of 2 and of 1 modes"),
        ({"samples": [1, 2.5], "reference": [1, 1]}, r"samples by mode is \[1, 2.5\], needed whole numbers"),
        ({"samples": "12", "reference": [1, 1]}, "samples by mode is 12, needed whole numbers"),
        ({"samples": [True, False], "reference": [1, 1]}, "samples by mode is .True, False., needed whole numbers"),
        ({"samples": [1, 2**63], "reference": [1, 1]}, "samples by mode is .1, 9223372036854775808., needed whole"),
        ({"samples": [1, 2], "reference": [1, -1]}, r"reference by mode is \[1, -1\], needed whole numbers"),
        ({"samples": [1, 2], "reference": [1, 1], "names": ["a"]}, "found counts of 2 and of 2 modes"),
    ],
)
def test_broken_counts_are_one_line(more, found):
    with pytest.raises(ContentError, match=found):
        mode_counts_of(report_on("a", modes_covered=Score(2, "higher", total=2, more=more)))


def test_files_by_step_are_in_order_and_others_are_left(tmp_path):
    for name in ("scores-00000200.npz", "scores-00000010.npz", "scores-x.npz", ".scores-00000300.npz.tmp"):
        (tmp_path / name).touch()
    assert list(files_by_step(tmp_path, "scores-*.npz")) == [10, 200]


def test_numbers_that_no_axis_can_show_are_ignored(make_run):
    found = make_run()
    lines = [
        '{"step": 15, "d/loss": 1e308}',
        f'{{"step": 25, "g/loss": 1{"0" * 400}}}',
        f'{{"step": 1{"0" * 400}, "d/loss": 1}}',
    ]
    lines += ['{"step": -5, "d/loss": 1}', '{"step": 35, "check": {"fid": -1e308}}', '{"step": true, "d/loss": 1}']
    with (found.folder / "log.jsonl").open("a") as file:
        file.write("\n".join(lines) + "\n")
    log = training_log_of(found)
    assert list(log.terms["d/loss"]) == list(log.terms["g/loss"]) == list(range(10, 301, 10))
    assert log.checks["fid"] == {100: 4.0, 200: 1.5, 300: 2.0}


def test_a_reports_own_fid_over_training_is_read_as_far_as_it_is_numbers():
    kept = {"100": 4.0, "x": 1.0, "200": None, "300": "2", "400": float("nan"), "500": 10**400, "50": 9, "-1": 3.0}
    report = replace(report_on("a"), more={"training": {"selection_fid": kept}})
    assert selection_fid(report) == {50: 9.0, 100: 4.0}
    assert selection_fid(replace(report, more={"training": {"selection_fid": [1]}})) == {}
