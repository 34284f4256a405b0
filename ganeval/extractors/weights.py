"""Published weights: found, checked against their sha256, downloaded once, and read without running anybody's code.

A file is looked for where the user says, in ganeval's cache, then in torch hub's folder under the names that
torch-fidelity and pytorch-fid give it. Importing this module does not import torch.
"""

from __future__ import annotations

import functools
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
from ganeval.progress import Tick
from ganeval.runtime import files

if TYPE_CHECKING:
    import torch


TIMEOUT = 10.0  # seconds without an answer
BLOCK = 2**20


@dataclass(frozen=True)
class Published:
    """A weights file as its authors publish it; `files` are the names it goes by on disk, ours first."""

    url: str
    files: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Weights:
    """A weights file on this machine, and whether it is, byte for byte, the published one."""

    path: Path
    sha256: str
    published: bool


def _clip(name: str, file: str, sha256: str) -> Published:
    return Published(
        f"https://openaipublic.azureedge.net/clip/models/{sha256}/{file}.pt", (f"{name}-{sha256}.pt",), sha256
    )


def _dinov2(model: str, sha256: str) -> Published:
    file = f"{model}_pretrain.pth"
    return Published(f"https://dl.fbaipublicfiles.com/dinov2/{model}/{file}", (file,), sha256)


