"""torch-fidelity's VGG16, CLIP and DINOv2, from their resized images on.

Numbers agree with `torch_fidelity.FeatureExtractor*` on the same weights. VGG16: Simonyan & Zisserman 2014
(arXiv:1409.1556), as in Kynkäänniemi et al. 2019 (arXiv:1904.06991). CLIP: Radford et al. 2021 (arXiv:2103.00020).
DINOv2: Oquab et al. 2023 (arXiv:2304.07193), as in Stein et al. 2023 (arXiv:2306.04675).
"""

import os
import warnings

import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_clip import CLIPVisual, convert_weights
from torchvision.models import vgg16 as torchvision_vgg16

from ganeval.errors import ContentError
from ganeval.extractors.acceleration import AcceleratedNetwork
from ganeval.extractors.base import Extractor, LoadOptions, Network
from ganeval.extractors.loading import fold_batch_norms, load_weights, memory_layout
from ganeval.extractors.weights import torch_hub

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


def vgg16(name: str, options: LoadOptions) -> Extractor:
    """The second fully connected layer after its ReLU (4096), of torchvision's VGG16."""
    with torch.device("meta"):
        module = torchvision_vgg16()
    origin = load_weights(module, name, options)
    trunk = nn.Sequential(module.features, module.avgpool, nn.Flatten(), module.classifier[:5])
    network = normalised_network(trunk, IMAGENET, options, memory_layout(options))
    return Extractor(name=name, layer="fc2_relu", size=224, network=network, input="imagenet", **origin)


def clip(name: str, options: LoadOptions) -> Extractor:
    """The image embedding of one of OpenAI's CLIP models, not normalised to length 1."""
    with torch.device("meta"):
        module = CLIPVisual(*CLIP[name])
    origin = load_weights(module, name, options, prefix="visual.")
    convert_weights(module)  # to half and back, as torch-fidelity does; the published files are in half precision
    visual, layout = module.visual.float(), torch.contiguous_format
    if CLIP[name][4] is None:  # a ResNet
        visual, layout = fold_batch_norms(visual), memory_layout(options)
    network = normalised_network(visual, OPENAI, options, layout)
    return Extractor(name=name, layer="clip", size=CLIP[name][1], network=network, input="openai", **origin)


def dinov2(name: str, options: LoadOptions) -> Extractor:
    """The class token of one of Meta's DINOv2 models, whose code must be in torch hub's folder."""
    checkout = torch_hub() / "facebookresearch_dinov2_main"
    if not (checkout / "hubconf.py").is_file():
        raise ContentError(
            f"extractor '{name}' runs Meta's own code, and {checkout} is absent: "
            f"run `git clone https://github.com/facebookresearch/dinov2 {checkout}` once"
        )
    os.environ.setdefault("XFORMERS_DISABLED", "1")  # its attention differs in the last digits
    model = f"dinov2_{name.removeprefix('dinov2-').replace('-', '')}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="xFormers is")
        module = torch.hub.load(str(checkout), model, source="local", pretrained=False)
    origin = load_weights(module, name, options)
    network = normalised_network(module, IMAGENET, options)
    return Extractor(name=name, layer="dinov2", size=224, network=network, input="imagenet", **origin)


def normalised_network(
    trunk: nn.Module,
    mean_std: tuple[Triple, Triple],
    options: LoadOptions,
    layout: torch.memory_format = torch.contiguous_format,
) -> Network:
    """`trunk` on (x - 255 mean) / (255 std), its output the features."""
    trunk.to(options.device).to(memory_format=layout).eval()
    mean, std = (
        torch.tensor([255 * value for value in values], device=options.device).view(3, 1, 1) for values in mean_std
    )

    def network(images: Tensor) -> tuple[Tensor, Tensor | None]:
        return trunk(((images - mean) / std).contiguous(memory_format=layout)).float(), None

    return AcceleratedNetwork(network, trunk)
