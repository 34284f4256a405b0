"""One generator against one discriminator, with every switch: what vanilla, DCGAN, WGAN-GP and cGAN run.

Goodfellow et al. 2014 (arXiv:1406.2661) for the game; each technique cites its paper where it is implemented.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from reference_models.configuration.config import PENALTY_SETTINGS, Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.data import TrainingBatch
from reference_models.engine.model import Model, Objective, ParameterGroup
from reference_models.engine.randomness import UpdateContext
from reference_models.networks.layers import has_batch_norm
from reference_models.objectives.discriminator import clip_weights, discriminator_objective
from reference_models.objectives.discriminator_input import discriminator_input, join_packs
from reference_models.objectives.historical_averaging import History
from reference_models.objectives.losses import LOSSES


class Adversarial(Model):
    """A generator (z, labels or None) -> images in -1..1, and a discriminator (images, labels or None) -> scores.

    Networks of your own are called with labels only where `config.classes` is not 0. `feature_matching` needs a
    discriminator with a method `features`. Raises ConfigError for a configuration that cannot be trained.
    """

    generators = ("g",)

    def __init__(self, config: Config, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__(config)
        check(config)
        if config.feature_matching and not hasattr(discriminator, "features"):
            raise ConfigError(f"feature_matching: {type(discriminator).__name__} has no method features(images)")
        if config.penalties and has_batch_norm(discriminator):
            settings = ", ".join(PENALTY_SETTINGS[name] for name in config.penalties)
            raise ConfigError(f"{settings}: the discriminator has batch norm, which ties the samples of a batch")
        self.networks = nn.ModuleDict({"g": generator, "d": discriminator})
        self.groups = {"d": ParameterGroup(("d",), config.lr_d), "g": ParameterGroup(("g",), config.lr_g)}
        self.history = History(self.networks) if config.historical_averaging else None

    def updates(self, step: int) -> tuple[str, ...]:
        """`n_critic` updates of the discriminator, then one of the generator; `pretrain` more before the first step."""
        extra = self.config.pretrain if step == 0 else 0
        return ("d",) * (self.config.n_critic + extra) + ("g",)

    def objective(self, group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        objective = self._discriminator(batch, context) if group == "d" else self._generator(batch, context)
        if self.history is not None:
            distance = self.history.distance(group, self.networks[group])
            objective.losses["historical"] = self.config.historical_averaging * distance
        return objective

    def after_update(self, group: str) -> None:
        if group == "d" and self.config.clip_weights:
            clip_weights(self.networks["d"], self.config.clip_weights)
        if self.history is not None:
            self.history.update(group, self.networks[group])

    def generate(self, batch: TrainingBatch, context: UpdateContext) -> Tensor:
        """As many samples as the batch has, of its classes."""
        z = context.draw("z").normal(len(batch.images), self.config.latent)
        images: Tensor = self.networks["g"](z, *self._condition(batch.labels))
        return images.float()

    def discriminator_scores(self, batch: TrainingBatch) -> Tensor:
        return self._scores(join_packs(batch.images, self.config.pack), batch.labels)

    def to(self, device: torch.device, channels_last: bool) -> None:
        super().to(device, channels_last)
        if self.history is not None:
            self.history = History(self.networks)  # where the weights are now

    def state(self) -> dict[str, Tensor]:
        return self.history.state() if self.history is not None else {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        if self.history is not None:
            self.history.restore(state)

    def _discriminator(self, batch: TrainingBatch, context: UpdateContext) -> Objective:
        with torch.no_grad():
            fake = self.generate(batch, context)
        real_input = discriminator_input(batch.images, self.config, context, "real")
        fake_input = discriminator_input(fake, self.config, context, "fake")
        D = lambda x: self._scores(x, batch.labels)  # noqa: E731  # the name of the formulas
        return discriminator_objective(D, real_input, fake_input, self.config, context)

    def _generator(self, batch: TrainingBatch, context: UpdateContext) -> Objective:
        config, losses = self.config, dict[str, Tensor]()
        fake = discriminator_input(self.generate(batch, context), config, context, "fake")
        if config.lambda_adversarial:
            scores = self._scores(fake, batch.labels)
            losses["loss"] = config.lambda_adversarial * LOSSES[config.loss].generator(scores)
        if config.feature_matching:
            real = discriminator_input(batch.images, config, context, "real")
            distance = self._feature_distance(real, fake, batch.labels, context)
            losses["feature matching"] = config.feature_matching * distance
        return Objective(losses)

    def _feature_distance(self, real: Tensor, fake: Tensor, labels: Tensor | None, context: UpdateContext) -> Tensor:
        """The squared distance of mean features over the whole batch (Salimans et al. 2016, arXiv:1606.03498, 3.1)."""
        features: Callable[..., Tensor] = getattr(self.networks["d"], "features")  # noqa: B009  # torch types it Tensor
        with torch.no_grad():
            target = features(real, *self._condition(labels)).float().mean(0)
        difference = features(fake, *self._condition(labels)).float().mean(0) - target
        return context.mean(difference).square().sum()

    def _scores(self, images: Tensor, labels: Tensor | None) -> Tensor:
        scores: Tensor = self.networks["d"](images, *self._condition(labels))
        return scores.float()

    def _condition(self, labels: Tensor | None) -> tuple[Tensor, ...]:
        """The labels as a further argument, where the model is conditional."""
        return (labels,) if self.config.classes and labels is not None else ()
