"""Which images or points of a source are taken."""

import numpy as np

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import SampleSet
from ganeval.sources.mixtures import EXTRACTOR, subset
from ganeval.sources.statistics_files import Statistics


def draw(images: SampleSet, count: int | None, seed: int) -> SampleSet:
    """`count` of the images, drawn at random with the seed and kept in order; all where `count` is None.

    Raises ContentError where there are fewer, UsageError for an iterable, which cannot be drawn from.
    """
    if count is None or count == images.count:
        return images
    return images.subset(_chosen(images.name, len(images), count, seed))


def draw_points(source: Statistics, count: int | None, seed: int) -> Statistics:
    """`count` of the points, drawn as images are; UsageError for any other statistics, which are taken whole."""
    if count is None:
        return source
    if source.features is None or source.provenance.get("extractor") != EXTRACTOR:
        raise UsageError(f"{source.name}: -n and --ref-n cannot draw from a statistics file; leave them out")
    return subset(source, np.array(_chosen(source.name, len(source.features), count, seed)))


def _chosen(name: str, available: int, count: int, seed: int) -> list[int]:
    if count > available:
        raise ContentError(f"{name}: found {available} images, needed {count}; ask for fewer with -n or --ref-n")
    return sorted(int(index) for index in np.random.RandomState(seed).choice(available, count, replace=False))
