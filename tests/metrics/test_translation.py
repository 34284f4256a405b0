"""PSNR and cycle L1 on uniform errors, whose value is known."""

import math

import numpy as np
import pytest
import torch

from ganeval.metrics.translation import cycle_l1, psnr


def grey(levels: list[int]) -> torch.Tensor:
    """Images of one grey level each."""
    return torch.tensor(levels, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8)


@pytest.mark.parametrize("levels", [1, 10, 255])
def test_psnr_of_a_uniform_error(levels: int) -> None:
    estimate = psnr(grey([0, 0]), grey([levels, levels]))
    assert estimate.value == pytest.approx(20 * math.log10(255 / levels))
    assert estimate.error == 0


def test_psnr_is_the_mean_of_decibels_and_an_exact_image_counts_half_a_level() -> None:
    exact, off = 20 * math.log10(255 / 0.5), 20 * math.log10(255 / 10)
    estimate = psnr(grey([7, 7]), grey([7, 17]))
    assert estimate.value == pytest.approx((exact + off) / 2)
    assert estimate.error == pytest.approx(abs(exact - off) / 2)  # std of two with ddof 1, over the root of two
    assert math.isfinite(psnr(grey([3]), grey([3])).value)


def test_cycle_l1_is_the_mean_absolute_difference() -> None:
    estimate = cycle_l1(grey([0, 0, 255]), grey([51, 0, 255 - 51]))
    assert estimate.value == pytest.approx((0.2 + 0 + 0.2) / 3)
    assert estimate.error == pytest.approx(np.std([0.2, 0, 0.2], ddof=1) / 3**0.5)
    assert cycle_l1(grey([9]), grey([9])).value == 0
