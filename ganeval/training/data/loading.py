"""Images of any kind as one block of bytes in memory: square and of one size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import Items, SampleSet, readable
from ganeval.progress import Tick

Pixels = npt.NDArray[np.uint8]

SMALLEST, LARGEST = 8, 256  # pixels: what the reference networks are built for
MAX_BYTES = 16 * 10**9
CHUNK = 256  # images read between two ticks


@dataclass(frozen=True)
class Size:
    """The side that images are resized to, and the one that they must have: None where any will do."""

    side: int
    needed: int | None


def size_for(images: SampleSet, given: int | None, *, least: int = SMALLEST) -> Size:
    """The size asked for, else that of the first image (enlarged to `least`); UsageError where neither will do."""
    if given is not None:
        if not SMALLEST <= given <= LARGEST:
            raise UsageError(f"size={given}: needed {SMALLEST} to {LARGEST} pixels")
        return Size(given, None)
    image = images.item(0).pixels
    _, height, width = image.shape
    if height != width or not SMALLEST <= height <= LARGEST:
        raise _wrong_size(images.name_of(0), image, f"squares of {SMALLEST} to {LARGEST}")
    return Size(max(height, least), height)


def check_memory(name: str, count: int, side: int) -> None:
    """ContentError for more than 16 GB of images: training holds all in memory."""
    if (size := count * 3 * side * side) > MAX_BYTES:
        raise ContentError(
            f"{name}: found {count:,} images of {side} x {side}, which take {size / 1e9:.1f} GB, and training holds "
            f"all in memory: needed {MAX_BYTES / 1e9:.0f} GB at most; give fewer, or a smaller --set size=N"
        )


def read_pixels(sets: Sequence[SampleSet], size: Size, tick: Tick) -> list[Pixels]:
    """The images of each set, uint8 (N, C, S, S); C is 1 where the three channels of every image are equal.

    Raises ContentError for one that cannot be read, UsageError for one of another size.
    """
    total = sum(map(len, sets))
    blocks = [np.empty((len(images), 3, size.side, size.side), np.uint8) for images in sets]
    done = 0
    for pixels, images in zip(blocks, sets, strict=True):
        for count in images.map_batches(partial(_fill, pixels, images, size), CHUNK):
            done += count
            tick("reading images", done, total)
    return [pixels[:, :1].copy() for pixels in blocks] if all(map(is_grey, blocks)) else blocks


def is_grey(pixels: Pixels) -> bool:
    """Whether all channels of every image (N, 3, S, S) are equal."""
    chunks = (pixels[start : start + CHUNK] for start in range(0, len(pixels), CHUNK))
    return all(bool((chunk == chunk[:, :1]).all()) for chunk in chunks)


def fitted(image: Pixels, side: int) -> Pixels:
    """An image (3, H, W) as (3, S, S): the square in its middle, by Pillow's resize.

    Bilinear with antialias where it shrinks, bicubic where it grows; a square of that side passes unchanged.

    >>> fitted(np.full((3, 30, 40), 7, np.uint8), 8).shape
    (3, 8, 8)
    """
    _, height, width = image.shape
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = image[:, top : top + edge, left : left + edge]
    if edge == side:
        return square
    square_image = Image.fromarray(np.ascontiguousarray(square.transpose(1, 2, 0)))
    filtering = Image.Resampling.BILINEAR if side < edge else Image.Resampling.BICUBIC
    return np.asarray(square_image.resize((side, side), filtering)).transpose(2, 0, 1)


def _fill(pixels: Pixels, images: SampleSet, size: Size, items: Items) -> int:
    count = 0
    for index, decoded in readable(items):
        image = decoded.pixels
        if size.needed is not None and image.shape[1:] != (size.needed, size.needed):
            raise _wrong_size(images.name_of(index), image, f"{size.needed} x {size.needed} as the first image has")
        pixels[index] = fitted(image, size.side)
        count += 1
    return count


def _wrong_size(name: str, image: Pixels, needed: str) -> UsageError:
    _, height, width = image.shape
    return UsageError(f"{name}: found {width} x {height} pixels, needed {needed}; give --set size=N to crop and resize")
