"""One image's encoded bytes, or one array, to 8-bit RGB: the one place that says what a pixel is.

Loaders that call Pillow's `convert("RGB")` turn 16-bit images white and floats black, and drop alpha and orientation
without a word. Here each is converted as below and counted in `DecodedImage.converted`, or refused in one line.

    alpha        composited over white, in whole numbers, rounded once
    16-bit       divided by 257, rounded (other depths likewise: white is 255)
    float        must lie in 0..1; times 255, rounded
    orientation  EXIF's is applied
    animation    the first frame

Of 16-bit colour Pillow keeps only the high bytes, so it is decoded twice, the second time with its byte order swapped.
(torchvision keeps both, of PNG alone, but its decoders are deprecated.) Colour profiles (ICC) are not applied, here as
in every peer.
"""

import hashlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from ganeval.errors import BadImage
from ganeval.media.images.pixels import Samples, UnfitError, channels_last, eight_bits, from_floats, of_dtype, upright

EXTENSIONS = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "webp": "webp",
    "bmp": "bmp",
    "tif": "tiff",
    "tiff": "tiff",
    "gif": "gif",
    "ppm": "ppm",
    "pgm": "ppm",
    "pbm": "ppm",
    "pnm": "ppm",
}
_OPENED = [name.upper() for name in dict.fromkeys(EXTENSIONS.values())]  # no others: Pillow runs Ghostscript on an EPS
_JPEGS = ("JPEG", "MPO")  # MPO, opened as JPEG: what phones write, with more images behind the first
_ORIENTATION, _BITS, _PHOTOMETRIC, _PLANAR, _SAMPLE_FORMAT = 0x0112, 258, 262, 284, 339  # EXIF's and TIFF's tags


Decoder = Callable[[bytes], npt.NDArray[np.uint8]]  # a JPEG's bytes -> its pixels (H, W, 3)


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """One image: `pixels` uint8 3,H,W (grey repeated), its format by content, what was converted, what was decoded.

    `digest` is the sha256 of the stored bytes that these pixels were decoded from, as `SampleSet.digest` gives it.
    `format` is png, jpeg, webp, bmp, tiff, gif, ppm, or tensor for arrays. `converted` is sorted, out of: 1-bit,
    16-bit, 32-bit, alpha (even an opaque one), animated, cmyk, exif-rotated, float, grey, misnamed (as of another
    format), other-colour-space, palette.
    """

    pixels: npt.NDArray[np.uint8]
    format: str
    converted: tuple[str, ...]
    digest: bytes


def decode(data: bytes, name: str, jpeg: Decoder | None = None) -> DecodedImage:
    """One encoded image as 8-bit RGB, by its content; safe to call from many threads.

    `jpeg`, where given, decodes JPEGs of grey and RGB in Pillow's place.

    Raises BadImage for one that is empty, truncated or not an image.

    >>> buffer = io.BytesIO()
    >>> Image.new("I;16", (2, 1), 257 * 100).save(buffer, "PNG")
    >>> image = decode(buffer.getvalue(), "deep.png")
    >>> image.pixels.shape, image.pixels.max(), image.format, image.converted
    ((3, 1, 2), np.uint8(100), 'png', ('16-bit', 'grey'))
    """
    with _one_line(name):
        if not data:
            raise UnfitError("the file is empty (0 bytes)")
        with Image.open(io.BytesIO(data), formats=_OPENED) as image:
            kind = "jpeg" if image.format in _JPEGS else str(image.format).lower()
            extension = name.rpartition(".")[2].lower()
            samples = _decoded(image, data, jpeg)
            if EXTENSIONS.get(extension, kind) != kind:  # ImageNet has one
                samples.converted.add("misnamed")
            return _image(samples, kind, digest_of_file(data, name))


def from_array(array: npt.NDArray[Any], name: str) -> DecodedImage:
    """One array as 8-bit RGB: H,W or H,W,C or C,H,W (C 1, 3 or 4; where both fit, C is last).

    uint8 is taken as it is, bool as black and white, uint16 as 0..65535, floats as 0..1; anything else is a BadImage,
    and so are floats outside 0..1, which are never wrapped or clipped.

    >>> from_array(np.full((2, 2), 0.5), "half").pixels[0, 0]
    array([128, 128], dtype=uint8)
    >>> from_array(np.array([[-1.0, 1.0]]), "tanh")
    Traceback (most recent call last):
    ganeval.errors.BadImage: tanh: floats from -1 to 1: needed 0..1 (for tanh outputs pass (x + 1) / 2, or clamp)
    """
    with _one_line(name):
        array = np.array(array)  # a copy cannot change under us, and a mask would hide values from the checks
        values = channels_last(array[..., None] if array.ndim == 2 else array)
        if values is None or values.ndim != 3 or not values.size:
            raise UnfitError(f"shape {array.shape}: needed H,W or H,W,C or C,H,W with C 1, 3 or 4, and no empty axis")
        return _image(of_dtype(values), "tensor", digest_of_array(array))


