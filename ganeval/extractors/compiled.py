"""A network compiled with its weights frozen, for one size of batch: where so many pictures come that it is repaid.

Compiling takes a quarter of a minute and more; half of that where torch's cache knows the network. What it wins is in
docs/speed.md.
"""

import contextlib
import importlib.util
import logging
import os
import shutil
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ganeval.extractors.base import Network

# Operations from which on more time is won than spent. On a CPU, for each thread, by measurement: 11 to 31 s are spent,
# and up to a fifth of the time at 75 GFLOP/s is won. On CUDA by estimate: 60 s, a quarter of the time at 20 TFLOP/s.
REPAID = {"cpu": 3 * 10**13, "cuda": 5 * 10**15}
COMPILERS = ("c++", "g++", "clang++", "cl")


def is_repaid(network: Network, pictures: Tensor, coming: int) -> bool:
    """Whether `coming` pictures like these are worth compiling for, on a machine that can."""
    device = pictures.device.type
    if not coming or device not in REPAID or not _can_compile(device):
        return False
    needed = REPAID[device] * (torch.get_num_threads() if device == "cpu" else 1)
    with FlopCounterMode(display=False) as counter:
        network(pictures[:1])
    return bool(coming * counter.get_total_flops() >= needed)


def compiled(network: Network, pictures: Tensor) -> Network | None:
    """`network` compiled for batches of just this size; None where the compiler fails, as it did its work without."""
    quick: Network = torch.compile(network, dynamic=False, options={"freezing": True})
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")  # of how torch itself is built and used
            quick(pictures)
    except Exception:  # another's compiler, other's headers, a full disk: nothing that scores should fail for
        return None
    return quick


def _can_compile(device: str) -> bool:
    """Asked before a network is traced for nothing. Triton, which writes CUDA's kernels, needs a C compiler too."""
    known = any(map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS)))
    return known and (device == "cpu" or importlib.util.find_spec("triton") is not None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the compiler logs meanwhile is of no use to who scores pictures."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
