"""The original GAN: two perceptrons and the non-saturating loss. Goodfellow et al. 2014, arXiv:1406.2661."""

from typing import Any

from reference_models import networks
from reference_models.adversarial import Adversarial
from reference_models.config import Config

DEFAULTS: dict[str, Any] = {"net": "mlp", "width": 256, "norm_g": "batch", "norm_d": "none"}


def vanilla(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, networks.generator(config), networks.discriminator(config))
