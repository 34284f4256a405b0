"""Adam for each group of weights (Kingma and Ba 2015, arXiv:1412.6980): its learning rate and its state."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config


def adam(config: Config, weights: Sequence[nn.Parameter], device: torch.device) -> torch.optim.Adam:
    """One group's optimiser; its learning rate is set at each update, see `rate_at`."""
    fused = device.type in ("cpu", "cuda")
    return torch.optim.Adam(weights, betas=(config.beta1, config.beta2), fused=fused)


def rate_at(config: Config, rate: float, step: int) -> float:
    """The learning rate at a step: constant, then falling linearly towards 0 from the share `decay_from` on.

    >>> [rate_at(Config("dcgan", steps=100), 1.0, step) for step in (0, 50, 75)]
    [1.0, 1.0, 0.5]
    """
    begin = config.lr_decay_from * config.steps
    if config.lr_decay == "none" or step <= begin:
        return rate
    return rate * (config.steps - step) / (config.steps - begin)


def state_of(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state of each weight, by `number of the weight.name`; weights never updated have none."""
    states = optimiser.state_dict()["state"]
    return {f"{number}.{key}": value for number, state in states.items() for key, value in state.items()}


def restore(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Take back what `state_of` gave.

    Moments get the memory layout of their weight: the fused step goes through both in memory order, and torch's own
    `load_state_dict` would leave those of channels-last weights in rows.
    """
    weights = [weight for param_group in optimiser.param_groups for weight in param_group["params"]]
    optimiser.state.clear()
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        weight = weights[int(number)]
        values = torch.empty_like(weight) if key != "step" else torch.empty_like(value, device=weight.device)
        optimiser.state[weight][key] = values.detach().copy_(value)
