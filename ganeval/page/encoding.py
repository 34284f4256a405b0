"""Images inside a page: data URIs, which need no file and no network.

Small images stay exact, pixel for pixel. Larger ones are WebP, an eighth of the size, and only to look at: scores are
never computed from them.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganeval.plots.run_arrays import downscale, read_image

EXACT_SIDE = 64  # pixels up to which images are PNG
SMALL_SIDE = 64  # CSS pixels towards which a small image is enlarged, by a whole number
STRIP_SIDE = 48  # the same, of images in a strip
LARGE_SIDE = 96  # CSS pixels of larger images
STORED_SIDE = 2 * LARGE_SIDE  # pixels of them in the file: as many as a high-resolution screen shows
QUALITY = 88  # of WebP: above it no difference is visible at this size
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by channels


@dataclass(frozen=True)
class InlineImage:
    """One `<img>`: its data URI, its alternative text, and its size on the page in CSS pixels."""

    uri: str
    alt: str
    width: int
    height: int


def inline_image(pixels: npt.NDArray[np.uint8], alt: str) -> InlineImage:
    """An image (H, W, C) as an `<img>`; a small one is enlarged by a whole number, so that all its pixels are alike.

    >>> inline_image(np.zeros((8, 8, 1), np.uint8), "black").width
    64
    """
    height, width = pixels.shape[:2]
    side = max(height, width)
    scale = max(1, SMALL_SIDE // side) if side <= LARGE_SIDE else LARGE_SIDE / side
    return InlineImage(_uri(downscale(pixels, STORED_SIDE)), alt, round(width * scale), round(height * scale))


def inline_strip(images: npt.NDArray[np.uint8], alt: str) -> InlineImage:
    """Images (n, H, W, C) side by side as one `<img>`, transparent between them.

    >>> inline_strip(np.zeros((8, 8, 8, 1), np.uint8), "black").height
    48
    """
    images = downscale(images, STORED_SIDE)
    count, height, width, channels = images.shape
    gap = max(1, width // 12)
    canvas = np.zeros((height, count * (width + gap) - gap, channels + 1), np.uint8)
    for index, image in enumerate(images):
        left = index * (width + gap)
        canvas[:, left : left + width, :channels] = image
        canvas[:, left : left + width, channels] = 255
    scale = max(1, STRIP_SIDE // height) if height <= LARGE_SIDE else LARGE_SIDE / height
    return InlineImage(_uri(canvas), alt, round(canvas.shape[1] * scale), round(height * scale))


def inline_grid(path: Path, alt: str) -> InlineImage:
    """A grid that training stored, as it is in its file. ContentError where it cannot be read."""
    height, width = read_image(path).shape[:2]
    return InlineImage(_data_uri("png", path.read_bytes()), alt, width, height)


def _uri(pixels: npt.NDArray[np.uint8]) -> str:
    """The data URI of an array (H, W, C): grey or colour, with alpha or without; PNG where it is small, else WebP."""
    channels = pixels.shape[2]
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels), MODES[channels])
    exact = image.height <= EXACT_SIDE or image.getcolors(256) is not None
    options: dict[str, Any] = {"optimize": True} if exact else {"quality": QUALITY, "method": 4}
    kind, stream = "png" if exact else "webp", io.BytesIO()
    image.save(stream, format=kind, **options)
    return _data_uri(kind, stream.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
