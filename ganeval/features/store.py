"""The content-addressed store: what was computed once from given bytes by a given network is not computed again.

One safetensors file per entry, named by its key: a sha256 over everything that decides the content. Files lie on
shelves, folders named by what is known of a set before it is read, so that an empty one spares reading it for its hash.
Written beside and renamed; on load key and checksum are verified, and a torn or foreign file counts as absent.
"""

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.runtime.files import cache_root, replacing

VERSION = 3  # raised whenever decoding, resizing or extraction changes what an entry would hold


@dataclass(frozen=True)
class Entry:
    """What the store keeps under one key: tensors, and facts that JSON can hold."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


def key_of(shelf: str | None = None, /, **parts: Any) -> str:
    """The key of these parts, `shelf/sha256`: any change in any part gives another sha256.

    >>> key_of(bytes="ab", resize="tf1") == key_of(resize="tf1", bytes="ab")
    True
    """
    text = json.dumps({"version": VERSION, **parts}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{shelf or digest[:2]}/{digest}"


class Store:
    """Entries below a folder, or none at all where `root` is None (`--no-cache`)."""

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @classmethod
    def of(cls, cache: bool) -> "Store":
        """The user's store below `GANEVAL_CACHE`, or one that keeps nothing."""
        return cls(cache_root() / "features" if cache else None)

    def has_any(self, shelf: str) -> bool:
        """Whether anything is on a shelf."""
        return self.root is not None and any((self.root / shelf).glob("*.safetensors"))

    def load(self, key: str | None) -> Entry | None:
        """The entry of a key, or None where it is absent, torn or foreign; warns of a damaged file."""
        if self.root is None or key is None or not self._path(key).is_file():
            return None
        try:
            return _read(self._path(key), key)
        except (OSError, SafetensorError, ValueError, KeyError) as reason:
            warnings.warn(f"{self._path(key)}: damaged ({reason}); computed again", GanevalWarning, 2)
            return None

    def save(self, key: str | None, entry: Entry) -> None:
        """Keep an entry; a disk that is full or read-only costs the cache, not the score."""
        if self.root is None or key is None:
            return
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in entry.tensors.items()}
        facts = json.dumps(entry.facts, sort_keys=True)
        metadata = {"ganeval": "store", "key": key, "facts": facts, "sha256": _checksum(tensors, facts)}
        try:
            with replacing(self._path(key)) as partial:
                save_file(tensors, partial, metadata)
        except (OSError, SafetensorError) as reason:  # a full disk is a SafetensorError
            text = getattr(reason, "strerror", None) or str(reason)
            warnings.warn(f"{self.root}: cannot keep features there ({text}); not cached", GanevalWarning, 2)

    def _path(self, key: str) -> Path:
        return (self.root or Path()) / f"{key}.safetensors"


def _read(path: Path, key: str) -> Entry:
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("ganeval") != "store" or metadata.get("key") != key:
            raise ValueError("it belongs to something else")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    if _checksum(tensors, metadata["facts"]) != metadata["sha256"]:
        raise ValueError("its checksum is wrong")
    return Entry(tensors, json.loads(metadata["facts"]))


def _checksum(tensors: Mapping[str, Tensor], facts: str) -> str:
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
