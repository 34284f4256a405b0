"""The data of a reference model: three disjoint splits of any source, first opened, then read into memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import UsageError
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.sources.datasets import is_dataset
from ganeval.sources.mixtures import is_mixture, points_of
from ganeval.sources.opening import Opening, display_name
from ganeval.sources.statistics_files import Statistics
from ganeval.training.data.loading import SMALLEST, Size, check_memory, is_grey, read_pixels, size_for
from ganeval.training.data.splits import ImagesOrPoints, Indices, Parts, parts_of
from reference_models.engine.data import digest_of


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

    def as_set(self) -> ImagesOrPoints:
        """The images or points as a set that can be scored."""
        return points_of(self.pixels, self.name) if self.pixels.ndim == 2 else self.images()

    def take(self, indices: Indices) -> "Split":
        """The samples at these indices, with their labels."""
        chosen = torch.from_numpy(indices)
        return replace(self, pixels=self.pixels[chosen], labels=None if self.labels is None else self.labels[chosen])


@dataclass(frozen=True, eq=False)
class Splits:
    """A source in memory. `fingerprint` is the sha256 (hex) of pixels and labels of all splits."""

    name: str
    train: Split
    selection: Split
    test: Split
    fingerprint: str

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, S, S) of an image, or (D,) of a point."""
        return tuple(self.train.pixels.shape[1:])

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes."""
        return self.train.classes

    @property
    def class_count(self) -> int:
        """The number of classes; 0 without labels."""
        return 0 if self.train.labels is None else len(self.classes or ())

    def counts(self) -> dict[str, int]:
        """The number of samples in each split, by its name."""
        return {"train": len(self.train), "selection": len(self.selection), "test": len(self.test)}


@dataclass(frozen=True, eq=False)
class OpenSplits:
    """A source cut in three before its pixels are read: what is known then, and `read`.

    `shape` is (D,) of a point, or (C, S, S) of an image, where C goes by one image of each split: only reading all of
    them tells whether all are grey. `size` is None for points.
    """

    name: str
    parts: Parts
    size: Size | None
    shape: tuple[int, ...]

    @property
    def class_count(self) -> int:
        """The number of classes; 0 without labels."""
        train = self.parts["train"]
        return 0 if train.labels is None else len(train.classes or ())

    def counts(self) -> dict[str, int]:
        """The number of samples in each split, by its name."""
        return {name: part.count or 0 for name, part in self.parts.items()}

    def read(self, tick: Tick = silent) -> Splits:
        """The three splits in memory; UsageError for images of another size than the first's, without a `size`."""
        parts = self.parts.values()
        if self.size is None:
            tensors = [torch.tensor(part.features).float() for part in parts if isinstance(part, Statistics)]
        else:
            images = [part for part in parts if isinstance(part, SampleSet)]
            tensors = list(map(torch.from_numpy, read_pixels(images, self.size, tick)))
        splits = []
        for pixels, part in zip(tensors, parts, strict=True):
            labels = None if part.labels is None else torch.tensor(np.asarray(part.labels), dtype=torch.int64)
            splits.append(Split(pixels, labels, classes=part.classes))
        return assembled(self.name, splits)


def open_splits(source: str, opening: Opening, *, size: int | None = None) -> OpenSplits:
    """Any source as training data, always cut in the same way (see `partition`); no more than a few images are read.

    Images keep their size where all are squares of one, 8 to 256 pixels; with `size` the square in the middle is
    resized (see `loading.fitted`). They have one channel where all are grey. Points (ring8, grid25) are as they are.
    Raises UsageError for images of several sizes without `size` and points with one, ContentError for fewer than ten.

    >>> digits = open_splits("digits", Opening())
    >>> digits.shape, digits.counts(), digits.read().shape
    ((1, 8, 8), {'train': 1097, 'selection': 200, 'test': 500}, (1, 8, 8))
    """
    return opened(parts_of(source, opening), name_of(source), size=size)


def opened(parts: Parts, name: str, *, size: int | None = None, least: int = SMALLEST) -> OpenSplits:
    """The three parts of a set, ready to be read; images below `least` pixels will be enlarged to it."""
    first = parts["train"]
    if isinstance(first, Statistics):
        if size is not None:
            raise UsageError(f"size={size}: found points in {name}, needed images to resize; leave it out")
        return OpenSplits(name, parts, None, np.asarray(first.features).shape[1:])
    images = [part for part in parts.values() if isinstance(part, SampleSet) and len(part)]
    target = size_for(first, size, least=least)
    check_memory(first.name, sum(map(len, images)), target.side)
    channels = 1 if all(is_grey(part.item(0).pixels[None]) for part in images) else 3
    return OpenSplits(name, parts, target, (channels, target.side, target.side))


def assembled(name: str, splits: Sequence[Split]) -> Splits:
    """The data whose train, selection and test splits are these."""
    parts = ("train", "selection", "test")
    train, selection, test = (replace(split, name=f"{name}:{part}") for split, part in zip(splits, parts, strict=True))
    tensors = [tensor for split in (train, selection, test) for tensor in (split.pixels, split.labels)]
    return Splits(name, train, selection, test, digest_of(tensors))


def name_of(source: str) -> str:
    """The name of a source in run folders: that of a data set without its split.

    >>> name_of("digits"), name_of("images/cats.zip")
    ('digits', 'cats')
    """
    known = is_dataset(source) or is_mixture(source)
    return source.partition(":")[0] if known else display_name(source)
