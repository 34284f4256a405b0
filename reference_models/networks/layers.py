"""Layers that generators and discriminators share: norms by name, and class conditioning.

Batch norm: Ioffe and Szegedy 2015, arXiv:1502.03167; layer norm: Ba et al. 2016, arXiv:1607.06450 (over all of a
sample, as in WGAN-GP: a group norm of one group); instance norm: Ulyanov et al. 2016, arXiv:1607.08022. All with
torch's eps of 1e-5. Class-conditional batch norm: Dumoulin et al. 2017, arXiv:1610.07629; de Vries et al. 2017,
arXiv:1707.00683.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from torch.nn.modules.batchnorm import _BatchNorm

from reference_models.configuration.config import Config, ConfigError


class MissingLabels(ValueError):
    """A conditional network was called without labels."""


def require_labels(y: Tensor | None) -> Tensor:
    """The labels; MissingLabels where there are none."""
    if y is None:
        raise MissingLabels("a network of a configuration with classes: found no labels, needed one per sample")
    return y


def normalisation(name: str, channels: int, *, dimensions: int = 2) -> nn.Module:
    """The norm of that name, for vectors (N, channels; dimensions=1) or maps (N, channels, H, W; dimensions=2).

    ConfigError for a name that is unknown, and for the instance norm of vectors, which have no pixels to average.

    >>> normalisation("batch", 8).eps
    1e-05
    """
    if name == "none":
        return nn.Identity()
    if name == "batch":
        return nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm1d(channels)
    if name == "layer":
        return nn.GroupNorm(1, channels) if dimensions == 2 else nn.LayerNorm(channels)
    if name == "instance" and dimensions == 2:
        return nn.InstanceNorm2d(channels, affine=True)
    if name == "instance":
        raise ConfigError(
            "norm=instance is over the pixels of a map, and net=mlp has none; needed batch, layer or none"
        )
    raise ConfigError(f"norm={name} is unknown, needed batch, layer, instance, none")


def needs_bias(name: str) -> bool:
    """Whether a layer before that norm needs a bias: batch and instance norm take each channel's mean away again."""
    return name not in ("batch", "instance")


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a network normalises over its batch anywhere."""
    return any(isinstance(layer, _BatchNorm) for layer in network.modules())


class ClassConditional(nn.Module):
    """A layer whose forward takes (h, y): a `ConditionalSequential` hands it the labels."""


class ConditionalBatchNorm(ClassConditional):
    """Batch norm whose gain and bias are the class's own: one set of statistics, `classes` pairs of (gain, bias).

    Takes (N, channels) with dimensions=1, (N, channels, H, W) with dimensions=2, and labels (N,).

    >>> ConditionalBatchNorm(4, 10)(torch.zeros(2, 4, 3, 3), torch.tensor([0, 9])).shape
    torch.Size([2, 4, 3, 3])
    """

    def __init__(self, channels: int, classes: int, *, dimensions: int = 2) -> None:
        super().__init__()
        plain = nn.BatchNorm2d if dimensions == 2 else nn.BatchNorm1d
        self.norm = plain(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(classes, channels))
        self.bias = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, h: Tensor, y: Tensor | None = None) -> Tensor:
        labels = require_labels(y)
        shape = (*h.shape[:2], *[1] * (h.dim() - 2))
        # embedding, not indexing: the backward of indexing adds in any order, and resuming would not be exact
        gain, bias = (embedding(labels, table).view(shape) for table in (self.gain, self.bias))
        scaled: Tensor = self.norm(h) * gain + bias
        return scaled


class Condition(ClassConditional):
    """z with the class beside it: (N, latent) -> (N, 2 latent), the second half an embedding times `scale`.

    An N(0, 1) embedding at scale 1 loses the diversity inside each class: under batch norm z and class share one
    variance, of which classes then take most. Recall on digits is 0.0 to 0.3 at scale 1 and 0.85 at 0.15.
    """

    def __init__(self, latent: int, classes: int, scale: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latent)
        self.scale = scale

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.cat([z, self.embedding(require_labels(y)) * self.scale], 1)


class ConditionalSequential(nn.Sequential):
    """A sequence of layers; the class-conditional ones among them get the labels.

    >>> layers = ConditionalSequential(nn.Linear(3, 4), ConditionalBatchNorm(4, 2, dimensions=1))
    >>> layers(torch.zeros(5, 3), torch.zeros(5).long()).shape
    torch.Size([5, 4])
    """

    def forward(self, h: Tensor, y: Tensor | None = None) -> Tensor:
        for layer in self:
            h = layer(h, y) if isinstance(layer, ClassConditional) else layer(h)
        return h


def generator_norm(config: Config, channels: int, *, dimensions: int = 2) -> nn.Module:
    """The norm of a generator's layer: class-conditional batch norm where the configuration asks for it."""
    if config.classes and config.condition_g == "batch-norm":
        return ConditionalBatchNorm(channels, config.classes, dimensions=dimensions)
    return normalisation(config.norm_g, channels, dimensions=dimensions)


def generator_needs_bias(config: Config) -> bool:
    """Whether a layer of the generator before its norm needs a bias."""
    return not (config.classes and config.condition_g == "batch-norm") and needs_bias(config.norm_g)


def map_sizes(size: int) -> tuple[int, ...]:
    """Sides of the maps from the image down: halved, rounded down, until at most 7 pixels, and at least twice.

    >>> map_sizes(28), map_sizes(100), map_sizes(8)
    ((28, 14, 7), (100, 50, 25, 12, 6), (8, 4, 2))
    """
    sizes = [size]
    while sizes[-1] > 7 or len(sizes) < 3:
        sizes.append(sizes[-1] // 2)
    return tuple(sizes)
