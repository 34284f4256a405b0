"""The images of a test: a random subset of each set, and the fingerprint of the whole set.

The fingerprint covers everything that `ganeval score` would have scored, so that `tally` recognises the report by it.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ganeval.errors import ContentError
from ganeval.human.image_format import Pixels
from ganeval.human.plan import SetIdentity
from ganeval.media.base import Items, readable
from ganeval.media.census import Census, ImageRecord, record_of
from ganeval.progress import Tick
from ganeval.sources.opening import Opening, display_name, open_images
from ganeval.sources.subsampling import draw

CHUNK = 64


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
    images = open_images(source, opening)
    if images.count is not None and images.count < (opening.count or 0):
        raise ContentError(f"{images.name}: found {images.count} images, needed {opening.count}; lower the limit")
    images = draw(images, opening.count, opening.seed)
    total = images.count or 0
    if total < count:
        text = f"{images.name}: found {total} images, needed {count} for a test of {2 * count}; ask for fewer with -n"
        raise ContentError(text)
    indices = [int(index) for index in random.choice(total, count, replace=False)]
    census, pixels = Census(), dict[int, Pixels]()
    for records, batch in images.map_batches(partial(_records_and_pixels, keep=frozenset(indices)), CHUNK):
        census.add(records, [])
        pixels |= batch
        tick(f"look: {images.name}", census.count, total)
    identity = SetIdentity(display_name(source), census.count, census.facts().fingerprint)
    return ImageSubset(identity, [pixels[index] for index in indices])


def _records_and_pixels(items: Items, keep: frozenset[int]) -> tuple[list[ImageRecord], dict[int, Pixels]]:
    """The records of a batch, and the pixels of the images to `keep`."""
    records: list[ImageRecord] = []
    pixels: dict[int, Pixels] = {}
    for index, image in readable(items):
        records.append(record_of(index, image))
        if index in keep:
            pixels[index] = image.pixels
    return records, pixels
