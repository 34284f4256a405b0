"""What a critic minimises, and the bound that the first WGAN puts on its weights: the same for pictures and patches."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config
from reference_models.engine.model import Terms
from reference_models.engine.randomness import Moment
from reference_models.objectives.losses import LOSSES
from reference_models.objectives.penalties import PENALTIES


def critic_terms(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, config: Config, now: Moment, domain: str = ""
) -> Terms:
    """The loss and the weighted penalties on what it is shown; its mean scores are watched. `domain` ends their names.

    >>> points = torch.tensor([[1.0], [3.0]])
    >>> critic_terms(lambda x: x[:, 0], points, -points, Config("wgan-gp", loss="wasserstein"), Moment(0, 0)).losses
    {'loss': tensor(-4.)}
    """
    of_domain = f" {domain}" if domain else ""
    real_scores, fake_scores = critic(real).float(), critic(fake).float()
    losses = {domain or "loss": LOSSES[config.loss].critic(real_scores, fake_scores, config.label_smoothing)}
    for name, weight in config.penalties.items():
        penalty = PENALTIES[name](critic, real, fake, now.draw(f"penalty {name}{of_domain}"))
        losses[f"{name} penalty{of_domain}"] = weight * penalty
    scores = {f"real{of_domain}": real_scores, f"fake{of_domain}": fake_scores}
    return Terms(losses, {name: values.detach().mean() for name, values in scores.items()})


@torch.no_grad()
def clip_weights(network: nn.Module, bound: float) -> None:
    """Every weight into -bound..bound: the first WGAN's way to bound the critic's slope (arXiv:1701.07875).

    >>> layer = nn.Linear(9, 9)
    >>> clip_weights(layer, 0.01)
    >>> bool(layer.weight.abs().max() <= 0.01)
    True
    """
    weights: list[Tensor] = list(network.parameters())
    torch._foreach_clamp_max_(weights, bound)
    torch._foreach_clamp_min_(weights, -bound)
