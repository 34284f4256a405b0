"""Sets of image files: a folder, a zip or a tar.

The same files in the same order have the same pixels and the same `bytes_hash` in each of them.
"""

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ganeval.errors import BadImage, ContentError, UsageError
from ganeval.media.archives import READ_ERRORS, Archive, existing_file, one_line, open_tar, open_zip
from ganeval.media.base import Labels, SampleSet
from ganeval.media.images.decoding import EXTENSIONS, DecodedImage, Decoder, decode, digest_of_file


class FileSamples(SampleSet):
    """Encoded images, each read by its name; sorted by name, labelled by first-level folder."""

    def __init__(self, name: str, archive: Archive, *, joint: str) -> None:
        self._members, ignored = _images(name, archive.names)
        for member in self._members:
            archive.vet(member)
        super().__init__(name, *_folder_labels(self._members))
        self.ignored = ignored | archive.passed_over
        self._archive, self._joint = archive, joint
        self._jpeg: Decoder | None = None

    def __len__(self) -> int:
        return len(self._members)

    def name_of(self, index: int) -> str:
        return f"{self.name}{self._joint}{self._members[index]}"

    def item(self, index: int) -> DecodedImage:
        try:
            data = self._archive.read(self._members[index])
        except READ_ERRORS as error:
            raise BadImage(self.name_of(index), f"cannot be read: {one_line(error)}") from error
        return decode(data, self.name_of(index), self._jpeg)

    def decoded_by(self, jpeg: Decoder) -> SampleSet:
        other = copy.copy(self)
        other._jpeg = jpeg
        return other

    def digest(self, index: int) -> bytes:
        try:
            return digest_of_file(self._archive.read(self._members[index]), self.name_of(index))
        except READ_ERRORS:  # `item` raises the reason; to the store it is one more content
            return hashlib.sha256(b"unreadable").digest()

    def size_of(self, index: int) -> int:
        try:
            return self._archive.size(self._members[index])
        except READ_ERRORS:
            return 0


def folder_images(path: str | os.PathLike[str]) -> SampleSet:
    """The images under a folder, at any depth, sorted by relative path; ContentError where there are none.

    Labels are the first-level folders where every image lies in one and there are at least two. Hidden files and
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
    folder = Archive(
        names=list(_walk(root, "", (os.path.realpath(root),))),
        passed_over={},
        vet=lambda member: None,
        read=lambda member: _contents(root / member),
        size=lambda member: (root / member).stat().st_size,
    )
    return FileSamples(str(root), folder, joint=os.sep)


def zip_images(path: str | os.PathLike[str]) -> SampleSet:
    """The images in a zip, in the order and with the labels of the same folder; nothing is written to disk.

    Raises ContentError for a damaged or encrypted archive, a path that leads out of it, or a decompression bomb.
    """
    file = existing_file(path)
    return FileSamples(str(file), open_zip(file), joint="!")


def tar_images(path: str | os.PathLike[str]) -> SampleSet:
    """The images in a plain tar, as `zip_images`; ContentError for a compressed one, which has no random access."""
    file = existing_file(path)
    return FileSamples(str(file), open_tar(file), joint="!")


def listed_images(paths: Sequence[str | os.PathLike[str]]) -> SampleSet:
    """The image files of a list, in the order and with the labels of a folder that has no others."""
    files = [os.path.abspath(path) for path in paths]
    root = Path(os.path.commonpath([os.path.dirname(file) for file in files]))
    listed = Archive(
        names=[Path(file).relative_to(root).as_posix() for file in files],
        passed_over={},
        vet=lambda member: None,
        read=lambda member: _contents(root / member),
        size=lambda member: (root / member).stat().st_size,
    )
    return FileSamples(str(root), listed, joint=os.sep)


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


def _images(name: str, files: Iterable[str]) -> tuple[list[str], dict[str, int]]:
    """The images among posix paths, sorted, and how many of the others there are; ContentError without any."""
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
        found = f"{files_found}, none of them images ({found})" if found else "no files"
        raise ContentError(f"{name}: found {found}; needed {', '.join(EXTENSIONS)}")
    return sorted(members), dict(ignored)


def _folder_labels(members: list[str]) -> tuple[Labels | None, tuple[str, ...] | None]:
    folders = [member.split("/")[0] if "/" in member else "" for member in members]
    classes = tuple(sorted(set(folders)))
    if "" in classes or len(classes) < 2:
        return None, None
    number = {folder: label for label, folder in enumerate(classes)}
    return np.array([number[folder] for folder in folders], np.int64), classes
