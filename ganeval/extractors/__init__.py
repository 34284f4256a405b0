"""Feature extractors: a literal table of names, and `open_extractor`, which makes one ready to run.

An extractor is added with one loader and one line in `EXTRACTORS`. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganeval.errors import MissingWeights, UsageError, unknown
from ganeval.extractors.weights import PUBLISHED, find_weights, weights_status
from ganeval.progress import Tick
from ganeval.runtime.files import cache_root

if TYPE_CHECKING:
    import torch

    from ganeval.extractors.base import Extractor, Settings

__all__ = ["EXTRACTORS", "Row", "default_extractor", "extractor_status", "open_extractor"]


@dataclass(frozen=True)
class Row:
    """One extractor: what it is, what makes it ready, whom to cite."""

    what: str
    load: Callable[[str, Settings], Extractor]
    cite: str


def _inception(name: str, settings: Settings) -> Extractor:
    _seek(name, settings)
    from ganeval.extractors.inception import inception

    return inception(name, settings)


def _vgg16(name: str, settings: Settings) -> Extractor:
    _seek(name, settings)
    from ganeval.extractors.published import vgg16

    return vgg16(name, settings)


def _clip(name: str, settings: Settings) -> Extractor:
    _seek(name, settings)
    from ganeval.extractors.published import clip

    return clip(name, settings)


def _dinov2(name: str, settings: Settings) -> Extractor:
    from ganeval.extractors.published import dinov2

    return dinov2(name, settings)


def _digits(name: str, settings: Settings) -> Extractor:
    from ganeval.extractors.classifier import DIGITS
    from ganeval.extractors.custom import classifier_file

    _refuse_weights(name, settings, "its weights ship with ganeval")
    return classifier_file(DIGITS, settings, name=name, published=True)


def _trained(name: str, settings: Settings) -> Extractor:
    from ganeval.extractors.custom import classifier_file

    _refuse_weights(name, settings, f"`ganeval classifier {name}` trains them")
    path = _trained_path(name)
    if not path.is_file():
        raise MissingWeights(
            f"no classifier for {name} here: run `ganeval classifier {name}` (once; about five minutes on two cores)"
        )
    return classifier_file(path, settings, name=name)


def _stacked(name: str, settings: Settings) -> Extractor:
    _refuse_weights(name, settings, "it runs the small classifier of one channel")
    from ganeval.extractors.stacked import on_each_channel

    base = name.removeprefix(STACKED)
    return on_each_channel(EXTRACTORS[base].load(base, settings), name)


def _points(name: str, settings: Settings) -> Extractor:
    _refuse_weights(name, settings, "it has no network")
    from ganeval.extractors.custom import points

    return points(name, settings)


_INCEPTION = "Szegedy et al. 2015, arXiv:1512.00567; Heusel et al. 2017, arXiv:1706.08500"
_VGG16 = "Simonyan & Zisserman 2014, arXiv:1409.1556; Kynkäänniemi et al. 2019, arXiv:1904.06991"
_CLIP = "Radford et al. 2021, arXiv:2103.00020; Kynkäänniemi et al. 2022, arXiv:2203.06026"
_DINOV2 = "Oquab et al. 2023, arXiv:2304.07193; Stein et al. 2023, arXiv:2306.04675"
_SMALL = "Metz et al. 2017, arXiv:1611.02163 (scoring with a classifier of the data's own kind)"

EXTRACTORS: dict[str, Row] = {
    "inception": Row("Inception-v3 as TensorFlow published it; 2048 pool features", _inception, _INCEPTION),
    "vgg16": Row("VGG16 of torchvision; 4096 features after fc2's ReLU", _vgg16, _VGG16),
    "clip-vit-b-32": Row("OpenAI CLIP; 512 features", _clip, _CLIP),
    "clip-vit-b-16": Row("OpenAI CLIP; 512 features", _clip, _CLIP),
    "clip-vit-l-14": Row("OpenAI CLIP; 768 features", _clip, _CLIP),
    "clip-vit-l-14-336px": Row("OpenAI CLIP at 336 pixels; 768 features", _clip, _CLIP),
    "clip-rn50": Row("OpenAI CLIP; 1024 features", _clip, _CLIP),
    "clip-rn101": Row("OpenAI CLIP; 512 features", _clip, _CLIP),
    "clip-rn50x4": Row("OpenAI CLIP at 288 pixels; 640 features", _clip, _CLIP),
    "clip-rn50x16": Row("OpenAI CLIP at 384 pixels; 768 features", _clip, _CLIP),
    "clip-rn50x64": Row("OpenAI CLIP at 448 pixels; 1024 features", _clip, _CLIP),
    "dinov2-vit-s-14": Row("Meta DINOv2; 384 features", _dinov2, _DINOV2),
    "dinov2-vit-b-14": Row("Meta DINOv2; 768 features", _dinov2, _DINOV2),
    "dinov2-vit-l-14": Row("Meta DINOv2; 1024 features", _dinov2, _DINOV2),
    "dinov2-vit-g-14": Row("Meta DINOv2; 1536 features", _dinov2, _DINOV2),
    "digits": Row("small classifier of 8×8 digits, shipped", _digits, _SMALL),
    "mnist": Row("small classifier, trained once here", _trained, _SMALL),
    "fashion-mnist": Row("small classifier, trained once here", _trained, _SMALL),
    "cifar10": Row("small classifier, trained once here", _trained, _SMALL),
    "stacked-digits": Row("`digits` on each channel: 1,000 classes", _stacked, _SMALL),
    "stacked-mnist": Row("`mnist` on each channel: 1,000 classes", _stacked, _SMALL),
    "points": Row("no network: points are their own features", _points, "Lin et al. 2018, arXiv:1712.04086"),
}
STACKED = "stacked-"
OWN = {
    "digits": "digits",
    "stacked-digits": "stacked-digits",
    "stacked-mnist": "stacked-mnist",
    "ring8": "points",
    "grid25": "points",
}  # references that no network but theirs makes sense of


def open_extractor(
    name: str | Path | Callable[..., Any],
    *,
    device: torch.device,
    weights: Path | None = None,
    precision: str = "float32",
    offline: bool = False,
    shift_scale: tuple[float, float] = (128.0, 128.0),
    progress: Tick | None = None,
) -> Extractor:
    """An extractor ready to run: a name of `EXTRACTORS`, a `.safetensors` file of `ganeval classifier`, or your own.

    Your own is `module:function`, a callable or an `nn.Module`: float32 N,3,S,S on 0..255 -> features (N,D), or
    features and probabilities (N,C). `shift_scale` is Inception's input: (x - shift) / scale.
    Raises UsageError for what cannot be meant, MissingWeights for weights neither here nor to be had, ContentError for
    a file that holds something else.
    """
    from ganeval.extractors.base import PRECISIONS, Settings
    from ganeval.extractors.out_of_memory import Fitting

    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if precision == "tf32" and device.type != "cuda":
        raise UsageError(f"--precision tf32 needs a CUDA device, and this is {device.type}: use float32 or bf16")
    settings = Settings(
        device=device,
        precision=precision,
        weights=weights,
        offline=offline,
        shift_scale=shift_scale,
        progress=progress,
    )
    if isinstance(name, Path):
        name = str(name)
    known = isinstance(name, str) and name in EXTRACTORS
    extractor = EXTRACTORS[str(name)].load(str(name), settings) if known else _open_own(name, settings)
    return replace(extractor, network=Fitting(extractor.network))


def default_extractor(reference_name: str) -> str:
    """The extractor that `auto` stands for: it depends on the reference alone, never on the network.

    >>> default_extractor("digits:train"), default_extractor("cifar10:train")
    ('digits', 'inception')
    """
    return OWN.get(reference_name.split(":")[0], "inception")


def extractor_status(name: str) -> str:
    """Whether an extractor's weights are on this machine, in one line for `ganeval list`."""
    if name in PUBLISHED:
        return weights_status(name)
    if name == "points":
        return "needs no weights"
    name = name.removeprefix(STACKED)
    if name == "digits":
        return "in the package"
    any_here = any((cache_root() / "classifiers").glob("*"))  # asked first, since the path itself costs importing torch
    return "trained" if any_here and _trained_path(name).is_file() else f"absent: `ganeval classifier {name}` trains it"


def _open_own(name: str | Callable[..., Any], settings: Settings) -> Extractor:
    from ganeval.extractors.custom import classifier_file, custom

    if isinstance(name, str) and name.endswith(".safetensors"):
        _refuse_weights(name, settings, "the file holds them")
        return classifier_file(Path(name), settings, name=Path(name).stem)
    if isinstance(name, str) and ":" not in name:
        raise unknown("extractor", name, EXTRACTORS)
    if not isinstance(name, str) and not callable(name):
        raise UsageError(f"extractor: found a {type(name).__name__}, needed a name, a file or a callable")
    _refuse_weights(str(name), settings, "it loads its own")
    return custom(name, settings)


def _seek(name: str, settings: Settings) -> None:
    """Find the weights before the heavy imports: to say that they are absent need not take seconds."""
    find_weights(name, settings.weights, settings.offline, settings.progress)


def _refuse_weights(name: str, settings: Settings, why: str) -> None:
    if settings.weights is not None:
        raise UsageError(f"extractor '{name}' takes no --weights: {why}")


def _trained_path(name: str) -> Path:
    from ganeval.extractors.classifier import classifier_path
    from ganeval.sources.datasets import published_hash

    return classifier_path(published_hash(f"{name}:train") or "")
