"""DCGAN-shaped networks: Radford et al. 2016, arXiv:1511.06434, as pytorch/examples has them.

Strided 4x4 convolutions and no pooling; `width` channels beside the image, twice that after each further halving, at
most 8 width. At 64 pixels and width 64 the layers are those of pytorch/examples, but for biases where no norm follows.
"""

from itertools import pairwise

from torch import nn

from reference_models.configuration.config import Config
from reference_models.networks.initialisation import LEAK
from reference_models.networks.layers import generator_needs_bias, generator_norm, map_sizes, needs_bias, normalisation


def conv_generator(config: Config, inputs: int) -> list[nn.Module]:
    """Layers from (N, inputs) to images on [-1, 1]: a linear stem to the smallest map, then doublings."""
    sizes, widths, bias = map_sizes(config.shape[1])[::-1], _widths(config)[::-1], generator_needs_bias(config)
    layers: list[nn.Module] = [nn.Linear(inputs, widths[0] * sizes[0] ** 2, bias=bias)]
    layers += [nn.Unflatten(1, (widths[0], sizes[0], sizes[0])), generator_norm(config, widths[0]), nn.ReLU()]
    for (before, after), (small, large) in zip(pairwise(widths), pairwise(sizes[:-1]), strict=True):
        layers += [_doubling(before, after, large - 2 * small, bias=bias), generator_norm(config, after), nn.ReLU()]
    return [*layers, _doubling(widths[-1], config.shape[0], sizes[-1] - 2 * sizes[-2], bias=True), nn.Tanh()]


def conv_discriminator(config: Config, inputs: int) -> tuple[list[nn.Module], int]:
    """Layers from (N, inputs, H, W) to features, and the number of those; the first layer has no norm."""
    widths = _widths(config)
    layers: list[nn.Module] = [nn.Conv2d(inputs, widths[0], 4, 2, 1), nn.LeakyReLU(LEAK)]
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=needs_bias(config.norm_d))]
        layers += [normalisation(config.norm_d, after), nn.LeakyReLU(LEAK)]
    return [*layers, nn.Flatten()], widths[-1] * map_sizes(config.shape[1])[-1] ** 2


def _widths(config: Config) -> list[int]:
    """Channels of the maps below the image, from the largest map to the smallest."""
    return [config.width * min(2**level, 8) for level in range(len(map_sizes(config.shape[1])) - 1)]


def _doubling(before: int, after: int, odd: int, *, bias: bool) -> nn.Module:
    """Twice the side, and one row more where the larger side is odd."""
    return nn.ConvTranspose2d(before, after, 4, 2, 1, output_padding=odd, bias=bias)
