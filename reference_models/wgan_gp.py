"""WGAN-GP: an unnormalised critic that moves several times, with a penalty on its slope. Gulrajani et al. 2017,
arXiv:1704.00028. Batch norm in the critic, the field's commonest mistake, is refused.
"""

from typing import Any

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {
    "net": "conv",
    "norm_g": "batch",
    "norm_d": "none",
    "loss": "wasserstein",
    "gradient_penalty": 10.0,
    "n_critic": 5,
    "beta1": 0.0,
    "beta2": 0.9,
}


def wgan_gp(config: Config) -> Adversarial:
    """The model with fresh weights."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))
