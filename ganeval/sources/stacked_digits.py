"""Three random grey digits as the red, green and blue of one image: a thousand modes that are known exactly.

Metz et al. 2017, arXiv:1611.02163; sizes as in VEEGAN (arXiv:1705.07761) and PacGAN (arXiv:1712.04086): 128,000
images to train on, 26,000 to test on. Here every triple is equally frequent, so that a divergence from the reference is
one from the uniform. Only `RandomState.random_sample` is used: NumPy keeps its stream, on every machine.
"""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.media.base import Labels, SampleSet
from ganeval.media.images.decoding import DecodedImage

CLASSES = tuple(f"{number:03}" for number in range(1000))  # red, green, blue
PER_TRIPLE = {"train": 128, "test": 26}
RECIPE = 1  # raised whenever the same digits would give other images
SEED = 2020

Pixels = npt.NDArray[np.uint8]


class StackedImages(SampleSet):
    """Images that are stacked when asked for, out of few grey ones."""

    def __init__(self, greys: Pixels, members: Labels, name: str, *, labels: Labels, known_hash: str | None) -> None:
        super().__init__(name, labels, CLASSES)
        self._greys, self._members, self.published_hash = greys, members, known_hash

    def __len__(self) -> int:
        return len(self._members)

    def item(self, index: int) -> DecodedImage:
        return DecodedImage(self._greys[self._members[index]], "tensor", (), self.digest(index))

    def digest(self, index: int) -> bytes:
        return hashlib.sha256(self._greys[self._members[index]].tobytes()).digest()


def stacked_images(
    greys: Pixels, labels: Labels, name: str, *, per_triple: int, bytes_hash: str | None = None
) -> StackedImages:
    """`per_triple` images of each of the 1,000 triples of digits, in random order; the same on every call.

    `greys` (M, H, W) and their `labels` 0..9. Class 100 r + 10 g + b has the digit r as red, g as green, b as blue.
    No image occurs twice. Raises ValueError where there are too few digits for that.

    >>> images = stacked_images(np.arange(10, dtype=np.uint8)[:, None, None], np.arange(10), "toy", per_triple=1)
    >>> images.classes[images.labels[0]], images.item(0).pixels.ravel()
    ('290', array([2, 9, 0], dtype=uint8))
    """
    available = np.bincount(labels, minlength=10)
    if len(available) > 10 or available.min() ** 3 < per_triple:
        raise ValueError(f"{available.min()} images of a digit are too few for {per_triple} of each triple")
    random = np.random.RandomState(SEED)
    order = np.argsort(random.random_sample(1000 * per_triple), kind="stable")
    classes = order // per_triple
    members = _draw_members(classes, labels, random)
    while len(repeated := _repeated_rows(members, len(greys))):
        members[repeated] = _draw_members(classes[repeated], labels, random)
    return StackedImages(greys, members, name, labels=classes, known_hash=bytes_hash)


def _draw_members(classes: Labels, labels: Labels, random: np.random.RandomState) -> Labels:
    """For each class the index of a random image of each of its three digits, (N, 3)."""
    digits = np.stack([classes // 100, classes // 10 % 10, classes % 10], axis=1)
    by_digit, counts = np.argsort(labels, kind="stable"), np.bincount(labels, minlength=10)
    within = (random.random_sample(digits.shape) * counts[digits]).astype(np.int64)
    members: Labels = by_digit[(np.cumsum(counts) - counts)[digits] + within]
    return members


def _repeated_rows(members: Labels, count: int) -> npt.NDArray[Any]:
    """The indices of rows that have occurred before."""
    _, first = np.unique(members @ np.array([count**2, count, 1]), return_index=True)
    return np.setdiff1d(np.arange(len(members)), first)
