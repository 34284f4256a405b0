"""torch-fidelity's Inception from its resized images on, accelerated: features and class probabilities in one pass.

Szegedy et al. 2015 (arXiv:1512.00567), in the TensorFlow port of Heusel et al. 2017 (arXiv:1706.08500). Agrees with
`torch_fidelity.FeatureExtractorInceptionV3` on the same weights to 1e-5 of the largest feature.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from ganeval.extractors.acceleration import AcceleratedNetwork
from ganeval.extractors.base import Extractor, LoadOptions, Network, probabilities_of
from ganeval.extractors.inception_onednn import can_fuse, fused_trunk
from ganeval.extractors.loading import fold_batch_norms, load_weights, memory_layout


class BareInception(FeatureExtractorInceptionV3):  # type: ignore[misc]  # torch-fidelity ships no types
    """torch-fidelity's Inception without weights: its constructor insists on a file, so it gets an empty one."""

    def __init__(self) -> None:
        empty_file = io.BytesIO()
        torch.save({}, empty_file)
        empty_file.seek(0)
        super().__init__("inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=empty_file)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """As usual, but an empty state dict is no error."""
        return super().load_state_dict(state_dict, *args, **kwargs) if state_dict else None


def inception(name: str, options: LoadOptions) -> Extractor:
    """Pool features (2048) and the softmax of the logits without bias, from one pass."""
    with torch.device("meta"):
        module = BareInception()
    origin = load_weights(module, name, options)
    network, (shift, scale) = inception_network(module, options), options.shift_scale
    return Extractor(name=name, layer="2048", size=299, network=network, input=f"(x-{shift:g})/{scale:g}", **origin)


def inception_network(module: BareInception, options: LoadOptions) -> Network:
    """torch-fidelity's module from its first convolution on; consumes `module`."""
    head = module.fc.weight.detach().float().T.to(options.device)
    with_onednn = options.device.type == "cpu" and options.precision == "float32" and can_fuse()
    trunk = fused_trunk(module, *options.shift_scale) if with_onednn else modular_trunk(module, options)

    def network(images: Tensor) -> tuple[Tensor, Tensor | None]:
        features = trunk(images).float()
        with torch.autocast(options.device.type, enabled=False):
            return features, probabilities_of(features @ head)

    return network if with_onednn else AcceleratedNetwork(network, module)


def modular_trunk(module: BareInception, options: LoadOptions) -> Callable[[Tensor], Tensor]:
    """The modules one after the other, batch norms folded: for any device and precision."""
    layout, (shift, scale) = memory_layout(options), options.shift_scale
    layers = [layer for name, layer in module.named_children() if name != "fc"]
    trunk = fold_batch_norms(nn.Sequential(*layers, nn.Flatten())).to(options.device).to(memory_format=layout)
    return lambda images: trunk(((images - shift) / scale).contiguous(memory_format=layout))
