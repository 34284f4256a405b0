"""A generator and a discriminator whose outputs are known in closed form."""

from typing import Any

import torch
from torch import Tensor, nn

from reference_models import Adversarial, Config
from reference_models.engine.randomness import UpdateContext


class Linear(nn.Module):
    """A discriminator whose score is the inner product with known weights, and which remembers its inputs."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor, *labels: Tensor) -> Tensor:
        self.seen.append(x)
        return (x * self.weight).flatten(1).sum(1)

    def features(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return x.flatten(1)


class Scaled(nn.Module):
    """A generator of known images: its latents, times a weight."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape
        self.weight = nn.Parameter(torch.tensor(0.5))

    def forward(self, z: Tensor, *labels: Tensor) -> Tensor:
        return (self.weight * z).reshape(len(z), *self.shape)


def own(**changes: Any) -> tuple[Adversarial, Linear]:
    """A model of known networks: images of 8 x 8, 64 latents."""
    base: dict[str, Any] = {"latent": 64, "batch_size": 6, "norm_d": "none", "steps": 10}
    config = Config("mine", **{**base, **changes})
    discriminator = Linear(config.pack, 8, 8)
    return Adversarial(config, Scaled(1, 8, 8), discriminator), discriminator


def generated_at(context: UpdateContext, count: int = 6) -> Tensor:
    """The samples of the known generator at an update."""
    return 0.5 * context.draw("z").normal(count, 64).reshape(count, 1, 8, 8)


def scores_of(discriminator: Linear, images: Tensor) -> Tensor:
    return (images * discriminator.weight).flatten(1).sum(1).detach()
