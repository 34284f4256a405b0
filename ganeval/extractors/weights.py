"""Published weights: find, check against their sha256, download once, and read without running any code in the file.

A file is looked for where the user says, in ganeval's cache, then in torch hub's folder under the names that
torch-fidelity and pytorch-fid give it. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import urllib.request
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganeval.errors import ContentError, MissingWeights, UsageError
from ganeval.extractors.table import EXTRACTORS, PublishedWeights
from ganeval.media.archives import READ_ERRORS
from ganeval.progress import Tick
from ganeval.runtime import files

if TYPE_CHECKING:
    import torch

PUBLISHED = {name: row.weights for name, row in EXTRACTORS.items() if row.weights is not None}


@dataclass(frozen=True)
class Weights:
    """A weights file on this machine, and whether it is, byte for byte, the published one."""

    path: Path
    sha256: str
    published: bool


def find_weights(name: str, given: Path | None, offline: bool, progress: Tick | None = None) -> Weights:
    """The weights of `name`: the file `given`, else ganeval's cache, else torch hub's folder, else a download.

    `given` may hold any weights of the right shapes; a file of the cache or the hub must be the published one.
    Raises UsageError where `given` is no file, ContentError where a file is altered, MissingWeights where there is none
    and it cannot be downloaded.
    """
    row = PUBLISHED[name]
    if given is not None:
        if not given.is_file():
            raise UsageError(f"--weights: there is no file {given}")
        sha256 = file_sha256(given)
        return Weights(given, sha256, published=sha256 == row.sha256)
    path = _present(row)
    if path is None:
        if offline or files.offline():
            raise _missing(name, "downloads are off")
        path = _download(name, row, progress)
    elif (sha256 := file_sha256(path)) != row.sha256:
        raise ContentError(
            f"{path}: its sha256 is {sha256[:8]}…, needed {row.sha256[:8]}… ({path.stat().st_size:,} bytes): "
            "an incomplete or altered download: delete it, or pass it with --weights to use it all the same"
        )
    return Weights(path, row.sha256, published=True)


def weights_status(name: str) -> str:
    """The folder of the published weights of `name` on this machine, in one line for a listing; nothing is hashed."""
    row = PUBLISHED[name]
    path = _present(row)
    return f"in {path.parent}" if path else f"absent: downloaded on first use from {row.url.split('/')[2]}"


def torch_hub() -> Path:
    """Torch hub's folder: where `torch.hub.set_dir` put it, else under `TORCH_HOME` or `XDG_CACHE_HOME`."""
    if "torch" in sys.modules:
        return Path(sys.modules["torch"].hub.get_dir())
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub"


def file_sha256(path: Path) -> str:
    """The sha256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_state_dict(path: Path, *, trusted: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of a `.safetensors` or PyTorch file, by name, without running any code that the file holds.

    A TorchScript archive is code: it is opened only where `trusted` says that its whole sha256 is the published one.
    Raises ContentError for a file that is neither, is cut short, or asks for code to be run.
    """
    try:
        state = _read_tensors(path, trusted)
    except Exception as error:  # the readers raise nearly anything on foreign bytes
        raise ContentError(
            f"{path}: {_unreadable(path)} (needed: a state dict in PyTorch's format or safetensors)"
        ) from error
    if not isinstance(state, Mapping) or not state:
        raise ContentError(f"{path}: holds a {type(state).__name__}, not a state dict (names of tensors and tensors)")
    for key, value in state.items():
        if not isinstance(key, str) or not hasattr(value, "shape"):
            raise ContentError(f"{path}: not a state dict: its entry {key!r} is a {type(value).__name__}, not a tensor")
    return dict(state)


def check_shapes(wanted: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Raise ContentError, naming the first and the count, unless `state` has the names and shapes of `wanted`.

    Batch norm's counter of training steps may be absent, as it is in files older than PyTorch 0.4.1.
    """
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    foreign = [key for key in state if key not in wanted]
    shaped = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    if missing:
        raise ContentError(f"{path}: not these weights: {_first(missing)} missing")
    if foreign:
        raise ContentError(f"{path}: not these weights: {_first(foreign)} not in this network")
    if shaped:
        found, needed = list(state[shaped[0]].shape), list(wanted[shaped[0]].shape)
        raise ContentError(f"{path}: not these weights: {_first(shaped)} of another shape ({found}, needed {needed})")


def _first(keys: list[str]) -> str:
    return f"'{keys[0]}' is" if len(keys) == 1 else f"'{keys[0]}' and {len(keys) - 1} more are"


def _present(row: PublishedWeights) -> Path | None:
    """The first place that has a file of one of these names."""
    places = [folder / file for folder in (_cache(), torch_hub() / "checkpoints") for file in row.files]
    return next((path for path in places if path.is_file()), None)


def _cache() -> Path:
    return files.cache_root() / "weights"


def _missing(name: str, why: str) -> MissingWeights:
    return MissingWeights(
        f"the weights of extractor '{name}' ({PUBLISHED[name].files[0]}) are neither in {_cache()} nor in "
        f"{torch_hub() / 'checkpoints'}, and {why}: pass --weights FILE, or --extractor FILE after "
        "`ganeval classifier SRC -o FILE`, or go online"
    )


def _download(name: str, row: PublishedWeights, progress: Tick | None) -> Path:
    """Download to ganeval's cache: one attempt, to a file beside, which is checked, then renamed."""
    target = _cache() / row.files[0]

    def report(blocks: int, size: int, total: int) -> None:
        if progress:
            progress(f"downloading {target.name}", min(blocks * size, max(total, 0)), total if total >= 0 else None)

    try:
        with files.replacing(target) as partial:
            with files.network_timeout():
                urllib.request.urlretrieve(row.url, partial, report)  # noqa: S310 (an address of our own table)
            if (sha256 := file_sha256(partial)) != row.sha256:
                raise OSError(f"its sha256 is {sha256[:8]}…, needed {row.sha256[:8]}…")
    except (OSError, http.client.HTTPException) as error:
        raise _missing(name, f"downloading {row.url} failed ({error})") from error
    return target


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.endswith("/constants.pkl") for member in archive.namelist())
    except READ_ERRORS:
        return False


def _read_tensors(path: Path, trusted: bool) -> object:
    import safetensors.torch
    import torch

    with path.open("rb") as file:
        opening = file.read(9)
    if path.suffix == ".safetensors" or opening[8:] == b"{":
        return safetensors.torch.load_file(path)
    with warnings.catch_warnings():
        # on TorchScript, which is deprecated, but OpenAI's files have no other reader; and on pickles, before a refusal
        warnings.simplefilter("ignore")
        if not _is_torchscript(path):
            return torch.load(path, map_location="cpu", weights_only=True)
        if not trusted:
            raise ValueError("TorchScript")  # torch.load would hand it to torch.jit.load
        return torch.jit.load(str(path), map_location="cpu").state_dict()


def _unreadable(path: Path) -> str:
    """Why a file that no reader took is most likely no good."""
    with path.open("rb") as file:
        opening = file.read(256)
    if not opening:
        return "is empty"
    if _is_torchscript(path):
        return "is a TorchScript archive, which is code; only OpenAI's own files are opened, known by their sha256"
    try:
        whole = zipfile.is_zipfile(path)
    except READ_ERRORS:  # it has a directory, a damaged one
        whole = True
    if whole or opening[:1] == b"\x80":
        return "holds more than tensors (or is damaged), and code in it is not run"
    if opening[:4] == b"PK\x03\x04":
        return "is cut short"
    return "is not a weights file" if opening[8:9] != b"{" else "is a damaged or cut-short safetensors file"
