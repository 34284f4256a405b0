"""What a discriminator minimises, and the bound that the first WGAN puts on its weights: for images and for patches."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config
from reference_models.engine.model import Objective
from reference_models.engine.randomness import UpdateContext
from reference_models.objectives.losses import LOSSES
from reference_models.objectives.penalties import PENALTIES


def discriminator_objective(
    D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, config: Config, context: UpdateContext, domain: str = ""
) -> Objective:
    """The loss and the weighted penalties at these inputs; its mean scores are logged. `domain` ends their names.

    >>> points = torch.tensor([[1.0], [3.0]])
    >>> config = Config("wgan-gp", loss="wasserstein")
    >>> discriminator_objective(lambda x: x[:, 0], points, -points, config, UpdateContext(0, 0)).losses
    {'loss': tensor(-4.)}
    """
    of_domain = f" {domain}" if domain else ""
    real_scores, fake_scores = D(real).float(), D(fake).float()
    losses = {domain or "loss": LOSSES[config.loss].discriminator(real_scores, fake_scores, config.label_smoothing)}
    for name, weight in config.penalties.items():
        penalty = PENALTIES[name](D, real, fake, context.draw(f"penalty {name}{of_domain}"))
        losses[f"{name} penalty{of_domain}"] = weight * penalty
    scores = {f"real{of_domain}": real_scores, f"fake{of_domain}": fake_scores}
    return Objective(losses, {name: values.detach().mean() for name, values in scores.items()})


@torch.no_grad()
def clip_weights(network: nn.Module, bound: float) -> None:
    """Every weight into -bound..bound: the first WGAN's way to keep its critic Lipschitz (arXiv:1701.07875).

    >>> layer = nn.Linear(9, 9)
    >>> clip_weights(layer, 0.01)
    >>> bool(layer.weight.abs().max() <= 0.01)
    True
    """
    weights: list[Tensor] = list(network.parameters())
    torch._foreach_clamp_max_(weights, bound)
    torch._foreach_clamp_min_(weights, -bound)
