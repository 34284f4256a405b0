"""The device and the precision that numbers are computed with."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganeval.errors import UsageError, unknown

MEMORY = Path("/proc/meminfo")


def pick_device(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then MPS, then the CPU. UsageError where this machine has none."""
    counts = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if name == "auto":
        return torch.device(next(kind for kind, count in counts.items() if count))
    kind, _, number = name.partition(":")
    if kind not in counts or not (number.isdigit() or name == kind):
        raise unknown("device", name, ["auto", *counts])
    if int(number or 0) >= counts[kind]:
        raise UsageError(f"--device {name}: found no such device here, needed one of auto, cpu")
    return torch.device(name)


@contextlib.contextmanager
def borrowed(module: nn.Module, device: torch.device | None = None) -> Iterator[nn.Module]:
    """A caller's module in eval mode, and on `device` if one is given; afterwards, whatever happened, as it was.

    Modes are restored part by part, for some may be frozen on purpose; so are the place and the values of buffers.
    """
    modes = [(part, part.training) for part in module.modules()]
    held = [(tensor, tensor.device) for tensor in (*module.parameters(), *module.buffers())]
    moved = device is not None and any(place != device for _, place in held)
    buffers = {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
    try:
        yield module.eval().to(device) if moved else module.eval()
    finally:
        if moved and len({place for _, place in held}) == 1:
            module.to(held[0][1])
        for part, mode in modes:
            part.train(mode) if isinstance(part, torch.jit.ScriptModule) else setattr(part, "training", mode)
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                if name in buffers and not torch.equal(buffer, buffers[name]):
                    buffer.copy_(buffers[name])


@contextlib.contextmanager
def plain_defaults() -> Iterator[None]:
    """Torch's own defaults, float32 on the CPU, whatever the caller has set: for building networks and for metrics."""
    before, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with contextlib.nullcontext() if device.type == "cpu" else torch.device("cpu"):  # entering one slows each call
            yield
    finally:
        torch.set_default_dtype(before)


def metric_device(device: torch.device) -> torch.device:
    """The device for metrics of features from `device`: the same one, but for MPS, which has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


def free_memory(device: torch.device) -> int | None:
    """The free bytes of the device that the network runs on; None where they are unknown."""
    if device.type == "cuda":
        with torch.cuda.device(device):  # older versions of torch take no device without a number
            unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # kept by torch, which reuses it
            return int(torch.cuda.mem_get_info()[0]) + unused
    if device.type == "cpu" and MEMORY.is_file():
        available = re.search(r"MemAvailable: *(\d+) kB", MEMORY.read_text())
        return 1024 * int(available[1]) if available else None
    return None


@contextlib.contextmanager
def precision_context(precision: str, device: torch.device) -> Iterator[None]:
    """A context with full float32 products, TF32, or bfloat16 autocast, whatever the caller's own settings are.

    The process-wide switches are restored after it.
    """
    wanted = "tf32" if precision == "tf32" else "ieee"
    switches = _switches()
    before = [getattr(*switch) for switch in switches]
    try:
        for owner, name in switches:
            setattr(owner, name, wanted if name == "fp32_precision" else wanted == "tf32")
        if device.type == "mps" and precision != "bf16":
            yield  # older versions of torch have no autocast there
            return
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        for (owner, name), value in zip(switches, before, strict=True):
            setattr(owner, name, value)


def current_precision(device: torch.device) -> tuple[Any, ...]:
    """All settings that decide the precision at this moment, to be compared with those of another."""
    autocast = torch.is_autocast_enabled(device.type) and torch.get_autocast_dtype(device.type)
    return autocast, *(getattr(*switch) for switch in _switches())


def _switches() -> list[tuple[Any, str]]:
    """Torch's switches for shorter float32 products; a new interface replaced the old, and they must not be mixed."""
    backends: Any = torch.backends
    if hasattr(backends.cuda.matmul, "fp32_precision"):
        convolutions = (backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.conv)
        owners = (backends.cuda.matmul, backends.mkldnn.matmul, *convolutions)
        return [(owner, "fp32_precision") for owner in owners]
    return [(backends.cuda.matmul, "allow_tf32"), (backends.cudnn, "allow_tf32")]
