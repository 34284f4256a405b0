"""Residual networks: WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028) and SNGAN (Miyato et al. 2018,
arXiv:1802.05957).

Up to 32 pixels the discriminator has `width` channels throughout and the generator twice that: width 128 is SNGAN's
pair for CIFAR-10, which gan-collections and mimicry train as WGAN-GP and, with classes, as the projection cGAN. Above
32 pixels channels double with each halving up to 8 width, in both: width 64 at 64 pixels is WGAN-GP's generator. The
discriminator halves until at most 8 pixels, has two more blocks there, and sums its features over the map.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from reference_models.configuration.config import Config
from reference_models.networks.layers import (
    ClassConditional,
    generator_needs_bias,
    generator_norm,
    map_sizes,
    needs_bias,
    normalisation,
)

SMALL = 32  # pixels up to which channels stay the same from map to map


class UpBlock(ClassConditional):
    """Norm, ReLU, enlarge, convolve, norm, ReLU, convolve; beside it, enlarge and a 1x1 convolution."""

    def __init__(self, config: Config, before: int, after: int, *, size: int) -> None:
        super().__init__()
        self.size = size
        self.first_norm = generator_norm(config, before)
        self.first = nn.Conv2d(before, after, 3, padding=1, bias=generator_needs_bias(config))
        self.second_norm = generator_norm(config, after)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, h: Tensor, y: Tensor | None = None) -> Tensor:
        inner = F.interpolate(F.relu(_normed(self.first_norm, h, y)), size=(self.size, self.size), mode="nearest")
        inner = self.second(F.relu(_normed(self.second_norm, self.first(inner), y)))
        # a 1x1 convolution and copying pixels commute: the smaller map is the cheaper one
        shortcut = F.interpolate(self.shortcut(h), size=(self.size, self.size), mode="nearest")
        out: Tensor = shortcut + inner
        return out


class DownBlock(nn.Module):
    """Norm, ReLU, convolve, norm, ReLU, convolve, halve; beside it, a 1x1 convolution where anything changes, halved.

    The first block of a discriminator starts from images, so it has no norm and no ReLU before its first convolution.
    """

    def __init__(self, norm: str, before: int, after: int, *, halve: bool, first: bool = False) -> None:
        super().__init__()
        name = "none" if first else norm
        start: list[nn.Module] = [] if first else [normalisation(name, before), nn.ReLU()]
        inner = [nn.Conv2d(before, after, 3, padding=1, bias=needs_bias(name)), normalisation(name, after), nn.ReLU()]
        pool: list[nn.Module] = [nn.AvgPool2d(2)] if halve else []
        self.inner = nn.Sequential(*start, *inner, nn.Conv2d(after, after, 3, padding=1), *pool)
        change: list[nn.Module] = [nn.Conv2d(before, after, 1)] if halve or before != after else []
        self.shortcut = nn.Sequential(*pool, *change)  # averages and 1x1 convolutions commute

    def forward(self, h: Tensor) -> Tensor:
        out: Tensor = self.shortcut(h) + self.inner(h)
        return out


class SumOverMap(nn.Module):
    """(N, C, H, W) -> (N, C)."""

    def forward(self, h: Tensor) -> Tensor:
        summed: Tensor = h.sum((2, 3))
        return summed


def resnet_generator(config: Config, inputs: int) -> list[nn.Module]:
    """Layers from (N, inputs) to images on [-1, 1]: a linear stem to the smallest map, then a block per doubling."""
    sizes, base = map_sizes(config.shape[1])[::-1], config.width * (2 if config.shape[1] <= SMALL else 1)
    widths = [_channels(config, base, level) for level in range(len(sizes))][::-1]
    stem = [nn.Linear(inputs, widths[0] * sizes[0] ** 2), nn.Unflatten(1, (widths[0], sizes[0], sizes[0]))]
    blocks = [UpBlock(config, *pair, size=size) for pair, size in zip(pairwise(widths), sizes[1:], strict=True)]
    end = [generator_norm(config, widths[-1]), nn.ReLU(), nn.Conv2d(widths[-1], config.shape[0], 3, padding=1)]
    return [*stem, *blocks, *end, nn.Tanh()]


def resnet_discriminator(config: Config, inputs: int) -> tuple[list[nn.Module], int]:
    """Layers from (N, inputs, H, W) to features, and the number of those."""
    halvings = sum(size > 8 for size in map_sizes(config.shape[1])) or 1
    widths = [_channels(config, config.width, level) for level in range(halvings)]
    blocks = [DownBlock("none", inputs, widths[0], halve=True, first=True)]
    blocks += [DownBlock(config.norm_d, before, after, halve=True) for before, after in pairwise(widths)]
    blocks += [DownBlock(config.norm_d, widths[-1], widths[-1], halve=False) for _ in range(2)]
    return [*blocks, nn.ReLU(), SumOverMap()], widths[-1]


def _channels(config: Config, base: int, level: int) -> int:
    """Channels after `level` halvings."""
    return base if config.shape[1] <= SMALL else base * min(2**level, 8)


def _normed(norm: nn.Module, h: Tensor, y: Tensor | None) -> Tensor:
    out: Tensor = norm(h, y) if isinstance(norm, ClassConditional) else norm(h)
    return out
