"""A training run of torchrun's processes: what the user is told, and its end."""

import contextlib
import warnings

import torch

from ganeval.distributed import LostRank
from ganeval.errors import GanevalWarning
from ganeval.metrics.sharing import Ranks
from reference_models.model import Model
from reference_models.together import batch_norms


def warn_of_batch_norm(model: Model, device: torch.device, world: int) -> None:
    """Say it where batch norm makes several processes train otherwise than one: torch synchronises it on CUDA only."""
    if world > 1 and device.type != "cuda" and batch_norms(model):
        batch = model.config.batch
        warnings.warn(
            f"batch norm on a CPU is not synchronised: each of {world} processes normalises by its own "
            f"{batch // world} of {batch} samples, so losses are not those of one process; norm_g and norm_d choose "
            "another norm",
            GanevalWarning,
            2,
        )


def end_together(ranks: Ranks) -> None:
    """Wait for the others, as the first goes on scoring when training has ended.

    One that fails meanwhile is none of their business: what failed is its own to say, and its exit code decides.
    """
    with contextlib.suppress(LostRank):
        ranks.everyone(None)
