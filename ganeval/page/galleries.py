"""What a run made, as it is: random samples, the nearest real picture beside each, and eight of every class.

Reads `gallery.npz`; a run of an earlier version has none, and shows a grid of its training instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.errors import ContentError
from ganeval.page.encoding import Picture, grid, picture, strip
from ganeval.plots.run_arrays import files_by_step, read_arrays, read_image

COPY = 0.1  # of the distance between real pictures: one in fifty of MNIST's held-out digits is nearer, of others none
GAP = 3  # CSS pixels between the two of a pair
OPEN_CLASSES = 20  # shown at once; further classes are unfolded
PICTURES = "uint8 pictures with 1 or 3 channels"
HELD = {  # kinds of numbers, axes, and what that is in words
    "pictures": ("u", 4, PICTURES),
    "neighbours": ("u", 4, PICTURES),
    "by_class": ("u", 5, PICTURES),
    "distances": ("fiu", 1, "a number for each picture"),
    "labels": ("iu", 1, "a whole number for each picture"),
    "classes": ("U", 1, "a list of names"),
}

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Pair:
    """A sample, the real picture nearest to it, and how far that is: 1 is as far as real pictures are apart."""

    made: Picture
    near: Picture | None
    ratio: float | None
    label: str

    @property
    def copied(self) -> bool:
        """Whether it is so near that it may be a copy."""
        return self.ratio is not None and self.ratio < COPY


@dataclass(frozen=True)
class ClassStrip:
    """A class and eight random samples of it."""

    name: str
    samples: Picture


@dataclass(frozen=True)
class Gallery:
    """A run's pictures; where there are no pairs, the grid of a check, with what it is."""

    pairs: tuple[Pair, ...] = ()
    neighbours_of: str = ""
    classes: tuple[ClassStrip, ...] = ()
    grid: Picture | None = None
    grid_of: str = ""

    @property
    def copies(self) -> int:
        """How many of the samples are so near to a real picture that they may be copies of it."""
        return sum(pair.copied for pair in self.pairs)

    @property
    def pair_width(self) -> int:
        """CSS pixels of a sample and what is beside it."""
        return max(pair.made.width + (GAP + pair.near.width if pair.near else 0) for pair in self.pairs)

    @property
    def median(self) -> float | None:
        """The median of the distances, in units of that between real pictures."""
        ratios = [pair.ratio for pair in self.pairs if pair.ratio is not None]
        return float(np.median(ratios)) if ratios else None


def gallery_of(folder: Path, *, back: bool = False, best: object = None) -> Gallery | None:
    """The gallery of a run's folder, or the grid of its best step, or its last one; None where it has no pictures.

    `back`: of CycleGAN's other direction.
    Raises ContentError where a file is no gallery.
    """
    path = folder / ("gallery-back.npz" if back else "gallery.npz")
    if path.is_file():
        return _gallery(read_arrays(path, ["pictures"]), path)
    grids = files_by_step(folder / "grids", "step-*.png")
    if not grids or grids[max(grids)].with_suffix(".npz").is_file():  # of points: the plot of the plane is better
        return None
    step = best if isinstance(best, int) and best in grids else max(grids)
    return Gallery(grid=grid(read_image(grids[step]), f"grid of samples at step {step:,}"), grid_of=f"step {step:,}")


def _gallery(found: Arrays, path: Path) -> Gallery:
    _check(found, path)
    labels, names = found.get("labels"), [str(name) for name in found.get("classes", ())]
    pairs = tuple(_pair(found, index, _label(labels, names, index)) for index in range(len(found["pictures"])))
    strips = [
        ClassStrip(name, strip(some, f"random samples of class {name}"))
        for name, some in zip(names, found.get("by_class", ()), strict=False)
    ]
    return Gallery(pairs, str(found.get("neighbours_of", "")), tuple(strips))


def _check(found: Arrays, path: Path) -> None:
    """ContentError for arrays that are not what a gallery holds."""
    for name, (kinds, axes, needed) in HELD.items():
        array = found.get(name)
        if array is None:
            continue
        if array.dtype.kind not in kinds or array.ndim != axes or (axes > 1 and not _are_pictures(array)):
            raise ContentError(f"{path}: {name} is {array.dtype} {array.shape}, needed {needed}; score it again")
        if name in ("neighbours", "distances", "labels") and len(array) != len(found["pictures"]):
            raise ContentError(f"{path}: {name} are not as many as the pictures; score it again")


def _are_pictures(array: npt.NDArray[Any]) -> bool:
    return array.dtype == np.uint8 and array.shape[-1] in (1, 3) and 0 not in array.shape[1:]


def _label(labels: npt.NDArray[Any] | None, names: list[str], index: int) -> str:
    if labels is None:
        return ""
    label = int(labels[index])
    return names[label] if 0 <= label < len(names) else str(label)


def _pair(found: Arrays, index: int, label: str) -> Pair:
    number = f"sample {index + 1}" + f" of class {label}" * bool(label)
    made = picture(found["pictures"][index], number)
    if "neighbours" not in found:
        return Pair(made, None, None, label)
    near = picture(found["neighbours"][index], f"the real picture nearest to {number}")
    ratio = float(found["distances"][index]) if "distances" in found else None
    return Pair(made, near, ratio if ratio is not None and np.isfinite(ratio) else None, label)
