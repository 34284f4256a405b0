"""WGAN-GP: a critic kept 1-Lipschitz by a penalty on its gradient. Gulrajani et al. 2017, arXiv:1704.00028.

The critic D has no batch norm (the penalty is on the gradient at single samples, and batch norm ties those of a batch:
the field's commonest mistake, refused here), is updated `n_critic` times per update of G, and its scores have no
sigmoid. Adam (0, 0.9) as in the paper's ResNets and gan-collections' convolutions. Each pair of real and fake has its
own alpha: one for the whole batch, as some code has it, is another penalty.

Otherwise than in the paper: DCGAN's networks by default, for speed; `net=resnet` gives residual ones.

The two losses below are there to be read. Training runs objectives/, where each can be changed by `--set`;
tests/reference_models/test_models.py holds both to the same numbers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

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
    """The model with fresh weights: networks/conv.py by default."""
    return Adversarial(config, builders.generator(config), builders.discriminator(config))


def discriminator_loss(D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
    """Minus the estimated distance, plus the gradient penalty; alpha ~ U(0, 1) is one per sample, (N, 1, 1, 1)."""
    between = (alpha * real + (1 - alpha) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    norm: Tensor = gradient.flatten(1).norm(2, 1)
    return D(fake).mean() - D(real).mean() + 10 * ((norm - 1) ** 2).mean()


def generator_loss(D: Callable[[Tensor], Tensor], fake: Tensor) -> Tensor:
    """Minus the critic's mean score of fake images."""
    return -D(fake).mean()
