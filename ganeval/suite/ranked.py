"""A training run of torchrun's processes: the device and the threads of each, what the user is told, and its end."""

import contextlib
import os
import warnings

import torch

from ganeval.devices import pick_device
from ganeval.distributed import LostRank, own_device
from ganeval.errors import GanevalWarning, UsageError
from ganeval.launch import own_cores
from ganeval.metrics.sharing import Ranks
from reference_models.model import Model
from reference_models.together import batch_norms


def device_of(name: str, ranks: Ranks) -> torch.device:
    """Where this process trains: of several ranks each on a GPU of its own, or on the CPU.

    UsageError for a device that only one of them could have.
    """
    if ranks.world == 1:
        return pick_device(name)
    device = pick_device(own_device(name))
    if ":" in name or device.type not in ("cpu", "cuda"):
        raise UsageError(
            f"--device {name}: found {device} for {ranks.world} processes, needed cpu, or cuda without a number: each "
            "takes a GPU of its own"
        )
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def threads_beside(ranks: Ranks) -> int:
    """The threads of this process: of several, its share of the cores where the user has not said otherwise.

    torchrun says OMP_NUM_THREADS=1 where the user says nothing.
    """
    if ranks.world == 1 or os.environ.get("OMP_NUM_THREADS", "1") != "1":
        return torch.get_num_threads()
    return own_cores()


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
