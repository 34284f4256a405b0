"""Sets of images that are bad in a known way, derived from samples: what a gate must catch.

Each has as many images as the samples, but for the one that has half of them.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ganeval.media.base import Labels, SampleSet
from ganeval.media.images.decoding import DecodedImage
from ganeval.sources.subsampling import draw

Pixels = npt.NDArray[np.uint8]
NOISE = 25.5  # standard deviation of grey levels: a tenth of white
BLUR = 1 / 32  # radius as a share of the shorter side, one pixel at least
SHARES = (0.01, 0.1)  # of copies


class AlteredImages(SampleSet):
    """The images of a set with their pixels changed by `change(pixels, index)`; `mark` stands for it in digests."""

    def __init__(self, whole: SampleSet, mark: str, change: Callable[[Pixels, int], Pixels]) -> None:
        super().__init__(whole.name, whole.labels, whole.classes)
        self.whole, self.mark, self.change = whole, mark, change

    def __len__(self) -> int:
        return len(self.whole)

    def item(self, index: int) -> DecodedImage:
        image = self.whole.item(index)
        return replace(image, pixels=self.change(image.pixels, index), digest=self._marked(image.digest))

    def digest(self, index: int) -> bytes:
        return self._marked(self.whole.digest(index))

    def _marked(self, digest: bytes) -> bytes:
        return hashlib.sha256(self.mark.encode() + digest).digest()


def bad_sets(images: SampleSet, seed: int) -> Iterator[tuple[str, SampleSet]]:
    """Noise, blur, copies of one image, and half of the images, each by its name."""
    yield "noise", AlteredImages(images, f"noise {NOISE} {seed}", lambda pixels, index: _noisy(pixels, seed, index))
    yield "blur", AlteredImages(images, f"blur {BLUR}", lambda pixels, _: _blurred(pixels))
    for share in SHARES:
        yield f"{share:.0%} copies of one image", with_copies(images, share, seed)
    yield f"{len(images) // 2:,} of {len(images):,} samples", draw(images, len(images) // 2, seed)


def with_copies(images: SampleSet, share: float, seed: int) -> SampleSet:
    """The images, a share of them (one at least) replaced by copies of another."""
    count = max(1, round(share * len(images)))
    origin, *targets = np.random.RandomState(seed).choice(len(images), count + 1, replace=False).tolist()
    indices = np.arange(len(images))
    indices[targets] = origin
    return images.subset(indices.tolist())


def without_class(images: SampleSet, labels: Labels, seed: int) -> tuple[int, SampleSet] | None:
    """The largest class and the images with others of the set in its place; None where there is one class only.

    The others come in a second time; none comes a third time while the class has no more than half of the images.
    """
    counts = np.bincount(labels)
    if np.count_nonzero(counts) < 2:
        return None
    largest = int(counts.argmax())
    indices, (rest,) = np.arange(len(images)), np.nonzero(labels != largest)
    gaps = labels == largest
    lack = int(gaps.sum())
    indices[gaps] = np.random.RandomState(seed).choice(rest, lack, replace=lack > len(rest))
    return largest, images.subset(indices.tolist())


def _noisy(pixels: Pixels, seed: int, index: int) -> Pixels:
    """The same noise in every channel: grey stays grey."""
    noise = np.random.default_rng((seed, index)).normal(0.0, NOISE, pixels.shape[1:])
    return (pixels + noise).round().clip(0, 255).astype(np.uint8)


def _blurred(pixels: Pixels) -> Pixels:
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    radius = max(1.0, min(image.size) * BLUR)
    return np.ascontiguousarray(np.asarray(image.filter(ImageFilter.GaussianBlur(radius))).transpose(2, 0, 1))
