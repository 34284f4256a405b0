"""Arrays in a run folder: compressed npz without pickle, written beside and renamed; equal arrays, equal bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.files import replacing

Arrays = Mapping[str, npt.NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays by name to an `.npz`; `np.load(path)` reads them. ValueError for objects, which would be pickled.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "learning" / "scores.npz"
    >>> write_arrays(path, {"real": np.arange(3)})
    >>> np.load(path)["real"]
    array([0, 1, 2])
    """
    if unfit := [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]:
        raise ValueError(f"{path.name}: found objects in {', '.join(unfit)}, needed plain numbers or text")
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's own keyword is no name of ours
