"""The exponential moving average of a generator, which samples better than the generator itself.

Yazıcı et al. 2019 (arXiv:1806.04498); the half-life counted in images and its ramp are those of StyleGAN2-ADA (Karras
et al. 2020, arXiv:2006.06676), so that the batch size does not change it. Buffers (batch norm's) are copied.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def decay(batch: int, half_life: float, seen: int, ramp: float) -> float:
    """The average's own share in one step, after `seen` images: it halves every min(half_life, ramp * seen) images.

    >>> decay(64, half_life=64, seen=10**6, ramp=0.1)
    0.5
    """
    span = min(half_life, ramp * seen) if ramp else half_life
    return float(0.5 ** (batch / span)) if span > 0 else 0.0


class Average:
    """Averaged copies, in `eval()` mode, of the networks given; `update` after each step.

    >>> raw = nn.BatchNorm1d(1)
    >>> average = Average({"g": raw})
    >>> _ = nn.init.constant_(raw.weight, 2.0)
    >>> average.update(decay=0.75)
    >>> average.networks["g"].weight.item()
    1.25
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        self.networks = nn.ModuleDict({name: copy.deepcopy(network) for name, network in networks.items()})
        self.networks.eval().requires_grad_(False)
        self._raw: list[Tensor] = [weight for network in networks.values() for weight in network.parameters()]
        self._mean: list[Tensor] = list(self.networks.parameters())
        self._raw_buffers = [buffer for network in networks.values() for buffer in network.buffers()]
        self._buffers: list[Tensor] = list(self.networks.buffers())

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """Towards the raw networks: the average keeps the share `decay`."""
        torch._foreach_lerp_(self._mean, self._raw, 1 - decay)
        self.copy_buffers()

    @torch.no_grad()
    def copy_buffers(self) -> None:
        """Copy the raw networks' buffers (batch norm's statistics), which are running means themselves."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._raw_buffers)
