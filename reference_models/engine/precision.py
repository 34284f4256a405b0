"""Where shorter arithmetic and another memory layout pay, by measurement (docs/reproducing.md has the figures)."""

from contextlib import AbstractContextManager, nullcontext

import torch

from reference_models.configuration.config import Config

SMALL = 16  # pixels; on a CPU bfloat16 and channels-last pay above, hardly or not below, and here by the networks


def uses_bfloat16(config: Config, device: torch.device) -> bool:
    """Whether networks run under bfloat16 autocast: as configured, else where this device gains from it."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if config.is_vector or config.net == "mlp":
        return False
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and _pays_on_a_cpu(config) and _cpu_has_bfloat16()


def uses_channels_last(config: Config, device: torch.device) -> bool:
    """Whether convolutions keep their channels last."""
    return not config.is_vector and config.net != "mlp" and (device.type == "cuda" or _pays_on_a_cpu(config))


def autocast(config: Config, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a move's losses are computed."""
    return torch.autocast(device.type, torch.bfloat16) if uses_bfloat16(config, device) else nullcontext()


def _pays_on_a_cpu(config: Config) -> bool:
    """At 16 pixels the plain convolutions of DCGAN, WGAN-GP and cGAN gain; CycleGAN's networks lose there."""
    return config.shape[1] > SMALL or (config.shape[1] == SMALL and config.net == "conv")


def _cpu_has_bfloat16() -> bool:
    """In hardware: oneDNN also says yes where it only emulates, which is slower than float32."""
    return any(getattr(torch.cpu, f"_is_{unit}_supported", bool)() for unit in ("avx512_bf16", "amx_tile"))
