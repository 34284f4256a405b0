"""The images of a test: a random subset of each set, and the fingerprint of the whole set.

The fingerprint covers everything that `ganeval score` would have scored, so that `tally` recognises the report by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.errors import ContentError, UsageError
from ganeval.human.plan import SetIdentity
from ganeval.media.base import SampleSet
from ganeval.media.census import Census, Glimpse, look
from ganeval.media.images.decoding import DecodedImage
from ganeval.media.prefetch import ahead, decoding_threads
from ganeval.media.streams import Stream
from ganeval.progress import Tick
from ganeval.sources.opening import Opening, display_name, open_source
from ganeval.sources.statistics_files import Statistics

CHUNK = 64
Pixels = npt.NDArray[np.uint8]
Look = tuple[int, Glimpse, Pixels | None]


@dataclass(frozen=True)
class ImageSubset:
    """Some images of a set, uint8 3,H,W each in its own size, and the identity of the set."""

    identity: SetIdentity
    images: list[Pixels]


def random_subset(source: Any, count: int, random: np.random.RandomState, opening: Opening, tick: Tick) -> ImageSubset:
    """`count` random images of a source; the whole source is decoded once, for its fingerprint.

    `opening.count` and its seed limit the source, as `-n` and `--seed` of `score` do.
    Raises ContentError where there are too few images, BadImage for one that cannot be read.
    """
    images = open_source(source, opening)
    if isinstance(images, Statistics):
        raise UsageError(f"{images.name}: found points or statistics, needed images")
    images = _limit(images, opening)
    total = images.count or 0 if isinstance(images, Stream) else len(images)
    if total < count:
        text = f"{images.name}: found {total} images, needed {count} for a test of {2 * count}; ask for fewer with -n"
        raise ContentError(text)
    indices = [int(index) for index in random.choice(total, count, replace=False)]
    census, pixels = Census(), {}
    for looks in _look_at_all(images, frozenset(indices)):
        census.add([glimpse for _, glimpse, _ in looks], [])
        pixels.update({index: image for index, _, image in looks if image is not None})
        tick(f"look: {images.name}", census.count, total)
    identity = SetIdentity(display_name(source), census.count, census.facts().fingerprint)
    return ImageSubset(identity, [pixels[index] for index in indices])


def _limit(images: SampleSet | Stream, opening: Opening) -> SampleSet | Stream:
    """The images that `score -n` takes."""
    if opening.count is None or isinstance(images, Stream) or opening.count == len(images):
        return images
    if opening.count > len(images):
        raise ContentError(f"{images.name}: found {len(images)} images, needed {opening.count}; lower the limit")
    from ganeval.sources.subsampling import draw  # with torch, which is slow to import

    return draw(images, opening.count, opening.seed)


def _look_at_all(images: SampleSet | Stream, keep: frozenset[int]) -> Iterator[list[Look]]:
    """All images in their order, a chunk at a time, with the pixels of those to `keep`."""
    if isinstance(images, Stream):
        start = 0
        for batch in images.batches(CHUNK):
            yield [_look(index, image, keep) for index, image in enumerate(batch, start)]
            start += len(batch)
        return
    chunks = (range(start, min(start + CHUNK, len(images))) for start in range(0, len(images), CHUNK))
    yield from ahead((partial(_decode, images, chunk, keep) for chunk in chunks), decoding_threads(), polite=False)


def _decode(images: SampleSet, chunk: range, keep: frozenset[int]) -> list[Look]:
    return [_look(index, images.item(index), keep) for index in chunk]


def _look(index: int, image: DecodedImage, keep: frozenset[int]) -> Look:
    return index, look(index, image), image.pixels if index in keep else None
