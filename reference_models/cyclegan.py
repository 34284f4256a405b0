"""CycleGAN: two translators that undo each other, two critics of patches. Zhu et al. 2017, arXiv:1703.10593.

Agrees with the authors' PyTorch code: least squares without a half for the generators and halved for the critics, cycle
weight 10, identity weight 0.5 of it, a pool of 50 earlier translations, one optimiser for both translators.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.data import Batch
from reference_models.engine.model import Model, Player, Terms
from reference_models.engine.randomness import Moment
from reference_models.engine.ranks import own
from reference_models.networks.translation import patch_critic, translator
from reference_models.objectives.discriminator import clip_weights, critic_terms
from reference_models.objectives.discriminator_input import shown
from reference_models.objectives.losses import LOSSES

DEFAULTS: dict[str, Any] = {
    "net": "resnet",
    "width": 16,
    "batch_size": 8,
    "norm_g": "instance",
    "norm_d": "instance",
    "loss": "least-squares",
    "lambda_adversarial": 2.0,  # the half of Mao et al.'s generator loss taken back, as the authors' code has none
    "init": "normal",
}


class CycleGAN(Model):
    """Translators `ab` and `ba`, critics `da` and `db`; `batch.images` is domain A, `batch.other` domain B."""

    generators = ("ab", "ba")
    translates = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        check(config, translates=True)
        a, b = config.shape[0], config.other_channels or config.shape[0]
        translators = {"ab": translator(config, a, b), "ba": translator(config, b, a)}
        self.networks = nn.ModuleDict({**translators, "da": patch_critic(config, a), "db": patch_critic(config, b)})
        self.players = {"g": Player(("ab", "ba"), config.lr_g), "d": Player(("da", "db"), config.lr_d)}
        self.pools = {"a": Pool(config.pool_size), "b": Pool(config.pool_size)}
        self._made: dict[str, Tensor] = {}

    def moves(self, step: int) -> tuple[str, ...]:
        """The translators, then the critics, who see what was just made."""
        return ("g", *("d",) * self.config.n_critic)

    def terms(self, player: str, batch: Batch, now: Moment) -> Terms:
        if batch.other is None:
            raise ConfigError("cyclegan: found one domain, needed two")
        pictures = {"a": batch.images, "b": batch.other}
        return self._translator_terms(pictures, now) if player == "g" else self._critic_terms(pictures, now)

    def moved(self, player: str) -> None:
        if player == "d" and self.config.clip_weights:
            for name in self.players["d"].networks:
                clip_weights(self.networks[name], self.config.clip_weights)

    def state(self) -> dict[str, Tensor]:
        return {f"pool {domain}": pool.kept for domain, pool in self.pools.items() if pool.kept is not None}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        for domain, pool in self.pools.items():
            pool.kept = state.get(f"pool {domain}")

    def _translator_terms(self, real: dict[str, Tensor], now: Moment) -> Terms:
        losses: dict[str, Tensor] = {}
        cycle, identity = self.config.lambda_cycle, self.config.lambda_cycle * self.config.lambda_identity
        for source, target in (("a", "b"), ("b", "a")):
            forth, back = self.networks[source + target], self.networks[target + source]
            made = forth(real[source]).float()
            scores = self.networks[f"d{target}"](shown(made, self.config, now, f"fake {target}")).float()
            losses[source + target] = self.config.lambda_adversarial * LOSSES[self.config.loss].generator(scores)
            losses[f"cycle {source}"] = cycle * l1_loss(back(made).float(), real[source])
            if identity and real[source].shape[1] == real[target].shape[1]:
                losses[f"identity {target}"] = identity * l1_loss(forth(real[target]).float(), real[target])
            self._made[target] = made.detach()
        return Terms(losses)

    def _critic_terms(self, real: dict[str, Tensor], now: Moment) -> Terms:
        both = Terms({}, {})
        for domain in ("a", "b"):
            critic = self.networks[f"d{domain}"]
            pooled = self._pooled(domain, now)
            seen = shown(real[domain], self.config, now, f"real {domain}")
            made = shown(pooled, self.config, now, f"fake {domain}")
            terms = critic_terms(critic, seen, made, self.config, now, domain)
            both.losses.update(terms.losses)
            both.watched.update(terms.watched)
        return both

    def _pooled(self, domain: str, now: Moment) -> Tensor:
        """What the critic sees of the translations just made. All ranks keep one pool, of the whole batch's."""
        pool, made, ranks = self.pools[domain], self._made[domain], now.ranks
        if ranks.world == 1 or not pool.size:
            return pool.exchanged(made, now.draw(f"pool {domain}").generator)
        return own(ranks, pool.exchanged(ranks.joined(made), now.draw(f"pool {domain}").generator))


class Pool:
    """Earlier translations, one of which takes a new one's place before the critic half of the time.

    Shrivastava et al. 2017 (arXiv:1612.07828). The slots of a batch are distinct, so that it can be done at once.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: Tensor | None = None

    def exchanged(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """As many pictures as were given: while the pool fills the new ones, then each old or new by chance."""
        pictures = pictures.contiguous()  # whatever the translator's layout: a resumed pool has this one
        if not self.size:
            return pictures
        held = 0 if self.kept is None else len(self.kept)
        free = min(self.size - held, len(pictures))
        if free:
            fresh = pictures[:free].clone()
            self.kept = fresh if self.kept is None else torch.cat([self.kept, fresh])
        late = pictures[free:][: self.size]
        if self.kept is None or not len(late):
            return pictures
        slots = torch.randperm(self.size, generator=generator, device=pictures.device)[: len(late)]
        swap = torch.rand(len(late), 1, 1, 1, generator=generator, device=pictures.device) < 0.5
        old = self.kept[slots]
        self.kept[slots] = torch.where(swap, late, old)
        rest = pictures[free + len(late) :]
        return torch.cat([pictures[:free], torch.where(swap, old, late), rest])


def cyclegan(config: Config) -> CycleGAN:
    """The model with fresh weights."""
    return CycleGAN(config)
