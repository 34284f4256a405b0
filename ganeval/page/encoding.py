"""Pictures as part of a page: PNG data URIs, which need no file and no network.

Small pictures stay exact, pixel for pixel. Larger ones are WebP, an eighth of the size, and only shown: scores never
come from here.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganeval.plots.run_arrays import downscale

EXACT = 64  # pixels a side up to which pictures are PNG
WIDTH = 64  # CSS pixels that a picture is enlarged towards, by a whole number
STRIP = 48  # the same, of pictures in a strip
LARGEST = 96  # CSS pixels of pictures that are larger
SHARP = 2 * LARGEST  # pixels a side that the file keeps of them: as many as a sharp screen shows
QUALITY = 88  # of WebP: beyond it nothing more is seen at this size
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by channels


@dataclass(frozen=True)
class Picture:
    """One `<img>`: its data URI, what it shows in words, and how large it stands on the page, in CSS pixels."""

    uri: str
    alt: str
    width: int
    height: int


def picture(pixels: npt.NDArray[np.uint8], alt: str) -> Picture:
    """A picture (H, W, C) as an `<img>`, small ones enlarged by a whole number so that every pixel is as large.

    >>> picture(np.zeros((8, 8, 1), np.uint8), "black").width
    64
    """
    height, width = pixels.shape[:2]
    side = max(height, width)
    scale = max(1, WIDTH // side) if side <= LARGEST else LARGEST / side
    return Picture(uri_of(image_of(downscale(pixels, SHARP))), alt, round(width * scale), round(height * scale))


def strip(pictures: npt.NDArray[np.uint8], alt: str) -> Picture:
    """Pictures (n, H, W, C) side by side as one `<img>`; what is between them lets the page through.

    >>> strip(np.zeros((8, 8, 8, 1), np.uint8), "black").height
    48
    """
    pictures = downscale(pictures, SHARP)
    count, height, width, channels = pictures.shape
    gap = max(1, width // 12)
    canvas = np.zeros((height, count * (width + gap) - gap, channels + 1), np.uint8)
    for index, one in enumerate(pictures):
        at = index * (width + gap)
        canvas[:, at : at + width, :channels] = one
        canvas[:, at : at + width, channels] = 255
    scale = max(1, STRIP // height) if height <= LARGEST else LARGEST / height
    return Picture(uri_of(image_of(canvas)), alt, round(canvas.shape[1] * scale), round(height * scale))


def grid(pixels: npt.NDArray[np.uint8], alt: str) -> Picture:
    """A grid that the suite stored, as an `<img>`: taken back to its own pixels, and shown as large as it was."""
    return Picture(uri_of(image_of(_shrunk(pixels))), alt, pixels.shape[1], pixels.shape[0])


def image_of(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """A Pillow image of an array (H, W, C): grey, colour, and either with alpha."""
    channels = pixels.shape[2]
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels), MODES[channels])


def uri_of(image: Image.Image) -> str:
    """The data URI of an image: PNG where it is small, WebP where it is not."""
    kind, options = _kind(image)
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def _kind(image: Image.Image) -> tuple[str, dict[str, Any]]:
    if image.height <= EXACT or len(image.getcolors(256) or ()) > 0:
        return "PNG", {"optimize": True}
    return "WEBP", {"quality": QUALITY, "method": 4}


def _shrunk(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture before it was enlarged by a whole number; itself where it was not."""
    for scale in range(16, 1, -1):
        small = pixels[::scale, ::scale]
        if pixels.shape[0] % scale == pixels.shape[1] % scale == 0 and np.array_equal(
            small.repeat(scale, 0).repeat(scale, 1), pixels
        ):
            return small
    return pixels
