"""Small classifiers: features and mode counts for pictures of 8 to 64 pixels, and for any labelled folder.

One residual design for every size, after ResNet (He et al. 2016, arXiv:1512.03385), with leaky units so that no feature
dies; its features are the globally pooled last layer, as Inception's are. Scoring with a classifier of the data's own
kind is what the stacked-MNIST tables do (Metz et al. 2017, arXiv:1611.02163). There is one seeded training recipe:
`digits.safetensors` beside this file was made with it, from `digits:train` alone.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate, leaky_relu

from ganeval.errors import ContentError, UsageError
from ganeval.files import cache_root, replacing
from ganeval.images import Images
from ganeval.progress import Tick

RECIPE = 1  # raised whenever the same data and seed would give other weights
DIGITS = Path(__file__).with_name("digits.safetensors")
SIZES = range(8, 65)

Indices = npt.NDArray[np.int64]


class Stage(nn.Module):
    """A convolution that halves the picture, then one with a way round it."""

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
    """Features and class logits of pictures: float32 N,3,S,S on 0..255 -> float32 (N, width) and (N, classes).

    In `eval()` mode a picture's row does not depend on the other pictures of its batch.

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
        self.stages = nn.Sequential(*map(Stage, widths[:-1], widths[1:]))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = (x - self.mean) / self.std
        x = leaky_relu(self.stem_norm(self.stem(x)), 0.1)
        features = self.stages(x).float().mean((2, 3))
        return features, self.head(features).float()


@dataclass(frozen=True)
class Metadata:
    """What a classifier is and where it comes from; kept in its file.

    `accuracy` is the share that it names rightly of the tenth of its data that it was not trained on.
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
    """A classifier in `eval()` mode, what it is, and the sha256 of its file."""

    module: Classifier
    metadata: Metadata
    sha256: str

    @property
    def size(self) -> int:
        return self.metadata.size

    @property
    def classes(self) -> tuple[str, ...]:
        return self.metadata.classes


def classifier_path(data_sha256: str, seed: int = 2020) -> Path:
    """Where the classifier of some data is kept, so that it is trained once per data, seed and recipe."""
    key = hashlib.sha256(f"{data_sha256} {seed} {RECIPE}".encode()).hexdigest()
    return cache_root() / "classifiers" / f"{key}.safetensors"


def save_classifier(path: str | Path, network: Classifier, metadata: Metadata) -> None:
    """Write weights and metadata as one safetensors file; the same classifier gives the same bytes."""
    weights = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    about = json.dumps(asdict(metadata))  # one key: safetensors writes several in no fixed order
    with replacing(Path(path)) as partial:
        save_file(weights, partial, metadata={"ganeval.classifier": about})


def load_classifier(path: str | Path) -> LoadedClassifier:
    """The classifier in a file written by `save_classifier`, on the CPU.

    Raises UsageError where there is no such file, ContentError where it holds anything else.
    """
    if not Path(path).is_file():
        raise UsageError(f"{path}: no such file (`ganeval classifier` makes one)")
    try:
        content = Path(path).read_bytes()
        weights, metadata = load(content), _metadata(content)
        with torch.device("meta"):  # its size is not believed until the weights have it
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


def train_classifier(
    images: Images, *, seed: int = 2020, device: str | torch.device = "cpu", progress: Tick | None = None
) -> tuple[Classifier, Metadata]:
    """A classifier of labelled pictures, in `eval()` mode, and its metadata with the accuracy on a held-out tenth.

    The same pictures and seed give the same weights, bit for bit on a CPU with the same number of threads. `progress`
    is called with what is being done, how many steps of it are done, and of how many.

    Raises UsageError for pictures without labels, ContentError for fewer than two classes or two pictures in a class.
    """
    labels, classes = _labels(images)
    device, generator = torch.device(device), torch.Generator().manual_seed(seed)
    pixels = _pixels(images, progress).to(device)
    targets = torch.from_numpy(labels).to(device)
    train, held = (torch.from_numpy(part).to(device) for part in _hold_out(labels, seed))
    size = pixels.shape[-1]
    network = _network(pixels[train], classes=len(classes), seed=seed).to(device)
    with _threads_for(size):
        _fit(network, pixels[train], targets[train], generator, progress)
        accuracy = _accuracy(network, pixels[held], targets[held])
    network.requires_grad_(False)
    width = network.head.in_features
    return network, Metadata(size, width, classes, images.name, images.bytes_hash(), seed, accuracy, RECIPE)


def _metadata(content: bytes) -> Metadata:
    """The metadata of safetensors bytes whose tensors have been read already; ValueError, KeyError or TypeError."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = json.loads(header.get("__metadata__", {})["ganeval.classifier"])
    metadata = Metadata(**about | {"classes": tuple(about["classes"])})
    if metadata.size not in SIZES or not 8 <= metadata.width <= 4096 or len(metadata.classes) < 2:
        raise ValueError(f"size {metadata.size}, width {metadata.width}, {len(metadata.classes)} classes")
    return metadata