PUBLISHED: dict[str, Published] = {
    "inception": Published(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth"),
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
    "vgg16": Published(
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        ("vgg16-397923af.pth",),
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    ),
    "clip-rn50": _clip("clip-rn50", "RN50", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
    "clip-rn101": _clip("clip-rn101", "RN101", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599"),
    "clip-rn50x4": _clip("clip-rn50x4", "RN50x4", "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd"),
    "clip-rn50x16": _clip(
        "clip-rn50x16", "RN50x16", "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa"
    ),
    "clip-rn50x64": _clip(
        "clip-rn50x64", "RN50x64", "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c"
    ),
    "clip-vit-b-32": _clip(
        "clip-vit-b-32", "ViT-B-32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    ),
    "clip-vit-b-16": _clip(
        "clip-vit-b-16", "ViT-B-16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
    ),
    "clip-vit-l-14": _clip(
        "clip-vit-l-14", "ViT-L-14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
    ),
    "clip-vit-l-14-336px": _clip(
        "clip-vit-l-14-336px", "ViT-L-14-336px", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"
    ),
    "dinov2-vit-s-14": _dinov2("dinov2_vits14", "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"),
    "dinov2-vit-b-14": _dinov2("dinov2_vitb14", "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73"),
    "dinov2-vit-l-14": _dinov2("dinov2_vitl14", "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428"),
    "dinov2-vit-g-14": _dinov2("dinov2_vitg14", "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3"),
}


def find_weights(name: str, given: Path | None, offline: bool, progress: Tick | None = None) -> Weights:
    """The weights of `name`: the given file, else ganeval's cache, else torch hub's folder, else a download.

    A given file may be any of the right shapes; a found one must be the published one.
    Raises UsageError where `given` is no file, ContentError where a found file is altered, MissingWeights otherwise.
    """
    row = PUBLISHED[name]
    if given is not None:
        if not given.is_file():
            raise UsageError(f"--weights: there is no file {given}")
        sha256 = file_sha256(given)
        return Weights(given, sha256, published=sha256 == row.sha256)
    for path in _places(row):
        if path.is_file():
            return Weights(_checked(path, row), row.sha256, published=True)
    if offline or files.offline():
        raise _missing(name, "downloads are off")
    return Weights(_download(name, row, progress), row.sha256, published=True)


def weights_status(name: str) -> str:
    """Where the published weights of `name` are on this machine, for a listing: one line, nothing hashed."""
    row = PUBLISHED[name]
    for path in _places(row):
        if path.is_file():
            return f"in {path.parent}"
    return f"absent: downloaded on first use from {row.url.split('/')[2]}"


def torch_hub() -> Path:
    """Torch hub's folder: where `torch.hub.set_dir` put it, else under `TORCH_HOME` or `XDG_CACHE_HOME`."""
    if "torch" in sys.modules:
        return Path(sys.modules["torch"].hub.get_dir())
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub"


def file_sha256(path: Path) -> str:
    """The sha256 of a file, remembered in this process for as long as its time and size stay."""
    status = path.stat()
    return _sha256(path.resolve(), status.st_mtime_ns, status.st_size)


def load_state_dict(path: Path, *, trusted: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of a `.safetensors` or PyTorch file, by name, without running any code that the file holds.

    A TorchScript archive is code: it is opened only where `trusted` says that its whole sha256 is the published one.
    Raises ContentError for a file that is neither, is cut short, or asks for code to be run.
    """
    try:
        state = _read_torchscript(path) if trusted and _is_torchscript(path) else _read_tensors(path)
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


def check_shapes(
    expected: torch.nn.Module | Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], path: Path
) -> None:
    """Raise ContentError, naming the first and the count, unless `state` has the names and shapes of `expected`.

    Batch norm's counter of training steps may be absent, as it is in files older than PyTorch 0.4.1.
    """
    wanted = expected if isinstance(expected, Mapping) else expected.state_dict()
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


def _places(row: Published) -> list[Path]:
    folders = (_own_folder(), torch_hub() / "checkpoints")
    return [folder / file for folder in folders for file in row.files]


def _own_folder() -> Path:
    return files.cache_root() / "weights"


def _checked(path: Path, row: Published) -> Path:
    sha256 = file_sha256(path)
    if sha256 != row.sha256:
        raise ContentError(
            f"{path}: its sha256 is {sha256[:8]}…, needed {row.sha256[:8]}… ({path.stat().st_size:,} bytes): an "
            "incomplete or altered download: delete it, or pass it with --weights to use it all the same"
        )
    return path


def _missing(name: str, why: str) -> MissingWeights:
    return MissingWeights(
        f"the weights of extractor '{name}' ({PUBLISHED[name].files[0]}) are neither in {_own_folder()} nor in "
        f"{torch_hub() / 'checkpoints'}, and {why}: pass --weights FILE, or --extractor FILE after "
        "`ganeval classifier SRC -o FILE`, or go online"
    )


def _download(name: str, row: Published, progress: Tick | None) -> Path:
    """Fetch to ganeval's cache: one attempt, streamed beside, checked, then renamed."""
    target = _own_folder() / row.files[0]
    try:
        with files.replacing(target) as partial:
            _stream(row.url, partial, f"downloading {row.files[0]}", progress)
            sha256 = file_sha256(partial)
            if sha256 != row.sha256:
                raise OSError(f"its sha256 is {sha256[:8]}…, needed {row.sha256[:8]}…")
    except (OSError, http.client.HTTPException) as error:
        raise _missing(name, f"fetching {row.url} failed ({error})") from error
    return target


def _stream(url: str, target: Path, stage: str, progress: Tick | None) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, target.open("wb") as file:  # noqa: S310 (from PUBLISHED)
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        done = 0
        while block := answer.read(BLOCK):
            file.write(block)
            done += len(block)
            if progress:
                progress(stage, done, total)
    if total is not None and done != total:
        raise OSError(f"cut short after {done:,} of {total:,} bytes")


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(member.endswith("/constants.pkl") for member in archive.namelist())


def _read_torchscript(path: Path) -> object:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but there is no other reader of OpenAI's files
        return torch.jit.load(str(path), map_location="cpu").state_dict()


def _read_tensors(path: Path) -> object:
    import safetensors.torch
    import torch

    with path.open("rb") as file:
        opening = file.read(9)
    if path.suffix == ".safetensors" or opening[8:] == b"{":
        return safetensors.torch.load_file(path)
    if _is_torchscript(path):
        raise ValueError("TorchScript")  # torch.load would hand it to torch.jit.load
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on foreign pickles, which are refused a moment later
        return torch.load(path, map_location="cpu", weights_only=True)


def _unreadable(path: Path) -> str:
    """Why a file that no reader took is most likely no good."""
    with path.open("rb") as file:
        opening = file.read(256)
    if not opening:
        return "is empty"
    if _is_torchscript(path):
        return "is a TorchScript archive, which is code; only OpenAI's own files are opened, known by their sha256"
    if zipfile.is_zipfile(path) or opening[:1] == b"\x80":
        return "holds more than tensors (or is damaged), and code in it is not run"
    if opening[:4] == b"PK\x03\x04":
        return "is cut short"
    return "is not a weights file" if opening[8:9] != b"{" else "is a damaged or cut-short safetensors file"
