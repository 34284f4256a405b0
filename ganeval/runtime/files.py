"""The folders of files, and atomic writing: to a file beside, then renamed, so that no reader ever sees half of one."""

import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


from ganeval.errors import UsageError


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
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`: renamed onto it when the block ends well, removed when it does not.

    >>> target = Path(tempfile.mkdtemp()) / "score.txt"
    >>> with replacing(target) as partial:
    ...     _ = partial.write_text("28.9")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('28.9', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        umask = os.umask(0)  # there is no way to read it but to set it
        os.umask(umask)
        partial.chmod(0o666 & ~umask)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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
