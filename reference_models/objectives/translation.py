"""Two generators that translate between two domains, and a discriminator of each: CycleGAN with every switch.

Zhu et al. 2017, arXiv:1703.10593; reference_models/cyclegan.py has the losses without the switches.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import l1_loss

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.data import TrainingBatch
from reference_models.engine.model import Model, Objective, ParameterGroup
from reference_models.engine.randomness import UpdateContext
from reference_models.objectives.discriminator import clip_weights, discriminator_objective
from reference_models.objectives.discriminator_input import discriminator_input
from reference_models.objectives.image_pool import ImagePool
from reference_models.objectives.losses import LOSSES


class Translation(Model):
    """Generators `ab` and `ba`, discriminators of the domains `a` and `b`; `batch.images` is of A, `batch.other` of B.

    Generators map images to images in -1..1, discriminators images to scores of any shape. Raises ConfigError for a
    configuration that cannot be trained.
    """

    generators = ("ab", "ba")
    translates = True

    def __init__(
        self, config: Config, generators: Mapping[str, nn.Module], discriminators: Mapping[str, nn.Module]
    ) -> None:
        super().__init__(config)
        check(config, translates=True)
        judges = {f"d{domain}": network for domain, network in discriminators.items()}
        self.networks = nn.ModuleDict({**generators, **judges})
        self.groups = {"g": ParameterGroup(("ab", "ba"), config.lr_g), "d": ParameterGroup(("da", "db"), config.lr_d)}
        self.pools = {"a": ImagePool(config.pool_size), "b": ImagePool(config.pool_size)}
        self._fakes: dict[str, Tensor] = {}

    def updates(self, step: int) -> tuple[str, ...]:
        """The generators, then the discriminators, which see the translations just generated."""
        return ("g", *("d",) * self.config.n_critic)

    def objective(self, group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        if batch.other is None:
            raise ConfigError(f"{self.config.model}: found one domain, needed two")
        real = {"a": batch.images, "b": batch.other}
        return self._generators(real, context) if group == "g" else self._discriminators(real, context)

    def after_update(self, group: str) -> None:
        if group == "d" and self.config.clip_weights:
            for name in self.groups["d"].networks:
                clip_weights(self.networks[name], self.config.clip_weights)

    def state(self) -> dict[str, Tensor]:
        return {f"pool {domain}": pool.images for domain, pool in self.pools.items() if pool.images is not None}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        for domain, pool in self.pools.items():
            pool.images = state.get(f"pool {domain}")

    def _generators(self, real: dict[str, Tensor], context: UpdateContext) -> Objective:
        config, losses = self.config, dict[str, Tensor]()
        identity = config.lambda_cycle * config.lambda_identity
        for source, target in (("a", "b"), ("b", "a")):
            forward, backward = self.networks[source + target], self.networks[target + source]
            fake = forward(real[source]).float()
            scores = self.networks[f"d{target}"](discriminator_input(fake, config, context, f"fake {target}")).float()
            losses[source + target] = config.lambda_adversarial * LOSSES[config.loss].generator(scores)
            losses[f"cycle {source}"] = config.lambda_cycle * l1_loss(backward(fake).float(), real[source])
            if identity and real[source].shape[1] == real[target].shape[1]:
                losses[f"identity {target}"] = identity * l1_loss(forward(real[target]).float(), real[target])
            self._fakes[target] = fake.detach()
        return Objective(losses)

    def _discriminators(self, real: dict[str, Tensor], context: UpdateContext) -> Objective:
        both = Objective({}, {})
        for domain in ("a", "b"):
            # exchanged with the pool of the whole batch, which every process keeps
            generator = context.draw(f"pool {domain}").generator
            pooled = context.part.of(self.pools[domain].exchange(context.whole(self._fakes[domain]), generator))
            real_input = discriminator_input(real[domain], self.config, context, f"real {domain}")
            fake_input = discriminator_input(pooled, self.config, context, f"fake {domain}")
            network = self.networks[f"d{domain}"]
            objective = discriminator_objective(network, real_input, fake_input, self.config, context, domain)
            both.losses.update(objective.losses)
            both.logged.update(objective.logged)
        return both
