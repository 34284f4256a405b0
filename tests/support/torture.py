"""The torture corpus: every hostile or broken input that we could think of, as rows, and what must come of each.

`IMAGES` are files that lie among good ones, in a folder, a zip and a tar; `SOURCES` are whole sources. `outcomes` sends
one of them through `check` and `score`; `tally` counts for docs what came of all. To add an input, add a row.
"""

import io
import json
import os
import resource
import signal
import socket
import struct
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from ganeval.cli import main

READ, REFUSED, PASSED_OVER, EITHER = "read", "refused", "passed over", "either"  # EITHER: a value or a line, no third
GOOD = 3  # images beside the hostile one
SECONDS = 30  # that one command may take
MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "tif": ("1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"),
    "jpg": ("L", "RGB", "CMYK", "YCbCr"),
    "webp": ("RGB", "RGBA"),
    "bmp": ("1", "L", "P", "RGB"),
    "gif": ("1", "L", "P", "RGB"),
    "ppm": ("RGB",),
    "pgm": ("L",),
    "pbm": ("1",),
}
NAMES = {
    "a line break": "a\n::error::b.png",
    "an escape sequence": "a\x1b[31mred.png",
    "markup": "[bold][red]run[v2].png",
    "html": "<script>alert(1)<&>.png",
    "right to left": "a\u202egnp.png",
    "long": "x" * 200 + ".png",
    "a leading dash": "--help.png",
    "a formula": "=1+1.png",
    "bytes that are no UTF-8": os.fsdecode(b"a\xff\xfe.png"),
    "a carriage return": "a\rb.png",
    "a percent sign": "%s%n{0}.png",
    "an accent in two ways": unicodedata.normalize("NFD", "ü.png"),
    "spaces": "  a b .png",
    "capitals": "A.PNG",
}
FORMATS = {"jpg": "JPEG", "tif": "TIFF", "pgm": "PPM", "pbm": "PPM"}


@dataclass(frozen=True)
class Outcome:
    """What one command made of an input: a value, one line with exit code 1 or 2, or what must never be."""

    command: str
    kind: str
    line: str = ""
    count: int = 0
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostileImage:
    """A file of some content and name, and what must come of it."""

    data: bytes
    expected: str = REFUSED
    name: str = "hostile.png"


@dataclass(frozen=True)
class HostileSource:
    """What writes a source into an empty folder and returns what to pass as SRC, and what must come of it."""

    write: Callable[[Path], str]
    expected: str = REFUSED
    options: tuple[str, ...] = field(default=())


def encoded(mode: str = "RGB", suffix: str = "png", size: int = 8, **options: object) -> bytes:
    """An image of noise in one of Pillow's modes, as a file."""
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 4), np.uint8)
    if mode in ("I", "I;16", "F"):
        grey = noise[..., 0].astype({"I": np.int32, "I;16": np.uint16, "F": np.float32}[mode])
        image = Image.fromarray(grey / np.float32(255) if mode == "F" else grey)
    else:
        image = Image.fromarray(noise, "RGBA")
        image = image if mode == "RGBA" else image.convert("RGB")
        image = image if mode in ("RGB", "RGBA", "RGBX", "LAB") else image.convert(mode)
        if mode in ("RGBX", "LAB"):
            image = Image.frombytes(mode, (size, size), noise[..., : 4 if mode == "RGBX" else 3].tobytes())
    stream = io.BytesIO()
    image.save(stream, FORMATS.get(suffix, suffix.upper()), **options)
    return stream.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes do not hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def _oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(suffix="jpg", exif=exif)


def _animated(suffix: str) -> bytes:
    return encoded(suffix=suffix, save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])


