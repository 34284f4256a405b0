"""A network compiled with its weights frozen, for one size of batch: where so many pictures come that it is repaid.

Compiling takes a quarter of a minute and more; half of that where torch's cache knows the network. What it wins is in
docs/speed.md.
"""

import contextlib
import importlib.util
import logging
import os
import shutil
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ganeval.extractors.base import Network

# Operations from which on more time is won than spent. On a CPU, for each thread, by measurement: 11 to 31 s are spent,
# and up to a fifth of the time at 75 GFLOP/s is won. On CUDA by estimate: 60 s, a quarter of the time at 20 TFLOP/s.
REPAID = {"cpu": 3 * 10**13, "cuda": 5 * 10**15}
COMPILERS = ("c++", "g++", "clang++", "cl")


def is_repaid(network: Network, module: nn.Module, pictures: Tensor, coming: int) -> bool:
    """Whether `coming` pictures like these are worth compiling for, on a machine that can; `module` is what works."""
    device = pictures.device.type
    if not coming or not _can_compile(device):
        return False
    needed = REPAID[device] * (torch.get_num_threads() if device == "cpu" else 1)
    return coming * operations(network, module, pictures[:1]) >= needed


def operations(network: Network, module: nn.Module, pictures: Tensor) -> int:
    """Additions and multiplications of `pictures` in the convolutions, linear layers and attention of `module`.

    Within a tenth of torch's own counter, whose import takes seconds.
    """
    total = 0

    def count(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += 2 * output.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += 2 * output.numel() * layer.in_features
        elif isinstance(layer, nn.MultiheadAttention):  # its projections are no calls of layers; length first
            length, width = inputs[0].shape[0], inputs[0].numel()
            total += 8 * width * layer.embed_dim + 4 * width * length

    hooks = [layer.register_forward_hook(count) for layer in module.modules()]
    try:
        network(pictures)
    finally:
        for hook in hooks:
            hook.remove()
    return total


def compiled(network: Network, pictures: Tensor) -> Network | None:
    """`network` compiled for batches of just this size; None where that fails, which is no reason not to score."""
    try:
        from torch._inductor import config  # `options` of `torch.compile` come too late for freezing

        with config.patch(freezing=True), _quiet():
            quick: Network = torch.compile(network, dynamic=False)
            quick(pictures)
    except Exception:  # another's compiler, other's headers, a folder that cannot be written
        return None
    return quick


def _can_compile(device: str) -> bool:
    """Asked before a network is traced for nothing. Triton, which writes CUDA's kernels, needs a C compiler too."""
    known = any(map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS)))
    return known and (device == "cpu" or importlib.util.find_spec("triton") is not None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """That torch finds a CUDA compiler and no CUDA device is of no use to who scores pictures."""
    logger = logging.getLogger("torch.utils.cpp_extension")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
