"""Several processes that train as one would: what they refuse, what they average, and batch norm.

The DistributedDataParallel wrapper does not support the gradient of a gradient, which penalties need: gradients are
averaged here, by one exchange at each update.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.model import Model
from reference_models.engine.ranks import TrainingRanks, average_over_ranks


def check_shares(model: Model, world: int) -> None:
    """ConfigError where so many processes cannot share a batch, or would not train as one does."""
    if world == 1:
        return
    config = model.config
    unit = world * config.pack
    packs = f" with pack={config.pack}" if config.pack > 1 else ""
    where = f"{config.model}: batch_size={config.batch_size}{packs} on {world} processes"
    if config.batch_size % unit:
        nearest = max(1, round(config.batch_size / unit)) * unit
        raise ConfigError(f"{where}: needed a multiple of {unit}, each takes an equal part; try batch_size={nearest}")
    if reason := _needs_whole_batch(model):
        raise ConfigError(f"{where}: {reason}; leave it out, or start one process")
    try:
        check(replace(config, batch_size=config.batch_size // world), translates=model.translates)
    except ConfigError as error:
        raise ConfigError(f"{where}, {config.batch_size // world} each: {error}") from error


def _needs_whole_batch(model: Model) -> str:
    """Why the model needs the whole batch in one process; empty where it does not."""
    config: Config = model.config
    for key in ("minibatch_discrimination", "minibatch_std"):
        if getattr(config, key):
            return f"{key} compares the samples of a whole batch, of which each process has a part"
    if any(isinstance(layer, _DropoutNd) and layer.p for layer in model.networks.modules()):
        return "dropout draws its masks for the samples of one process"
    return ""


def batch_norms(model: Model) -> list[nn.Module]:
    """The layers of a model that normalise over a batch."""
    return [layer for layer in model.networks.modules() if isinstance(layer, _BatchNorm)]


def synchronise_batch_norm(model: Model, world: int, device: torch.device) -> None:
    """Normalise over the whole batch, in place; torch can on CUDA alone. Weights stay the same objects."""
    if world > 1 and device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model.networks)


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


def average_buffers(ranks: TrainingRanks, model: Model) -> None:
    """Make batch norm's running statistics, and any other buffer of floats, their mean over the ranks."""
    average_over_ranks(ranks, [buffer for buffer in model.networks.buffers() if buffer.is_floating_point()])
