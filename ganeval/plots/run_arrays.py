"""Arrays and grids of a run folder, read with care: what is not there is absent, what cannot be read is one line."""

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
from ganeval.plots.theme import Absent

Array = npt.NDArray[Any]
STEP = re.compile(r"-(\d{8})\.")
REMEDY = "remove it, and give the command that trained the run again"
AGAIN = "trained by an earlier version; the command that trained it, given again, adds it"
ANEW = "trained by an earlier version; only a new training stores it, check by check"


def arrays(path: Path, needed: Sequence[str]) -> dict[str, Array]:
    """The arrays in an npz file. Absent where there is none, ContentError where it is broken or lacks one of them.

    >>> arrays(Path("learning/gone.npz"), ["real"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ganeval.plots.theme.Absent: no learning/gone.npz: trained by an earlier version; ...
    """
    if not path.is_file():
        raise Absent(f"no {path.parent.name}/{path.name}: {AGAIN}")
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as reason:
        raise ContentError(f"{path}: cannot be read ({_line(reason)}); {REMEDY}") from reason
    if lacking := [name for name in needed if name not in found]:
        held = ", ".join(found) or "nothing"
        raise ContentError(f"{path}: found {held}, needed {', '.join(lacking)} as well; {REMEDY}")
    return found


def _line(reason: BaseException) -> str:
    return " ".join(str(reason).split()) or type(reason).__name__


def numbers(path: Path, found: dict[str, Array], name: str, dimensions: int) -> Array:
    """One array of finite numbers with so many dimensions, none of them empty, else ContentError."""
    array = found[name]
    if array.ndim != dimensions or array.size == 0 or array.dtype.kind not in "fiu":
        raise ContentError(f"{path}: {name} is {array.dtype} of shape {array.shape}, needed {dimensions} dimensions")
    if not np.isfinite(array).all():
        raise ContentError(f"{path}: {name} holds numbers that are not finite; {REMEDY}")
    return array


def pictures(path: Path, found: dict[str, Array], name: str, dimensions: int) -> Array:
    """Pictures as uint8 (..., H, W, 3), grey ones repeated, else ContentError."""
    array = found[name]
    if array.ndim != dimensions or array.size == 0 or array.dtype != np.uint8 or array.shape[-1] not in (1, 3):
        found_line = f"{name} is {array.dtype} of shape {array.shape}"
        raise ContentError(f"{path}: {found_line}, needed uint8 of {dimensions} dimensions, 1 or 3 channels the last")
    return np.repeat(array, 3, axis=-1) if array.shape[-1] == 1 else array


def by_step(folder: Path, pattern: str) -> dict[int, Path]:
    """The files of a folder that carry a step in their name, such as `scores-00000400.npz`, in order."""
    known = {int(match[1]): path for path in folder.glob(pattern) if (match := STEP.search(path.name))}
    return dict(sorted(known.items()))


def image_in(path: Path) -> Array:
    """The picture in a file as uint8 (H, W, 3). ContentError where it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as reason:
        raise ContentError(f"{path}: cannot be read ({_line(reason)}); {REMEDY}") from reason


def reduced(pixels: Array, most: int) -> Array:
    """Pictures, uint8 (..., H, W, C), of at most so many pixels along the longer side; smaller ones as they are.

    >>> reduced(np.zeros((5, 300, 150, 1), np.uint8), 100).shape
    (5, 100, 50, 1)
    """
    *many, high, wide, channels = pixels.shape
    if max(high, wide) <= most:
        return pixels
    by = most / max(high, wide)
    size = (max(1, round(wide * by)), max(1, round(high * by)))
    flat = pixels.reshape(-1, high, wide, *([] if channels == 1 else [channels]))
    small = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.LANCZOS)) for one in flat]
    return np.stack(small).reshape(*many, size[1], size[0], channels)


def cells(path: Path, columns: int, side: int, gap: int = 2) -> Array:
    """The pictures in a grid as the suite writes them: uint8 (rows, columns, S, S, 3), in their own pixels.

    A grid is enlarged by a whole number, and has a white gap around each picture. ContentError for any other picture.
    """
    grid = image_in(path)
    pitch = side + gap
    scale, rest = divmod(grid.shape[1], columns * pitch + gap)
    rows, below = divmod(grid.shape[0] - gap * scale, pitch * scale) if scale else (0, 0)
    if rest or below or rows < 1:
        size = f"{grid.shape[1]} x {grid.shape[0]} pixels"
        raise ContentError(f"{path}: found a grid of {size}, needed {columns} columns of {side} x {side} pixels")
    small = grid[::scale, ::scale][gap:, gap:]
    found: Array = small.reshape(rows, pitch, columns, pitch, 3)[:, :side, :, :side].swapaxes(1, 2)
    return found


def chosen(steps: Sequence[int], most: int, keep: int | None = None) -> list[int]:
    """At most so many steps, evenly among them, the first and the last always, and `keep` where it is one of them.

    >>> chosen([100, 200, 300, 400, 500], 3), chosen([100, 200, 300, 400, 500], 3, keep=200)
    ([100, 300, 500], [100, 200, 500])
    """
    if len(steps) <= most:
        return list(steps)
    places = {round(place) for place in np.linspace(0, len(steps) - 1, most)}
    if keep in steps and steps.index(keep) not in places:
        place = steps.index(keep)
        inner = places - {0, len(steps) - 1} or {0}
        places = places - {min(inner, key=lambda one: abs(one - place))} | {place}
    return [steps[place] for place in sorted(places)]
