"""Training data, all of it on the device, and its batches: any one of them can be had without the ones before."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from reference_models.configuration.config import Config, ConfigError
from reference_models.engine.randomness import WHOLE, BatchPart, Draw, generator


@dataclass(frozen=True)
class TrainingBatch:
    """What one update sees: float32 images in -1..1 (or vectors), their labels, and images of the other domain."""

    images: Tensor
    labels: Tensor | None = None
    other: Tensor | None = None


class Data:
    """Images uint8 (N, C, H, W) or vectors float32 (N, D); labels int64 (N,); `other`: a translator's second domain.

    The batches run through one permutation after another, each a function of the seed and its number. ValueError for
    other shapes and types.

    >>> data = Data(torch.arange(10, dtype=torch.float32).reshape(10, 1))
    >>> both = torch.cat([data.batch(number, 5, seed=0).images for number in (0, 1)])
    >>> sorted(both.flatten().tolist()) == list(range(10))
    True
    """

    def __init__(self, images: Tensor, labels: Tensor | None = None, other: Tensor | None = None) -> None:
        _check_samples("images", images)
        if other is not None:
            _check_samples("other", other)
        if labels is not None and (labels.shape != (len(images),) or labels.dtype != torch.int64):
            found = f"{str(labels.dtype).removeprefix('torch.')} {tuple(labels.shape)}"
            raise ValueError(f"labels: found {found}, needed int64 ({len(images)},)")
        self.images, self.labels, self.other = images, labels, other
        self._orders: dict[tuple[str, int, int], Tensor] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """That of one sample."""
        return tuple(self.images.shape[1:])

    def to(self, device: torch.device) -> Self:
        """The same data on a device."""
        labels = None if self.labels is None else self.labels.to(device)
        return type(self)(self.images.to(device), labels, None if self.other is None else self.other.to(device))

    def fingerprint(self) -> str:
        """The sha256 of samples, labels and other domain, types and shapes included."""
        return digest_of((self.images, self.labels, self.other))

    def check(self, config: Config) -> None:
        """ConfigError where the configuration is for other data."""
        _check_shape("data", self.shape, config.shape)
        if self.other is not None:
            channels = config.other_channels or config.shape[0]
            _check_shape("data of the other domain", tuple(self.other.shape[1:]), (channels, *config.shape[1:]))
        if config.classes and self.labels is None:
            raise ConfigError(f"data: found no labels, needed {config.classes} classes")
        if config.classes and self.labels is not None:
            low, high = int(self.labels.min()), int(self.labels.max())
            if low < 0 or high >= config.classes:
                raise ConfigError(f"data: found labels of {low} to {high}, needed {config.classes} classes")

    def batch(self, number: int, size: int, *, seed: int, flip: bool = False, part: BatchPart = WHOLE) -> TrainingBatch:
        """The batch of that number, counted from 0; a permutation's end is joined to the next one's beginning.

        With `flip` each image is mirrored at random. `part`: which part of it.
        """
        domains = {"order": self.images} | ({} if self.other is None else {"order of the other": self.other})
        chosen = {
            name: part.of(self._indices(name, len(values), number * size, size, seed))
            for name, values in domains.items()
        }
        images = [to_signed(values[chosen[name]]) for name, values in domains.items()]
        if flip:
            device = self.images.device
            draws = [Draw(generator(seed, number, f"flip {i}", device), part) for i in range(len(images))]
            images = [random_flip(values, draw) for values, draw in zip(images, draws, strict=True)]
        labels = None if self.labels is None else self.labels[chosen["order"]]
        return TrainingBatch(images[0], labels, images[1] if self.other is not None else None)

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
            for old in [key for key in self._orders if key[0] == stream and abs(key[1] - epoch) > 1]:
                del self._orders[old]
            order = torch.randperm(count, generator=generator(seed, epoch, stream))  # on the CPU: the same on a GPU
            self._orders[key] = order.to(self.images.device)
        return self._orders[key]


def digest_of(tensors: Iterable[Tensor | None]) -> str:
    """The sha256 (hex) of tensors in their order, types and shapes included."""
    digest = hashlib.sha256()
    for values in tensors:
        digest.update(b"none" if values is None else f"{values.dtype} {tuple(values.shape)}".encode())
        if values is not None:
            digest.update(values.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def to_signed(values: Tensor) -> Tensor:
    """Images uint8 as float32 in -1..1; vectors as they are.

    >>> to_signed(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
    [-1.0, 1.0]
    """
    return values.float().div_(127.5).sub_(1) if values.dtype == torch.uint8 else values


def to_pixels(values: Tensor) -> Tensor:
    """The inverse of `signed`, rounded: floats (N, C, H, W) in -1..1 as uint8; vectors as they are.

    >>> to_pixels(torch.tensor([-1.0, 0.9999, 7.0]).reshape(3, 1, 1, 1)).flatten().tolist()
    [0, 255, 255]
    """
    if values.ndim != 4:
        return values
    return values.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def random_flip(images: Tensor, draw: Draw) -> Tensor:
    """Each image mirrored, left to right, with probability a half."""
    chosen = draw.uniform(len(images), 1, 1, 1) < 0.5
    return torch.where(chosen, images.flip(3), images)


def _check_samples(name: str, values: Tensor) -> None:
    kind = {2: torch.float32, 4: torch.uint8}.get(values.ndim)
    if not len(values) or values.dtype != kind:
        found = f"{str(values.dtype).removeprefix('torch.')} {tuple(values.shape)}"
        raise ValueError(f"{name}: found {found}, needed images uint8 (N, C, H, W) or vectors float32 (N, D)")


def _check_shape(name: str, found: tuple[int, ...], needed: tuple[int, ...]) -> None:
    if found != needed:
        raise ConfigError(f"{name}: found samples of {found}, needed {needed}")
