"""Several processes that train one model together: what a process among them needs of the others.

Each holds all weights and all data, and takes an equal part of every batch.
`ganeval.runtime.distributed.TorchrunRanks` is such a process of torchrun's; this package imports nothing of ganeval, so
the protocol stands here too, as small as it can be.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor


class TrainingRanks(Protocol):
    """This process, number `rank` from 0, among `world`. All of them call each method, in the same order."""

    @property
    def rank(self) -> int: ...

    @property
    def world(self) -> int: ...

    def part(self, count: int) -> range:
        """This rank's own part of `count` things in a row."""

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""

    def gather_rows(self, rows: Tensor) -> Tensor:
        """The rows of all ranks one below the other, in the order of ranks, on every rank."""

    def gather(self, value: Any) -> list[Any]:
        """The value of each rank, in the order of ranks, on every rank."""


class SingleProcess:
    """One process that does everything."""

    rank, world = 0, 1

    def part(self, count: int) -> range:
        return range(count)

    def total(self, values: Tensor) -> Tensor:
        return values

    def gather_rows(self, rows: Tensor) -> Tensor:
        return rows

    def gather(self, value: Any) -> list[Any]:
        return [value]


ALONE = SingleProcess()


def rows_of_rank(ranks: TrainingRanks, rows: Tensor) -> Tensor:
    """This rank's part of the rows of a whole batch.

    >>> rows_of_rank(ALONE, torch.arange(3)).tolist()
    [0, 1, 2]
    """
    part = ranks.part(len(rows))
    return rows[part.start : part.stop]


def mean_over_ranks(ranks: TrainingRanks, value: Tensor) -> Tensor:
    """The mean over the ranks, whose gradient with respect to this rank's own value is 1.

    With gradients averaged over the ranks, any function of it then has the gradient that one process would find.
    """
    if ranks.world == 1:
        return value
    constant = value.detach()
    return value + (ranks.total(constant) / ranks.world - constant)


@torch.no_grad()
def average_over_ranks(ranks: TrainingRanks, tensors: Sequence[Tensor]) -> None:
    """Make each tensor its mean over the ranks, in place and all of them in one exchange."""
    if ranks.world == 1 or not tensors:
        return
    mean = ranks.total(torch.cat([tensor.flatten() for tensor in tensors])) / ranks.world
    for tensor, values in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(values.view(tensor.shape))
