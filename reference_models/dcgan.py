"""DCGAN: transposed and strided convolutions with batch norm in both players. Radford et al. 2016, arXiv:1511.06434."""

from typing import Any

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {"net": "conv", "norm_g": "batch", "norm_d": "batch", "init": "normal"}


def dcgan(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))
