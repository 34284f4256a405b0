"""DCGAN: the GAN of convolutions. Radford et al. 2016, arXiv:1511.06434.

G: a linear layer to the smallest map, then transposed 4x4 convolutions of stride 2 with batch norm and ReLU, tanh at
the end. D: 4x4 convolutions of stride 2 with batch norm (not at the input) and LeakyReLU(0.2). Weights from N(0, 0.02),
Adam 2e-4 (0.5, 0.999): at 64 pixels and width 64 the layers of pytorch/examples/dcgan.

Otherwise than there: no bias where a norm follows it, which would cancel it, and any size from 8 to 256 pixels.

The two losses below are there to be read. Training runs objectives/, where each can be changed by `--set`;
tests/reference_models/test_models.py holds both to the same numbers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from reference_models.configuration.config import Config
from reference_models.networks import builders
from reference_models.objectives.adversarial import Adversarial

DEFAULTS: dict[str, Any] = {"net": "conv", "norm_g": "batch", "norm_d": "batch", "init": "normal"}


def dcgan(config: Config) -> Adversarial:
    """The model with fresh weights: networks/conv.py by default."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))


def discriminator_loss(D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy with target 1 for real images and 0 for fake ones, which D sees in batches of their own."""
    real_scores, fake_scores = D(real), D(fake)
    real_loss = cross_entropy(real_scores, torch.ones_like(real_scores))
    return real_loss + cross_entropy(fake_scores, torch.zeros_like(fake_scores))


def generator_loss(D: Callable[[Tensor], Tensor], fake: Tensor) -> Tensor:
    """Binary cross-entropy of fake images with target 1."""
    scores = D(fake)
    return cross_entropy(scores, torch.ones_like(scores))
