"""Generators and discriminators by configuration, for any square image of 8 to 256 pixels or any vector.

`config.net` picks the layers: fully connected (mlp.py), DCGAN-shaped (conv.py), residual (resnet.py). What is common to
them is here: how the class gets in, the head that gives the score, initialisation, spectral norm. Every map has the
exact size it needs (see `map_sizes`): a side that is odd costs a row of padding, and nothing is cropped.
"""

import math
from collections.abc import Callable

from torch import Tensor, nn

from reference_models.configuration.config import Config, ConfigError
from reference_models.networks.conv import conv_discriminator, conv_generator
from reference_models.networks.discriminator_layers import ClassPlanes, Head, wrap_in_spectral_norm
from reference_models.networks.initialisation import initialise
from reference_models.networks.layers import Condition, ConditionalSequential
from reference_models.networks.mlp import mlp_discriminator, mlp_generator
from reference_models.networks.resnet import resnet_discriminator, resnet_generator

# (config, length of the input) -> layers
GENERATORS: dict[str, Callable[[Config, int], list[nn.Module]]] = {
    "mlp": mlp_generator,
    "conv": conv_generator,
    "resnet": resnet_generator,
}
# (config, channels of the input) -> layers up to the features, and how many features there are
DISCRIMINATORS: dict[str, Callable[[Config, int], tuple[list[nn.Module], int]]] = {
    "mlp": mlp_discriminator,
    "conv": conv_discriminator,
    "resnet": resnet_discriminator,
}


class Generator(nn.Module):
    """z (N, latent) and, with classes, y (N,) to images (N, C, H, W) on [-1, 1] or vectors (N, D).

    MissingLabels without y where there are classes; where there are none, y is not looked at.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        embedded = config.classes and config.condition_g == "embedding"
        condition = [Condition(config.latent, config.classes, config.embedding_scale)] if embedded else []
        layers = GENERATORS[config.net](config, config.latent * (2 if embedded else 1))
        self.layers = ConditionalSequential(*condition, *layers)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        samples: Tensor = self.layers(z, y)
        return samples


class Discriminator(nn.Module):
    """Images (N, C * pack, H, W) or vectors (N, D * pack) and, with classes, y (N,) to raw scores (N,).

    MissingLabels without y where there are classes; where there are none, y is not looked at.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.planes = ClassPlanes(config.classes) if config.classes and config.condition_d == "concat" else None
        self.flat = config.net == "mlp"
        inputs = (math.prod(config.shape) if self.flat else config.shape[0]) * config.pack
        layers, features = DISCRIMINATORS[config.net](config, inputs + (config.classes if self.planes else 0))
        self.trunk = nn.Sequential(*layers)
        self.head = Head(config, features)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The last layer before the score, (N, F): what feature matching compares. Minibatch layers come after it."""
        x = x.flatten(1) if self.flat else x
        features: Tensor = self.trunk(x if self.planes is None else self.planes(x, y))
        return features

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        scores: Tensor = self.head(self.features(x, y), y)
        return scores


def generator(config: Config) -> Generator:
    """The generator of a configuration, initialised by `config.init` (torch's global draws: seed them outside).

    ConfigError for a net that generates nothing from noise.

    >>> import torch
    >>> generator(Config("dcgan", shape=(3, 28, 28), width=4))(torch.zeros(2, 64)).shape
    torch.Size([2, 3, 28, 28])
    """
    _check_net(config)
    network = Generator(config)
    initialise(network, config.init)
    return network


def discriminator(config: Config) -> Discriminator:
    """The discriminator of a configuration, initialised by `config.init`, then under spectral norm where asked for.

    ConfigError for a net that is a translator's.

    >>> import torch
    >>> discriminator(Config("dcgan", shape=(3, 28, 28), width=4, pack=2))(torch.zeros(5, 6, 28, 28)).shape
    torch.Size([5])
    """
    _check_net(config)
    network = Discriminator(config)
    initialise(network, config.init)
    if config.spectral_norm:
        wrap_in_spectral_norm(network)
    return network


def _check_net(config: Config) -> None:
    if config.net not in GENERATORS:
        raise ConfigError(f"net={config.net}: {config.model} works from noise; needed {', '.join(GENERATORS)}")
