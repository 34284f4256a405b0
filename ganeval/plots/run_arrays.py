"""The arrays and grids in a run folder: a missing file is MissingData, a broken one is one line of ContentError."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganeval.errors import ContentError
from ganeval.plots.theme import MissingData

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
STEP = re.compile(r"-(\d{8})\.")
REMEDY = "remove it and run the training command again"
RERUN = "the run was trained by an earlier version: run the training command again to add it"
RETRAIN = "the run was trained by an earlier version: only a new training stores it"


def read_arrays(path: Path, needed: Sequence[str]) -> Arrays:
    """The arrays in an npz file. MissingData where there is none, ContentError where it is broken or lacks one of them.

    >>> read_arrays(Path("learning/gone.npz"), ["real"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ganeval.plots.theme.MissingData: no learning/gone.npz: the run was trained by an earlier version: ...
    """
    if not path.is_file():
        raise MissingData(f"no {path.parent.name}/{path.name}: {RERUN}")
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as reason:
        raise _unreadable(path, reason) from reason
    if lacking := [name for name in needed if name not in stored]:
        names = ", ".join(stored) or "nothing"
        raise ContentError(f"{path}: found {names}, needed {', '.join(lacking)} as well; {REMEDY}")
    return stored


def read_image(path: Path) -> Array:
    """The image in a file as uint8 (H, W, 3). ContentError where it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as reason:
        raise _unreadable(path, reason) from reason


def _unreadable(path: Path, reason: BaseException) -> ContentError:
    line = " ".join(str(reason).split()) or type(reason).__name__
    return ContentError(f"{path}: cannot be read ({line}); {REMEDY}")


def numeric_array(path: Path, stored: Arrays, name: str, dimensions: int) -> Array:
    """An array of finite numbers with so many dimensions, none of them empty, else ContentError."""
    array = stored[name]
    if array.ndim != dimensions or array.size == 0 or array.dtype.kind not in "fiu":
        raise ContentError(f"{path}: {name} is {array.dtype} of shape {array.shape}, needed {dimensions} dimensions")
    if not np.isfinite(array).all():
        raise ContentError(f"{path}: {name} holds numbers that are not finite; {REMEDY}")
    return array


def image_array(path: Path, stored: Arrays, name: str, dimensions: int) -> Array:
    """Images as uint8 (..., H, W, 3), grey ones in three channels, else ContentError."""
    array = stored[name]
    if array.ndim != dimensions or array.size == 0 or array.dtype != np.uint8 or array.shape[-1] not in (1, 3):
        kind = f"{name} is {array.dtype} of shape {array.shape}"
        raise ContentError(f"{path}: {kind}, needed uint8 of {dimensions} dimensions, 1 or 3 channels the last")
    return np.repeat(array, 3, axis=-1) if array.shape[-1] == 1 else array


def label_names(labels: Array, names: Sequence[str]) -> list[str]:
    """The names of class labels; a label without one is its number.

    >>> label_names(np.array([1, 7]), ["cat", "dog"])
    ['dog', '7']
    """
    return [names[label] if 0 <= label < len(names) else str(label) for label in labels.tolist()]


def files_by_step(folder: Path, pattern: str) -> dict[int, Path]:
    """The files of a folder with a step in their name, such as `scores-00000400.npz`, in the order of steps."""
    files = {int(match[1]): path for path in folder.glob(pattern) if (match := STEP.search(path.name))}
    return dict(sorted(files.items()))


def pick_steps(steps: Sequence[int], count: int, keep: int | None = None) -> list[int]:
    """At most `count` steps, evenly spread, always with the first and the last, and with `keep` where it is a step.

    >>> pick_steps([100, 200, 300, 400, 500], 3), pick_steps([100, 200, 300, 400, 500], 3, keep=200)
    ([100, 300, 500], [100, 200, 500])
    """
    if len(steps) <= count:
        return list(steps)
    places = {round(place) for place in np.linspace(0, len(steps) - 1, count)}
    if keep in steps and (best := steps.index(keep)) not in places:
        inner = places - {0, len(steps) - 1} or {0}
        places = places - {min(inner, key=lambda place: abs(place - best))} | {best}
    return [steps[place] for place in sorted(places)]


def downscale(pixels: Array, side: int) -> Array:
    """Images, uint8 (..., H, W, C), of at most `side` pixels along the longer side; smaller ones as they are.

    >>> downscale(np.zeros((5, 300, 150, 1), np.uint8), 100).shape
    (5, 100, 50, 1)
    """
    *leading, height, width, channels = pixels.shape
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    flat = pixels.reshape(-1, height, width, *([] if channels == 1 else [channels]))
    small = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)) for image in flat]
    return np.stack(small).reshape(*leading, size[1], size[0], channels)


def grid_cells(path: Path, columns: int, side: int, gap: int = 2) -> Array:
    """The images in a grid that training stored: uint8 (rows, columns, S, S, 3), in their own pixels.

    A grid is enlarged by a whole number and has a white gap around each image. ContentError for any other image.
    """
    grid = read_image(path)
    pitch = side + gap
    scale, rest = divmod(grid.shape[1], columns * pitch + gap)
    rows, below = divmod(grid.shape[0] - gap * scale, pitch * scale) if scale else (0, 0)
    if rest or below or rows < 1:
        size = f"{grid.shape[1]} x {grid.shape[0]} pixels"
        raise ContentError(f"{path}: found a grid of {size}, needed {columns} columns of {side} x {side} pixels")
    small = grid[::scale, ::scale][gap:, gap:]
    cells: Array = small.reshape(rows, pitch, columns, pitch, 3)[:, :side, :, :side].swapaxes(1, 2)
    return cells
