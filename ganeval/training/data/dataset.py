"""What a reference model is trained, chosen and judged on: three disjoint splits of any source, in memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
from ganeval.training.data.loading import SMALLEST, hold, size_for
from ganeval.training.data.splits import Held, Parts, parts_of, points


@dataclass(frozen=True, eq=False)
class Split:
    """Pictures uint8 (N, C, S, S), or points float32 (N, D), with labels int64 (N,) where there are any."""

    pixels: Tensor
    labels: Tensor | None
    name: str = "array"
    classes: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self) -> SampleSet:
        """The pictures as a set that can be scored; ContentError for points."""
        return array_images(self.pixels, self.name, labels=self.labels, classes=self.classes)


@dataclass(frozen=True, eq=False)
class Splits:
    """A source made ready. `fingerprint` is the sha256 (hex) of pixels and labels of all splits."""

    name: str
    source: str
    train: Split
    selection: Split
    test: Split
    classes: tuple[str, ...] | None
    fingerprint: str

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, S, S) of a picture, or (D,) of a point."""
        return tuple(self.train.pixels.shape[1:])


def load_splits(
    source: str,
    *,
    size: int | None = None,
    data_root: Path | None = None,
    offline: bool = False,
    tick: Tick = silent,
) -> Splits:
    """Any source as training material, always cut in the same way (see `partition`).

    Pictures keep their size where all are squares of one, 8 to 256 pixels; with `size` the square in the middle is
    resized (see `loading.fitted`). They have one channel where all are grey. Points (ring8, grid25) are as they are.
    Raises UsageError for pictures of several sizes without `size` and points with one, ContentError for fewer than ten.

    >>> digits = load_splits("digits")
    >>> digits.shape, len(digits.train), len(digits.selection), len(digits.test)
    ((1, 8, 8), 1097, 200, 500)
    """
    parts = parts_of(source, Opening(data_root, offline))
    return read_splits(parts, name_of(source), full_name(source), size=size, tick=tick)


def read_splits(
    parts: Parts, name: str, source: str, *, size: int | None = None, least: int = SMALLEST, tick: Tick = silent
) -> Splits:
    """The three parts of a set, read into memory; pictures below `least` pixels are enlarged to it."""
    three = (parts.train, parts.selection, parts.test)
    images = [one for one in three if isinstance(one, SampleSet)]
    if size is not None and not images:
        raise UsageError(f"size={size}: is for pictures, and {name} is points; leave it out")
    tensors = [_points(one) for one in three if isinstance(one, Statistics)]
    if images:
        tensors = [torch.from_numpy(held) for held in hold(images, size_for(images[0], size, least=least), tick)]
    splits = [Split(held, _labels(one), classes=_classes(one)) for held, one in zip(tensors, three, strict=True)]
    return assembled(name, source, splits)


def assembled(name: str, source: str, splits: Sequence[Split]) -> Splits:
    """The material whose train, selection and test splits are these."""
    parts = zip(splits, ("train", "selection", "test"), strict=True)
    train, selection, test = (replace(split, name=f"{name}:{part}") for split, part in parts)
    return Splits(name, source, train, selection, test, train.classes, _fingerprint((train, selection, test)))


def name_of(source: str) -> str:
    """How runs on a source are called: a data set by its name alone.

    >>> name_of("digits"), name_of("pictures/cats.zip")
    ('digits', 'cats')
    """
    known = is_dataset(source) or is_mixture(source)
    return source.partition(":")[0] if known else display_name(source)


def _points(held: Statistics) -> Tensor:
    values = points(held)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ContentError(f"{held.name}: found points of shape {values.shape}, needed finite numbers (N, D)")
    return torch.tensor(values)


def _labels(held: Held) -> Tensor | None:
    return None if held.labels is None else torch.tensor(np.asarray(held.labels), dtype=torch.int64)


def _classes(held: Held) -> tuple[str, ...] | None:
    if isinstance(held, SampleSet):
        return held.classes
    named = held.made.get("classes")
    return tuple(map(str, named)) if named else None


def _fingerprint(splits: Sequence[Split]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        for tensor in (split.pixels, split.labels):
            digest.update(b"none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(b"" if tensor is None else tensor.contiguous().numpy().data)
    return digest.hexdigest()
