"""Sets too large to keep: the sums of their features, and a few features drawn for the error bar.

Memory does not grow with the number of images (each of several ranks holds 64 bytes of each of its own).
"""

from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.features.extraction import Collector, Extraction
from ganeval.features.store import Entry
from ganeval.media.census import Census
from ganeval.metrics.frechet_error import ERROR_POINTS
from ganeval.metrics.moments import MomentSum
from ganeval.metrics.ranks import Ranks
from ganeval.runtime.devices import metric_device

SEED = 2020

Numbers = npt.NDArray[np.int64]


class MomentCollector(Collector):
    """Takes batches through the network and keeps the sums of their features, and a few of these."""

    def __init__(self, extraction: Extraction, count: int | None = None) -> None:
        super().__init__(extraction, count, keeping=False)
        self.sum, self.subset = MomentSum(), Subset()
        # a stream, whose count may be unknown, is run by rank 0 alone
        self.first = extraction.ranks.part(count).start if count is not None else 0
        self.device = metric_device(extraction.extractor.device)

    def take(self, features: Tensor, probabilities: Tensor | None) -> None:
        features, first = features.to(self.device), self.first + self.census.count
        self.sum.add(features)
        self.subset.add(features, np.arange(first, first + len(features)))

    def entry(self, census: Census, name: str) -> Entry:
        check_enough(name, census.count)
        ranks = self.extraction.ranks
        width = max(ranks.gather(self.subset.width))
        if not self.census.count:  # no image was left for this rank
            self.sum.add(torch.empty(0, width, device=self.device))
            self.subset.add(torch.empty(0, width, device=self.device), np.arange(0))
        sums, features = self.sum.moments(ranks), self.subset.of_all(ranks)
        tensors = {"mean": sums.mean, "covariance": sums.covariance, "features": features}
        return Entry(tensors | self.comparison.tensors(), asdict(census.facts()))


def check_enough(name: str, count: int) -> None:
    """ContentError where a set is too small for a covariance."""
    if count < 2:
        raise ContentError(f"{name}: found {count} images, needed at least 2 for statistics")


class Subset:
    """Features drawn from those that go by: the ones with the least priorities, which depend on their numbers alone.

    So a set gives the same ones in whatever batches, and on however many ranks, it comes.
    """

    def __init__(self) -> None:
        self.features, self.priorities = torch.empty(0, 0), np.empty(0, np.uint64)

    @property
    def width(self) -> int:
        """How many features each has; 0 as long as there are none."""
        return self.features.shape[1]

    def add(self, features: Tensor, numbers: Numbers) -> None:
        """Take in features (N, D) with their numbers in the set, which are in a row."""
        new = priorities_of(numbers)
        if len(self.priorities) == ERROR_POINTS and new.min() > self.priorities.max():
            return  # as nearly always once many have gone by
        priorities = np.concatenate([self.priorities, new])
        rows = torch.cat([self.features, features]) if len(self.priorities) else features
        chosen = least(priorities)
        self.priorities, self.features = priorities[chosen], rows[torch.from_numpy(chosen).to(rows.device)]

    def of_all(self, ranks: Ranks) -> Tensor:
        """The features of the least priorities over all ranks."""
        if ranks.world == 1:
            return self.features
        device = self.features.device
        signed = torch.from_numpy(self.priorities.view(np.int64).copy()).to(device)
        features, priorities = ranks.gather_rows(self.features), ranks.gather_rows(signed).cpu().numpy().view(np.uint64)
        return features[torch.from_numpy(least(priorities)).to(device)]


def draw(numbers: Numbers) -> Tensor:
    """The rows that `Subset` keeps of features that are all there."""
    return torch.from_numpy(least(priorities_of(numbers)))


def least(priorities: npt.NDArray[np.uint64]) -> Numbers:
    """Where the least priorities are, in order."""
    return np.sort(np.argsort(priorities, kind="stable")[:ERROR_POINTS])


def priorities_of(numbers: Numbers) -> npt.NDArray[np.uint64]:
    """A random number for each of some numbers in a row: PCG64 can be started at any of them."""
    start = int(numbers[0]) if len(numbers) else 0
    random: npt.NDArray[np.uint64] = np.random.PCG64(SEED).advance(start).random_raw(len(numbers))
    return random
