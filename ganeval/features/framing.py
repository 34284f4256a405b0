"""`--crop N` and `--resize N`: all images of both sets to N×N pixels, before the network's own resize.

Pillow's antialiased Lanczos on 8 bits, rounded to 8 bits, as StyleGAN3's `dataset_tool.py` makes its data sets (Karras
et al. 2021): images that were so prepared and stored as PNG give the same scores. `crop` takes the largest centred
square first (an odd row or column too many is left out at the end), `resize` squeezes the whole image.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

LABEL = re.compile(r"(crop|resize)-(\d+), ")  # as a protocol's resize begins


@dataclass(frozen=True)
class Framing:
    """What becomes of each image before the network: `size` pixels a side, with or without the crop to a square.

    >>> Framing(2, crop=True).label, Framing(2, crop=True).apply(np.zeros((3, 4, 7), np.uint8)).shape
    ('crop-2', (3, 2, 2))
    """

    size: int
    crop: bool

    @property
    def label(self) -> str:
        """Its name in protocols."""
        return f"{'crop' if self.crop else 'resize'}-{self.size}"

    def apply(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """A uint8 3,H,W image as 3,N,N."""
        if self.crop:
            side = min(pixels.shape[1:])
            top, left = ((length - side) // 2 for length in pixels.shape[1:])
            pixels = pixels[:, top : top + side, left : left + side]
        if pixels.shape[1:] == (self.size, self.size):
            return pixels
        image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
        return np.asarray(image.resize((self.size, self.size), Image.Resampling.LANCZOS)).transpose(2, 0, 1)


def framing_in(resizes: str) -> Framing | None:
    """The framing that a protocol's resize names before the network's own; None where it names none.

    >>> framing_in("crop-32, tf1-bilinear"), framing_in("tf1-bilinear")
    (Framing(size=32, crop=True), None)
    """
    match = LABEL.match(resizes)
    return Framing(int(match[2]), crop=match[1] == "crop") if match else None
