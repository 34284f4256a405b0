"""Grids and files of a run folder: cells, steps, order."""

import numpy as np
import pytest
import torch

from ganeval.errors import ContentError
from ganeval.plots.run_arrays import files_by_step, grid_cells, pick_steps
from ganeval.training.checks.grids import write_grid


@pytest.mark.parametrize(("side", "columns", "channels"), [(8, 8, 1), (8, 10, 3), (16, 12, 1), (28, 16, 1), (64, 8, 3)])
def test_the_cells_of_a_grid_are_the_images_that_training_stored_in_it(tmp_path, side, columns, channels):
    pixels = torch.randint(0, 256, (columns * 8, channels, side, side), dtype=torch.uint8)
    write_grid(tmp_path / "step-00000100.png", pixels, columns)
    cells = grid_cells(tmp_path / "step-00000100.png", columns, side)
    expected = pixels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).reshape(8, columns, side, side, 3)
    assert np.array_equal(cells, expected.numpy())


def test_a_grid_of_another_size_is_refused_with_both_sizes(tmp_path):
    write_grid(tmp_path / "step-00000100.png", torch.zeros(64, 1, 8, 8, dtype=torch.uint8), 8)
    with pytest.raises(ContentError, match=r"found a grid of 492 x 492 pixels, needed 10 columns of 8 x 8 pixels"):
        grid_cells(tmp_path / "step-00000100.png", 10, 8)


@pytest.mark.parametrize("keep", [None, 10, 130, 240, 5])
def test_steps_are_picked_evenly_with_both_ends_and_the_best(keep):
    steps = list(range(10, 250, 10))
    picked = pick_steps(steps, 8, keep)
    assert len(picked) == 8
    assert picked == sorted(set(picked))
    assert {10, 240, *({keep} & set(steps))} <= set(picked)
    assert max(np.diff(picked)) <= 70


def test_files_by_step_are_in_order_and_others_are_left(tmp_path):
    for name in ("scores-00000200.npz", "scores-00000010.npz", "scores-x.npz", ".scores-00000300.npz.tmp"):
        (tmp_path / name).touch()
    assert list(files_by_step(tmp_path, "scores-*.npz")) == [10, 200]
