"""Random samples, each beside the real picture nearest to it: whether they are copies can be seen, and is measured.

Nearest means in the extractor's features, as all scores do. Distances are in units of the median distance of real
pictures to their own nearest other one: samples near 1 lie among real pictures as these do, one near 0 is a copy.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor

from ganeval.features.feature_set import FeatureSet
from ganeval.media.base import SampleSet
from ganeval.media.images.decoding import DecodedImage
from ganeval.media.streams import Stream
from ganeval.metrics.nearest import nearest_of
from ganeval.runtime.devices import precision_context
from ganeval.runtime.files import write_arrays

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

    def __init__(self, stream: SampleSet, seed: int) -> None:
        super().__init__(stream.name, stream.count, lambda size: iter(()))
        self.ignored, self._stream, self._random = stream.ignored, stream, np.random.RandomState(seed)
        self.kept: list[tuple[int, Array]] = []

    def batches(self, size: int) -> Iterator[list[DecodedImage]]:
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


def album_of(name: str, found: FeatureSet, images: SampleSet) -> Album | None:
    """A set with the features found of it; None for a stream whose pictures have gone by."""
    if found.features is None or found.indices is None:
        return None
    numbers = found.indices.tolist()
    if isinstance(images, Reservoir):
        row_of = {number: row for row, number in enumerate(numbers)}
        kept = {row_of[number]: pixels for number, pixels in images.kept}
        return Album(name, found.features, kept.__getitem__, rows=tuple(kept))
    if not images.random_access:
        return None
    labels = None if images.labels is None else images.labels[numbers]
    return Album(name, found.features, lambda row: images.item(numbers[row]).pixels, labels, images.classes)


def some_of(rows: Array, count: int, seed: int) -> list[int]:
    """At most so many of some rows, drawn; in the order of the draw, as sets are often sorted."""
    return [int(row) for row in np.random.RandomState(seed).permutation(rows)[:count]]


FILE = "gallery.npz"
OF_A_CLASS, CLASSES = 8, 100
LARGEST = 128  # pixels of the longer side
PAPER = 255  # of a class with fewer samples than are shown

Gallery = dict[str, Array]


def gallery_of(samples: Album, real: Album | None, seed: int) -> Gallery:
    """The arrays of `gallery.npz`: random pictures, the nearest real ones, their distances, some of each class.

    `pictures` and `neighbours` uint8 (n, H, W, C), n at most 32 and C 1 where all are grey; `distances` float32 (n,),
    0 for a copy, 1 as far as real pictures are from one another; `neighbours_of`: what set they are of. These three are
    left out without `real` pictures, or where those are all alike. Of labelled samples `labels` int64 (n,), `classes`
    and `by_class` uint8 (classes, 8, H, W, C), white where a class has fewer than eight.
    """
    rows = samples.drawn(seed)
    sheet: list[int | None] = [*rows]
    if samples.labels is not None:
        sheet += _of_each_class(samples, seed)
    shown = framed([None if row is None else samples.picture(row) for row in sheet])
    found: Gallery = {"pictures": shown[: len(rows)]}
    if real is not None:
        found |= _beside(samples.features[rows], real, seed)
    if samples.labels is not None:
        found |= {"labels": samples.labels[rows], "classes": np.array(_classes(samples))}
        found["by_class"] = shown[len(rows) :].reshape(-1, OF_A_CLASS, *shown.shape[1:])
    return found


def write_gallery(path: Path, gallery: Gallery | None) -> None:
    """Write the arrays of a gallery; where there is none, that of former samples goes."""
    if gallery is None:
        path.unlink(missing_ok=True)
    else:
        write_arrays(path, gallery)


def framed(pictures: Sequence[Array | None]) -> Array:
    """Pictures (3, H, W) as one block uint8 (n, H, W, C), white for None; C is 1 where all are grey.

    They get the size that most of them have, by Pillow's bicubic resize, and at most 128 pixels on the longer side.

    >>> framed([np.zeros((3, 300, 200), np.uint8), None]).shape
    (2, 128, 85, 1)
    """
    sizes = Counter(picture.shape[1:] for picture in pictures if picture is not None)
    height, width = next(iter(sizes.most_common(1)))[0]
    scale = min(1.0, LARGEST / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    block = np.full((len(pictures), *size, 3), PAPER, np.uint8)
    for place, picture in zip(block, pictures, strict=True):
        if picture is not None:
            place[:] = _resized(picture.transpose(1, 2, 0), size)
    return block[..., :1].copy() if (block == block[..., :1]).all() else block


def _beside(made: Tensor, real: Album, seed: int) -> Gallery:
    with precision_context("float32", made.device):
        found = nearest_of(made, real.features, seed)
    if found is None:
        return {}
    rows, far = found
    return {
        "neighbours": framed([real.picture(row) for row in rows.tolist()]),
        "distances": far.cpu().numpy().astype(np.float32),
        "neighbours_of": np.array(real.name),
    }


def _of_each_class(samples: Album, seed: int) -> list[int | None]:
    """Eight random rows of each of the first classes, None where there are no more."""
    rows: list[int | None] = []
    for label in range(min(CLASSES, len(_classes(samples)))):
        chosen = some_of(np.flatnonzero(samples.labels == label), OF_A_CLASS, seed)
        rows += [*chosen, *[None] * (OF_A_CLASS - len(chosen))]
    return rows


def _classes(samples: Album) -> tuple[str, ...]:
    """The names of the classes, their numbers where they have none."""
    most = 0 if samples.labels is None else int(samples.labels.max()) + 1
    return samples.classes or tuple(map(str, range(most)))


def _resized(picture: Array, size: tuple[int, int]) -> Array:
    if picture.shape[:2] == size:
        return picture
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC))
