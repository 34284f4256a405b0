"""torch-fidelity's Inception from its resized pictures on, accelerated: features and class probabilities in one pass.

Szegedy et al. 2015 (arXiv:1512.00567), in the TensorFlow port of Heusel et al. 2017 (arXiv:1706.08500). Agrees with
`torch_fidelity.FeatureExtractorInceptionV3` on the same weights to 1e-5 of the largest feature.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from ganeval.extractors.acceleration import settled
from ganeval.extractors.base import Extractor, Network, Settings, probabilities_of
from ganeval.extractors.inception_onednn import can_fuse, fused
from ganeval.extractors.loading import fill, folded, layout_of, origin
from ganeval.extractors.weights import find_weights, load_state_dict


class BareInception(FeatureExtractorInceptionV3):  # type: ignore[misc]  # torch-fidelity ships no types
    """torch-fidelity's Inception without weights: its constructor insists on loading some, so it is given none."""

    def __init__(self) -> None:
        nothing = io.BytesIO()
        torch.save({}, nothing)
        nothing.seek(0)
        super().__init__("inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=nothing)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """As usual, but loading nothing at all is no error."""
        return super().load_state_dict(state_dict, *args, **kwargs) if state_dict else None


def inception(name: str, settings: Settings) -> Extractor:
    """Pool features (2048) and the softmax of the logits without bias, from one pass."""
    weights = find_weights(name, settings.weights, settings.offline, settings.progress)
    with torch.device("meta"):
        module = BareInception()
    fill(module, load_state_dict(weights.path), weights)
    network = inception_network(module, settings)
    shift, scale = settings.shift_scale
    described = f"(x-{shift:g})/{scale:g}"
    return Extractor(
        name=name,
        layer="2048",
        size=299,
        network=network,
        input=described,
        **origin(weights, settings),
    )


def inception_network(module: BareInception, settings: Settings) -> Network:
    """torch-fidelity's module from its first convolution on; consumes `module`."""
    head = module.fc.weight.detach().float().T.to(settings.device)
    on_cpu = settings.device.type == "cpu" and settings.precision == "float32" and can_fuse()
    trunk = fused(module, *settings.shift_scale) if on_cpu else modular(module, settings)

    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        features = trunk(pictures).float()
        with torch.autocast(settings.device.type, enabled=False):
            return features, probabilities_of(features @ head)

    return network if on_cpu else settled(network, module)


def modular(module: BareInception, settings: Settings) -> Callable[[Tensor], Tensor]:
    """The modules one after the other, batch norms folded: for any device and precision."""
    layout, (shift, scale) = layout_of(settings), settings.shift_scale
    layers = [layer for name, layer in module.named_children() if name != "fc"]
    trunk = folded(nn.Sequential(*layers, nn.Flatten())).to(settings.device).to(memory_format=layout)
    return lambda pictures: trunk(((pictures - shift) / scale).contiguous(memory_format=layout))
