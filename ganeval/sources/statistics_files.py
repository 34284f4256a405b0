"""Published statistics of a reference: files with `mu` and `sigma` of pytorch-fid, TTUR, ADM, torch-fidelity, and ours.

pytorch-fid, TTUR and ADM read our `.npz`, torch-fidelity our `.pt`. Ours say how they were made, under `ganeval`.
"""

import hashlib
import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganeval.errors import ContentError, GanevalWarning
from ganeval.media.archives import READ_ERRORS, one_line
from ganeval.runtime.files import replacing

Array = np.ndarray[Any, Any]
ARRAYS = ("mu", "sigma", "features", "probabilities", "labels")
SUFFIXES = (".npz", ".pt")


@dataclass(frozen=True)
class Statistics:
    """A published reference: mean (D,) and covariance (D, D), or whole features (N, D), without the images.

    `provenance`, where the file has it: extractor, layer, weights, resize, precision, fingerprint, count.
    `centres` (K, D) and `sigma` are those of the mixture that the features were drawn from, where that is known.
    """

    name: str
    mean: Array | None = None
    covariance: Array | None = None
    features: Array | None = None
    probabilities: Array | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    labels: Array | None = None
    centres: Array | None = None
    sigma: float | None = None

    random_access = True  # as of a set of images that is no stream

    @property
    def count(self) -> int | None:
        """How many samples; None where only their mean and covariance are known."""
        return None if self.features is None else len(self.features)

    def __len__(self) -> int:
        return self.count or 0

    def subset(self, indices: Sequence[int]) -> "Statistics":
        """The samples of these indices, in this order; their labels follow."""
        of_all = (self.features, self.probabilities, self.labels)
        features, probabilities, labels = (None if array is None else array[list(indices)] for array in of_all)
        own = {} if features is None else {"fingerprint": fingerprint_of_points(features)}
        few = replace(self, features=features, probabilities=probabilities, labels=labels)
        return replace(few, mean=None, covariance=None, provenance={**self.provenance, **own})

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, where the provenance has them."""
        return tuple(map(str, self.provenance.get("classes") or ())) or None

    @property
    def fingerprint(self) -> str:
        """Of the images behind the numbers, where the file knows it; else of the numbers, which is all there is."""
        if known := self.provenance.get("fingerprint"):
            return str(known)
        digest = hashlib.sha256()
        for array in (self.mean, self.covariance, self.features):
            if array is not None:
                digest.update(np.ascontiguousarray(array, np.float64).tobytes())
        return f"sha256:{digest.hexdigest()}"


def fingerprint_of_points(points: Array) -> str:
    """The fingerprint of points (N, D), as reports record it: the sha256 of their shape and of their float32 values."""
    content = f"{points.shape}".encode() + points.astype(np.float32).tobytes()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def names_in(path: Path) -> set[str]:
    """The arrays in an npz by name; none where it cannot be read, which its reader will say."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except READ_ERRORS:
        return set()


def read_statistics(path: Path) -> Statistics:
    """The statistics or features in a file. ContentError where it is damaged, or its arrays cannot be what they say."""
    try:
        found = _read_npz(path) if path.suffix.lower() == ".npz" else _read_pt(path)
        provenance = json.loads(str(found["ganeval"])) if "ganeval" in found else {}
        arrays = {name: np.asarray(found[name]) for name in ARRAYS if name in found}
    except Exception as error:  # torch and NumPy raise nearly anything on foreign bytes
        reason = one_line(error)
        raise ContentError(f"{path}: a damaged statistics file, or one with more than numbers ({reason})") from error
    if not isinstance(provenance, dict):
        kind = type(provenance).__name__
        raise ContentError(f"{path}: a damaged statistics file: found a {kind} that says how it was made")
    mean, covariance, features, probabilities, labels = map(arrays.get, ARRAYS)
    if not isinstance(provenance.get("count", 0), int | None) or not isinstance(provenance.get("classes"), list | None):
        raise ContentError(f"{path}: a damaged statistics file: how it was made makes no sense")
    if (mean is None or covariance is None) and features is None:
        raise ContentError(f"{path}: found {', '.join(found) or 'nothing'}; needed mu and sigma, or features")
    _check_numbers(path, arrays)
    statistics = Statistics(str(path), mean, covariance, features, probabilities, provenance, labels)
    _check_shapes(statistics)
    return statistics


def write_statistics(path: Path, arrays: Mapping[str, Array], provenance: Mapping[str, Any]) -> None:
    """Write arrays under the names that others read, and how they were made beside them; `.npz`, or `.pt` for torch."""
    with replacing(path) as partial, partial.open("wb") as file:
        if path.suffix.lower() == ".npz":
            np.savez(file, allow_pickle=False, **arrays, ganeval=np.array(json.dumps(provenance)))
        else:
            import torch

            torch.save({**arrays, "ganeval": json.dumps(provenance)}, file)


def _read_npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in (*ARRAYS, "ganeval") if name in file.files}


def _read_pt(path: Path) -> dict[str, Any]:
    """torch-fidelity's cache: NumPy arrays by name, or a tensor of features. Nothing but arrays is unpickled."""
    import torch

    rebuild = np.empty(0).__reduce__()[0]  # what an array's pickle calls, wherever this NumPy keeps it
    allowed: list[Any] = [rebuild, np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in ("f4", "f8"))]
    with torch.serialization.safe_globals(allowed):
        found = torch.load(path, map_location="cpu", weights_only=True)
    return dict(found) if isinstance(found, Mapping) else {"features": found}


def _check_shapes(source: Statistics) -> None:
    name, mean, covariance, features = source.name, source.mean, source.covariance, source.features
    labels, probabilities = source.labels, source.probabilities
    if mean is not None and covariance is not None and (mean.ndim != 1 or covariance.shape != 2 * mean.shape):
        raise ContentError(f"{name}: found mu {mean.shape} and sigma {covariance.shape}, needed (D,) and (D, D)")
    if covariance is not None:
        symmetric = np.allclose(covariance, covariance.T, rtol=1e-3, atol=1e-6 * np.abs(covariance).max())
        if not symmetric:
            raise ContentError(f"{name}: found a sigma that is not symmetric, so no covariance")
    if features is None:
        return
    if features.ndim != 2:
        raise ContentError(f"{name}: found features {features.shape}, needed (N, D)")
    if labels is not None and labels.shape != features.shape[:1]:
        raise ContentError(f"{name}: found features {features.shape} and labels {labels.shape}, needed as many")
    if probabilities is not None and probabilities.shape[:-1] != features.shape[:1]:
        shapes = f"features {features.shape} and probabilities {probabilities.shape}"
        raise ContentError(f"{name}: found {shapes}, needed (N, D) and (N, C)")


def _check_numbers(path: Path, arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise ContentError(f"{path}: found {name} of type {array.dtype}, needed real numbers")
        if not np.isfinite(array).all():
            raise ContentError(f"{path}: found numbers in {name} that are not finite; it cannot be a reference")


def check_provenance(source: Statistics, provenance: Mapping[str, str]) -> None:
    """ContentError where a file has another provenance than features have now; a warning where it has none."""
    if not source.provenance:
        protocol = f"{provenance['extractor']} under {provenance['resize']}"
        text = f"{source.name}: does not say how it was made; taken to be {protocol}"
        warnings.warn(text, GanevalWarning, 2)
    for key, value in provenance.items():
        found = source.provenance.get(key, value)
        if found != value:
            raise ContentError(f"{source.name}: made with {key} {found}, needed {value}; score under the same protocol")
