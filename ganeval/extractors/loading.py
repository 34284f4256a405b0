"""What every loader of published weights shares: checked weights into a module, and what the extractor says of them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganeval.extractors.base import Settings
from ganeval.extractors.weights import Weights, check_shapes


def origin(weights: Weights, settings: Settings) -> dict[str, Any]:
    """What an Extractor says of its weights and of where it runs."""
    return {
        "weights": "published" if weights.published else "custom",
        "weights_sha256": weights.sha256,
        "device": settings.device,
        "precision": settings.precision,
    }


def fill(module: nn.Module, state: Mapping[str, Tensor], weights: Weights) -> None:
    """Put checked weights into a module as float32, ready to evaluate."""
    check_shapes(module, state, weights.path)
    wide = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    module.load_state_dict(wide, strict=False, assign=True)
    module.requires_grad_(False).eval()


def folded(module: nn.Module) -> nn.Module:
    """`module` with each batch norm that was registered right after its convolution made part of it; consumes `module`.

    Right for networks that call them in that order, which is for their loaders to know.
    """
    for block in module.modules():
        for (name, layer), (after, norm) in pairwise(list(block.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, norm))
                setattr(block, after, nn.Identity())
    return module


def layout_of(settings: Settings) -> torch.memory_format:
    """Channels-last is half again as fast on CPU; on CUDA shorter arithmetic needs it, float32 is as it comes."""
    last = settings.device.type == "cpu" or settings.precision != "float32"
    return torch.channels_last if last else torch.contiguous_format
