"""A run's state on disk: a safetensors file, and a JSON file that names it and is written last.

Both are written beside and renamed, so a run that is killed at any moment leaves the checkpoint before, or this one.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, or of another run."""


def save(folder: Path, name: str, tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> None:
    """Write checkpoint `name` (`last` or `best`): weights named by their step, then the JSON that points to them."""
    file = f"{name}-{document['step']:08d}.safetensors"
    kept = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    with beside(folder / file) as partial:
        save_file(_unshared(kept), partial)
    with beside(folder / f"{name}.json") as partial:
        text = json.dumps({"file": file, **document}, indent=1, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
    for old in folder.glob(f"{name}-*.safetensors"):
        if old.name != file:
            old.unlink()


def load(folder: Path, name: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The checkpoint of that name, None where there is none; CheckpointError for a damaged one."""
    about = read(folder, name)
    if about is None:
        return None
    file = folder / str(about["file"])
    try:
        return load_file(file), about
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: missing or damaged ({error}); delete {folder} to train anew") from error


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """What a checkpoint says of itself: step, configuration, versions, data; None where there is none."""
    path = folder / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); delete {folder} to train anew") from error
    if not isinstance(document, dict) or not {"file", "step", "config"} <= set(document):
        raise CheckpointError(f"{path}: not a checkpoint; delete {folder} to train anew")
    return document


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A temporary path, renamed onto `path` once its content is on the disk; ganeval's own cannot be imported here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Safetensors refuses two names for one storage; such tensors are copied."""
    seen: set[int] = set()
    for name, value in tensors.items():
        if value.data_ptr() in seen:
            tensors[name] = value.clone()
        seen.add(value.data_ptr())
    return tensors
