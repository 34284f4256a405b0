"""The original GAN: two perceptrons and the non-saturating loss. Goodfellow et al. 2014, arXiv:1406.2661."""

from typing import Any

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {"net": "mlp", "width": 256, "norm_g": "batch", "norm_d": "none"}


def vanilla(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))
