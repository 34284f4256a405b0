"""Training data, all of it on the device, and its batches: any one of them can be had without the ones before."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reference_models.randomness import generator


@dataclass(frozen=True)
class Batch:
    """What one move sees: float32 pictures in -1..1 (or vectors), their classes, and pictures of the other domain."""

    images: Tensor
    labels: Tensor | None = None
    other: Tensor | None = None


class Data:
    """Pictures uint8 (N, C, H, W) or vectors float32 (N, D); classes int64 (N,); `other`: CycleGAN's second domain.

    The batches run through one permutation after another, each a function of the seed and its number.

    >>> data = Data(torch.arange(10, dtype=torch.float32).reshape(10, 1))
    >>> both = torch.cat([data.batch(number, 5, seed=0).images for number in (0, 1)])
    >>> sorted(both.flatten().tolist()) == list(range(10))
    True
    """

    def __init__(self, images: Tensor, labels: Tensor | None = None, other: Tensor | None = None) -> None:
        for name, values in (("images", images), ("other", other)):
            if values is not None and (not len(values) or values.ndim not in (2, 4)):
                raise ValueError(f"{name}: found the shape {tuple(values.shape)}, needed (N, C, H, W) or (N, D)")
        if labels is not None and labels.shape != (len(images),):
            raise ValueError(f"labels: found the shape {tuple(labels.shape)}, needed ({len(images)},)")
        self.images, self.labels, self.other = images, labels, other
        self._orders: dict[tuple[str, int, int], Tensor] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape[1:])

    def to(self, device: torch.device) -> "Data":
        """The same data on a device."""
        labels = None if self.labels is None else self.labels.to(device)
        return Data(self.images.to(device), labels, None if self.other is None else self.other.to(device))

    def batch(self, number: int, size: int, *, seed: int) -> Batch:
        """The batch of that number, counted from 0; a permutation's end is joined to the next one's beginning."""
        chosen = self._indices("order", len(self.images), number * size, size, seed)
        other = None
        if self.other is not None:
            other = signed(self.other[self._indices("order of the other", len(self.other), number * size, size, seed)])
        labels = None if self.labels is None else self.labels[chosen]
        return Batch(signed(self.images[chosen]), labels, other)

    def _indices(self, stream: str, count: int, start: int, size: int, seed: int) -> Tensor:
        parts, end = [], start + size
        while start < end:
            epoch, first = divmod(start, count)
            last = min(count, first + end - start)
            parts.append(self._order(stream, count, epoch, seed)[first:last])
            start += last - first
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _order(self, stream: str, count: int, epoch: int, seed: int) -> Tensor:
        key = (stream, epoch, seed)
        if key not in self._orders:
            for old in [one for one in self._orders if one[0] == stream and abs(one[1] - epoch) > 1]:
                del self._orders[old]
            order = torch.randperm(count, generator=generator(seed, epoch, stream))  # on the CPU: the same on a GPU
            self._orders[key] = order.to(self.images.device)
        return self._orders[key]


def signed(values: Tensor) -> Tensor:
    """Pictures uint8 as float32 in -1..1; vectors as they are.

    >>> signed(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
    [-1.0, 1.0]
    """
    return values.float().div_(127.5).sub_(1) if values.dtype == torch.uint8 else values


def unsigned(values: Tensor) -> Tensor:
    """The inverse of `signed`, rounded: floats (N, C, H, W) in -1..1 as uint8; vectors as they are."""
    if values.ndim != 4:
        return values
    return values.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
