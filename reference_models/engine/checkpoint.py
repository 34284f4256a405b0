"""A run's state on disk: a safetensors file, and a JSON file that names it and is written last.

Both are written beside and renamed, so a run that is killed at any moment leaves the checkpoint before, or this one.
Nothing that is read can run code: weights are safetensors alone.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

REQUIRED: dict[str, type | tuple[type, ...]] = {
    "file": str,
    "step": int,
    "drawn": int,
    "seconds": (int, float),
    "config": dict,
}


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, or of another run."""


def save(folder: Path, name: str, tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> None:
    """Write checkpoint `name` (`last` or `best`): weights named by their step, then the JSON that points to them."""
    file = f"{name}-{document['step']:08d}.safetensors"
    with atomic_write(folder / file) as partial:
        save_file({key: _on_cpu(value) for key, value in tensors.items()}, partial)
    with atomic_write(folder / f"{name}.json") as partial:
        text = json.dumps({"file": file, **document}, indent=1, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
    tidy(folder, name, file)


def tidy(folder: Path, name: str, file: str) -> None:
    """Delete former files of a checkpoint, and half-written ones: folders, in earlier versions files."""
    for old in folder.glob(f"{name}-*.safetensors"):
        if old.name != file:
            old.unlink()
    for remains in folder.glob(f".{name}[-.]*"):
        shutil.rmtree(remains) if remains.is_dir() else remains.unlink()


def load(folder: Path, name: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The checkpoint of that name, None where there is none; CheckpointError for a damaged one."""
    document = read(folder, name)
    if document is None:
        return None
    file = folder / Path(document["file"]).name
    try:
        return load_file(file), document
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: missing or damaged ({error}); delete {folder} to train anew") from error


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """The header of a checkpoint: step, configuration, versions, data; None where there is none.

    CheckpointError for a file that is damaged or something else.
    """
    path = folder / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); delete {folder} to train anew") from error
    if not isinstance(document, dict) or not all(isinstance(document.get(key), REQUIRED[key]) for key in REQUIRED):
        raise CheckpointError(f"{path}: not a checkpoint; delete {folder} to train anew")
    return document


def strip_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin so, by the rest of their names.

    >>> strip_prefix({"g.weight": torch.zeros(1), "d.weight": torch.ones(1)}, "g.")
    {'weight': tensor([0.])}
    """
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def load_into(network: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Load weights into a network; CheckpointError, in one line, where they are those of another."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{where}: its weights are of another network ({reason[:200]})") from error


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path, renamed onto `path` once its content is on the disk; ganeval's own cannot be imported here.

    It lies in a folder of its own: safetensors writes beside its target too, under names that nobody could clear away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    partial = scratch / path.name
    try:
        yield partial
        with partial.open("r+b") as written:
            os.fsync(written.fileno())
        partial.chmod(0o644)
        os.replace(partial, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _on_cpu(tensor: Tensor) -> Tensor:
    """On the CPU, in rows, in memory of its own: safetensors refuses two names for one storage (tied weights)."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
