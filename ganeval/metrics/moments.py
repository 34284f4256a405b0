"""Mean and covariance of features, in float64: of a tensor, or summed over batches as they come."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganeval.metrics.linear_algebra import add_gram64, mirror

BLOCK = 1024  # rows in float64 at a time: 16 MB of 2,048 features, which the allocator reuses


@dataclass(frozen=True)
class Moments:
    """Count, mean (D,) and covariance (D, D) of a set, in float64; the count is None where a file does not give it."""

    count: int | None
    mean: Tensor
    covariance: Tensor

    @property
    def full_rank(self) -> bool:
        """Whether the covariance can have full rank: more points than dimensions."""
        return self.count is None or self.count > len(self.mean)


class MomentSum:
    """Moments of features that arrive in blocks and are not stored.

    Sums are taken around the mean of the first block: near enough to the mean of all that no digits are lost.
    """

    def __init__(self) -> None:
        self.count = 0
        self._centre = self._sum = self._squares = torch.empty(0, dtype=torch.float64, device="cpu")

    def add(self, features: Tensor) -> None:
        """Take in a block (N, D)."""
        if self.count == 0:
            self._centre = features[:BLOCK].double().sum(0) / max(1, len(features[:BLOCK]))
            self._sum = torch.zeros_like(self._centre)
            self._squares = torch.outer(self._sum, self._sum)
        for rows in features.split(BLOCK):
            block = rows - self._centre
            self._sum += block.sum(0)
            add_gram64(block, self._squares)
        self.count += len(features)

    def moments(self, total: Callable[[Tensor], Tensor] = lambda own: own) -> Moments:
        """The moments of all blocks, the covariance divided by N - 1.

        `total`: adds a tensor up over the processes that have each summed blocks of one set.
        """
        count = int(total(self._sum.new_tensor(self.count)))
        if count < 2:
            raise ValueError(f"moments: found {count} rows, needed at least 2")
        own_mean = self._centre + self._sum / max(1, self.count)
        mean = total(self.count * own_mean) / count
        shift = own_mean - mean
        own_scatter = torch.addr(mirror(self._squares), self._sum, self._sum, alpha=-1 / max(1, self.count))
        scatter = total(own_scatter.addr_(shift, shift, alpha=self.count))
        return Moments(count, mean, scatter.div_(count - 1))


def moments(features: Tensor) -> Moments:
    """Mean and covariance (divided by N - 1) of features (N, D), in float64.

    >>> moments(torch.tensor([[0.0, 0.0], [2.0, 4.0]])).covariance.tolist()
    [[2.0, 4.0], [4.0, 8.0]]
    """
    total = MomentSum()
    total.add(features)
    return total.moments()
