"""What every loader of published weights shares: checked weights into a module, and what the extractor says of them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

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
