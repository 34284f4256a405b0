"""The arithmetic of pixels: samples of any depth, with or without alpha, to 8 bits, each value rounded once.

No file formats here: `decoding` brings the samples, from Pillow or from an array.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

CLAMPED = 1e-6  # how far outside 0..1 floats are rounding, and are clamped
CHANNELS = (1, 3, 4)  # of arrays: grey, RGB, RGB and alpha


class UnfitError(ValueError):
    """Our own reason to refuse an image; `decoding` adds the name."""


class Samples(NamedTuple):
    values: npt.NDArray[Any]  # H,W,C; C = 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha
    white: int  # the value of white: 1 for floats
    converted: set[str]


def channels_last(array: npt.NDArray[Any], prefer_first: bool = False) -> npt.NDArray[Any] | None:
    """`array` as …,H,W,C where its last or its third last axis can be channels (1, 3 or 4), else None.

    >>> channels_last(np.zeros((5, 3, 8, 9))).shape, channels_last(np.zeros((5, 2, 2)))
    ((5, 8, 9, 3), None)
    >>> channels_last(np.zeros((3, 8, 3))).shape, channels_last(np.zeros((3, 8, 3)), prefer_first=True).shape
    ((3, 8, 3), (8, 3, 3))
    """
    last, first = (array.ndim >= 3 and array.shape[axis] in CHANNELS for axis in (-1, -3))
    if last and not (prefer_first and first):
        return array
    return np.moveaxis(array, -3, -1) if first else None


def of_dtype(values: npt.NDArray[Any]) -> Samples:
    """An array's values as samples, by its dtype, in either byte order."""
    dtype = values.dtype.newbyteorder("=")
    if dtype == np.bool_:
        return Samples(values.astype(np.uint8) * np.uint8(255), 255, {"1-bit"})
    if dtype == np.uint8:
        return Samples(values, 255, set())
    if dtype == np.uint16:
        return Samples(values, 65535, {"16-bit"})
    if np.issubdtype(dtype, np.floating):
        return from_floats(values)
    raise UnfitError(f"dtype {values.dtype}: needed uint8, uint16, bool or floats in 0..1")


def from_floats(values: npt.NDArray[Any]) -> Samples:
    """Floats as samples; refused outside 0..1 (but for rounding), for nothing tells what they would mean there."""
    low, high = (str(float(end)).removesuffix(".0") for end in (values.min(), values.max()))
    if not np.isfinite(values).all():
        raise UnfitError("floats that are not finite (nan or inf): needed 0..1")
    if not in_range(values):
        hint = "for tanh outputs pass (x + 1) / 2" if values.min() < 0 else "for 0..255 pass uint8, or x / 255"
        raise UnfitError(f"floats from {low} to {high}: needed 0..1 ({hint}, or clamp)")
    return Samples(values.clip(0, 1), 1, {"float"})


def in_range(values: npt.NDArray[Any]) -> bool:
    """Whether floats lie in 0..1, but for rounding; not where one is nan."""
    return bool(values.min() >= -CLAMPED and values.max() <= 1 + CLAMPED)


def eight_bits(values: npt.NDArray[Any], white: int) -> npt.NDArray[np.uint8]:
    """round(255 c), or with alpha round(255 (c a + 1 - a)), of samples in units of white: exact for whole numbers."""
    alpha = values[..., -1:] if values.shape[-1] in (2, 4) else None
    colour = values if alpha is None else values[..., :-1]
    if alpha is None and values.dtype == np.uint8 and white == 255:
        return values
    if np.issubdtype(values.dtype, np.floating):
        light = colour.astype(np.float64)
        light = light if alpha is None else light * alpha + (1 - alpha.astype(np.float64))
        return np.rint(light * 255).astype(np.uint8)
    wide = np.dtype(np.int32 if white <= 255 else np.int64)
    whole: npt.NDArray[Any] = colour.astype(wide)
    unit = white
    if alpha is not None:
        over: npt.NDArray[Any] = alpha.astype(wide)
        whole, unit = whole * over + white * (white - over), white * white
    return ((whole * 255 + unit // 2) // unit).astype(np.uint8)


def upright(values: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """EXIF's eight orientations: 2 to 4 mirror or turn by half; 5 to 8 exchange height and width."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return values[::rows, ::columns]
