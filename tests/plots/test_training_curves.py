"""Losses and scores over training: curves, labels and marks."""

import json

import numpy as np
import pytest
from example_plots import plots_by_name, texts_of

from ganeval.plots.losses import smoothed


def test_smoothing_is_a_running_mean_that_keeps_straight_lines_and_both_ends():
    values = np.random.default_rng(0).normal(0, 1, 300)
    assert np.allclose(smoothed(values)[10:-10], np.convolve(values, np.full(21, 1 / 21), "valid"))
    assert smoothed(values)[[0, -1]].tolist() == pytest.approx(values[[0, -1]].tolist())
    assert np.allclose(smoothed(np.arange(300.0)), np.arange(300.0))


@pytest.mark.slow
def test_losses_are_those_of_the_log_with_the_best_step_and_where_it_diverged(make_run):
    run = make_run()
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 305, "diverged": "nan", "last_good": 300}) + "\n")
    panels = plots_by_name(run)["losses"].figure.axes
    assert [axes.get_ylabel() for axes in panels] == ["loss", "D's mean score", "other terms"]
    raw = [line for line in panels[0].lines if line.get_alpha() is not None]
    assert [line.get_ydata()[0] for line in raw] == [1.0, 2.0]
    assert list(raw[0].get_xdata()) == list(range(10, 301, 10))
    upright = [line.get_xdata()[0] for line in panels[0].lines if list(line.get_ydata()) == [0, 1]]
    assert upright == [200, 305]
    assert {text.get_text() for text in panels[0].texts} == {"★ best", "✕ diverged"}
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == ["D", "G"]


@pytest.mark.slow
def test_scores_over_training_are_named_for_what_they_are_of(make_run):
    upper, lower = plots_by_name(make_run())["training"].figure.axes
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


@pytest.mark.slow
def test_the_best_step_and_divergence_can_both_be_read_where_they_are_near(make_run):
    run = make_run()
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 205, "diverged": "nan", "last_good": 200}) + "\n")
    boxes = dict(texts_of(plots_by_name(run)["losses"].figure))
    assert boxes["✕ diverged"].y1 < boxes["★ best"].y0
