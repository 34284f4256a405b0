"""Compilation of a network with its weights frozen, for one size of batch, where so many images come that it pays.

Compiling takes a quarter of a minute and more; half of that where torch's cache knows the network. docs/speed.md has
the gain.
"""

import importlib.util
import logging
import os
import shutil
from typing import Any

import torch
from torch import Tensor, nn

from ganeval.extractors.base import Network

# Operations from which on compiling saves more time than it takes. On a CPU, for each thread, by measurement: it takes
# 11 to 31 s and saves up to a fifth of the time at 75 GFLOP/s. On CUDA by estimate: 60 s, a quarter at 20 TFLOP/s.
PAYS_FROM = {"cpu": 3 * 10**13, "cuda": 5 * 10**15}
COMPILERS = ("c++", "g++", "clang++", "cl")


def compilation_pays(network: Network, module: nn.Module, images: Tensor, count: int) -> bool:
    """Whether `count` images like these are worth compiling for, on a machine that can; `module` does the work."""
    device = images.device.type
    if not count or not can_compile(device):
        return False
    least = PAYS_FROM[device] * (torch.get_num_threads() if device == "cpu" else 1)
    return count * operations(network, module, images[:1]) >= least


def operations(network: Network, module: nn.Module, images: Tensor) -> int:
    """Additions and multiplications of `images` in the convolutions, linear layers and attention of `module`.

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
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return total


def compile_frozen(network: Network, images: Tensor) -> Network | None:
    """`network` compiled for batches of just this size; None where that fails, which is no reason not to score."""
    logger = logging.getLogger("torch.utils.cpp_extension")  # warns of a CUDA compiler where there is no CUDA device
    level = logger.level
    try:
        from torch._inductor import config  # `options` of `torch.compile` come too late for freezing

        logger.setLevel(logging.ERROR)
        with config.patch(freezing=True):
            form: Network = torch.compile(network, dynamic=False)
            form(images)
    except Exception:  # a compiler, headers or a folder of the machine's that fail in their own ways
        return None
    finally:
        logger.setLevel(level)
    return form


def can_compile(device: str) -> bool:
    """Whether the machine has what compiling needs; Triton, which writes CUDA's kernels, needs a C compiler too."""
    has_compiler = any(map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS)))
    return has_compiler and (device == "cpu" or importlib.util.find_spec("triton") is not None)
