"""The literal table of extractors, and `load`, which resolves one of its rows.

To add an extractor, write a function `(name, options) -> Extractor` in a file of this room, and add a row that names
it. Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ganeval.sources.mixtures import MIXTURES

if TYPE_CHECKING:
    from ganeval.extractors.base import Extractor, LoadOptions


@dataclass(frozen=True)
class PublishedWeights:
    """A weights file as its authors publish it; `files` are the names it goes by on disk, ours first."""

    url: str
    files: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class ExtractorRow:
    """An extractor: what it is, the `module:function` of this room that loads it, and whom to cite.

    `weights`: the file that its authors publish. `trained_on`: the data set for which `ganeval classifier` trains it
    here. `default_for`: the references that `--extractor auto` scores with it.
    """

    what: str
    load: str
    cite: str
    weights: PublishedWeights | None = None
    trained_on: str | None = None
    default_for: tuple[str, ...] = ()
    medium: str = "image"


def load(name: str, options: LoadOptions) -> Extractor:
    """The extractor of that row, by its loader, whose module is imported only now."""
    module, _, function = EXTRACTORS[name].load.partition(":")
    from ganeval.runtime.devices import plain_defaults

    with plain_defaults():
        extractor: Extractor = getattr(import_module(f"ganeval.extractors.{module}"), function)(name, options)
    return extractor


def _clip(model: str, width: int, sha256: str, *, side: int = 224) -> ExtractorRow:
    """OpenAI's CLIP of that name: the width of its features, the file's sha256, the pixels of an image's side."""
    url = f"https://openaipublic.azureedge.net/clip/models/{sha256}/{model}.pt"
    cite = "Radford et al. 2021, arXiv:2103.00020; Kynkäänniemi et al. 2022, arXiv:2203.06026"
    what = f"OpenAI CLIP{'' if side == 224 else f' at {side} pixels'}; {width} features"
    weights = PublishedWeights(url, (f"clip-{model.lower()}-{sha256}.pt",), sha256)
    return ExtractorRow(what, "published:clip", cite, weights)


def _dinov2(model: str, width: int, sha256: str) -> ExtractorRow:
    """Meta's DINOv2 of that name: the width of its features, the file's sha256."""
    file = f"{model}_pretrain.pth"
    weights = PublishedWeights(f"https://dl.fbaipublicfiles.com/dinov2/{model}/{file}", (file,), sha256)
    cite = "Oquab et al. 2023, arXiv:2304.07193; Stein et al. 2023, arXiv:2306.04675"
    return ExtractorRow(f"Meta DINOv2; {width} features", "published:dinov2", cite, weights)


def _trained(dataset: str) -> ExtractorRow:
    return ExtractorRow("small classifier, trained once here", "custom:trained_classifier", _SMALL, trained_on=dataset)


_SMALL = "Metz et al. 2017, arXiv:1611.02163 (scoring with a classifier of the data's own kind)"

EXTRACTORS: dict[str, ExtractorRow] = {
    "inception": ExtractorRow(
        "Inception-v3 as TensorFlow published it; 2048 pool features",
        "inception:inception",
        "Szegedy et al. 2015, arXiv:1512.00567; Heusel et al. 2017, arXiv:1706.08500",
        PublishedWeights(
            "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
            "weights-inception-2015-12-05-6726825d.pth",
            ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth"),
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        ),
    ),
    "vgg16": ExtractorRow(
        "VGG16 of torchvision; 4096 features after fc2's ReLU",
        "published:vgg16",
        "Simonyan & Zisserman 2014, arXiv:1409.1556; Kynkäänniemi et al. 2019, arXiv:1904.06991",
        PublishedWeights(
            "https://download.pytorch.org/models/vgg16-397923af.pth",
            ("vgg16-397923af.pth",),
            "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        ),
    ),
    "clip-vit-b-32": _clip("ViT-B-32", 512, "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"),
    "clip-vit-b-16": _clip("ViT-B-16", 512, "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"),
    "clip-vit-l-14": _clip("ViT-L-14", 768, "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"),
    "clip-vit-l-14-336px": _clip(
        "ViT-L-14-336px", 768, "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", side=336
    ),
    "clip-rn50": _clip("RN50", 1024, "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
    "clip-rn101": _clip("RN101", 512, "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599"),
    "clip-rn50x4": _clip("RN50x4", 640, "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd", side=288),
    "clip-rn50x16": _clip("RN50x16", 768, "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa", side=384),
    "clip-rn50x64": _clip(
        "RN50x64", 1024, "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c", side=448
    ),
    "dinov2-vit-s-14": _dinov2(
        "dinov2_vits14", 384, "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"
    ),
    "dinov2-vit-b-14": _dinov2(
        "dinov2_vitb14", 768, "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73"
    ),
    "dinov2-vit-l-14": _dinov2(
        "dinov2_vitl14", 1024, "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428"
    ),
    "dinov2-vit-g-14": _dinov2(
        "dinov2_vitg14", 1536, "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3"
    ),
    "digits": ExtractorRow(
        "small classifier of 8×8 digits, shipped", "custom:shipped_classifier", _SMALL, default_for=("digits",)
    ),
    "mnist": _trained("mnist"),
    "fashion-mnist": _trained("fashion-mnist"),
    "cifar10": _trained("cifar10"),
    "stacked-digits": ExtractorRow(
        "`digits` on each channel: 1,000 classes", "stacked:stacked", _SMALL, default_for=("stacked-digits",)
    ),
    "stacked-mnist": ExtractorRow(
        "`mnist` on each channel: 1,000 classes",
        "stacked:stacked",
        _SMALL,
        trained_on="mnist",
        default_for=("stacked-mnist",),
    ),
    "points": ExtractorRow(
        "no network: points are their own features",
        "custom:points",
        "Lin et al. 2018, arXiv:1712.04086",
        default_for=tuple(MIXTURES),
        medium="points",
    ),
}
