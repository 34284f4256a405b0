"""The gallery of a run: random samples, the nearest real image beside each, and eight of every class.

Reads `gallery.npz`; a run of an earlier version has none, and shows a grid of its training instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganeval.errors import ContentError
from ganeval.page.encoding import InlineImage, inline_grid, inline_image, inline_strip
from ganeval.plots.run_arrays import Arrays, files_by_step, label_names, read_arrays

COPY = 0.1  # of the distance between real images: one in fifty of MNIST's held-out digits is nearer, of others none
GAP = 3  # CSS pixels between a sample and its neighbour
OPEN_CLASSES = 20  # of more classes all are folded away
IMAGES = "uint8 images with 1 or 3 channels"
FORMAT = {  # kinds of numbers, axes, and both in words
    "pictures": ("u", 4, IMAGES),
    "neighbours": ("u", 4, IMAGES),
    "by_class": ("u", 5, IMAGES),
    "distances": ("fiu", 1, "a number for each image"),
    "labels": ("iu", 1, "a whole number for each image"),
    "classes": ("U", 1, "a list of names"),
}


@dataclass(frozen=True)
class GallerySample:
    """A sample, the real image nearest to it, and their distance: 1 is the distance between real images."""

    image: InlineImage
    neighbour: InlineImage | None
    distance: float | None
    label: str

    @property
    def suspicious(self) -> bool:
        """Whether it is so near to a real image that it may be a copy."""
        return self.distance is not None and self.distance < COPY


@dataclass(frozen=True)
class Gallery:
    """The images of a run, `classes`: eight random samples of each; else the grid of a check and its step."""

    samples: Sequence[GallerySample] = ()
    neighbours_of: str = ""
    classes: Sequence[tuple[str, InlineImage]] = ()
    grid: InlineImage | None = None
    grid_step: int = 0

    @property
    def copies(self) -> int:
        """The number of samples that may be copies of real images."""
        return sum(sample.suspicious for sample in self.samples)

    @property
    def sample_width(self) -> int:
        """CSS pixels of a sample and its neighbour."""
        neighbours = ((sample, sample.neighbour) for sample in self.samples)
        return max(sample.image.width + (GAP + near.width if near else 0) for sample, near in neighbours)

    @property
    def median(self) -> float | None:
        """The median of the distances, in units of that between real images."""
        distances = [sample.distance for sample in self.samples if sample.distance is not None]
        return float(np.median(distances)) if distances else None


def gallery_of(folder: Path, *, back: bool = False, best: object = None) -> Gallery | None:
    """The gallery of a run's folder, or the grid of its best step, or of its last one; None where it has no images.

    `back`: of a translation's other direction. Raises ContentError where a file is no gallery.
    """
    path = folder / ("gallery-back.npz" if back else "gallery.npz")
    if path.is_file():
        return _gallery(read_arrays(path, ["pictures"]), path)
    grids = files_by_step(folder / "grids", "step-*.png")
    if not grids or grids[max(grids)].with_suffix(".npz").is_file():  # of points: the plot of the plane is better
        return None
    step = best if isinstance(best, int) and best in grids else max(grids)
    return Gallery(grid=inline_grid(grids[step], f"grid of samples at step {step:,}"), grid_step=step)


def _gallery(stored: Arrays, path: Path) -> Gallery:
    _check(stored, path)
    count, names = len(stored["pictures"]), [str(name) for name in stored.get("classes", ())]
    labels = label_names(stored["labels"], names) if "labels" in stored else [""] * count
    distances = stored.get("distances", np.full(count, np.nan))
    samples = []
    for index, (pixels, label) in enumerate(zip(stored["pictures"], labels, strict=True)):
        title = f"sample {index + 1}" + f" of class {label}" * bool(label)
        neighbour, distance = None, None
        if "neighbours" in stored:
            neighbour = inline_image(stored["neighbours"][index], f"the real image nearest to {title}")
            distance = float(distances[index]) if np.isfinite(distances[index]) else None
        samples.append(GallerySample(inline_image(pixels, title), neighbour, distance, label))
    strips = [
        (name, inline_strip(images, f"random samples of class {name}"))
        for name, images in zip(names, stored.get("by_class", ()), strict=False)
    ]
    return Gallery(samples, str(stored.get("neighbours_of", "")), strips)


def _check(stored: Arrays, path: Path) -> None:
    """ContentError for arrays that are not those of a gallery."""
    for name, (kinds, axes, needed) in FORMAT.items():
        array = stored.get(name)
        if array is None:
            continue
        images = array.dtype == np.uint8 and array.shape[-1:] in ((1,), (3,)) and 0 not in array.shape[1:]
        if array.dtype.kind not in kinds or array.ndim != axes or (axes > 1 and not images):
            raise ContentError(f"{path}: {name} is {array.dtype} {array.shape}, needed {needed}; score it again")
        if name in ("neighbours", "distances", "labels") and len(array) != len(stored["pictures"]):
            raise ContentError(f"{path}: {name} are not as many as the pictures; score it again")