def from_pil(image: Image.Image, name: str) -> DecodedImage:
    """One image of Pillow's as 8-bit RGB, as `decode` would give it; its format where it was opened from a file."""
    with _one_line(name):
        kind = "jpeg" if image.format in _JPEGS else str(image.format).lower()
        if _packing(image)[1] > 8 and image.mode in ("RGB", "RGBA", "CMYK"):
            raise UnfitError("16-bit colour, of which Pillow has only the high bytes: pass the file's path")
        content = hashlib.sha256(f"{image.mode}{image.size}{image.getpalette()}".encode() + image.tobytes())
        content.update(repr((image.info.get("transparency"), _orientation(image))).encode())
        own = image.copy()  # without its file
        return _image(_decoded(own, b"", None), kind if kind in EXTENSIONS.values() else "tensor", content.digest())


def digest_of_file(data: bytes, name: str) -> bytes:
    """The sha256 of a file and of the format that its name promises, as fingerprints have had it from the first."""
    return hashlib.sha256(EXTENSIONS.get(name.rpartition(".")[2].lower(), "").encode() + data).digest()


def digest_of_array(array: npt.NDArray[Any]) -> bytes:
    """The sha256 of an array's dtype, shape and values."""
    return hashlib.sha256(f"{array.dtype.str}{array.shape}".encode() + array.tobytes()).digest()


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Whatever goes wrong in the block becomes a BadImage of one line: decoders raise nearly everything."""
    try:
        yield
    except (BadImage, MemoryError):
        raise
    except UnfitError as error:
        raise BadImage(name, str(error)) from None
    except UnidentifiedImageError:
        raise BadImage(name, "not an image, or damaged, or of a kind that Pillow does not read") from None
    except Exception as error:
        lines = str(error).splitlines() or [""]
        raise BadImage(name, f"cannot be decoded: {lines[0] or type(error).__name__}") from error


def _decoded(image: Image.Image, data: bytes, jpeg: Decoder | None) -> Samples:
    converted = {"animated"} if getattr(image, "is_animated", False) else set()
    raw, depth = _packing(image)
    turned = _orientation(image)
    if jpeg is not None and image.format in _JPEGS and image.mode in ("L", "RGB"):
        samples = Samples(jpeg(data)[..., : len(image.mode)], 255, set())  # of grey the first of three equal channels
    else:
        image.load()
        samples = _samples(image, raw, depth, data)
    values = upright(samples.values, _orientation(image))  # loading has already turned a TIFF, and its tag is gone
    converted |= samples.converted | ({"exif-rotated"} if turned != 1 else set())
    return Samples(values, samples.white, converted)


def _image(samples: Samples, kind: str, digest: bytes) -> DecodedImage:
    """Where every way ends: alpha over white, 8 bits, three channels, channels first."""
    height, width, channels = samples.values.shape
    pixels = np.broadcast_to(eight_bits(samples.values, samples.white), (height, width, 3))
    converted = samples.converted | ({"grey"} if channels < 3 else set()) | ({"alpha"} if channels in (2, 4) else set())
    return DecodedImage(np.array(pixels.transpose(2, 0, 1), order="C"), kind, tuple(sorted(converted)), digest)


def _packing(image: Image.Image) -> tuple[str, int]:
    """How the file packs its samples, in Pillow's words ("RGB;16B"), and their bits where the mode hides these, else 0.

    Known only before the pixels are loaded. The bits are TIFF's field, or follow from PPM's largest value.
    """
    tiles = getattr(image, "tile", None)  # of an image from memory there are none
    arguments = tiles[0][3] if tiles else ""
    raw = str(arguments if isinstance(arguments, str) or not arguments else arguments[0])
    if image.format == "PNG":
        return raw, 16 if ";16" in raw else 0
    if image.format == "PPM" and isinstance(arguments, tuple) and len(arguments) == 2:
        return raw, int(arguments[1]).bit_length()
    return raw, max(_tag(image, _BITS), default=0)


def _tag(image: Image.Image, tag: int) -> tuple[int, ...]:
    """A TIFF's own field, as a tuple; empty for other formats and absent fields."""
    value = getattr(image, "tag_v2", {}).get(tag, ())
    return value if isinstance(value, tuple) else (value,)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF beside sound pixels: as if there were none, as every viewer does
        return 1
    return value if value in range(2, 9) else 1


