"""Historical averaging: a penalty on the distance of each network from the mean of its own past weights.

Salimans et al. 2016, arXiv:1606.03498, section 3.3; the weights at the start count as the first of the past.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class History:
    """Each network's mean weights so far; `update` after each of its updates.

    >>> networks = nn.ModuleDict({"d": nn.Linear(1, 1, bias=False)})
    >>> history = History(networks)
    >>> _ = torch.nn.init.constant_(networks["d"].weight, 1.0)
    >>> bool(history.distance("d", networks["d"]) > 0)
    True
    """

    def __init__(self, networks: nn.ModuleDict) -> None:
        self.means: dict[str, list[Tensor]] = {
            name: [weight.detach().clone() for weight in network.parameters()] for name, network in networks.items()
        }
        self.counts = dict.fromkeys(networks, 1)

    def distance(self, name: str, network: nn.Module) -> Tensor:
        """The squared distance of a network's weights from their average, a scalar with a graph."""
        gaps = [(w - mean).square().sum() for w, mean in zip(network.parameters(), self.means[name], strict=True)]
        return torch.stack(gaps).sum()

    @torch.no_grad()
    def update(self, name: str, network: nn.Module) -> None:
        """Take the weights as they are into the mean."""
        self.counts[name] += 1
        weights: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(self.means[name], weights, 1 / self.counts[name])

    def state(self) -> dict[str, Tensor]:
        """Means and counts, as the checkpoint holds them."""
        means = {f"{name}.{i}": mean for name, means in self.means.items() for i, mean in enumerate(means)}
        return {**means, **{f"{name}.count": torch.tensor(count) for name, count in self.counts.items()}}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for name, means in self.means.items():
            self.counts[name] = int(state[f"{name}.count"])
            for i, mean in enumerate(means):
                mean.copy_(state[f"{name}.{i}"])  # in its layout in memory, which decides the order of sums
