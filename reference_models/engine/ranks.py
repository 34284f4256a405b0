"""Several processes that train one model together, as one would: each takes an equal part of every batch.

Each holds all weights and all data. The DistributedDataParallel wrapper does not support the gradient of a gradient,
which penalties need: gradients are averaged here, by one exchange at each update. What a batch cannot be split for is
refused by `Model.check_split`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class TrainingRanks(Protocol):
    """This process, number `rank` from 0, among `world`. All of them call each method, in the same order.

    `ganeval.runtime.distributed.TorchrunRanks` is such a process of torchrun's; this package imports nothing of
    ganeval, so the protocol stands here too, as small as it can be. The methods below are those of a process alone.
    """

    rank: int
    world: int

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""
        return values

    def gather_rows(self, rows: Tensor) -> Tensor:
        """The rows of all ranks one below the other, in the order of ranks, on every rank."""
        return rows

    def gather(self, value: Any) -> list[Any]:
        """The value of each rank, in the order of ranks, on every rank."""
        return [value]


class SingleProcess(TrainingRanks):
    """One process that does everything."""

    rank, world = 0, 1


ALONE = SingleProcess()


@torch.no_grad()
def average_over_ranks(ranks: TrainingRanks, tensors: Sequence[Tensor]) -> None:
    """Make each tensor its mean over the ranks, in place and all of them in one exchange."""
    if ranks.world == 1 or not tensors:
        return
    mean = ranks.total(torch.cat([tensor.flatten() for tensor in tensors])) / ranks.world
    for tensor, values in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(values.view(tensor.shape))


def average_gradients(
    ranks: TrainingRanks, weights: Sequence[nn.Parameter], values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The means of losses over the ranks; the gradients of weights become theirs, in place and by the same exchange.

    A value that is not finite on one rank is then not finite on any.
    """
    if ranks.world == 1:
        return dict(values)
    means = torch.stack([value.detach().float() for value in values.values()])
    average_over_ranks(ranks, [means, *(weight.grad for weight in weights if weight.grad is not None)])
    return dict(zip(values, means, strict=True))


def synchronise_batch_norm(networks: nn.Module, world: int, device: torch.device) -> None:
    """Normalise over the whole batch, in place; torch can on CUDA alone. Weights stay the same objects."""
    if world > 1 and device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(networks)