def _samples(image: Image.Image, raw: str, depth: int, data: bytes) -> Samples:
    """A loaded image's samples, by Pillow's mode; `raw` and `depth` tell what the mode hides."""
    if image.mode in ("RGB", "RGBA", "CMYK") and (image.format, depth) in (("PNG", 16), ("TIFF", 16)):
        return _keyed(_deep(image, raw, data), image)
    if image.mode == "F" or image.mode.startswith("I"):
        return _keyed(_numbers(image, depth), image)
    if 2 in _tag(image, _SAMPLE_FORMAT):
        raise UnfitError("a TIFF of signed 8-bit samples: needed unsigned ones")
    if image.mode == "1":
        return _keyed(Samples(_array(image).astype(np.uint8) * np.uint8(255), 255, {"1-bit"}), image)
    if image.mode in ("L", "RGB"):
        steps = {"L;2": 85, "L;4": 17}.get(raw, 1)  # Pillow spreads such greys over 0..255, but not their tRNS
        return _keyed(Samples(_array(image), 255, {"16-bit"} if depth > 8 else set()), image, steps)
    return _converted(image)


def _array(image: Image.Image) -> npt.NDArray[Any]:
    return np.atleast_3d(np.asarray(image))


def _keyed(samples: Samples, image: Image.Image, steps: int = 1) -> Samples:
    """Samples with an alpha channel where one colour is declared transparent (PNG's tRNS, GIF)."""
    key = image.info.get("transparency")
    if not isinstance(key, int | tuple):
        return samples
    shown = (samples.values != np.asarray(key) * steps).any(axis=2, keepdims=True)
    alpha = shown.astype(samples.values.dtype) * samples.values.dtype.type(samples.white)
    return samples._replace(values=np.concatenate([samples.values, alpha], axis=2))


def _numbers(image: Image.Image, depth: int) -> Samples:
    """Modes F, I and I;16*: grey numbers that Pillow hands over as they lie in the file."""
    values, inverted = _array(image), _tag(image, _PHOTOMETRIC) == (0,)  # Pillow leaves white-is-zero to us here
    if image.mode == "F":
        samples = from_floats(values)
    elif values.min() < 0 or values.max() > 65535:
        raise UnfitError(f"integers from {values.min()} to {values.max()}: needed 0..65535")
    elif depth == 32 and 0 < values.max() <= 255:
        raise UnfitError(f"32-bit integers up to {values.max()}: cannot tell 8 bits from 16; save them as such")
    else:
        white = 2**depth - 1 if 8 < depth < 16 and image.format == "TIFF" else 65535
        samples = Samples(values.astype(np.uint16), white, {"32-bit" if depth == 32 else "16-bit"})
    return samples._replace(values=samples.white - samples.values) if inverted else samples


def _converted(image: Image.Image) -> Samples:
    """The modes that Pillow converts rightly to 8-bit grey or RGB, with alpha where there is any."""
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        return Samples(_array(image), 255, {"palette"})
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        turned = ImageCms.applyTransform(image, ImageCms.buildTransform(lab, srgb, "LAB", "RGB"))
        return Samples(_array(cast("Image.Image", turned)), 255, {"other-colour-space"})
    target = {"LA": "LA", "La": "LA", "RGBA": "RGBA", "RGBa": "RGBA"}.get(image.mode, "RGB")
    note = {"CMYK": {"cmyk"}, "YCbCr": {"other-colour-space"}, "HSV": {"other-colour-space"}}.get(image.mode, set())
    return Samples(_array(image.convert(target)), 255, set(note))


def _deep(image: Image.Image, raw: str, data: bytes) -> Samples:
    """16-bit colour: high bytes from `image`, low bytes from a second decoding with the byte order swapped."""
    match = re.fullmatch(r"(LA|RGBX?|RGBA|CMYK);16([LBN])", raw)
    if not match or 2 in _tag(image, _PLANAR):
        layout = "in separate planes" if match else f"with layout {raw}"
        raise UnfitError(f"a 16-bit TIFF {layout}, of which Pillow reads only the high bytes: save it as PNG")
    if match[1] == "LA":  # which no raw mode swaps; but four bytes a pixel are what RGBA is
        both = _unpacked(image, data, "RGBA")
        return Samples(both[..., ::2] * np.uint16(256) + both[..., 1::2], 65535, {"16-bit"})
    order = {"N": {"little": "B", "big": "L"}[sys.byteorder], "L": "B", "B": "L"}[match[2]]
    values = _array(image).astype(np.uint16) * np.uint16(256) + _unpacked(image, data, f"{match[1]};16{order}")
    if image.mode != "CMYK":
        return Samples(values, 65535, {"16-bit"})
    ink = Image.frombytes("CMYK", image.size, eight_bits(values.reshape(-1, 1), 65535).tobytes())
    return Samples(_array(ink.convert("RGB")), 255, {"16-bit", "cmyk"})


def _unpacked(image: Image.Image, data: bytes, raw: str) -> npt.NDArray[Any]:
    """The image decoded again, its packed samples read as `raw` says."""
    with Image.open(io.BytesIO(data), formats=[str(image.format)]) as again:
        opened = cast("Any", again)
        for place, tile in enumerate(opened.tile):
            make = getattr(type(tile), "_make", tuple)  # a plain tuple before Pillow 11
            opened.tile[place] = make((*tile[:3], raw if isinstance(tile[3], str) else (raw, *tile[3][1:])))
        again.load()
        return _array(again)
