"""One format for all images of a test, so that nothing but their content distinguishes them.

One size (never enlarged), one mode, and PNG without compression or metadata: every file has the same number of bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ImageFormat:
    """The format of all images: pixels across and down, grey or colour; `cropped` to their central square."""

    width: int
    height: int
    grey: bool
    cropped: bool


def common_format(images: Sequence[Pixels], side: int) -> ImageFormat:
    """The format of images (uint8 3,H,W): the smallest one's size, at most `side` pixels along the longer side.

    Images of different proportions are cropped to their central square; they are grey only if all of them are.

    >>> common_format([np.zeros((3, 8, 8), np.uint8), np.ones((3, 40, 30), np.uint8)], 256)
    ImageFormat(width=8, height=8, grey=True, cropped=True)
    """
    sizes = [(image.shape[2], image.shape[1]) for image in images]
    width, height = min(sizes, key=lambda size: size[0] * size[1])
    cropped = not all(abs(across * height - down * width) < max(across, width) for across, down in sizes)
    if cropped:
        width = height = min(min(size) for size in sizes)
    scale = min(1.0, side / max(width, height))
    grey = all((image == image[:1]).all() for image in images)
    return ImageFormat(max(1, round(width * scale)), max(1, round(height * scale)), grey, cropped)


def convert(pixels: Pixels, form: ImageFormat) -> Image.Image:
    """An image in the common format; reduced with Lanczos where it is larger."""
    image = Image.fromarray(pixels[0] if form.grey else np.ascontiguousarray(np.moveaxis(pixels, 0, 2)))
    if form.cropped:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.size != (form.width, form.height):
        image = image.resize((form.width, form.height), Image.Resampling.LANCZOS)
    return image


def uncompressed_png(image: Image.Image) -> bytes:
    """An image as PNG whose length depends on its size and mode alone.

    >>> noise = np.random.RandomState(0).randint(0, 256, (20, 20), np.uint8)
    >>> len(uncompressed_png(Image.fromarray(noise))) == len(uncompressed_png(Image.new("L", (20, 20))))
    True
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()
