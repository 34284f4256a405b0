"""Watches every loss of a run without waiting for the device: sums and the first bad step stay there until read."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Divergence:
    """Where a run became not finite: the step, the loss or weight, and the step of the last good checkpoint."""

    step: int
    name: str
    last_good: int | None = None


class Guard:
    """`add` at each update; `read` once per logging interval, which is when the device is waited for."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, ...]] = {}
        self._sums: dict[str, Tensor] = {}
        self._first: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, group: str, values: dict[str, Tensor], step: int) -> None:
        """Add an update's values to the interval's sums; note the step (from 1) of the first that is not finite."""
        stacked = torch.stack([value.detach().float() for value in values.values()])
        if group not in self._sums:
            self._names[group] = tuple(f"{group}/{name}" for name in values)
            self._sums[group] = torch.zeros_like(stacked)
            self._first[group] = torch.full_like(stacked, torch.inf)
            self._counts[group] = 0
        self._sums[group] += stacked
        self._first[group] = torch.where(stacked.isfinite(), self._first[group], self._first[group].clamp(max=step))
        self._counts[group] += 1

    def read(self, networks: nn.ModuleDict, step: int) -> tuple[dict[str, float], Divergence | None]:
        """Each value's mean since the last reading, and what was not finite first, if anything was."""
        bad = [pair for group in self._names for pair in self._listed(group, self._first[group])]
        floating = {name: value for name, value in networks.state_dict().items() if value.is_floating_point()}
        if floating:
            finite = torch.stack([value.isfinite().all() for value in floating.values()]).tolist()
            bad += [(f"weight {name}", float(step)) for name, fine in zip(floating, finite, strict=True) if not fine]
        averages = {group: self._sums[group] / max(1, self._counts[group]) for group in self._names}
        means = dict(pair for group, values in averages.items() for pair in self._listed(group, values))
        bad += [(name, float(step)) for name, mean in means.items() if not math.isfinite(mean)]  # a sum beyond floats
        name, at = min(bad, key=lambda pair: pair[1], default=("", math.inf))  # of one step the first named
        if at != math.inf:
            return {}, Divergence(int(at), name)
        for group in self._names:
            self._sums[group].zero_()
            self._counts[group] = 0
        return means, None

    def _listed(self, group: str, values: Tensor) -> list[tuple[str, float]]:
        return list(zip(self._names[group], values.tolist(), strict=True))
