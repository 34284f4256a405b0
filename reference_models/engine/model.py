"""What the loop needs of a model: networks, players who own them, and what each player minimises at a move."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config
from reference_models.engine.data import Batch
from reference_models.engine.randomness import UpdateContext


@dataclass(frozen=True)
class ParameterGroup:
    """Who moves: the networks whose weights change, and the learning rate."""

    networks: tuple[str, ...]
    rate: float


@dataclass(frozen=True)
class Objective:
    """What a player minimises, the sum of `losses`, and what is only `watched` (written to the log)."""

    losses: dict[str, Tensor]
    logged: dict[str, Tensor] = field(default_factory=dict)


class Model(ABC):
    """A set of networks that train each other. The loop knows no more of them than this.

    `networks`: by name; `generators`: those that are averaged and sampled from; `players`: by name, in no order.
    `translates`: whether the generators turn images into images, and do not start from noise.
    """

    translates: ClassVar[bool] = False
    networks: nn.ModuleDict
    generators: tuple[str, ...]
    groups: Mapping[str, ParameterGroup]

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    def updates(self, step: int) -> tuple[str, ...]:
        """The players that move in a step, in order: a critic may move several times."""

    @abstractmethod
    def objective(self, group: str, batch: Batch, context: UpdateContext) -> Objective:
        """What the player minimises at this move; losses are scalars that depend on its networks."""

    def after_update(self, group: str) -> None:  # noqa: B027  # most models have nothing to do
        """After a player's weights have changed."""

    def state(self) -> dict[str, Tensor]:
        """What has to be kept besides weights, to resume exactly."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:  # noqa: B027  # the inverse of an empty `state`
        """Take back what `state` gave."""

    def discriminator_scores(self, batch: Batch) -> Tensor | None:
        """The critic's score of each picture, (N,), or of each of whole packs; None where there is no one critic.

        For a model in `eval()` mode: what a critic in training mode is shown would change its statistics.
        """
        return None

    def network(self, name: str) -> nn.Module:
        return self.networks[name]

    def parameters_of(self, group: str) -> list[nn.Parameter]:
        """The weights that a player changes: those of its networks that are not frozen."""
        every = (weight for name in self.groups[group].networks for weight in self.networks[name].parameters())
        return [weight for weight in every if weight.requires_grad]

    def to(self, device: torch.device, channels_last: bool) -> None:
        """Move the networks, and lay out their convolutions as the device likes them."""
        self.networks.to(device)
        if channels_last:
            for module in self.networks.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    module.to(memory_format=torch.channels_last)
