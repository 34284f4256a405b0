"""Where bfloat16 and another memory layout pay, by measurement (docs/reproducing.md has the figures)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from reference_models.configuration.config import Config

SMALL = 16  # pixels; on a CPU bfloat16 and channels-last pay above, hardly or not below, and here by the networks


def bfloat16_pays(device: torch.device) -> bool:
    """Whether large convolutions run faster in bfloat16 than in float32 on this device: a CPU needs instructions for
    it.

    oneDNN's `_is_mkldnn_bf16_supported` is no such test: it is also true where bfloat16 is emulated, slower than
    float32.

    >>> bfloat16_pays(torch.device("mps"))
    False
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    instructions = ("avx512_bf16", "amx_tile")
    return device.type == "cpu" and any(getattr(torch.cpu, f"_is_{name}_supported", bool)() for name in instructions)


def uses_bfloat16(config: Config, device: torch.device) -> bool:
    """Whether networks run under bfloat16 autocast: as configured, else where it is faster."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if config.is_vector or config.net == "mlp" or (device.type == "cpu" and not _large_for_a_cpu(config)):
        return False
    return bfloat16_pays(device)


def uses_channels_last(config: Config, device: torch.device) -> bool:
    """Whether convolutions keep their channels last."""
    return not config.is_vector and config.net != "mlp" and (device.type == "cuda" or _large_for_a_cpu(config))


def autocast(config: Config, device: torch.device) -> AbstractContextManager[object]:
    """The context in which losses are computed."""
    return torch.autocast(device.type, torch.bfloat16) if uses_bfloat16(config, device) else nullcontext()


def _large_for_a_cpu(config: Config) -> bool:
    """At 16 pixels the plain convolutions of DCGAN, WGAN-GP and cGAN gain; CycleGAN's networks lose there."""
    return config.shape[1] > SMALL or (config.shape[1] == SMALL and config.net == "conv")


@contextmanager
def plain_defaults() -> Iterator[None]:
    """Torch's own defaults, float32 on the CPU, whatever the caller has set; also a decorator."""
    before, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with nullcontext() if device.type == "cpu" else torch.device("cpu"):  # entering one slows each call
            yield
    finally:
        torch.set_default_dtype(before)
