"""Random weights of VGG16 and CLIP under which features vary, and torch-fidelity's CLIP on them."""

import math

import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_clip import CLIPVisual, FeatureExtractorCLIP, build_model
from torchvision.models import vgg16 as torchvision_vgg16

from ganeval.extractors.published import CLIP


def vgg16_state() -> dict[str, Tensor]:
    """Torchvision's VGG16, He-initialised, without biases; in half precision, which halves its half gigabyte."""
    with torch.device("meta"):
        module = torchvision_vgg16()
    generator = torch.Generator().manual_seed(0)
    state = {key: torch.zeros(value.shape, dtype=torch.half) for key, value in module.state_dict().items()}
    for value in state.values():
        if value.dim() > 1:
            value.copy_(torch.randn(value.shape, generator=generator).mul_(math.sqrt(2 / value[0].numel())))
    return state


def clip_state(name: str) -> dict[str, Tensor]:
    """One of `CLIP` in OpenAI's names, with a text projection that is not ours to load."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = CLIPVisual(*CLIP[name]).state_dict()
        for key, value in state.items():
            if value.dim() == 4:
                value.normal_(0, math.sqrt(2 / value[0].numel()))
            elif key.endswith(("running_mean", "bias")):
                value.uniform_(-0.5, 0.5)
            elif key.endswith("running_var"):
                value.uniform_(0.5, 2)
    return {
        **{key: value.contiguous() for key, value in state.items()},
        "text_projection": torch.zeros(8, CLIP[name][0]),
    }


def torch_fidelity_clip(name: str, state: dict[str, Tensor]) -> FeatureExtractorCLIP:
    """torch-fidelity's extractor, whose constructor opens nothing but TorchScript."""
    extractor = FeatureExtractorCLIP.__new__(FeatureExtractorCLIP)
    nn.Module.__init__(extractor)
    extractor.features_list, extractor.feature_extractor_internal_dtype = ["clip"], torch.float32
    extractor.model, extractor.resolution = build_model(dict(state), torch.float32), CLIP[name][1]
    return extractor