def _labels(images: Images) -> tuple[Indices, tuple[str, ...]]:
    """The labels and the names of the classes, or why they will not do."""
    if images.labels is None:
        raise UsageError(
            f"{images.name}: pictures without labels; a classifier needs one folder per class (cat/1.png, dog/2.png)"
        )
    present, counts = np.unique(images.labels, return_counts=True)
    classes = images.classes or tuple(map(str, range(int(present.max()) + 1)))
    if len(present) < 2:
        raise ContentError(f"{images.name}: {len(present)} class of pictures; a classifier needs two or more")
    if present[0] < 0 or present[-1] >= len(classes):
        raise ContentError(f"{images.name}: label {present[[0, -1]]} is outside the {len(classes)} classes")
    if counts.min() < 2:
        lonely = classes[present[counts.argmin()]]
        raise ContentError(f"{images.name}: one picture of class '{lonely}'; a classifier needs two or more of each")
    return images.labels, classes


def _pixels(images: Images, progress: Tick | None) -> Tensor:
    """All pictures as uint8 N,3,S,S, S being the larger side of the first, within `SIZES`."""
    size = min(max(max(images.picture(0).pixels.shape[1:]), SIZES[0]), SIZES[-1])
    pixels = torch.empty(len(images), 3, size, size, dtype=torch.uint8)
    for start, batch in zip(range(0, len(images), 256), images.batches(256), strict=True):
        for row, picture in enumerate(batch, start):
            pixels[row] = _resized(torch.from_numpy(np.ascontiguousarray(picture.pixels)), size)
        if progress:
            progress("reading pictures", start + len(batch), len(images))
    return pixels


def _resized(picture: Tensor, size: int) -> Tensor:
    if picture.shape[1:] == (size, size):
        return picture
    resized = interpolate(picture[None].float(), (size, size), mode="bilinear", antialias=True)
    return resized[0].round().clamp(0, 255).to(torch.uint8)


def _hold_out(labels: Indices, seed: int) -> tuple[Indices, Indices]:
    """Indices to train on and to test on: a tenth of every class, one at least, is for testing."""
    generator = np.random.default_rng(seed)
    held = []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        held.append(members[: max(1, len(members) // 10)])
    testing = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), testing), testing


def _network(pixels: Tensor, *, classes: int, seed: int) -> Classifier:
    """A fresh network that knows the mean and the spread of its data; the global generators are left as they were."""
    size = pixels.shape[-1]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = Classifier(size=size, classes=classes, width=64 if size <= 16 else 128)
    spread = [torch.std_mean(channel.float()) for channel in pixels.unbind(1)]
    for channel, (std, mean) in enumerate(spread):
        network.mean[0, channel], network.std[0, channel] = mean, std.clamp(min=1)
    return network


@contextmanager
def _threads_for(size: int) -> Iterator[None]:
    """One thread for the smallest pictures: more gain nothing there, and stall when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if size <= 16 else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _fit(
    network: Classifier, pixels: Tensor, targets: Tensor, generator: torch.Generator, progress: Tick | None
) -> None:
    """The recipe: SGD with momentum, rates that rise for a quarter of the steps, then fall to zero."""
    batch = min(128, max(16, len(pixels) // 16))
    steps = math.ceil(_epochs(len(pixels)) * len(pixels) / batch)
    low_precision = torch.autocast(pixels.device.type, torch.bfloat16, enabled=_bfloat16_pays(pixels))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    network.to(memory_format=torch.channels_last).train()
    for step, chosen in zip(range(steps), _draws(len(pixels), batch, generator), strict=False):
        optimizer.param_groups[0]["lr"] = 0.2 * min((step + 1) / (0.25 * steps), (steps - step) / (0.75 * steps))
        shifted = _shifted(pixels[chosen.to(pixels.device)].float(), generator)
        with low_precision:
            _, logits = network(shifted)
        loss = cross_entropy(logits, targets[chosen.to(pixels.device)])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if progress:
            progress("training the classifier", step + 1, steps)
    network.eval()


def _epochs(count: int) -> float:
    """Passes over the data, so that a small set gets enough steps: 60 at a thousand pictures, 6 at fifty thousand."""
    return min(100.0, 60.0 * math.pow(1000 / count, 0.6))


def _bfloat16_pays(pixels: Tensor) -> bool:
    """Whether this device trains faster in bfloat16: on a CPU with the instructions, 1.8 times at 32 pixels."""
    if pixels.shape[-1] <= 16 or pixels.device.type != "cpu":
        return False
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return supported is not None and bool(supported())


def _draws(count: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Batches of indices without end, every picture once per pass; a pass's remainder is left out."""
    while True:
        order = torch.randperm(count, generator=generator)
        yield from order.split(batch) if count < batch else order[: count // batch * batch].split(batch)


def _shifted(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture moved by up to a sixteenth of its size, fractions of a pixel included; edges are repeated."""
    shift = (torch.rand(len(pictures), 2, 1, generator=generator) * 2 - 1) / 8  # in half sides, as affine_grid counts
    places = torch.cat([torch.eye(2).expand(len(pictures), 2, 2), shift], dim=2).to(pictures.device)
    grid = affine_grid(places, list(pictures.shape), align_corners=False)
    moved = grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    return moved.contiguous(memory_format=torch.channels_last)


def accuracy(network: Classifier, images: Images) -> float:
    """The share of labelled pictures that a classifier names rightly: higher is better.

    They are resized as its training pictures were. Raises UsageError for pictures without labels.
    """
    labels, _ = _labels(images)
    device = next(network.parameters()).device
    return _accuracy(network, _pixels(images, None).to(device), torch.from_numpy(labels).to(device))


@torch.no_grad()
def _accuracy(network: Classifier, pixels: Tensor, targets: Tensor) -> float:
    named = torch.cat([network(part.float())[1].argmax(1) for part in pixels.split(256)])
    return float((named == targets).double().mean().item())
