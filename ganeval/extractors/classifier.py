"""Small classifiers: features and mode counts for images of 8 to 64 pixels, and for any labelled folder.

One residual design for every size, after ResNet (He et al. 2016, arXiv:1512.03385), with leaky units so that no feature
dies; its features are the globally pooled last layer, as Inception's are. Scoring with a classifier of the data's own
kind is what the stacked-MNIST tables do (Metz et al. 2017, arXiv:1611.02163). There is one seeded training recipe:
`digits.safetensors` beside this file was made with it, from `digits:train` alone.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganeval.errors import ContentError, UsageError
from ganeval.runtime.devices import plain_defaults
from ganeval.runtime.files import cache_root, replacing
from ganeval.sources.datasets import published_hash

RECIPE = 1  # raised whenever the same data and seed would give other weights
DIGITS = Path(__file__).with_name("digits.safetensors")
SIZES = range(8, 65)


class ResidualStage(nn.Module):
    """A convolution that halves the image, then one with a skip connection."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.halve = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.halve_norm = nn.BatchNorm2d(outputs)
        self.refine = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.refine_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = leaky_relu(self.halve_norm(self.halve(x)), 0.1)
        return leaky_relu(x + self.refine_norm(self.refine(x)), 0.1)


class Classifier(nn.Module):
    """Features and class logits of images: float32 N,3,S,S on 0..255 -> float32 (N, width) and (N, classes).

    In `eval()` mode an image's row does not depend on the other images of its batch.

    >>> features, logits = Classifier(size=8, classes=10, width=64).eval()(torch.zeros(2, 3, 8, 8))
    >>> features.shape, logits.shape
    (torch.Size([2, 64]), torch.Size([2, 10]))
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, size: int, classes: int, width: int) -> None:
        super().__init__()
        halvings = max(1, math.ceil(math.log2(size / 8)))  # down to 4..8 pixels
        widths = [width >> (halvings - stage) for stage in range(halvings + 1)]
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.Sequential(*map(ResidualStage, widths[:-1], widths[1:]))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = (x - self.mean) / self.std
        x = leaky_relu(self.stem_norm(self.stem(x)), 0.1)
        features = self.stages(x).float().mean((2, 3))
        return features, self.head(features).float()


@dataclass(frozen=True)
class ClassifierMetadata:
    """The design of a classifier and its origin, stored in its file.

    `accuracy` is the share that it classifies correctly of the tenth of its data that it was not trained on.
    """

    size: int
    width: int
    classes: tuple[str, ...]
    source: str
    data_sha256: str
    seed: int
    accuracy: float
    recipe: int


@dataclass(frozen=True)
class LoadedClassifier:
    """A classifier in `eval()` mode, its metadata, and the sha256 of its file."""

    module: Classifier
    metadata: ClassifierMetadata
    sha256: str


def classifier_path(data_sha256: str, seed: int = 2020) -> Path:
    """The cache's path for the classifier of these data, so that it is trained once per data, seed and recipe."""
    key = hashlib.sha256(f"{data_sha256} {seed} {RECIPE}".encode()).hexdigest()
    return cache_root() / "classifiers" / f"{key}.safetensors"


def dataset_classifier_path(dataset: str) -> Path:
    """The cache's path for the classifier that `ganeval classifier DATASET` trains."""
    return classifier_path(published_hash(f"{dataset}:train") or "")


def save_classifier(path: str | Path, network: Classifier, metadata: ClassifierMetadata) -> None:
    """Write weights and metadata as one safetensors file; the same classifier gives the same bytes."""
    weights = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    header = {"ganeval.classifier": json.dumps(asdict(metadata))}  # one key: several are written in no fixed order
    with replacing(Path(path)) as partial:
        save_file(weights, partial, metadata=header)


def load_classifier(path: str | Path) -> LoadedClassifier:
    """The classifier in a file written by `save_classifier`, on the CPU.

    Raises UsageError where there is no such file, ContentError where it holds anything else.
    """
    if not Path(path).is_file():
        raise UsageError(f"{path}: no such file (`ganeval classifier` writes one)")
    try:
        content = Path(path).read_bytes()
        weights, metadata = load(content), _metadata(content)
        with plain_defaults(), torch.device("meta"):  # no memory for a size that the weights may not have
            network = Classifier(size=metadata.size, classes=len(metadata.classes), width=metadata.width)
        if any(weights[name].dtype != value.dtype for name, value in network.state_dict().items()):
            raise ValueError("weights of other types")
        network.load_state_dict(weights, assign=True)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ContentError(f"{path}: not a classifier of ganeval, or a damaged one ({reason})") from error
    if not all(weight.isfinite().all() for weight in weights.values()):
        raise ContentError(f"{path}: a classifier with weights that are not finite; train it again")
    network.eval().requires_grad_(False)
    return LoadedClassifier(network, metadata, hashlib.sha256(content).hexdigest())


def _metadata(content: bytes) -> ClassifierMetadata:
    """The metadata in safetensors bytes whose tensors were read already. Raises ValueError, KeyError or TypeError."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    fields = json.loads(header.get("__metadata__", {})["ganeval.classifier"])
    metadata = ClassifierMetadata(**fields | {"classes": tuple(fields["classes"])})
    if metadata.size not in SIZES or not 8 <= metadata.width <= 4096 or len(metadata.classes) < 2:
        raise ValueError(f"size {metadata.size}, width {metadata.width}, {len(metadata.classes)} classes")
    return metadata
