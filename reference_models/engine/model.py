"""What the loop needs of a model: networks, groups of weights that are updated together, and each group's objective."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.data import TrainingBatch
from reference_models.engine.randomness import UpdateContext


@dataclass(frozen=True)
class ParameterGroup:
    """Weights that one optimiser updates: those of these networks, at this learning rate."""

    networks: tuple[str, ...]
    rate: float


@dataclass(frozen=True)
class Objective:
    """What an update minimises, the sum of `losses`, and further values that are only `logged`."""

    losses: dict[str, Tensor]
    logged: dict[str, Tensor] = field(default_factory=dict)


class Model(ABC):
    """A set of networks that train each other. The loop knows no more of them than this.

    `networks`: by name; `generators`: those that are averaged and sampled from; `groups`: by name, in no order.
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
        """The groups that a step updates, in order; a discriminator may come several times."""

    @abstractmethod
    def objective(self, group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        """What this update of the group minimises; losses are scalars that depend on its networks."""

    def after_update(self, group: str) -> None:  # noqa: B027  # most models have nothing to do
        """Called once a group's weights have changed."""

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to hold besides weights, to resume exactly."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:  # noqa: B027  # the inverse of an empty `state`
        """Take back what `state` gave."""

    def discriminator_scores(self, batch: TrainingBatch) -> Tensor | None:
        """The discriminator's score of each image, (N,), or of each pack; None where there is no single discriminator.

        For a model in `eval()` mode: in training mode its batch statistics would change.
        """
        return None

    def check_split(self, processes: int) -> None:
        """ConfigError where so many processes cannot share a batch, or would not train as one does."""
        if processes == 1:
            return
        config = self.config
        unit = processes * config.pack
        packs = f" with pack={config.pack}" if config.pack > 1 else ""
        where = f"{config.model}: batch_size={config.batch_size}{packs} on {processes} processes"
        if config.batch_size % unit:
            nearest = max(1, round(config.batch_size / unit)) * unit
            equal = f"needed a multiple of {unit}, each takes an equal part"
            raise ConfigError(f"{where}: {equal}; try batch_size={nearest}")
        of_batch = [key for key in ("minibatch_discrimination", "minibatch_std") if getattr(config, key)]
        reasons = [f"{key} compares the samples of a whole batch, of which each process has a part" for key in of_batch]
        if any(isinstance(layer, _DropoutNd) and layer.p for layer in self.networks.modules()):
            reasons.append("dropout draws its masks for the samples of one process")
        if reasons:
            raise ConfigError(f"{where}: {reasons[0]}; leave it out, or start one process")
        try:
            check(replace(config, batch_size=config.batch_size // processes), translates=self.translates)
        except ConfigError as error:
            raise ConfigError(f"{where}, {config.batch_size // processes} each: {error}") from error

    def network(self, name: str) -> nn.Module:
        return self.networks[name]

    def parameters_of(self, group: str) -> list[nn.Parameter]:
        """The weights that a group's updates change: those of its networks that are not frozen."""
        weights = (weight for name in self.groups[group].networks for weight in self.networks[name].parameters())
        return [weight for weight in weights if weight.requires_grad]

    def to(self, device: torch.device, channels_last: bool) -> None:
        """Move the networks, and lay out their convolutions as the device likes them."""
        self.networks.to(device)
        if channels_last:
            for module in self.networks.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    module.to(memory_format=torch.channels_last)
