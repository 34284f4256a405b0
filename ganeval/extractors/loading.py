"""Steps that loaders of published networks share: checked weights into a module, and what makes it fast."""

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganeval.extractors.base import LoadOptions
from ganeval.extractors.weights import check_shapes, find_weights, load_state_dict


def load_weights(module: nn.Module, name: str, options: LoadOptions, *, prefix: str = "") -> dict[str, Any]:
    """Put the weights of `name`, as `find_weights` finds them, into a module: float32, ready to evaluate.

    Of the file, the tensors whose names begin with `prefix` are taken. Returns the fields of an Extractor that say
    where its weights come from and where it runs.
    """
    weights = find_weights(name, options.weights, options.offline, options.progress)
    state = load_state_dict(weights.path, trusted=weights.published)
    state = {key: value for key, value in state.items() if key.startswith(prefix)}
    check_shapes(module.state_dict(), state, weights.path)
    wide = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    module.load_state_dict(wide, strict=False, assign=True)
    module.requires_grad_(False).eval()
    return {
        "weights": "published" if weights.published else "custom",
        "weights_sha256": weights.sha256,
        "device": options.device,
        "precision": options.precision,
    }


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """`module` with each batch norm folded into the convolution registered right before it; consumes `module`.

    Right only for networks that call the two in that order, which is for their loaders to know.
    """
    for block in module.modules():
        for (name, layer), (after, norm) in pairwise(list(block.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, norm))
                setattr(block, after, nn.Identity())
    return module


def memory_layout(options: LoadOptions) -> torch.memory_format:
    """Channels-last is half again as fast on CPU; on CUDA TF32 and bf16 need it, float32 stays in the usual layout."""
    channels_last = options.device.type == "cpu" or options.precision != "float32"
    return torch.channels_last if channels_last else torch.contiguous_format
