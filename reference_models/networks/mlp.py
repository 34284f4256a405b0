"""Fully connected networks: Goodfellow et al. 2014, arXiv:1406.2661.

Vectors: three hidden layers of `width` in both, as the toys of WGAN-GP's code (igul222/improved_wgan_training) have.
Images below 16 pixels: generator (width, width), discriminator (width, width / 2). From 16 pixels: generator (width, 2
width, 4 width), discriminator (2 width, width): at width 256 the discriminator of PyTorch-GAN's gan.py, and the upper
layers of its generator.
"""

import math
from itertools import pairwise

from torch import nn

from reference_models.configuration.config import Config
from reference_models.networks.initialisation import LEAK
from reference_models.networks.layers import generator_needs_bias, generator_norm, needs_bias, normalisation


def mlp_generator(config: Config, inputs: int) -> list[nn.Module]:
    """Layers from (N, inputs) to images through tanh, or to vectors without bounds."""
    widths = [inputs, *_widths(config)[0]]
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=generator_needs_bias(config))]
        layers += [generator_norm(config, after, dimensions=1), nn.ReLU()]
    layers += [nn.Linear(widths[-1], math.prod(config.shape))]
    return layers if config.is_vector else [*layers, nn.Tanh(), nn.Unflatten(1, config.shape)]


def mlp_discriminator(config: Config, inputs: int) -> tuple[list[nn.Module], int]:
    """Layers from (N, inputs) to features, and the number of those; the first layer has no norm."""
    widths = _widths(config)[1]
    layers: list[nn.Module] = [nn.Linear(inputs, widths[0]), nn.LeakyReLU(LEAK)]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=needs_bias(config.norm_d))]
        layers += [normalisation(config.norm_d, after, dimensions=1), nn.LeakyReLU(LEAK)]
    return layers, widths[-1]


def _widths(config: Config) -> tuple[list[int], list[int]]:
    """Hidden layers of the generator and of the discriminator."""
    width = config.width
    if config.is_vector:
        return [width] * 3, [width] * 3
    if config.shape[1] < 16:
        return [width, width], [width, max(1, width // 2)]
    return [width, 2 * width, 4 * width], [2 * width, width]
