"""cGAN: generator and critic know the class. Mirza & Osindero 2014, arXiv:1411.1784.

The class enters the generator by a small embedding, or by class-conditional batch norm (`condition_g=batch-norm`;
Miyato & Koyama 2018, arXiv:1802.05637). The usual embedding, as large as z, kills the diversity within each class.
"""

from typing import Any

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {"net": "conv", "norm_g": "batch", "norm_d": "batch", "init": "normal"}


def cgan(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))