def _images() -> Mapping[str, HostileImage]:
    rows = {
        f"{suffix} of mode {mode}": HostileImage(encoded(mode, suffix), READ, f"hostile.{suffix}")
        for suffix, modes in MODES.items()
        for mode in modes
    }
    rows["tif of mode F"] = HostileImage(encoded("F", "tif"), EITHER, "hostile.tif")
    rows["tif of mode I"] = HostileImage(encoded("I", "tif"), REFUSED, "hostile.tif")  # 8 bits or 16? nobody knows
    rows |= {f"orientation {n}": HostileImage(_oriented(n), READ, "hostile.jpg") for n in (*range(10), 99)}
    rows |= {f"a name with {what}": HostileImage(encoded(), READ, name) for what, name in NAMES.items()}
    for suffix in ("png", "jpg", "webp", "bmp", "tif", "gif", "ppm"):
        whole = encoded(suffix=suffix, size=32)
        for share in (0.0, 0.1, 0.5, 0.9):
            cut = whole[: int(len(whole) * share)]
            expected = EITHER if suffix == "tif" and share == 0.9 else REFUSED  # its directory may come first
            rows[f"{suffix} cut at {share:.0%}"] = HostileImage(cut, expected, f"hostile.{suffix}")
        rows[f"{suffix} cut by a byte"] = HostileImage(whole[:-1], EITHER, f"hostile.{suffix}")
        rows[f"{suffix} with junk behind it"] = HostileImage(whole + b"junk" * 99, EITHER, f"hostile.{suffix}")
    rows |= {
        "png named jpeg": HostileImage(encoded(), READ, "hostile.jpeg"),
        "jpg named png": HostileImage(encoded(suffix="jpg"), READ),
        "gif named webp": HostileImage(encoded(suffix="gif"), READ, "hostile.webp"),
        "text named png": HostileImage(b"hello\n"),
        "html named jpg": HostileImage(b"<!doctype html><title>404</title>", name="hostile.jpg"),
        "zip named png": HostileImage(b"PK\x05\x06" + bytes(18)),
        "png named txt": HostileImage(encoded(), PASSED_OVER, "hostile.txt"),
        "png without a suffix": HostileImage(encoded(), PASSED_OVER, "hostile"),
        "hidden png": HostileImage(encoded(), PASSED_OVER, ".hostile.png"),
        "nested zip": HostileImage(b"PK\x05\x06" + bytes(18), PASSED_OVER, "hostile.zip"),
        "svg": HostileImage(b"<svg xmlns='http://www.w3.org/2000/svg'/>", PASSED_OVER, "hostile.svg"),
        "png of 65,535 x 65,535": HostileImage(png_of_size(65535, 65535)),
        "png of 2**31 - 1 a side": HostileImage(png_of_size(2**31 - 1, 2**31 - 1)),
        "png of no width": HostileImage(png_of_size(0, 8)),
        "png of 20,000 x 20,000": HostileImage(png_of_size(20000, 20000)),
        "animated gif": HostileImage(_animated("gif"), EITHER, "hostile.gif"),
        "animated webp": HostileImage(_animated("webp"), EITHER, "hostile.webp"),
        "tif of two pages": HostileImage(_animated("tif"), EITHER, "hostile.tif"),
        "ppm of a huge size": HostileImage(b"P6 99999 99999 255 ", name="hostile.ppm"),
        "ppm of no maximum": HostileImage(b"P6 1 1 0 abc", name="hostile.ppm"),
        "eps named png": HostileImage(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        "bytes of zero": HostileImage(bytes(1000)),
    }
    return rows


IMAGES = _images()


def _good(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(GOOD):
        pixels = np.random.default_rng(index + 1).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"good{index}.png")
    return folder


def in_folder(root: Path, images: Iterable[HostileImage]) -> str:
    """A folder of good images and these, each in a folder of its own where they are several."""
    for name, data in _named(images):
        path = _good(root / "in") / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return str(root / "in")


def in_zip(root: Path, images: Iterable[HostileImage]) -> str:
    with zipfile.ZipFile(root / "in.zip", "w") as archive:
        for path in _good(root / "good").iterdir():
            archive.write(path, path.name)
        for name, data in _named(images):
            archive.writestr(name.encode("utf-8", "replace").decode(), data)
    return str(root / "in.zip")


def in_tar(root: Path, images: Iterable[HostileImage], tar_format: int = tarfile.PAX_FORMAT) -> str:
    with tarfile.open(root / "in.tar", "w", format=tar_format) as archive:
        for path in _good(root / "good").iterdir():
            archive.add(path, path.name)
        for name, data in _named(images):
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return str(root / "in.tar")


def _named(images: Iterable[HostileImage]) -> list[tuple[str, bytes]]:
    rows = list(images)
    return [(image.name if len(rows) == 1 else f"{n:03}/{image.name}", image.data) for n, image in enumerate(rows)]


CONTAINERS = {"folder": in_folder, "zip": in_zip, "tar": in_tar}


def _beside_good(add: Callable[[Path], object]) -> Callable[[Path], str]:
    def write(root: Path) -> str:
        add(_good(root / "in"))
        return str(root / "in")

    return write


def _socket(folder: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)  # a socket's whole path has at most 107 bytes
    try:
        socket.socket(socket.AF_UNIX).bind("socket.png")
    finally:
        os.chdir(here)


def _capitals(folder: Path) -> None:
    (folder / "GOOD0.PNG").write_bytes(encoded())


def _many_links(folder: Path) -> None:
    (folder / "up").symlink_to(folder)
    (folder / "down").symlink_to(folder / "up")


def _array(name: str, content: Callable[[], object]) -> Callable[[Path], str]:
    def write(root: Path) -> str:
        value = content()
        if isinstance(value, bytes):
            (root / name).write_bytes(value)
        elif isinstance(value, dict):
            np.savez_compressed(root / name, **value)
        else:
            np.save(root / name, value)
        return str(root / name)

    return write


def _zip(edit: Callable[[zipfile.ZipFile], object], method: int = zipfile.ZIP_STORED) -> Callable[[Path], str]:
    def write(root: Path) -> str:
        with zipfile.ZipFile(root / "in.zip", "w", method) as archive:
            for path in _good(root / "good").iterdir():
                archive.write(path, path.name)
            edit(archive)
        return str(root / "in.zip")

    return write


def _changed(write: Callable[[Path], str], change: Callable[[bytes], bytes]) -> Callable[[Path], str]:
    def changed(root: Path) -> str:
        source = Path(write(root))
        source.write_bytes(change(source.read_bytes()))
        return str(source)

    return changed


def _encrypted(data: bytes) -> bytes:
    """The flag of encryption set in every header."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(magic)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(magic, place + 4)
    return bytes(changed)


def _tar_with(*members: tuple[str, bytes, str]) -> Callable[[Path], str]:
    def write(root: Path) -> str:
        path = Path(in_tar(root, [HostileImage(encoded())]))
        with tarfile.open(path, "a") as archive:
            for name, kind, target in members:
                header = tarfile.TarInfo(name)
                header.type, header.linkname = kind, target
                archive.addfile(header, io.BytesIO(b""))
        return str(path)

    return write


def _shards(root: Path) -> str:
    with tarfile.open(root / "shard-000000.tar", "w") as archive:
        for index in range(GOOD):
            for suffix, data in (("png", encoded(size=8 + index)), ("cls", b"1"), ("json", b"{}")):
                header = tarfile.TarInfo(f"{index:06}.{suffix}")
                header.size = len(data)
                archive.addfile(header, io.BytesIO(data))
    return str(root / "shard-000000.tar")


def _generator(body: str) -> Callable[[Path], str]:
    def write(root: Path) -> str:
        module = f"torture_{abs(hash((str(root), body)))}"
        (root / f"{module}.py").write_text(f"import numpy as np\n\ndef images(n):\n    {body}\n")
        os.chdir(root)
        return f"{module}:images"

    return write


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _empty_folder(root: Path) -> str:
    return str(root)


def _nowhere(root: Path) -> str:
    (root / "in.zip").symlink_to(root / "nothing.zip")
    return str(root / "in.zip")


def _to_itself(root: Path) -> str:
    (root / "in").symlink_to(root / "in")
    return str(root / "in")


def _pipe(root: Path) -> str:
    os.mkfifo(root / "in.zip")
    return str(root / "in.zip")


def _tar_format(tar_format: int) -> Callable[[Path], str]:
    return lambda root: in_tar(root, [HostileImage(encoded())], tar_format)


def _sparse_zip(data: bytes) -> bytes:
    """A member's stated size is 2 GB."""
    changed = bytearray(data)
    place = changed.rindex(b"PK\x01\x02")
    changed[place + 24 : place + 28] = struct.pack("<I", 2_000_000_000)
    return bytes(changed)


def _zip64(archive: zipfile.ZipFile) -> None:
    with archive.open("big.png", "w", force_zip64=True) as member:
        member.write(encoded())


def _nothing(archive: zipfile.ZipFile) -> None:
    pass


TAR = _tar_format(tarfile.PAX_FORMAT)
ZIP = _zip(_nothing)
NPZ = _array("in.npz", lambda: {"arr_0": _noise(4, 8, 8, 3)})
GENERATOR = ("-n", "4")
SOURCES: Mapping[str, HostileSource] = {
    # a folder and what lies in it
    "folder that is empty": HostileSource(_empty_folder),
    "folder with a named pipe": HostileSource(_beside_good(lambda folder: os.mkfifo(folder / "pipe.png"))),
    "folder with a socket": HostileSource(_beside_good(_socket)),
    "folder with a link to a device": HostileSource(
        _beside_good(lambda folder: (folder / "zero.png").symlink_to("/dev/zero"))
    ),
    "folder with a link to nowhere": HostileSource(
        _beside_good(lambda folder: (folder / "link.png").symlink_to("nothing.png"))
    ),
    "folder with a folder of an image's name": HostileSource(
        _beside_good(lambda folder: (folder / "folder.png").mkdir()), READ
    ),
    "folder with links to itself": HostileSource(_beside_good(_many_links), READ),
    "folder with names that differ in case": HostileSource(_beside_good(_capitals), READ),
    "folder with an unreadable file": HostileSource(
        _beside_good(lambda folder: (folder / "good0.png").chmod(0)),
        EITHER,  # root reads all
    ),
    "link to itself": HostileSource(_to_itself),
    "link to nowhere": HostileSource(_nowhere),
    "device": HostileSource(lambda root: "/dev/null"),
    "endless device": HostileSource(lambda root: "/dev/zero"),
    "named pipe named zip": HostileSource(_pipe),
    "name of a folder that is not there": HostileSource(lambda root: str(root / "nothing\n::error::")),
    "name that is empty": HostileSource(lambda root: ""),
    "name of spaces": HostileSource(lambda root: "  "),
    "name with a null byte": HostileSource(lambda root: "a\0b.zip"),
    "name too long for a file": HostileSource(lambda root: "x" * 5000 + ".zip"),
    # zips
    "zip as it should be": HostileSource(ZIP, READ),
    "zip that is empty": HostileSource(_array("in.zip", lambda: b"")),
    "zip without members": HostileSource(_array("in.zip", lambda: b"PK\x05\x06" + bytes(18))),
    "zip slip": HostileSource(_zip(lambda archive: archive.writestr("../../etc/a.png", encoded()))),
    "zip with an absolute name": HostileSource(_zip(lambda archive: archive.writestr("/etc/a.png", encoded()))),
    "zip with a name of Windows": HostileSource(_zip(lambda archive: archive.writestr("C:\\a.png", encoded()))),
    "zip with a name twice": HostileSource(_zip(lambda archive: archive.writestr("./good0.png", encoded()))),
    "zip with encrypted members": HostileSource(_changed(ZIP, _encrypted)),
    "zip64": HostileSource(_zip(_zip64), READ),
    "zip with bzip2": HostileSource(_zip(_nothing, zipfile.ZIP_BZIP2)),
    "zip with lzma": HostileSource(_zip(_nothing, zipfile.ZIP_LZMA)),
    "zip bomb": HostileSource(
        _zip(lambda archive: archive.writestr("bomb.png", bytes(100 * 2**20)), zipfile.ZIP_DEFLATED)
    ),
    "zip that overstates a size": HostileSource(_changed(ZIP, _sparse_zip)),
    "zip with a comment and junk before it": HostileSource(_changed(ZIP, lambda data: b"junk" * 99 + data), EITHER),
    **{
        f"zip cut at {share:.0%}": HostileSource(_changed(ZIP, lambda data, s=share: data[: int(len(data) * s)]))
        for share in (0.01, 0.3, 0.6, 0.99)
    },
    # tars
    "tar of format ustar": HostileSource(_tar_format(tarfile.USTAR_FORMAT), READ),
    "tar of format GNU": HostileSource(_tar_format(tarfile.GNU_FORMAT), READ),
    "tar of format pax": HostileSource(TAR, READ),
    "tar like a shard of webdataset": HostileSource(_shards, READ),
    "tar slip": HostileSource(_tar_with(("../a.png", tarfile.REGTYPE, ""))),
    "tar with links": HostileSource(
        _tar_with(("a.png", tarfile.SYMTYPE, "/etc/passwd"), ("b.png", tarfile.LNKTYPE, "good0.png")), READ
    ),
    "tar with devices": HostileSource(
        _tar_with(("a.png", tarfile.CHRTYPE, ""), ("b.png", tarfile.FIFOTYPE, ""), ("c.png", tarfile.BLKTYPE, "")), READ
    ),
    "tar with a name twice": HostileSource(_tar_with(("good0.png", tarfile.REGTYPE, ""))),
    "tar that is empty": HostileSource(_array("in.tar", lambda: b"")),
    "tar of zeros": HostileSource(_array("in.tar", lambda: bytes(10240))),
    "tar that is text": HostileSource(_array("in.tar", lambda: b"hello\n" * 999)),
    "tar.gz": HostileSource(_changed(TAR, lambda data: zlib.compress(data, wbits=31))),
    "zip named tar": HostileSource(_array("in.tar", lambda: b"PK\x05\x06" + bytes(18))),
    "tars one behind the other": HostileSource(_changed(TAR, lambda data: data + data)),
    **{
        f"tar cut at {share:.0%}": HostileSource(_changed(TAR, lambda data, s=share: data[: int(len(data) * s)]))
        for share in (0.01, 0.1, 0.3)
    },
    # arrays
    "npy of images": HostileSource(_array("in.npy", lambda: _noise(4, 8, 8, 3)), READ),
    "npz of images": HostileSource(_array("in.npz", lambda: {"arr_0": _noise(4, 8, 8, 3)}), READ),
    "npy of no images": HostileSource(_array("in.npy", lambda: _noise(0, 8, 8, 3))),
    "npy of images without pixels": HostileSource(_array("in.npy", lambda: _noise(4, 0, 8, 3))),
    "npy of a number": HostileSource(_array("in.npy", lambda: np.float32(3))),
    "npy of text": HostileSource(_array("in.npy", lambda: np.array(["a", "b"]))),
    "npy of objects": HostileSource(_array("in.npy", lambda: np.array([{}, 1], object))),
    "npy of complex numbers": HostileSource(_array("in.npy", lambda: np.zeros((4, 8, 8, 3), np.complex64))),
    "npy of NaN": HostileSource(_array("in.npy", lambda: np.full((4, 8, 8, 3), np.nan, np.float32))),
    "npy of infinities": HostileSource(_array("in.npy", lambda: np.full((4, 8, 8, 3), np.inf, np.float32))),
    "npy of five axes": HostileSource(_array("in.npy", lambda: _noise(2, 2, 8, 8, 3))),
    "npy of a record": HostileSource(_array("in.npy", lambda: np.zeros(4, [("a", "u1"), ("b", "f4")]))),
    "npy of dates": HostileSource(_array("in.npy", lambda: np.zeros((4, 8, 8), "datetime64[s]"))),
    "npy that is empty": HostileSource(_array("in.npy", lambda: b"")),
    "npy of a header that lies": HostileSource(
        _array(
            "in.npy",
            lambda: (
                b"\x93NUMPY\x01\x00\x76\x00"
                + b"{'descr':'|u1','fortran_order':False,'shape':(999999999999,9,9,3)}".ljust(117)
                + b"\n"
            ),
        )
    ),
    "npz of nothing": HostileSource(_array("in.npz", dict)),
    "npz of ragged labels": HostileSource(
        _array("in.npz", lambda: {"arr_0": _noise(4, 8, 8, 3), "labels": np.arange(3)}), EITHER
    ),
    "npz bomb": HostileSource(_array("in.npz", lambda: {"arr_0": np.zeros((35_000, 64, 64, 1), np.uint8)})),
    "npz that is text": HostileSource(_array("in.npz", lambda: b"hello")),
    "npz that is an empty zip": HostileSource(_array("in.npz", lambda: b"PK\x05\x06" + bytes(18))),
    **{
        f"npz cut at {share:.0%}": HostileSource(
            _changed(
                _array("in.npz", lambda: {"arr_0": _noise(4, 8, 8, 3)}),
                lambda data, s=share: data[: int(len(data) * s)],
            )
        )
        for share in (0.1, 0.5, 0.9)
    },
    "pt of junk": HostileSource(_array("in.pt", lambda: b"junk" * 99)),
    "text file": HostileSource(_array("in.txt", lambda: b"hello")),
    # generators
    "generator as it should be": HostileSource(
        _generator("return np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), np.uint8)"), READ, GENERATOR
    ),
    "generator that raises": HostileSource(_generator("raise RuntimeError('a' + chr(10) + 'b')"), options=GENERATOR),
    "generator of nothing": HostileSource(_generator("return None"), options=GENERATOR),
    "generator of too few": HostileSource(_generator("return np.zeros((1, 8, 8, 3), np.uint8)"), options=GENERATOR),
    "generator of NaN": HostileSource(_generator("return np.full((n, 8, 8, 3), np.nan)"), options=GENERATOR),
    "generator of text": HostileSource(_generator("return 'hello'"), options=GENERATOR),
    "generator of objects": HostileSource(_generator("return [object()] * n"), options=GENERATOR),
    "generator that is not there": HostileSource(lambda root: "no_such_module:images", options=GENERATOR),
}


class Hang(BaseException):
    """A command took longer than any may."""


def _stop(*_: object) -> None:
    raise Hang


def _outcome(command: str, *arguments: str) -> Outcome:
    """What the command did, in this process; anything but a value or one plain line is named for what it is."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    try:
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    except Hang:
        return Outcome(command, "hang")
    except Exception as error:
        return Outcome(command, "traceback", f"{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    lines = [line for line in result.stderr.split("\n") if line.startswith("Error: ")]
    line = lines[0] if lines else ""
    if not all(letter.isprintable() or letter == "\n" for letter in result.stderr):
        return Outcome(command, "raw name", repr(result.stderr))
    if result.exit_code == 0:
        samples = json.loads(result.stdout)["samples"] if command != "check" else {"count": 0, "skipped": []}
        return Outcome(command, "value", "", samples["count"], tuple(samples["skipped"]))
    good = result.exit_code in (1, 2) and len(lines) == 1 and (command == "check" or not result.stdout)
    return Outcome(command, "one line" if good else f"exit {result.exit_code}", line or result.stderr)


def outcomes(source: str, reference: Path, options: Iterable[str] = ()) -> list[Outcome]:
    """`check`, `score` and `score --on-bad-image skip` of a source."""
    score = ("score", f"--samples={source}", "--ref", str(reference), "--metrics", "fid", "--extractor", "digits")
    score = (*score, "--device", "cpu", "--json", "-", *options)
    return [
        _outcome("check", "check", "--", source),
        _outcome("score", *score),
        _outcome("skip", *score, "--on-bad-image", "skip"),
    ]


def tally(results: Iterable[tuple[str, Outcome]]) -> dict[str, dict[str, int]]:
    """How often each kind of source ended how, for docs: `{"zip": {"value": 90, "one line": 60}, …}`."""
    counts: dict[str, Counter[str]] = {}
    for kind, outcome in results:
        counts.setdefault(kind, Counter())[outcome.kind] += 1
    return {kind: dict(counter) for kind, counter in counts.items()}


def peak_memory() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run_corpus(scratch: Path) -> dict[str, dict[str, int]]:
    """The whole corpus, counted: what docs/trust.md tells."""
    here = os.getcwd()
    reference = _good(scratch / "reference")
    results: list[tuple[str, Outcome]] = []
    try:
        for index, image in enumerate(IMAGES.values()):
            root = scratch / f"image{index}"
            root.mkdir()
            results += [("image", outcome) for outcome in outcomes(in_folder(root, [image]), reference)]
        for index, (name, source) in enumerate(SOURCES.items()):
            root = scratch / f"source{index}"
            root.mkdir()
            os.chdir(scratch)
            kind = name.split()[0]
            results += [(kind, each) for each in outcomes(source.write(root), reference, source.options)]
    finally:
        os.chdir(here)
    return tally(results)
