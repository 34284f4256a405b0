"""Random samples, each beside the real image nearest to it, which shows copies; the distance measures them.

Nearest means in the extractor's features, as all scores do. Distances are in units of the median distance of real
images to their own nearest other one: samples near 1 lie among real images as these do, one near 0 is a copy.
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

FILE = "gallery.npz"
IMAGES = 32
IMAGES_PER_CLASS, CLASSES = 8, 100
LONGER_SIDE = 128  # pixels at most
WHITE = 255  # in place of an image, where a class has too few

Array = npt.NDArray[Any]
Gallery = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Album:
    """A set with its images: `image(row)`, uint8 (3, H, W), is what `features[row]` are of.

    `labels` (N,) and `classes` where there are any; `rows`: those whose images are at hand, None for all.
    """

    name: str
    features: Tensor
    image: Callable[[int], Array]
    labels: Array | None = None
    classes: tuple[str, ...] | None = None
    rows: tuple[int, ...] | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, their numbers where they have none."""
        count = 0 if self.labels is None else int(self.labels.max()) + 1
        return self.classes or tuple(map(str, range(count)))

    def random_rows(self, seed: int) -> list[int]:
        """The rows of random images: those at hand, or as many as a gallery has."""
        return subset(np.arange(len(self.features)), IMAGES, seed) if self.rows is None else list(self.rows)


class Reservoir(Stream):
    """A stream of which a few images are kept as it passes, each equally likely whatever the length of the stream.

    Algorithm R of Vitter 1985, doi:10.1145/3147.3165. Memory holds no more than these images.
    """

    def __init__(self, stream: SampleSet, seed: int) -> None:
        super().__init__(stream.name, stream.count, lambda size: iter(()))
        self.ignored, self._stream, self._random = stream.ignored, stream, np.random.RandomState(seed)
        self.images: list[tuple[int, Array]] = []

    def batches(self, size: int) -> Iterator[list[DecodedImage]]:
        """The stream's own batches."""
        index = 0
        for batch in self._stream.batches(size):
            for image in batch:
                place = index if index < IMAGES else self._random.randint(index + 1)
                if place < IMAGES:
                    self.images[place : place + 1] = [(index, image.pixels.copy())]
                index += 1
            yield batch


def album_of(name: str, feature_set: FeatureSet, images: SampleSet) -> Album | None:
    """A set of features with its images; None for a stream that has passed."""
    if feature_set.features is None or feature_set.indices is None:
        return None
    indices = feature_set.indices.tolist()
    if isinstance(images, Reservoir):
        row_of = {index: row for row, index in enumerate(indices)}
        pixels = {row_of[index]: image for index, image in images.images}
        return Album(name, feature_set.features, pixels.__getitem__, rows=tuple(pixels))
    if not images.random_access:
        return None
    labels = None if images.labels is None else images.labels[indices]
    return Album(name, feature_set.features, lambda row: images.item(indices[row]).pixels, labels, images.classes)


def gallery_of(samples: Album, real: Album | None, seed: int) -> Gallery:
    """The arrays of `gallery.npz`: random images, the nearest real ones, their distances, some of each class.

    `pictures` and `neighbours` uint8 (n, H, W, C), n at most 32 and C 1 where all are grey; `distances` float32 (n,),
    0 for a copy, 1 as far as real images are from one another; `neighbours_of`: the set that they are of. These three
    are left out without `real` images, or where those are all alike. Of labelled samples `labels` int64 (n,), `classes`
    and `by_class` uint8 (classes, 8, H, W, C), white where a class has fewer than eight.
    """
    rows = samples.random_rows(seed)
    sheet: list[int | None] = [*rows]
    if samples.labels is not None:
        sheet += _class_rows(samples, seed)
    images = image_block([None if row is None else samples.image(row) for row in sheet])
    gallery: Gallery = {"pictures": images[: len(rows)]}
    if real is not None:
        gallery |= _neighbours(samples.features[rows], real, seed)
    if samples.labels is not None:
        gallery |= {"labels": samples.labels[rows], "classes": np.array(samples.class_names)}
        gallery["by_class"] = images[len(rows) :].reshape(-1, IMAGES_PER_CLASS, *images.shape[1:])
    return gallery


def write_gallery(path: Path, gallery: Gallery | None) -> None:
    """Write the arrays of a gallery, or remove that of earlier samples where there is none."""
    if gallery is None:
        path.unlink(missing_ok=True)
    else:
        write_arrays(path, gallery)


def subset(rows: Array, count: int, seed: int) -> list[int]:
    """At most `count` of the rows, drawn at random; in the order of the draw, as sets are often sorted."""
    return [int(row) for row in np.random.RandomState(seed).permutation(rows)[:count]]


def image_block(images: Sequence[Array | None]) -> Array:
    """Images (3, H, W) as one block uint8 (n, H, W, C), white for None; C is 1 where all are grey.

    They get the size that is commonest among them, by Pillow's bicubic resize, at most 128 pixels on the longer side.

    >>> image_block([np.zeros((3, 300, 200), np.uint8), None]).shape
    (2, 128, 85, 1)
    """
    sizes = Counter(image.shape[1:] for image in images if image is not None)
    height, width = next(iter(sizes.most_common(1)))[0]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    block = np.full((len(images), height, width, 3), WHITE, np.uint8)
    for place, image in zip(block, images, strict=True):
        if image is not None:
            pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
            same = pixels.shape[:2] == (height, width)
            bicubic = Image.Resampling.BICUBIC
            place[:] = pixels if same else np.asarray(Image.fromarray(pixels).resize((width, height), bicubic))
    return block[..., :1].copy() if (block == block[..., :1]).all() else block


def _neighbours(fake: Tensor, real: Album, seed: int) -> Gallery:
    with precision_context("float32", fake.device):
        nearest = nearest_of(fake, real.features, seed)
    if nearest is None:
        return {}
    rows, distances = nearest
    return {
        "neighbours": image_block([real.image(row) for row in rows.tolist()]),
        "distances": distances.cpu().numpy().astype(np.float32),
        "neighbours_of": np.array(real.name),
    }


def _class_rows(samples: Album, seed: int) -> list[int | None]:
    """Eight random rows of each of the first classes, None where there are no more."""
    rows: list[int | None] = []
    for label in range(min(CLASSES, len(samples.class_names))):
        chosen = subset(np.flatnonzero(samples.labels == label), IMAGES_PER_CLASS, seed)
        rows += [*chosen, *[None] * (IMAGES_PER_CLASS - len(chosen))]
    return rows
