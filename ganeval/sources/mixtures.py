"""Points in the plane whose distribution is known, `ring8` and `grid25`, and sets of points to be scored against them.

The ring and the grid of VEEGAN (arXiv:1705.07761) with the sizes of PacGAN (arXiv:1712.04086): 100,000 points to train
on, 2,500 to test on. Modes are filled equally; points are their own features.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganeval.errors import ContentError, unknown
from ganeval.media.arrays import NPY, NPZ, as_numpy, reading
from ganeval.sources.statistics_files import (
    Array,
    Statistics,
    fingerprint_of_points,
    names_in,
    read_statistics,
)

SPLITS = {"train": (100_000, 2020), "test": (2_500, 2021)}  # how many points, drawn with which seed
EXTRACTOR = "points"


@dataclass(frozen=True)
class Mixture:
    """Equally likely round normals: their centres (K, D), and the standard deviation of each coordinate."""

    centres: Array
    sigma: float

    def draw(self, count: int, seed: int) -> tuple[Array, Array]:
        """Points (count, D) float32 and the mode of each, in random order; modes are filled as equally as can be."""
        random = np.random.RandomState(seed)
        labels = np.argsort(random.random_sample(count), kind="stable") % len(self.centres)
        noise = random.standard_normal((count, self.centres.shape[1]))
        return (self.centres[labels] + self.sigma * noise).astype(np.float32), labels


_ANGLES = np.arange(8) * np.pi / 4
_AXIS = np.arange(-4.0, 5.0, 2.0)
MIXTURES = {
    "ring8": Mixture(np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1), 0.01),
    "grid25": Mixture(np.stack(np.meshgrid(_AXIS, _AXIS), axis=-1).reshape(-1, 2), 0.05),
}


def is_mixture(name: str) -> bool:
    """Whether a name, with or without a split, is that of a known distribution.

    >>> is_mixture("ring8:test"), is_mixture("ring8/")
    (True, False)
    """
    return name.partition(":")[0] in MIXTURES


def open_mixture(name: str) -> Statistics:
    """The points of `ring8` or `grid25`, which is `:train`, or of `:test`, with their modes and the true centres.

    Raises UsageError for an unknown name or split.

    >>> ring = open_mixture("ring8:test")
    >>> ring.features.shape, ring.centres.shape, ring.sigma
    ((2500, 2), (8, 2), 0.01)
    """
    base, _, split = name.partition(":")
    if base not in MIXTURES:
        raise unknown("mixture", base, MIXTURES)
    split = split or "train"
    if split not in SPLITS:
        raise unknown(f"split of {base}", split, SPLITS)
    mixture = MIXTURES[base]
    points, labels = mixture.draw(*SPLITS[split])
    drawn = points_of(points, f"{base}:{split}")
    provenance = {**drawn.provenance, "classes": [str(mode) for mode in range(len(mixture.centres))]}
    return replace(drawn, labels=labels, provenance=provenance, centres=mixture.centres, sigma=mixture.sigma)


def points_of(array: Any, name: str) -> Statistics:
    """A set of points (N, D), an array or a tensor, as what is scored against a mixture.

    Raises ContentError for anything but finite real numbers in two axes.
    """
    points, _ = as_numpy(array, name)
    if points.ndim != 2 or points.dtype.kind not in "fiu" or not points.size:
        raise ContentError(f"{name}: found {points.dtype} of shape {points.shape}, needed points: real numbers (N, D)")
    points = np.ascontiguousarray(points, np.float32)
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise ContentError(f"{name}: found a point that is not finite: number {int(bad.argmax())}")
    provenance = {"extractor": EXTRACTOR, "fingerprint": fingerprint_of_points(points)}
    return Statistics(name, features=points, provenance=provenance)


def read_points(path: Path) -> Statistics:
    """The points in a `.npy`, or under `features` or `arr_0` in a `.npz`; ContentError where there are none."""
    if path.suffix.lower() == ".npz" and "ganeval" in names_in(path):
        return read_statistics(path)  # it says how it was made, which decides whether it may be compared
    if path.suffix.lower() == ".npy":
        with reading(path, NPY, "a .npy file"):
            return points_of(np.load(path, allow_pickle=False), str(path))
    with reading(path, NPZ, "a .npz file"), np.load(path, allow_pickle=False) as arrays:
        key = next((key for key in ("features", "arr_0") if key in arrays.files), None)
        if key is None:
            raise ContentError(f"{path}: found {', '.join(arrays.files) or 'nothing'}, needed features or arr_0")
        return points_of(arrays[key], str(path))
