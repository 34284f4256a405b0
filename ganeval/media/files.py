"""Sets of pictures with random access: a folder, a zip, a tar, an npz, an npy, an array or a tensor.

The same pictures in the same order have the same pixels whatever holds them, and the same `bytes_hash` in a folder, a
zip and a tar. What can be read only once is a `Stream`. This module is the public face of its neighbours.
"""

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ganeval.errors import BadImage, ContentError, UsageError
from ganeval.media.archives import READ_ERRORS, Archive, existing_file, one_line, open_tar, open_zip
from ganeval.media.arrays import array_images, npy_images, npz_images
from ganeval.media.base import Labels, SampleSet
from ganeval.media.images.decoding import EXTENSIONS, DecodedImage, Decoder, decode
from ganeval.media.streams import Stream, stream_images

__all__ = [
    "DecodedImage",
    "Labels",
    "SampleSet",
    "Stream",
    "array_images",
    "folder_images",
    "npy_images",
    "npz_images",
    "stream_images",
    "tar_images",
    "zip_images",
]


class FileSamples(SampleSet):
    """Encoded pictures, each read by its name; sorted by name, labelled by first-level folder."""

    files = True

    def __init__(self, name: str, members: list[str], read: Callable[[str], bytes], *, joint: str) -> None:
        super().__init__(name, *_folder_labels(members))
        self._members, self._read, self._joint = members, read, joint
        self._jpeg: Decoder | None = None

    def __len__(self) -> int:
        return len(self._members)

    def name_of(self, index: int) -> str:
        return f"{self.name}{self._joint}{self._members[index]}"

    def item(self, index: int) -> DecodedImage:
        try:
            data = self._read(self._members[index])
        except READ_ERRORS as error:
            raise BadImage(self.name_of(index), f"cannot be read: {one_line(error)}") from error
        return decode(data, self.name_of(index), self._jpeg)

    def decoded_by(self, jpeg: Decoder) -> SampleSet:
        other = copy.copy(self)
        other._jpeg = jpeg
        return other

    def digest(self, index: int) -> bytes:
        """The sha256 of a file and of the format that its name promises: a file that breaks the promise is refused."""
        promised = EXTENSIONS.get(self._members[index].rpartition(".")[2].lower(), "")
        try:
            return hashlib.sha256(promised.encode() + self._read(self._members[index])).digest()
        except READ_ERRORS:  # `item` says so; to the store it is one more content
            return hashlib.sha256(b"unreadable").digest()


def folder_images(path: str | os.PathLike[str]) -> SampleSet:
    """The pictures under a folder, at any depth, sorted by relative path; ContentError where there are none.

    Labels are the first-level folders where every picture lies in one and there are at least two. Hidden files and
    `__MACOSX` are passed over; links are followed, but not in a circle.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("cat/1.ppm", "dog/1.ppm"):
    ...     (root / name).parent.mkdir()
    ...     _ = (root / name).write_bytes(b"P6 1 1 255 rgb")
    >>> images = folder_images(root)
    >>> len(images), images.classes, images.labels, images.item(0).pixels.ravel()
    (2, ('cat', 'dog'), array([0, 1]), array([114, 103,  98], dtype=uint8))
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    members, ignored = _pictures(str(root), _walk(root, "", (os.path.realpath(root),)))
    images = FileSamples(str(root), members, lambda member: _contents(root / member), joint=os.sep)
    images.ignored = ignored
    return images


def zip_images(path: str | os.PathLike[str]) -> SampleSet:
    """The pictures in a zip, in the order and with the labels of the same folder; nothing is written to disk.

    Raises ContentError for a damaged or encrypted archive, a path that leads out of it, or a decompression bomb.
    """
    return _archived(existing_file(path), open_zip)


def tar_images(path: str | os.PathLike[str]) -> SampleSet:
    """The pictures in a plain tar, as `zip_images`; ContentError for a compressed one, which has no random access."""
    return _archived(existing_file(path), open_tar)


def _contents(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")  # a named pipe would be waited on for ever
    return path.read_bytes()


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[str]:
    """Relative posix paths of all files; a hidden folder is one name, a link back up is none."""
    for entry in os.scandir(folder):
        name = prefix + entry.name
        if not entry.is_dir() or _is_hidden(entry.name):
            yield name
        elif (real := os.path.realpath(entry.path)) not in above:
            yield from _walk(Path(entry.path), f"{name}/", (*above, real))


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _pictures(name: str, files: Iterable[str]) -> tuple[list[str], dict[str, int]]:
    """The pictures among posix paths, sorted, and how many of the others there are; ContentError without any."""
    members, hidden, ignored = [], set(), Counter[str]()
    for file in files:
        parts = file.split("/")
        veiled = next((depth for depth, part in enumerate(parts, 1) if _is_hidden(part)), 0)
        extension = parts[-1].rpartition(".")[2].lower() if "." in parts[-1] else ""
        if veiled:
            hidden.add("/".join(parts[:veiled]))
        elif extension in EXTENSIONS:
            members.append(file)
        else:
            ignored[f".{extension}" if extension else "no extension"] += 1
    ignored += Counter({"hidden": len(hidden)})
    if not members:
        found = ", ".join(f"{kind} {count}" for kind, count in sorted(ignored.items()))
        files_found = "1 file" if ignored.total() == 1 else f"{ignored.total()} files"
        found = f"{files_found}, none of them pictures ({found})" if found else "no files"
        raise ContentError(f"{name}: found {found}; needed {', '.join(EXTENSIONS)}")
    return sorted(members), dict(ignored)


def _folder_labels(members: list[str]) -> tuple[Labels | None, tuple[str, ...] | None]:
    folders = [member.split("/")[0] if "/" in member else "" for member in members]
    classes = tuple(sorted(set(folders)))
    if "" in classes or len(classes) < 2:
        return None, None
    number = {folder: label for label, folder in enumerate(classes)}
    return np.array([number[folder] for folder in folders], np.int64), classes


def _archived(path: Path, opened: Callable[[Path], Archive]) -> SampleSet:
    archive = opened(path)
    members, ignored = _pictures(str(path), archive.names)
    for member in members:
        archive.vet(member)
    images = FileSamples(str(path), members, archive.read, joint="!")
    images.ignored = ignored | archive.passed_over
    return images
