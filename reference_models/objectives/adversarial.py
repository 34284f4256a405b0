"""One generator against one critic: what vanilla, DCGAN, WGAN-GP and cGAN share, every technique a term or two.

Goodfellow et al. 2014 (arXiv:1406.2661) for the game; each technique cites its paper where it is built.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from reference_models.configuration.config import PENALTY_SETTINGS, Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.data import Batch
from reference_models.engine.model import Model, Player, Terms
from reference_models.engine.randomness import Moment
from reference_models.engine.ranks import mean_of
from reference_models.objectives.discriminator import clip_weights, critic_terms
from reference_models.objectives.discriminator_input import packed, shown
from reference_models.objectives.historical_averaging import History
from reference_models.objectives.losses import LOSSES


class Adversarial(Model):
    """A generator (z, classes or None) -> pictures in -1..1, and a critic (pictures, classes or None) -> scores.

    Networks of your own are called with the classes only where `config.classes` is not 0. `feature_matching` needs a
    critic with a method `features`. Raises ConfigError for a configuration that cannot be trained.
    """

    generators = ("g",)

    def __init__(self, config: Config, generator: nn.Module, critic: nn.Module) -> None:
        super().__init__(config)
        check(config)
        if config.feature_matching and not hasattr(critic, "features"):
            raise ConfigError(f"feature_matching: {type(critic).__name__} has no method features(pictures)")
        if config.penalties and any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in critic.modules()):
            settings = ", ".join(PENALTY_SETTINGS[name] for name in config.penalties)
            raise ConfigError(f"{settings}: the discriminator has batch norm, which ties the samples of a batch")
        self.networks = nn.ModuleDict({"g": generator, "d": critic})
        self.players = {"d": Player(("d",), config.lr_d), "g": Player(("g",), config.lr_g)}
        self.history = History(self.networks) if config.historical_averaging else None

    def moves(self, step: int) -> tuple[str, ...]:
        """`n_critic` of the critic, then the generator's; before all others `pretrain` more of the critic."""
        extra = self.config.pretrain if step == 0 else 0
        return ("d",) * (self.config.n_critic + extra) + ("g",)

    def terms(self, player: str, batch: Batch, now: Moment) -> Terms:
        terms = self._critic_terms(batch, now) if player == "d" else self._generator_terms(batch, now)
        if self.history is not None:
            terms.losses["historical"] = self.config.historical_averaging * self.history.distance(
                player, self.networks[player]
            )
        return terms

    def moved(self, player: str) -> None:
        if player == "d" and self.config.clip_weights:
            clip_weights(self.networks["d"], self.config.clip_weights)
        if self.history is not None:
            self.history.update(player, self.networks[player])

    def made(self, batch: Batch, now: Moment) -> Tensor:
        """As many samples as the batch has, of its classes."""
        z = now.draw("z").normal(len(batch.images), self.config.latent)
        pictures: Tensor = self.networks["g"](z, *self._given(batch.labels))
        return pictures.float()

    def judgement(self, batch: Batch) -> Tensor:
        return self._scores(packed(batch.images, self.config.pack), batch.labels)

    def to(self, device: torch.device, channels_last: bool) -> None:
        super().to(device, channels_last)
        if self.history is not None:
            self.history = History(self.networks)  # where the weights are now

    def state(self) -> dict[str, Tensor]:
        return self.history.state() if self.history is not None else {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        if self.history is not None:
            self.history.restore(state)

    def _critic_terms(self, batch: Batch, now: Moment) -> Terms:
        with torch.no_grad():
            made = self.made(batch, now)
        real, fake = (shown(x, self.config, now, name) for x, name in ((batch.images, "real"), (made, "fake")))
        return critic_terms(lambda x: self._scores(x, batch.labels), real, fake, self.config, now)

    def _generator_terms(self, batch: Batch, now: Moment) -> Terms:
        fake, losses = shown(self.made(batch, now), self.config, now, "fake"), {}
        if self.config.lambda_adversarial:
            scores = self._scores(fake, batch.labels)
            losses["loss"] = self.config.lambda_adversarial * LOSSES[self.config.loss].generator(scores)
        if self.config.feature_matching:
            real = shown(batch.images, self.config, now, "real")
            losses["feature matching"] = self.config.feature_matching * self._feature_gap(real, fake, batch.labels, now)
        return Terms(losses)

    def _feature_gap(self, real: Tensor, fake: Tensor, labels: Tensor | None, now: Moment) -> Tensor:
        """The squared distance of mean features over the whole batch (Salimans et al. 2016, arXiv:1606.03498, 3.1)."""
        features: Callable[..., Tensor] = getattr(self.networks["d"], "features")  # noqa: B009  # torch types it Tensor
        with torch.no_grad():
            target = features(real, *self._given(labels)).float().mean(0)
        distance = features(fake, *self._given(labels)).float().mean(0) - target
        return mean_of(now.ranks, distance).square().sum()

    def _scores(self, pictures: Tensor, labels: Tensor | None) -> Tensor:
        scores: Tensor = self.networks["d"](pictures, *self._given(labels))
        return scores.float()

    def _given(self, labels: Tensor | None) -> tuple[Tensor, ...]:
        return (labels,) if self.config.classes and labels is not None else ()
