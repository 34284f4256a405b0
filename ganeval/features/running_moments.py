"""Sets too large to keep: the sums of their features, and a few features drawn for the error bar.

Memory does not grow with the number of images (each of several processes holds 64 bytes of each of its own).
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.features.extraction import Collector, Extraction
from ganeval.media.census import Census
from ganeval.metrics.frechet_error import ERROR_POINTS
from ganeval.metrics.moments import MomentSum

PRIORITY_SEED = 2020


class MomentCollector(Collector):
    """Takes batches through the network and keeps the sums of their features, and a few of these."""

    keeping = False

    def __init__(
        self, extraction: Extraction, count: int | None = None, part: range | None = None, *, shared: bool = False
    ) -> None:
        super().__init__(extraction, count, part, shared=shared)
        self.sum, self.subset, self.device = MomentSum(), Subset(), extraction.metric_device
        self.first = 0 if part is None else part.start

    def take(self, features: Tensor, probabilities: Tensor | None) -> None:
        features = features.to(self.device)
        self.sum.add(features)
        self.subset.add(features, self.first + self.census.count)

    def rows(self) -> dict[str, Tensor]:
        subset = {"features": self.subset.features, "priorities": self.subset.priorities}
        return {part: tensor.to(self.device) for part, tensor in subset.items()} | self.comparison.rows()

    def tensors(
        self, name: str, census: Census, rows: Mapping[str, Tensor], total: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        check_enough(name, census.count)
        if not self.census.count:  # no image was left for this process, which adds nothing to the sums
            self.sum.add(rows["features"][:0])
        sums, chosen = self.sum.moments(total), least(rows["priorities"])
        others = {part: tensor for part, tensor in rows.items() if part != "priorities" and len(tensor)}
        return others | {"mean": sums.mean, "covariance": sums.covariance, "features": rows["features"][chosen]}


def check_enough(name: str, count: int) -> None:
    """ContentError where a set is too small for a covariance."""
    if count < 2:
        raise ContentError(f"{name}: found {count} images, needed at least 2 for statistics")


class Subset:
    """Features drawn from those that go by: the ones with the least priorities, which depend on their numbers alone.

    So a set gives the same ones in whatever batches, and by however many processes, it comes.
    """

    def __init__(self) -> None:
        self.features = torch.empty(0, 0, dtype=torch.float32, device="cpu")
        self.priorities = torch.empty(0, dtype=torch.long, device="cpu")

    def add(self, features: Tensor, first: int) -> None:
        """Take in features (N, D); `first` is the number of the first one in the set."""
        new = priorities_of(first, len(features)).to(features.device)
        if len(self.priorities) == ERROR_POINTS and new.min() > self.priorities.max():
            return  # as nearly always once many have gone by
        if len(self.priorities):
            new, features = torch.cat([self.priorities, new]), torch.cat([self.features, features])
        chosen = least(new)
        self.priorities, self.features = new[chosen], features[chosen]


def draw(count: int) -> Tensor:
    """The rows that `Subset` keeps of `count` features that are all there."""
    return least(priorities_of(0, count))


def least(priorities: Tensor) -> Tensor:
    """Where the least priorities are, in order."""
    return priorities.argsort(stable=True)[:ERROR_POINTS].sort().values


def priorities_of(first: int, count: int) -> Tensor:
    """A random number for each of `count` numbers from `first` on: PCG64 can be started at any of them."""
    random = np.random.PCG64(PRIORITY_SEED).advance(first).random_raw(count)
    return torch.from_numpy((random >> 1).astype(np.int64))  # without the lowest bit, so that they have no sign
