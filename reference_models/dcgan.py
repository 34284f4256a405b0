"""DCGAN: transposed and strided convolutions with batch norm in both players. Radford et al. 2016, arXiv:1511.06434."""

from typing import Any

from reference_models import networks
from reference_models.adversarial import Adversarial
from reference_models.config import Config

DEFAULTS: dict[str, Any] = {"net": "conv", "norm_g": "batch", "norm_d": "batch", "init": "normal"}


def dcgan(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, networks.generator(config), networks.discriminator(config))
