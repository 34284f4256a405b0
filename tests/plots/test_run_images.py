"""Plots of images: evolution, interpolation, activation."""

import numpy as np
import pytest
from example_plots import plots_by_name
from example_runs import STEPS, some_cells


@pytest.mark.slow
def test_a_row_of_the_evolution_is_the_first_row_of_that_checks_grid(make_run):
    axes = plots_by_name(make_run(classes=3, names=["zebra", "x", "y"]))["evolution"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    gap = 1
    for row, step in enumerate(STEPS):
        expected = some_cells(8, 3, 8, step)[0]
        for column in range(3):
            top, left = row * (8 + gap), column * (8 + gap)
            assert np.array_equal(canvas[top : top + 8, left : left + 8, :3], expected[column])
    words = [text.get_text() for text in axes.texts]
    assert words == ["step 100", "★ step 200", "step 300", "zebra", "x", "y"]


@pytest.mark.slow
def test_translations_are_shown_as_image_translation_and_back_of_both_domains(make_run):
    axes = plots_by_name(make_run(model="cyclegan", shape=[1, 16, 16]))["evolution"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    row = some_cells(8, 12, 16, 100)[0]  # a, ab, aba, b, ba, bab, and again
    expected = [row[place] for place in (0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11)]
    full = np.flatnonzero(canvas[0, :, 3])
    starts = [int(place) for place in full if place == 0 or canvas[0, place - 1, 3] == 0]
    assert len(starts) == 12
    for start, cell in zip(starts, expected, strict=True):
        assert np.array_equal(canvas[:16, start : start + 16, :3], cell)
    assert {"digit → outline → digit", "outline → digit → outline"} <= {text.get_text() for text in axes.texts}


@pytest.mark.slow
def test_interpolations_stand_side_by_side_with_their_classes(make_run):
    run = make_run(classes=4, names=["p", "q", "r", "s"])
    axes = plots_by_name(run)["interpolation"].figure.axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    with np.load(run.folder / "learning" / "interpolation.npz") as arrays:
        assert np.array_equal(canvas[9:17, :8, 0], arrays["linear"][1, 0, ..., 0])
        assert np.array_equal(canvas[9:17, -8:, 0], arrays["spherical"][1, 8, ..., 0])
    assert [text.get_text() for text in axes.texts][:4] == ["s", "q", "p", "r"]


@pytest.mark.slow
def test_a_layers_starts_are_above_its_maxima(make_run):
    run = make_run()
    canvas = np.asarray(plots_by_name(run)["activation-block2"].figure.axes[0].images[0].get_array())
    with np.load(run.folder / "learning" / "activation-block2.npz") as arrays:
        assert np.array_equal(canvas[:8, :8, 0], arrays["before"][0, ..., 0])
        top = canvas.shape[0] - int(np.argmax(canvas[::-1, 0, 3] > 0)) - 8
        assert np.array_equal(canvas[top : top + 8, :8, 0], arrays["pictures"][0, ..., 0])


@pytest.mark.slow
def test_activations_are_written_under_their_images(make_run):
    axes = plots_by_name(make_run())["activation-block2"].figure.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert [f"{value / 2:.2f}" for value in range(8)] == words[-16:-8]
    assert [f"{value + 1:.2f}" for value in range(8)] == words[-8:]


@pytest.mark.slow
def test_a_translators_images_are_test_images_and_not_generated(make_run):
    plot = plots_by_name(make_run(model="cyclegan"))["activation-block2"]
    words = [text.get_text() for text in plot.figure.axes[0].texts]
    assert {"median", "highest", "layer block2, by channel; below: its peak activation"} <= set(words)
    assert "before" not in words
    assert plot.alt.startswith("Test images of median and of highest activation for each of 8 channels of layer block2")
