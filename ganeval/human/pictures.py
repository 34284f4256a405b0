"""The pictures of a test: a few of each set, drawn at random, and the fingerprint of the set that they are from.

The fingerprint is of everything that `ganeval score` would have scored, so that `tally` knows the report by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.errors import ContentError, UsageError
from ganeval.human.plan import Side
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
Seen = list[tuple[int, Glimpse, Pixels | None]]


@dataclass(frozen=True)
class Drawn:
    """Some pictures of a set, uint8 3,H,W each in its own size, and the set."""

    side: Side
    pictures: list[Pixels]


def draw_pictures(source: Any, count: int, random: np.random.RandomState, opening: Opening, tick: Tick) -> Drawn:
    """`count` pictures of a source, drawn at random; all of it is decoded once, for its fingerprint.

    `opening.count` and its seed choose what is drawn from, as `-n` and `--seed` of `score` do.
    Raises ContentError where there are too few, BadImage for one that cannot be read.
    """
    images = open_source(source, opening)
    if isinstance(images, Statistics):
        raise UsageError(f"{images.name}: found points or statistics, needed pictures")
    images = _limited(images, opening)
    total = images.count or 0 if isinstance(images, Stream) else len(images)
    if total < count:
        text = f"{images.name}: found {total} pictures, needed {count} for a test of {2 * count}; ask for fewer with -n"
        raise ContentError(text)
    chosen = [int(index) for index in random.choice(total, count, replace=False)]
    census, kept = Census(), {}
    for seen in _looked(images, frozenset(chosen)):
        census.add([glimpse for _, glimpse, _ in seen], [])
        kept.update({index: pixels for index, _, pixels in seen if pixels is not None})
        tick(f"look: {images.name}", census.count, total)
    side = Side(display_name(source), census.count, census.facts().fingerprint)
    return Drawn(side, [kept[index] for index in chosen])


def _limited(images: SampleSet | Stream, opening: Opening) -> SampleSet | Stream:
    """Those that `score -n` takes; the pipeline is imported here, as it brings torch with it."""
    if opening.count is None or isinstance(images, Stream) or opening.count == len(images):
        return images
    if opening.count > len(images):
        raise ContentError(f"{images.name}: found {len(images)} pictures, needed {opening.count}; limit it to fewer")
    from ganeval.sources.subsampling import draw

    return draw(images, opening.count, opening.seed)


def _looked(images: SampleSet | Stream, chosen: frozenset[int]) -> Iterator[Seen]:
    """All pictures in their order, a chunk at a time; only the pixels of the chosen are kept."""
    if isinstance(images, Stream):
        start = 0
        for batch in images.batches(CHUNK):
            yield [_glimpse(index, picture, chosen) for index, picture in enumerate(batch, start)]
            start += len(batch)
        return
    chunks = (range(start, min(start + CHUNK, len(images))) for start in range(0, len(images), CHUNK))
    yield from ahead((partial(_decoded, images, chunk, chosen) for chunk in chunks), decoding_threads(), polite=False)


def _decoded(images: SampleSet, chunk: range, chosen: frozenset[int]) -> Seen:
    return [_glimpse(index, images.item(index), chosen) for index in chunk]


def _glimpse(index: int, picture: DecodedImage, chosen: frozenset[int]) -> tuple[int, Glimpse, Pixels | None]:
    return index, look(index, picture), picture.pixels if index in chosen else None
