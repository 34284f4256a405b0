"""GAN: the original game of two fully connected networks. Goodfellow et al. 2014, arXiv:1406.2661.

G maps z ~ N(0, I) to an image, D an image to the logit of "real"; Adam updates D, then G, once each per step.

Otherwise than in the paper: ReLU in G and LeakyReLU in D for maxout, batch norm in G for dropout in D, Adam (0.5,
0.999) for momentum, as PyTorch-GAN's gan.py has it (but for its `BatchNorm1d(n, 0.8)`, which sets eps and was meant as
momentum); of the paper's two losses of G the one that it trained with, "non-saturating".

The two losses below are there to be read. Training runs objectives/, where each can be changed by `--set`;
tests/reference_models/test_models.py holds both to the same numbers.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn.functional import logsigmoid

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {"net": "mlp", "width": 256, "norm_g": "batch", "norm_d": "none"}


def vanilla(config: Config) -> Adversarial:
    """The model with fresh weights: networks/mlp.py by default."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))


def discriminator_loss(D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))), where D(x) is the sigmoid of the score."""
    return -(logsigmoid(D(real)).mean() + logsigmoid(-D(fake)).mean())


def generator_loss(D: Callable[[Tensor], Tensor], fake: Tensor) -> Tensor:
    """-E log D(G(z)): unlike E log(1 - D(G(z))) it has a gradient where D is sure of a fake."""
    return -logsigmoid(D(fake)).mean()
