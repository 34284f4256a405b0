"""torch-fidelity's Inception, VGG16, CLIP and DINOv2, from their resized pictures on, accelerated.

Numbers agree with `torch_fidelity.FeatureExtractor*` on the same weights. Inception: Szegedy et al. 2015
(arXiv:1512.00567), in the TensorFlow port of Heusel et al. 2017 (arXiv:1706.08500). VGG16: Simonyan & Zisserman 2014
(arXiv:1409.1556), as in Kynkäänniemi et al. 2019 (arXiv:1904.06991). CLIP: Radford et al. 2021 (arXiv:2103.00020).
DINOv2: Oquab et al. 2023 (arXiv:2304.07193), as in Stein et al. 2023 (arXiv:2306.04675).
"""

import io
import os
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch_fidelity.feature_extractor_clip import CLIPVisual, convert_weights
from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d, FeatureExtractorInceptionV3
from torchvision.models import vgg16 as torchvision_vgg16

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor, Network, Settings, probabilities_of
from ganeval.extractors.weights import Weights, check_shapes, find_weights, load_state_dict, torch_hub

Triple = tuple[float, float, float]

IMAGENET: tuple[Triple, Triple] = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OPENAI: tuple[Triple, Triple] = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)

# width of the features, resolution, layers, width of the network, patch (None: a ResNet)
CLIP: dict[str, tuple[int, int, int | tuple[int, ...], int, int | None]] = {
    "clip-rn50": (1024, 224, (3, 4, 6, 3), 64, None),
    "clip-rn101": (512, 224, (3, 4, 23, 3), 64, None),
    "clip-rn50x4": (640, 288, (4, 6, 10, 6), 80, None),
    "clip-rn50x16": (768, 384, (6, 8, 18, 8), 96, None),
    "clip-rn50x64": (1024, 448, (3, 15, 36, 10), 128, None),
    "clip-vit-b-32": (512, 224, 12, 768, 32),
    "clip-vit-b-16": (512, 224, 12, 768, 16),
    "clip-vit-l-14": (768, 224, 24, 1024, 14),
    "clip-vit-l-14-336px": (768, 336, 24, 1024, 14),
}

DINOV2 = {
    "dinov2-vit-s-14": "dinov2_vits14",
    "dinov2-vit-b-14": "dinov2_vitb14",
    "dinov2-vit-l-14": "dinov2_vitl14",
    "dinov2-vit-g-14": "dinov2_vitg14",
}


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
    _fill(module, load_state_dict(weights.path), weights)
    network = inception_network(module, settings)
    shift, scale = settings.shift_scale
    described = f"(x-{shift:g})/{scale:g}"
    return Extractor(
        name=name,
        layer="2048",
        size=299,
        network=network,
        input=described,
        **_origin(weights, settings),
    )


def inception_network(module: BareInception, settings: Settings) -> Network:
    """torch-fidelity's module from its first convolution on; consumes `module`."""
    layout = _layout(settings)
    head = module.fc.weight.detach().float().T.to(settings.device)
    layers = [layer for name, layer in module.named_children() if name != "fc"]
    trunk = nn.Sequential(*layers, nn.Flatten())
    _fold_batch_norm(trunk)
    trunk.to(settings.device).to(memory_format=layout)
    shift, scale = settings.shift_scale

    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        features = trunk(((pictures - shift) / scale).contiguous(memory_format=layout)).float()
        with torch.autocast(settings.device.type, enabled=False):
            return features, probabilities_of(features @ head)

    return network


def vgg16(name: str, settings: Settings) -> Extractor:
    """The second fully connected layer after its ReLU (4096), of torchvision's VGG16."""
    weights = find_weights(name, settings.weights, settings.offline, settings.progress)
    with torch.device("meta"):
        module = torchvision_vgg16()
    _fill(module, load_state_dict(weights.path), weights)
    trunk = nn.Sequential(module.features, module.avgpool, nn.Flatten(), module.classifier[:5])
    network = _normalised(trunk, IMAGENET, settings)
    return Extractor(
        name=name,
        layer="fc2_relu",
        size=224,
        network=network,
        input="imagenet",
        **_origin(weights, settings),
    )


def clip(name: str, settings: Settings) -> Extractor:
    """The image embedding of one of OpenAI's CLIP models, not normalised to length 1."""
    weights = find_weights(name, settings.weights, settings.offline, settings.progress)
    state = load_state_dict(weights.path, trusted=weights.published)
    with torch.device("meta"):
        module = CLIPVisual(*CLIP[name])
    _fill(module, {key: value for key, value in state.items() if key.startswith("visual.")}, weights)
    convert_weights(module)  # to half and back, as torch-fidelity does; the published files are in half precision
    network = _normalised(module.visual.float(), OPENAI, settings)
    return Extractor(
        name=name,
        layer="clip",
        size=CLIP[name][1],
        network=network,
        input="openai",
        **_origin(weights, settings),
    )


def dinov2(name: str, settings: Settings) -> Extractor:
    """The class token of one of Meta's DINOv2 models, whose code must be in torch hub's folder."""
    checkout = torch_hub() / "facebookresearch_dinov2_main"
    if not (checkout / "hubconf.py").is_file():
        raise ContentError(
            f"extractor '{name}' runs Meta's own code, and {checkout} is absent: "
            f"run `git clone https://github.com/facebookresearch/dinov2 {checkout}` once"
        )
    weights = find_weights(name, settings.weights, settings.offline, settings.progress)
    os.environ.setdefault("XFORMERS_DISABLED", "1")  # its attention differs in the last digits
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="xFormers is")
        module = torch.hub.load(str(checkout), DINOV2[name], source="local", pretrained=False)
    _fill(module, load_state_dict(weights.path), weights)
    network = _normalised(module, IMAGENET, settings)
    return Extractor(
        name=name,
        layer="dinov2",
        size=224,
        network=network,
        input="imagenet",
        **_origin(weights, settings),
    )


def _origin(weights: Weights, settings: Settings) -> dict[str, Any]:
    """What an Extractor says of its weights and of where it runs."""
    return {
        "weights": "published" if weights.published else "custom",
        "weights_sha256": weights.sha256,
        "device": settings.device,
        "precision": settings.precision,
    }


def _fill(module: nn.Module, state: Mapping[str, Tensor], weights: Weights) -> None:
    """Put checked weights into a module as float32, ready to evaluate."""
    check_shapes(module, state, weights.path)
    wide = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    module.load_state_dict(wide, strict=False, assign=True)
    module.requires_grad_(False).eval()


def _normalised(trunk: nn.Module, mean_std: tuple[Triple, Triple], settings: Settings) -> Network:
    """`trunk` on (x - 255 mean) / (255 std), its output the features."""
    trunk.to(settings.device).eval()
    mean, std = (
        torch.tensor([255 * value for value in values], device=settings.device).view(3, 1, 1) for values in mean_std
    )

    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        return trunk((pictures - mean) / std).float(), None

    return network


def _fold_batch_norm(trunk: nn.Module) -> None:
    """Put each batch norm into the convolution before it: a fifth faster, equal to rounding."""
    for block in trunk.modules():
        if isinstance(block, BasicConv2d):
            block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), nn.Identity()


def _layout(settings: Settings) -> torch.memory_format:
    """Channels-last is half again as fast on CPU; CUDA's float32 kernels prefer the plain order."""
    last = settings.device.type == "cpu" or settings.precision != "float32"
    return torch.channels_last if last else torch.contiguous_format
