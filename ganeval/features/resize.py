"""The resizes whose numbers are published: uint8 images in, float32 N,3,S,S on 0..255 out.

- `tf1-bilinear`: TensorFlow 1's, without half-pixel centres or antialias; bit-exact with
  `torch_fidelity.interpolate_compat_tensorflow` on CPU.
- `pil-bicubic`: clean-fid's (Parmar et al. 2022, arXiv:2104.11222): Pillow on float channels, with antialias, not
  quantised.
- `bilinear`: pytorch-fid's: half-pixel centres, no antialias.

An image that already has the size passes unchanged. Images of one shape go together, any other on its own.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Resize = Callable[[Sequence[Pixels], int, torch.device], torch.Tensor]

CHUNK = 2**22  # numbers of one intermediate: 16 MB of float32, whatever the sizes of the images


def tf1_bilinear(images: Sequence[Pixels], size: int, device: torch.device) -> torch.Tensor:
    """TensorFlow 1's bilinear resize of uint8 3,H,W images: float32 N,3,S,S on 0..255.

    >>> tf1_bilinear([np.full((3, 2, 4), 7, np.uint8)], 3, torch.device("cpu")).unique()
    tensor([7.])
    """
    return _by_shape(images, size, device, _tf1_stack)


def bilinear(images: Sequence[Pixels], size: int, device: torch.device) -> torch.Tensor:
    """Half-pixel bilinear resize without antialias, of uint8 3,H,W images: float32 N,3,S,S on 0..255."""

    def resample(stack: torch.Tensor, size: int) -> torch.Tensor:
        return F.interpolate(stack.float(), size=(size, size), mode="bilinear", align_corners=False, antialias=False)

    return _by_shape(images, size, device, resample)


def pil_bicubic(images: Sequence[Pixels], size: int, device: torch.device) -> torch.Tensor:
    """Pillow's antialiased bicubic resize of float channels, of uint8 3,H,W images: float32 N,3,S,S on 0..255."""
    resized = np.empty((len(images), 3, size, size), np.float32)
    for row, image in zip(resized, images, strict=True):
        for channel, pixels in zip(row, image, strict=True):
            grey = Image.fromarray(pixels.astype(np.float32))
            np.clip(np.asarray(grey.resize((size, size), Image.Resampling.BICUBIC)), 0, 255, out=channel)
    return torch.from_numpy(resized).to(device)


RESIZES: dict[str, Resize] = {
    "tf1-bilinear": tf1_bilinear,
    "pil-bicubic": pil_bicubic,
    "bilinear": bilinear,
}


def _by_shape(
    images: Sequence[Pixels], size: int, device: torch.device, resample: Callable[[torch.Tensor, int], torch.Tensor]
) -> torch.Tensor:
    """Apply `resample` (uint8 n,3,H,W and S -> float32 n,3,S,S) to stacks of one shape; keep the order.

    A stack stays under `CHUNK` numbers before and after it.
    """
    resized = torch.empty(len(images), 3, size, size, dtype=torch.float32, device=device)
    for shape in {image.shape for image in images}:
        alike = [row for row, image in enumerate(images) if image.shape == shape]
        most = max(1, CHUNK // (3 * max(size * size, shape[1] * shape[2])))
        for rows in (alike[start : start + most] for start in range(0, len(alike), most)):
            stack = torch.from_numpy(np.stack([images[row] for row in rows]))
            if device.type == "cuda":
                stack = stack.pin_memory()  # the copy then goes on while this thread does, and twice as fast
            stack = stack.to(device, non_blocking=device.type == "cuda")
            resized[rows] = stack.float() if shape[1:] == (size, size) else resample(stack, size)
    return resized


def _tf1_stack(stack: torch.Tensor, size: int) -> torch.Tensor:
    """Columns on the source rows that matter, then rows: torch-fidelity's sums at a third of its work."""
    top, bottom, down = _taps(stack.shape[2], size, stack.device)
    left, right, across = _taps(stack.shape[3], size, stack.device)
    if stack.shape[2] > 2 * size:
        stack = stack.index_select(2, torch.cat([top, bottom]))
        top = torch.arange(size, device=stack.device)
        bottom = top + size
    columns = _between(stack.index_select(3, left).float(), stack.index_select(3, right).float(), across)
    return _between(columns.index_select(2, top), columns.index_select(2, bottom), down[:, None])


def _taps(length: int, size: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The two neighbours of each of `size` points among `length`, and how far each point is from the first."""
    points = torch.arange(size, dtype=torch.float32, device=device) * torch.tensor(length / size, dtype=torch.float32)
    first = points.long()
    return first, (first + 1).clamp_max(length - 1), points - first.float()


def _between(first: torch.Tensor, second: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """first + (second - first) * share, rounded in that order (`torch.lerp` rounds in another); overwrites `second`."""
    return second.sub_(first).mul_(share).add_(first)
