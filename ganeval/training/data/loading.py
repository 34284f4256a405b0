"""Pictures of any kind as one block of bytes: square, of one size, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import SampleSet
from ganeval.media.prefetch import ahead, decoding_threads
from ganeval.progress import Tick

Pixels = npt.NDArray[np.uint8]

SMALLEST, LARGEST = 8, 256  # what the reference networks are made for
MOST_BYTES = 16 * 10**9
CHUNK = 256  # pictures read between two ticks


@dataclass(frozen=True)
class Size:
    """The side that pictures are brought to, and the one that they must have: None where any will do."""

    side: int
    needed: int | None


def size_for(images: SampleSet, given: int | None, *, least: int = SMALLEST) -> Size:
    """The size asked for, else that of the pictures (enlarged to `least`); UsageError where neither will do."""
    if given is not None:
        if not SMALLEST <= given <= LARGEST:
            raise UsageError(f"size={given}: needed {SMALLEST} to {LARGEST} pixels")
        return Size(given, None)
    picture = images.item(0).pixels
    _, height, width = picture.shape
    if height != width or not SMALLEST <= height <= LARGEST:
        raise _unfit(images.name_of(0), picture, f"squares of {SMALLEST} to {LARGEST}")
    return Size(max(height, least), height)


def hold(sets: Sequence[SampleSet], size: Size, tick: Tick) -> list[Pixels]:
    """The pictures of each set, uint8 (N, C, S, S); C is 1 where the three channels of every picture are equal.

    Raises ContentError for one that cannot be read, or more than 16 GB of them, UsageError for one of another size.
    """
    total = sum(map(len, sets))
    _check_room(sets[0].name, total, size.side)
    held = [np.empty((len(images), 3, size.side, size.side), np.uint8) for images in sets]
    tasks = [
        partial(_fill, pixels, images, range(start, min(start + CHUNK, len(images))), size)
        for pixels, images in zip(held, sets, strict=True)
        for start in range(0, len(images), CHUNK)
    ]
    done = 0
    for count in ahead(tasks, decoding_threads(), polite=False):
        done += count
        tick("reading pictures", done, total)
    return [pixels[:, :1].copy() for pixels in held] if all(map(is_grey, held)) else held


def is_grey(pixels: Pixels) -> bool:
    """Whether all channels of every picture (N, 3, S, S) are equal."""
    return all(bool((chunk == chunk[:, :1]).all()) for chunk in _chunks(pixels))


def fitted(picture: Pixels, side: int) -> Pixels:
    """A picture (3, H, W) as (3, S, S): the square in its middle, by Pillow's resize.

    Bilinear with antialias where it shrinks, bicubic where it grows; a square of that side passes unchanged.

    >>> fitted(np.full((3, 30, 40), 7, np.uint8), 8).shape
    (3, 8, 8)
    """
    _, height, width = picture.shape
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = picture[:, top : top + edge, left : left + edge]
    if edge == side:
        return square
    image = Image.fromarray(np.ascontiguousarray(square.transpose(1, 2, 0)))
    filtering = Image.Resampling.BILINEAR if side < edge else Image.Resampling.BICUBIC
    return np.asarray(image.resize((side, side), filtering)).transpose(2, 0, 1)


def _fill(pixels: Pixels, images: SampleSet, indices: range, size: Size) -> int:
    for index in indices:
        picture = images.item(index).pixels
        if size.needed is not None and picture.shape[1:] != (size.needed, size.needed):
            raise _unfit(images.name_of(index), picture, f"{size.needed} x {size.needed} as the first")
        pixels[index] = fitted(picture, size.side)
    return len(indices)


def _unfit(name: str, picture: Pixels, needed: str) -> UsageError:
    _, height, width = picture.shape
    return UsageError(f"{name}: found {width} x {height} pixels, needed {needed}; give --set size=N to crop and resize")


def _check_room(name: str, count: int, side: int) -> None:
    if (needed := count * 3 * side * side) > MOST_BYTES:
        raise ContentError(
            f"{name}: found {count:,} pictures of {side} x {side}, which are {needed / 1e9:.1f} GB, and training holds "
            f"all in memory: needed {MOST_BYTES / 1e9:.0f} GB at most; give fewer, or a smaller --set size=N"
        )


def _chunks(pixels: Pixels) -> Iterator[Pixels]:
    return (pixels[start : start + CHUNK] for start in range(0, len(pixels), CHUNK))
