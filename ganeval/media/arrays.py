"""Images in arrays and tensors, in memory or in .npy and .npz files, which are never unpickled."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganeval.errors import ContentError, GanevalError
from ganeval.media.archives import existing_file, one_line
from ganeval.media.base import Labels, SampleSet
from ganeval.media.images.decoding import DecodedImage, digest_of_array, from_array
from ganeval.media.images.pixels import channels_last, in_range

NPY, NPZ = b"\x93NUMPY", b"PK"  # how such files begin
_BLOCK = 2**24  # bytes of floats checked at a time


class ArraySamples(SampleSet):
    """Images along the first axis of an array; floats are known to be in range."""

    def __init__(self, array: npt.NDArray[Any], name: str) -> None:
        super().__init__(name)
        self._array = array  # N,H,W or N,H,W,C

    def __len__(self) -> int:
        return len(self._array)

    def item(self, index: int) -> DecodedImage:
        return from_array(self._array[index], self.name_of(index))

    def digest(self, index: int) -> bytes:
        return digest_of_array(self._array[index])

    def size_of(self, index: int) -> int:
        return int(self._array[index].nbytes)


def array_images(
    array: Any,
    name: str = "array",
    *,
    labels: Any = None,
    classes: tuple[str, ...] | None = None,
    bytes_hash: str | None = None,
    channels: str | None = None,
) -> SampleSet:
    """The images in a NumPy array or torch tensor: N,H,W or N,H,W,C or N,C,H,W with C 1, 3 or 4.

    Where both could be channels, they are last in an array and first in a tensor. What could be one image or several
    (3 or 4 along the first of three axes) is refused, unless `labels` count them. `channels`: what four are, "rgba" or
    "rgb". Values are those of `decoding.from_array`; floats outside 0..1 are a ContentError at once. `bytes_hash` saves
    hashing what has a published checksum. A memory-mapped array stays so.

    >>> len(array_images(np.zeros((5, 8, 8), np.uint8))), len(array_images(np.zeros((5, 3, 8, 8))))
    (5, 5)
    """
    values, is_tensor = as_numpy(array, name)
    if values.ndim == 3 and len(values) in (3, 4) and labels is None:
        raise ContentError(
            f"{name}: shape {values.shape}: found one image of {len(values)} channels, or {len(values)} grey ones; "
            "needed x[None] for one image, x[:, None] for several"
        )
    if len(values.shape) == 3 and not (values.shape[2] in (3, 4) and values.shape[1] >= 8):
        laid_out: npt.NDArray[Any] | None = values
    else:
        laid_out = channels_last(values, prefer_first=is_tensor) if values.ndim == 4 else None
    if laid_out is None or not values.size:
        raise ContentError(
            f"{name}: shape {values.shape}: needed N,H,W or N,H,W,C or N,C,H,W with C 1, 3 or 4, and no empty axis"
        )
    laid_out = of_channels(laid_out, channels, name) if values.ndim == 4 else laid_out
    images = ArraySamples(laid_out, name)
    images.published_hash = bytes_hash
    _vet(images, laid_out)
    images.labels, images.classes = _labels(labels, len(images), name), classes
    if images.labels is not None and classes is None:
        images.classes = tuple(str(label) for label in range(int(images.labels.max()) + 1))
    return images


def npy_images(path: str | os.PathLike[str], channels: str | None = None) -> SampleSet:
    """The images in a .npy file, memory-mapped; layouts and values as `array_images`."""
    file = existing_file(path)
    with reading(file, NPY, "a .npy file"):
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    return array_images(array, str(file), channels=channels)


def npz_images(path: str | os.PathLike[str], channels: str | None = None) -> SampleSet:
    """The images in a .npz: `arr_0` or `images`, with labels in `labels` or whole numbers in `arr_1`."""
    file = existing_file(path)
    with reading(file, NPZ, "a .npz file"), np.load(file, allow_pickle=False) as held:
        key = next((key for key in ("arr_0", "images") if key in held.files), None)
        if key is None:
            raise ContentError(f"{file}: holds {', '.join(held.files) or 'nothing'}: needed arr_0 or images")
        array = held[key]
        other = next((key for key in ("labels", "arr_1") if key in held.files), None)
        labels: Any = None if other is None else held[other]
    if other == "arr_1" and (labels.ndim != 1 or labels.dtype.kind not in "iu"):
        labels = None
    return array_images(array, str(file), labels=labels, channels=channels)


def pt_images(path: str | os.PathLike[str], channels: str | None = None) -> SampleSet | None:
    """The images in a .pt: a tensor, or that of `images` or `samples`, with `labels`; None where it holds no images."""
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises nearly everything; whoever reads it as statistics reports why
        return None
    held = held if isinstance(held, dict) else {"images": held}
    array = next((held[key] for key in ("images", "samples", "arr_0") if key in held), None)
    if not isinstance(array, torch.Tensor) or array.ndim < 3:
        return None
    return array_images(array, str(path), labels=held.get("labels"), channels=channels)


def of_channels(images: npt.NDArray[Any], channels: str | None, name: str) -> npt.NDArray[Any]:
    """Images …,H,W,C; of four channels, whose meaning an array does not tell, what `channels` says."""
    if images.shape[-1] != 4 or channels == "rgba":
        return images
    if channels == "rgb":
        return images[..., :3]
    raise ContentError(
        f"{name}: found four channels, needed --channels rgba (the fourth is alpha: laid over white) or --channels rgb "
        "(the fourth is left out); image files say it themselves"
    )


def as_numpy(array: Any, name: str) -> tuple[npt.NDArray[Any], bool]:
    """An array or tensor as NumPy, without a copy where there need be none, and whether it was a tensor."""
    torch = sys.modules.get("torch")  # whoever passes a tensor has imported it
    if torch is not None and isinstance(array, torch.Tensor):
        if array.layout != torch.strided or array.is_meta:
            kind = "on the meta device, without values" if array.is_meta else "that is sparse"
            raise ContentError(f"{name}: found a tensor {kind}, needed a dense one (x.to_dense())")
        tensor = array.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(), True
    if not hasattr(array, "__array__") or type(array).__module__.startswith("PIL."):
        raise ContentError(f"{name}: {type(array).__name__} found: needed arrays or tensors (np.asarray makes one)")
    return np.asarray(array), False


@contextmanager
def reading(path: Path, magic: bytes, kind: str) -> Iterator[None]:
    """Whatever goes wrong in the block, which reads a file with this beginning, is a ContentError of one line."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(magic)) != magic:
                raise ContentError(f"{path}: not {kind}, or a damaged one")
        yield
    except GanevalError:
        raise
    except Exception as error:  # NumPy evaluates the header, and raises nearly anything
        if any(word in str(error) for word in ("pickle", "Object arrays", "Python objects")):
            raise ContentError(f"{path}: needs pickle, which can run code; save plain numbers") from None
        raise ContentError(f"{path}: damaged ({one_line(error)})") from error


def _vet(images: ArraySamples, array: npt.NDArray[Any]) -> None:
    """Refuses a dtype, and floats outside 0..1, naming the first such image: in blocks, without a copy."""
    if array.dtype.kind != "f":
        images.item(0)
        return
    size = max(1, _BLOCK // array[0].nbytes)
    for start in range(0, len(array), size):
        block = array[start : start + size]
        if not in_range(block):
            for index in range(start, start + len(block)):
                images.item(index)


def _labels(labels: Any, count: int, name: str) -> Labels | None:
    if labels is None:
        return None
    values = as_numpy(labels, f"{name} labels")[0] if not isinstance(labels, list | tuple) else np.asarray(labels)
    if values.shape != (count,) or values.dtype.kind not in "iu":
        raise ContentError(
            f"{name}: labels of shape {values.shape} and type {values.dtype}: needed {count} whole numbers"
        )
    if values.min(initial=0) < 0:
        raise ContentError(f"{name}: found the label {values.min()}, needed classes from 0 on; renumber the labels")
    return values.astype(np.int64)
