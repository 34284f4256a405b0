"""cGAN: generator and discriminator conditioned on the class label. Mirza & Osindero 2014, arXiv:1411.1784.

G sees z and an embedding of the class, D the image and the class as one-hot planes; both are DCGAN's otherwise. D
compares fakes with real images of the same classes: y is that of the real batch in both losses.

Otherwise than in the paper and most code: the embedding is scaled by 0.15. One from N(0, 1), as large as z, kills the
diversity within each class under batch norm (recall 0.13 with it, 0.85 without, while all classes are there).
`condition_g=batch-norm` is the other remedy, and with `condition_d=projection`, `loss=hinge` and `spectral_norm=true`
it is the model of Miyato & Koyama 2018, arXiv:1802.05637: the preset for CIFAR-10.

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

DEFAULTS: dict[str, Any] = {"net": "conv", "norm_g": "batch", "norm_d": "batch", "init": "normal"}


def cgan(config: Config) -> Adversarial:
    """The model with fresh weights: networks/conv.py by default."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))


def discriminator_loss(D: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor, y: Tensor) -> Tensor:
    """-E log D(x|y) - E log(1 - D(G(z|y)|y)), where D(x|y) is the sigmoid of the score."""
    return -(logsigmoid(D(real, y)).mean() + logsigmoid(-D(fake, y)).mean())


def generator_loss(D: Callable[[Tensor, Tensor], Tensor], fake: Tensor, y: Tensor) -> Tensor:
    """-E log D(G(z|y)|y)."""
    return -logsigmoid(D(fake, y)).mean()
