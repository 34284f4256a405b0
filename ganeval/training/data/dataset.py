"""The data of a reference model: three disjoint splits of any source, first opened, then read into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError, UsageError
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.sources.datasets import is_dataset
from ganeval.sources.mixtures import is_mixture
from ganeval.sources.opening import Opening, display_name, full_name
from ganeval.sources.statistics_files import Statistics
from ganeval.training.data.loading import SMALLEST, Size, check_memory, is_grey, read_pixels, size_for
from ganeval.training.data.splits import ImagesOrPoints, Indices, Parts, count_of, parts_of, points
from reference_models.engine.data import digest_of

PARTS: tuple[Literal["train", "selection", "test"], ...] = ("train", "selection", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Images uint8 (N, C, S, S), or points float32 (N, D), with labels int64 (N,) where there are any."""

    pixels: Tensor
    labels: Tensor | None
    name: str = "array"
    classes: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self) -> SampleSet:
        """The images as a set that can be scored; ContentError for points."""
        return array_images(self.pixels, self.name, labels=self.labels, classes=self.classes)

    def take(self, indices: Indices) -> "Split":
        """The samples at these indices, with their labels."""
        chosen = torch.from_numpy(indices)
        return replace(self, pixels=self.pixels[chosen], labels=None if self.labels is None else self.labels[chosen])


@dataclass(frozen=True, eq=False)
class Splits:
    """A source in memory. `fingerprint` is the sha256 (hex) of pixels and labels of all splits."""

    name: str
    source: str
    train: Split
    selection: Split
    test: Split
    classes: tuple[str, ...] | None
    fingerprint: str

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, S, S) of an image, or (D,) of a point."""
        return tuple(self.train.pixels.shape[1:])

    @property
    def class_count(self) -> int:
        """The number of classes; 0 without labels."""
        return 0 if self.train.labels is None else len(self.classes or ())


@dataclass(frozen=True, eq=False)
class OpenSplits:
    """A source cut in three before its pixels are read: what is known then, and `read`.

    `shape` is (D,) of a point, or (C, S, S) of an image, where C goes by one image of each split: only reading all of
    them tells whether all are grey. `size` is None for points.
    """

    name: str
    source: str
    parts: Parts
    size: Size | None
    shape: tuple[int, ...]

    @property
    def class_count(self) -> int:
        """The number of classes; 0 without labels."""
        return 0 if self.parts.train.labels is None else len(self.parts.train.classes or ())

    def counts(self) -> dict[str, int]:
        """The number of samples in each split, by its name."""
        return {part: count_of(getattr(self.parts, part)) for part in PARTS}

    def read(self, tick: Tick = silent) -> Splits:
        """The three splits in memory; UsageError for images of another size than the first's, without a `size`."""
        parts = list(_all(self.parts))
        if self.size is None:
            tensors = [_points(part) for part in parts if isinstance(part, Statistics)]
        else:
            images = [part for part in parts if isinstance(part, SampleSet)]
            tensors = [torch.from_numpy(pixels) for pixels in read_pixels(images, self.size, tick)]
        samples = zip(tensors, parts, strict=True)
        splits = [Split(pixels, _labels(part), classes=part.classes) for pixels, part in samples]
        return assembled(self.name, self.source, splits)


def open_splits(source: str, opening: Opening, *, size: int | None = None) -> OpenSplits:
    """Any source as training data, always cut in the same way (see `partition`); no more than a few images are read.

    Images keep their size where all are squares of one, 8 to 256 pixels; with `size` the square in the middle is
    resized (see `loading.fitted`). They have one channel where all are grey. Points (ring8, grid25) are as they are.
    Raises UsageError for images of several sizes without `size` and points with one, ContentError for fewer than ten.
    """
    return opened(parts_of(source, opening), name_of(source), full_name(source), size=size)


def opened(parts: Parts, name: str, source: str, *, size: int | None = None, least: int = SMALLEST) -> OpenSplits:
    """The three parts of a set, ready to be read; images below `least` pixels will be enlarged to it."""
    images = [part for part in _all(parts) if isinstance(part, SampleSet) and len(part)]
    if images:
        target = size_for(images[0], size, least=least)
        check_memory(images[0].name, sum(map(len, images)), target.side)
        channels = 1 if all(is_grey(part.item(0).pixels[None]) for part in images) else 3
        return OpenSplits(name, source, parts, target, (channels, target.side, target.side))
    if size is not None:
        raise UsageError(f"size={size}: found points in {name}, needed images to resize; leave it out")
    shapes = {tuple(_points(part).shape[1:]) for part in _all(parts) if isinstance(part, Statistics)}
    return OpenSplits(name, source, parts, None, shapes.pop())


def load_splits(
    source: str,
    *,
    size: int | None = None,
    data_root: Path | None = None,
    offline: bool = False,
    tick: Tick = silent,
) -> Splits:
    """The same, read into memory.

    >>> digits = load_splits("digits")
    >>> digits.shape, len(digits.train), len(digits.selection), len(digits.test)
    ((1, 8, 8), 1097, 200, 500)
    """
    return open_splits(source, Opening(data_root, offline), size=size).read(tick)


def assembled(name: str, source: str, splits: Sequence[Split]) -> Splits:
    """The data whose train, selection and test splits are these."""
    train, selection, test = (replace(split, name=f"{name}:{part}") for split, part in zip(splits, PARTS, strict=True))
    tensors = [tensor for split in (train, selection, test) for tensor in (split.pixels, split.labels)]
    return Splits(name, source, train, selection, test, train.classes, digest_of(tensors))


def name_of(source: str) -> str:
    """The name of a source in run folders: that of a data set without its split.

    >>> name_of("digits"), name_of("images/cats.zip")
    ('digits', 'cats')
    """
    known = is_dataset(source) or is_mixture(source)
    return source.partition(":")[0] if known else display_name(source)


def _all(parts: Parts) -> Iterator[ImagesOrPoints]:
    return (getattr(parts, part) for part in PARTS)


def _points(samples: Statistics) -> Tensor:
    values = points(samples)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ContentError(f"{samples.name}: found points of shape {values.shape}, needed finite numbers (N, D)")
    return torch.tensor(values)


def _labels(samples: ImagesOrPoints) -> Tensor | None:
    return None if samples.labels is None else torch.tensor(np.asarray(samples.labels), dtype=torch.int64)
