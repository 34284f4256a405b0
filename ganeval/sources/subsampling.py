"""Which images or points of a source are taken."""

from typing import TypeVar

import numpy as np

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import SampleSet
from ganeval.sources.mixtures import EXTRACTOR
from ganeval.sources.statistics_files import Statistics

AnySource = TypeVar("AnySource", SampleSet, Statistics)


def draw(source: AnySource, count: int | None, seed: int) -> AnySource:
    """`count` of the images or points, drawn at random with the seed and kept in order; all where `count` is None.

    Raises ContentError where there are fewer, UsageError for an iterable, which cannot be drawn from, and for a
    statistics file of images, which is taken whole.
    """
    if count is None:
        return source
    if isinstance(source, Statistics) and (source.features is None or source.provenance.get("extractor") != EXTRACTOR):
        raise UsageError(f"{source.name}: -n and --ref-n cannot draw from a statistics file; leave them out")
    if count == source.count:
        return source
    if count > len(source):
        raise ContentError(
            f"{source.name}: found {len(source)} images, needed {count}; ask for fewer with -n or --ref-n"
        )
    chosen = np.random.RandomState(seed).choice(len(source), count, replace=False)
    return source.subset(sorted(chosen.tolist()))
