"""Zip and tar archives as named bytes: never extracted to disk, safe to read from many threads, wary of hostile ones.

An archive's own word for a member's size bounds what is read, so a decompression bomb is refused unread.
"""

import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from threading import Lock
from typing import BinaryIO, TypeVar

from ganeval.errors import ContentError, UsageError

MEBIBYTE = 2**20
LARGEST = 1024 * MEBIBYTE  # of one member, unpacked
LARGEST_DENSE = 64 * MEBIBYTE  # above which no member may be
LARGEST_RATIO = 200  # times smaller than its content (deflate's own limit is 1032)
COMPRESSED_TARS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstandard"}
READ_ERRORS = (OSError, EOFError, MemoryError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error, struct.error)

_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Archive:
    """The regular files of an archive or a folder, by clean posix name; `passed_over` counts links and devices."""

    names: list[str]
    passed_over: dict[str, int]
    vet: Callable[[str], None]  # ContentError for a member that must not or cannot be unpacked
    read: Callable[[str], bytes]  # one of READ_ERRORS for a damaged member
    size: Callable[[str], int]  # bytes, as the archive states them


def open_zip(path: Path) -> Archive:
    """A zip's members; raises ContentError for one that is damaged or reaches outside itself.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "out.zip"
    >>> with zipfile.ZipFile(path, "w") as archive:
    ...     archive.writestr("a/1.png", b"...")
    >>> open_zip(path).names, open_zip(path).read("a/1.png")
    (['a/1.png'], b'...')
    """
    try:
        handle = zipfile.ZipFile(path)
    except READ_ERRORS as error:
        raise ContentError(f"{path}: not a zip archive, or a damaged one ({one_line(error)})") from error
    files = [info for info in handle.infolist() if not info.filename.endswith("/")]  # `is_dir` fails on no name
    plain = [info for info in files if not S_ISLNK(info.external_attr >> 16)]
    members = _by_name(path, ((info.filename, info) for info in plain))
    lock = Lock()

    def vet(name: str) -> None:
        _vet_zipped(f"{path}!{name}", members[name])

    def read(name: str) -> bytes:
        with lock, handle.open(members[name]) as member:
            return member.read(members[name].file_size)

    links = {"link": len(files) - len(plain)} if len(files) > len(plain) else {}
    return Archive(list(members), links, vet, read, lambda name: members[name].file_size)


def open_tar(path: Path) -> Archive:
    """A plain tar's members; raises ContentError for a compressed or damaged one, or one that reaches outside itself.

    >>> import io, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "out.tar"
    >>> with tarfile.open(path, "w") as archive:
    ...     header = tarfile.TarInfo("./a/1.png")
    ...     header.size = 3
    ...     archive.addfile(header, io.BytesIO(b"..."))
    >>> open_tar(path).names, open_tar(path).read("a/1.png")
    (['a/1.png'], b'...')
    """
    headers = [header for header in _tar_headers(path) if not header.isdir()]
    members = _by_name(path, ((header.name, header) for header in headers if _is_plain(header)))
    others = ["link" if h.issym() or h.islnk() else "device" for h in headers if not _is_plain(h)]

    def vet(name: str) -> None:
        _vet_size(f"{path}!{name}", members[name].size)

    def read(name: str) -> bytes:
        with path.open("rb", buffering=0) as stream:  # a handle of its own: no lock, none left open, no byte too many
            stream.seek(members[name].offset_data)
            return stream.read(members[name].size)

    return Archive(list(members), dict(Counter(others)), vet, read, lambda name: members[name].size)


def existing_file(path: str | os.PathLike[str]) -> Path:
    """The path of a file that is there; UsageError where it is not."""
    if not Path(path).is_file():
        raise UsageError(f"{path}: no such file")
    return Path(path)


def one_line(error: BaseException) -> str:
    """An exception's first line, or its type where it has none.

    >>> one_line(OSError(2, "No such file or directory")), one_line(EOFError())
    ('No such file or directory', 'EOFError')
    """
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text.splitlines()[0] if text else type(error).__name__


def _is_plain(header: tarfile.TarInfo) -> bool:
    return header.isreg() and not header.issparse()


def _by_name(path: Path, entries: Iterable[tuple[str, _Entry]]) -> dict[str, _Entry]:
    members: dict[str, _Entry] = {}
    for raw, entry in entries:
        name = raw.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:/", name):
            raise ContentError(f"{path}: member '{raw}' points outside the archive (path traversal); nothing was read")
        name = str(PurePosixPath(name))
        if name in members:
            raise ContentError(f"{path}: holds '{name}' twice; needed one image a name")
        members[name] = entry
    return members


def _vet_zipped(name: str, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise ContentError(f"{name}: encrypted; unpack it and pass the folder")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others unpack without a bound
        raise ContentError(f"{name}: zip method {info.compress_type}: needed stored or deflated members")
    _vet_size(name, info.file_size)
    _vet_ratio(name, info)


def vet_npz(path: Path) -> None:
    """ContentError for a .npz that unpacks to far more than its size; what else is wrong with it its reader reports."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except READ_ERRORS:
        return
    for info in members:
        _vet_ratio(f"{path}!{info.filename}", info, " If not: np.savez (uncompressed), or .npy")


def _vet_ratio(name: str, info: zipfile.ZipInfo, way_out: str = "") -> None:
    ratio = info.file_size / max(1, info.compress_size)
    if info.file_size > LARGEST_DENSE and ratio > LARGEST_RATIO:
        raise ContentError(
            f"{name}: unpacks to {info.file_size:,} bytes, {ratio:.0f} times its size: a zip bomb?{way_out}"
        )


def _vet_size(name: str, size: int) -> None:
    if size > LARGEST:
        raise ContentError(f"{name}: {size:,} bytes for one image; at most {LARGEST:,} are read")


def _check_end_of_tar(stream: BinaryIO) -> None:
    """ReadError unless zeros follow to the end: tarfile takes the end of the file for that of the list of members."""
    offset, block = stream.tell(), stream.read(tarfile.BLOCKSIZE)
    if block.strip(b"\0"):
        raise tarfile.ReadError(f"bad header at byte {offset}")
    if len(block) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError("found no end-of-archive block: cut short; copy or make it again")
    while rest := stream.read(MEBIBYTE):
        if rest.strip(b"\0"):
            raise tarfile.ReadError(f"found data behind its end at byte {offset}: several tars in one? pass them apart")


def _tar_headers(path: Path) -> list[tarfile.TarInfo]:
    """Every header, having made sure that the list ends where the archive does: tarfile stops at damage in silence."""
    try:
        with path.open("rb", buffering=tarfile.BLOCKSIZE) as stream:  # headers alone, not what lies between them
            start = stream.read(6)
            for magic, method in COMPRESSED_TARS.items():
                if start.startswith(magic):
                    raise ContentError(f"{path}: a tar compressed with {method}: unpack it, or make it a zip")
            stream.seek(0)
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                headers = archive.getmembers()
                stream.seek(archive.offset)
                _check_end_of_tar(stream)
    except (*READ_ERRORS, tarfile.TarError) as error:
        raise ContentError(f"{path}: not a tar archive, or a damaged one ({one_line(error)})") from error
    return headers
