"""CycleGAN: unpaired translation by two generators that invert each other. Zhu et al. 2017, arXiv:1703.10593.

G_ab and G_ba are residual translators with instance norm, D_a and D_b judge overlapping patches
(networks/translation.py). One Adam updates both generators, then one both discriminators, which see their generator's
translations through a pool of 50 earlier ones (Shrivastava et al. 2017, arXiv:1612.07828).

As in the authors' PyTorch code (junyanz/pytorch-CycleGAN-and-pix2pix): least squares without a half for G and halved
for D, cycle weight 10, identity weight half of that. Otherwise than there: smaller kernels and patches below 32 pixels,
which the published ones would cover, and batches of 8 there; `--preset large` has the authors' batch of 1.

The two losses below are there to be read. Training runs objectives/translation.py, where each can be changed by
`--set`; tests/reference_models/test_models.py holds both to the same numbers.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from reference_models.configuration.config import Config
from reference_models.networks.translation import patch_discriminator, translator
from reference_models.objectives.translation import Translation

DEFAULTS: dict[str, Any] = {
    "net": "resnet",
    "width": 16,
    "batch_size": 8,
    "norm_g": "instance",
    "norm_d": "instance",
    "loss": "least-squares",
    "lambda_adversarial": 2.0,  # takes back the half of Mao et al.'s generator loss, absent in the authors' code
    "init": "normal",
}

Network = Callable[[Tensor], Tensor]


def cyclegan(config: Config) -> Translation:
    """The model with fresh weights."""
    a, b = config.shape[0], config.other_channels or config.shape[0]
    generators = {"ab": translator(config, a, b), "ba": translator(config, b, a)}
    return Translation(config, generators, {"a": patch_discriminator(config, a), "b": patch_discriminator(config, b)})


def generators_loss(G_ab: Network, G_ba: Network, D_a: Network, D_b: Network, a: Tensor, b: Tensor) -> Tensor:
    """Least squares against both discriminators, cycle consistency, and identity on images of the target domain."""
    fake_a, fake_b = G_ba(b), G_ab(a)
    adversarial = ((D_a(fake_a) - 1) ** 2).mean() + ((D_b(fake_b) - 1) ** 2).mean()
    cycle = (G_ba(fake_b) - a).abs().mean() + (G_ab(fake_a) - b).abs().mean()
    identity = (G_ab(b) - b).abs().mean() + (G_ba(a) - a).abs().mean()
    return adversarial + 10 * cycle + 5 * identity


def discriminator_loss(D: Network, real: Tensor, fake: Tensor) -> Tensor:
    """Of one domain: half the squares, with target 1 for its real images and 0 for translations from the pool."""
    return ((D(real) - 1) ** 2).mean() / 2 + (D(fake) ** 2).mean() / 2
