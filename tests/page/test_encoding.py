"""Images inside the page: exact where they are small, WebP where they are not."""

from pathlib import Path

import numpy as np
from example_pages import (
    pixels_of,
    random_images,
)

from ganeval.page.encoding import inline_image, inline_strip


def test_small_images_are_exact_and_large_ones_are_webp_of_display_size() -> None:
    small, large = random_images(1, 32, 3)[0], random_images(1, 128, 3)[0]
    assert np.array_equal(pixels_of(inline_image(small, "").uri), small)
    assert (inline_image(small, "").width, inline_image(large, "").width) == (64, 96)
    assert inline_image(large, "").uri.startswith("data:image/webp;base64,")
    assert inline_strip(random_images(8, 128, 3), "").height == 96


def test_large_images_are_stored_at_most_at_the_resolution_of_a_sharp_screen(tmp_path: Path) -> None:
    large, wide = random_images(8, 256, 3), random_images(1, 250, 1)[0][:100]
    assert pixels_of(inline_image(large[0], "").uri).shape == (192, 192, 3)
    assert pixels_of(inline_image(wide, "").uri).shape[:2] == (77, 192)
    assert (inline_image(wide, "").width, inline_image(wide, "").height) == (96, 38)
    assert pixels_of(inline_strip(large, "").uri).shape == (192, 8 * 192 + 7 * 16, 4)
    assert pixels_of(inline_image(large[0][:192, :192], "").uri).shape == (192, 192, 3)
