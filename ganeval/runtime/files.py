"""The folders of files, and atomic writing: to a file beside, then renamed, so that no reader ever sees half of one."""

import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


from ganeval.errors import UsageError

SCRATCH = ".ganeval-"  # how the names of temporary folders begin


def cache_root() -> Path:
    """The folder of features, weights and classifiers: `GANEVAL_CACHE`, else `~/.cache/ganeval`."""
    return Path(os.environ.get("GANEVAL_CACHE") or Path.home() / ".cache" / "ganeval")


def offline() -> bool:
    """Whether `GANEVAL_OFFLINE` forbids downloads."""
    return os.environ.get("GANEVAL_OFFLINE", "") not in ("", "0")


@contextmanager
def network_timeout(seconds: float = 10) -> Iterator[None]:
    """Give up on a server that sends nothing for so long: urllib's and torchvision's downloads have no such option."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def check_target(flag: str, path: Path) -> None:
    """Raise UsageError where a file could not be written to `path`, before the work whose result it is to hold.

    >>> check_target("--json", Path("/"))
    Traceback (most recent call last):
    ganeval.errors.UsageError: --json /: found a folder, needed a file to write
    """
    try:
        if path.exists() and not path.is_file():
            kind = "folder" if path.is_dir() else "device"
            raise UsageError(f"{flag} {path}: found a {kind}, needed a file to write")
        parent = next(parent for parent in path.absolute().parents if parent.exists())
        writable = parent.is_dir() and os.access(parent, os.W_OK)
    except OSError as reason:
        raise UsageError(f"{flag} {path}: cannot be written ({reason.strerror})") from reason
    if not writable:
        raise UsageError(f"{flag} {path}: nothing can be written to {parent}")


def check_page(flag: str, path: Path) -> None:
    """The same for an HTML page, whose name must say so: a slip of the hand overwrites no other file.

    >>> check_page("-o", Path("report.json"))
    Traceback (most recent call last):
    ganeval.errors.UsageError: -o report.json: the page is HTML, needed a name that ends in .html
    """
    check_target(flag, path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{flag} {path}: the page is HTML, needed a name that ends in .html")


def write_text(flag: str, path: Path, text: str) -> None:
    """Write a text to the path that a flag names, whole or not at all; UsageError where it cannot be written."""
    try:
        with replacing(path) as partial:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as reason:
        raise UsageError(f"{flag} {path}: cannot be written ({reason.strerror})") from reason


@contextmanager
def scratch_in(folder: Path) -> Iterator[Path]:
    """A temporary folder inside `folder`, removed when the block ends; before it, what killed processes left there.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with scratch_in(folder) as scratch:
    ...     scratch.parent == folder, scratch.name.startswith(SCRATCH)
    (True, True)
    >>> list(folder.iterdir())
    []
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = f"{SCRATCH}{_processes()}-"
    for entry in os.scandir(folder):
        if entry.name.startswith(own) and _has_ended(entry.name.removeprefix(own).partition("-")[0]):
            shutil.rmtree(entry.path, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix=f"{own}{os.getpid()}-"))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in a folder beside `path`: renamed onto it when the block ends well, removed when it does not.

    >>> target = Path(tempfile.mkdtemp()) / "score.txt"
    >>> with replacing(target) as partial:
    ...     _ = partial.write_text("28.9")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('28.9', 1)
    """
    with scratch_in(path.parent) as scratch:
        partial = scratch / path.name
        yield partial
        os.replace(partial, path)


def _processes() -> str:
    """What tells the processes among which a number is one process: of this machine, and of this container."""
    namespace = Path("/proc/self/ns/pid")
    own = f"{socket.gethostname()} {os.readlink(namespace) if namespace.is_symlink() else ''}"
    return hashlib.sha256(own.encode()).hexdigest()[:8]


def _has_ended(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):  # another user's, or no name of ours
        return False
    return False


def write_arrays(path: Path, arrays: "Mapping[str, npt.NDArray[Any]]") -> None:
    """Write arrays by name to an `.npz`; `np.load(path)` reads them. ValueError for objects, which would be pickled.

    >>> import tempfile
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "learning" / "scores.npz"
    >>> write_arrays(path, {"real": np.arange(3)})
    >>> np.load(path)["real"]
    array([0, 1, 2])
    """
    import numpy as np  # slow to import, and the light commands come here for the other functions

    if objects := [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]:
        raise ValueError(f"{path.name}: found objects in {', '.join(objects)}, needed plain numbers or text")
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's own keyword is no name of ours
