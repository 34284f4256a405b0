"""Sets whose pictures can be looked at again once their features are known; of what passes once, a few are kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ganeval.devices import metric_device
from ganeval.features import Features
from ganeval.images import Images, Picture, Stream

SHOWN = 32

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Album:
    """A set whose pictures can be looked at again: `picture(row)`, uint8 (3, H, W), is what `features[row]` is of.

    `labels` (N,) and `classes` where there are any; `rows`: those whose pictures are at hand, None for all.
    """

    name: str
    features: Tensor
    picture: Callable[[int], Array]
    labels: Array | None = None
    classes: tuple[str, ...] | None = None
    rows: tuple[int, ...] | None = None

    def drawn(self, seed: int) -> list[int]:
        """The rows of random pictures, drawn with the seed."""
        if self.rows is not None:
            return list(self.rows)
        return some_of(np.arange(len(self.features)), SHOWN, seed)


class Reservoir(Stream):
    """A stream of which a few pictures are kept while it goes by, each as likely, however many there will be.

    Algorithm R of Vitter 1985, doi:10.1145/3147.3165. What it keeps is in memory, and no more than that.
    """

    def __init__(self, stream: Stream, seed: int) -> None:
        super().__init__(stream.name, stream.count, lambda size: iter(()))
        self.ignored, self._stream, self._random = stream.ignored, stream, np.random.RandomState(seed)
        self.kept: list[tuple[int, Array]] = []

    def batches(self, size: int) -> Iterator[list[Picture]]:
        """The stream's own batches."""
        passed = 0
        for batch in self._stream.batches(size):
            for index, picture in enumerate(batch, passed):
                self._look(index, picture.pixels)
            passed += len(batch)
            yield batch

    def _look(self, index: int, pixels: Array) -> None:
        if len(self.kept) < SHOWN:
            self.kept.append((index, pixels.copy()))
        elif (place := self._random.randint(index + 1)) < SHOWN:
            self.kept[place] = (index, pixels.copy())


def album_of(name: str, found: Features, images: Images | Stream) -> Album | None:
    """A set with the features found of it; None for a stream whose pictures have gone by."""
    features = found.features.to(metric_device(found.features.device))
    numbers = found.kept.tolist()
    if isinstance(images, Reservoir):
        row_of = {number: row for row, number in enumerate(numbers)}
        kept = {row_of[number]: pixels for number, pixels in images.kept}
        return Album(name, features, kept.__getitem__, rows=tuple(kept))
    if isinstance(images, Stream):
        return None
    labels = None if images.labels is None else images.labels[numbers]
    return Album(name, features, lambda row: images.picture(numbers[row]).pixels, labels, images.classes)


def some_of(rows: Array, count: int, seed: int) -> list[int]:
    """At most so many of some rows, drawn; in the order of the draw, as sets are often sorted."""
    return [int(row) for row in np.random.RandomState(seed).permutation(rows)[:count]]
