"""CycleGAN's networks: generators from image to image, residual or U-Net, and the PatchGAN discriminator.

Zhu et al. 2017, arXiv:1703.10593 (generator of Johnson et al. 2016, arXiv:1603.08155; U-Net of Ronneberger et al. 2015,
arXiv:1505.04597; PatchGAN of Isola et al. 2017, arXiv:1611.07004), at 256 pixels and width 64 the layers of
junyanz/pytorch-CycleGAN-and-pix2pix, and for any size. All norms are instance norms without gain or bias, as published.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config, ConfigError
from reference_models.networks.discriminator_layers import wrap_in_spectral_norm
from reference_models.networks.initialisation import LEAK, initialise

SMALL = 32  # pixels below which the published kernels and patches are as large as the image


class ResidualBlock(nn.Module):
    """Two reflected 3x3 convolutions with norms, added to the input: (N, C, H, W) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels), nn.ReLU()]
        second = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.inner = nn.Sequential(*first, *second)

    def forward(self, h: Tensor) -> Tensor:
        out: Tensor = h + self.inner(h)
        return out


class Skip(nn.Module):
    """One level of a U-Net: its input, concatenated with what the levels below give at half its size."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, h: Tensor) -> Tensor:
        return torch.cat([h, self.inner(h)], 1)


def translator(config: Config, channels_in: int, channels_out: int) -> nn.Module:
    """A generator from images (N, channels_in, S, S) to (N, channels_out, S, S) on [-1, 1]; S is of config.shape.

    Initialised by `config.init` (torch's global draws: seed them outside). ConfigError for another net than these two.

    >>> config = Config("cyclegan", shape=(1, 16, 16), net="resnet", width=4)
    >>> translator(config, 1, 3)(torch.zeros(2, 1, 16, 16)).shape
    torch.Size([2, 3, 16, 16])
    """
    nets = {"resnet": _residual, "unet": _u_net}
    if config.net not in nets:
        raise ConfigError(f"net={config.net}: cyclegan's generators are resnet or unet")
    network = nets[config.net](config, channels_in, channels_out)
    initialise(network, config.init)
    return network


def patch_discriminator(config: Config, channels: int) -> nn.Module:
    """A discriminator from images (N, channels, S, S) to raw scores of overlapping patches, (N, 1, h, w).

    With 3 layers a score sees 70 pixels, with 2 it sees 34, with 1 it sees 16. Initialised by `config.init`, then under
    spectral norm where asked for. ConfigError for more `patch_layers` than the image has room for.

    >>> patch_discriminator(Config("cyclegan", shape=(3, 256, 256), width=4), 3)(torch.zeros(1, 3, 256, 256)).shape
    torch.Size([1, 1, 30, 30])
    """
    size = config.shape[1]
    halvings = config.patch_layers or (1 if size < 16 else 2 if size < SMALL else 3)  # as published from 32 pixels on
    room = max(count for count in range(1, 8) if size // 2**count >= 3)  # the last two layers need 3 pixels
    if halvings > room:
        raise ConfigError(f"patch_layers={halvings} at {size} pixels: needed at most {room}")
    widths = [config.width * min(2**level, 8) for level in range(halvings + 1)]
    layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(LEAK)]
    for level in range(1, halvings + 1):
        stride = 2 if level < halvings else 1
        layers += [nn.Conv2d(widths[level - 1], widths[level], 4, stride, 1)]
        layers += [nn.InstanceNorm2d(widths[level]), nn.LeakyReLU(LEAK)]
    network = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))
    initialise(network, config.init)
    if config.spectral_norm:
        wrap_in_spectral_norm(network)
    return network


def _residual(config: Config, channels_in: int, channels_out: int) -> nn.Module:
    size, width = config.shape[1], config.width
    pad = 3 if size >= SMALL else 2  # a 7x7 kernel, 5x5 for small images
    half = (size + 1) // 2
    quarter = (half + 1) // 2
    layers = [nn.ReflectionPad2d(pad), nn.Conv2d(channels_in, width, 2 * pad + 1), nn.InstanceNorm2d(width), nn.ReLU()]
    for before in (width, 2 * width):
        layers += [nn.Conv2d(before, 2 * before, 3, 2, 1), nn.InstanceNorm2d(2 * before), nn.ReLU()]
    blocks = config.blocks or (3 if size < 64 else 6 if size < 256 else 9)  # as published from 128 pixels on
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for before, small, large in ((4 * width, quarter, half), (2 * width, half, size)):
        up = nn.ConvTranspose2d(before, before // 2, 3, 2, 1, output_padding=large - (2 * small - 1))
        layers += [up, nn.InstanceNorm2d(before // 2), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(pad), nn.Conv2d(width, channels_out, 2 * pad + 1), nn.Tanh())


def _u_net(config: Config, channels_in: int, channels_out: int) -> nn.Module:
    """Halvings down to a single pixel, each with its way up and a skip over all that is below."""
    sizes = [config.shape[1]]
    while sizes[-1] > 1:
        sizes.append(sizes[-1] // 2)
    widths = [config.width * min(2**level, 8) for level in range(len(sizes) - 1)]
    odd = [large - 2 * small for large, small in pairwise(sizes)]
    below: list[nn.Module] = []  # from the innermost level outwards; the single pixel has no norm, nothing to average
    for level in range(len(widths) - 1, 0, -1):
        outer, inner = widths[level - 1], widths[level]
        norm = [nn.InstanceNorm2d(inner)] if below else []
        down = [nn.LeakyReLU(LEAK), nn.Conv2d(outer, inner, 4, 2, 1), *norm]
        up = nn.ConvTranspose2d(inner * (2 if below else 1), outer, 4, 2, 1, output_padding=odd[level])
        below = [Skip(nn.Sequential(*down, *below, nn.ReLU(), up, nn.InstanceNorm2d(outer)))]
    end = nn.ConvTranspose2d(2 * widths[0], channels_out, 4, 2, 1, output_padding=odd[0])
    return nn.Sequential(nn.Conv2d(channels_in, widths[0], 4, 2, 1), *below, nn.ReLU(), end, nn.Tanh())
