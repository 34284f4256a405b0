"""Outlines against SciPy's morphology."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from ganeval.training.data.outlines import outlines


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(*[st.integers(1, high) for high in (3, 3, 9, 9)])))
def test_an_outline_is_scipys_morphological_gradient(pixels: np.ndarray) -> None:
    expected = ndimage.morphological_gradient(pixels.astype(np.int64), size=(1, 1, 3, 3), mode="nearest")
    np.testing.assert_array_equal(outlines(torch.from_numpy(pixels)).numpy(), expected)


def test_an_outline_is_dilation_minus_erosion() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 16, 16), np.uint8)
    size = (1, 1, 3, 3)
    dilated = ndimage.grey_dilation(pixels, size=size, mode="nearest")
    eroded = ndimage.grey_erosion(pixels, size=size, mode="nearest")
    np.testing.assert_array_equal(outlines(torch.from_numpy(pixels)).numpy(), dilated - eroded)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_flat_image_has_no_outline(value: int) -> None:
    assert not outlines(torch.full((2, 3, 8, 8), value, dtype=torch.uint8)).any()


def test_a_lone_pixel_is_outlined_by_its_neighbourhood() -> None:
    pixels = torch.zeros(1, 1, 7, 7, dtype=torch.uint8)
    pixels[0, 0, 3, 3] = 255
    expected = torch.zeros_like(pixels)
    expected[0, 0, 2:5, 2:5] = 255
    assert torch.equal(outlines(pixels), expected)


def test_bytes_stay_bytes_and_the_image_unchanged() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    before = pixels.clone()
    assert outlines(pixels).dtype == torch.uint8
    assert torch.equal(pixels, before)


def test_no_images_have_no_outlines() -> None:
    assert outlines(torch.zeros(0, 3, 8, 8, dtype=torch.uint8)).shape == (0, 3, 8, 8)
