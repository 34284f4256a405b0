"""Training of the small classifiers of classifier.py: seeded, the same weights every time."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate

from ganeval.errors import ContentError, UsageError
from ganeval.extractors.classifier import RECIPE, SIZES, Classifier, ClassifierMetadata
from ganeval.media.base import Labels, SampleSet
from ganeval.progress import Tick

Indices = npt.NDArray[np.int64]


def train_classifier(
    images: SampleSet, *, seed: int = 2020, device: str | torch.device = "cpu", progress: Tick | None = None
) -> tuple[Classifier, ClassifierMetadata]:
    """A classifier of labelled images, in `eval()` mode, and its metadata with the accuracy on a held-out tenth.

    The same images and seed give the same weights, bit for bit on CPUs of one kind with the same number of threads. On
    another kind, rounding or bfloat16 gives other weights, as accurate, which reports tell apart by `weights_sha256`.
    `progress` is called with the name of the stage, the number of its steps that are done, and of all its steps.

    Raises UsageError for images without labels, ContentError for fewer than two classes or two images in a class.
    """
    labels, classes = _labels(images)
    device, generator = torch.device(device), torch.Generator().manual_seed(seed)
    pixels = _pixels(images, progress).to(device)
    targets = torch.from_numpy(labels).to(device)
    train, held_out = (torch.from_numpy(part).to(device) for part in _hold_out(labels, seed))
    size = pixels.shape[-1]
    network = _network(pixels[train], classes=len(classes), seed=seed).to(device)
    threads = torch.get_num_threads()
    torch.set_num_threads(
        1 if size <= 16 else threads
    )  # on small images more gain nothing, and stall on a busy machine
    try:
        _fit(network, pixels[train], targets[train], generator, progress)
        accuracy = _accuracy(network, pixels[held_out], targets[held_out])
    finally:
        torch.set_num_threads(threads)
    network.requires_grad_(False)
    width = network.head.in_features
    return network, ClassifierMetadata(size, width, classes, images.name, images.bytes_hash(), seed, accuracy, RECIPE)


def _labels(images: SampleSet) -> tuple[Labels, tuple[str, ...]]:
    """The labels and the names of the classes; UsageError or ContentError where they do not suffice."""
    if images.labels is None:
        raise UsageError(f"{images.name}: found no labels, needed a folder for each class (cat/1.png, dog/2.png)")
    present, counts = np.unique(images.labels, return_counts=True)
    classes = images.classes or tuple(map(str, range(int(present.max()) + 1)))
    if len(present) < 2:
        raise ContentError(f"{images.name}: found {len(present)} class, needed two or more for a classifier")
    if present[0] < 0 or present[-1] >= len(classes):
        raise ContentError(f"{images.name}: found label {present[[0, -1]]} outside the {len(classes)} classes")
    if counts.min() < 2:
        smallest = classes[present[counts.argmin()]]
        raise ContentError(f"{images.name}: found one image of class '{smallest}', needed two or more of each class")
    return images.labels, classes


def _pixels(images: SampleSet, progress: Tick | None) -> Tensor:
    """All images as uint8 N,3,S,S, S being the larger side of the first, within `SIZES`."""
    size = min(max(max(images.item(0).pixels.shape[1:]), SIZES[0]), SIZES[-1])
    pixels = torch.empty(len(images), 3, size, size, dtype=torch.uint8)
    for start, batch in zip(range(0, len(images), 256), images.batches(256), strict=True):
        for row, image in enumerate(batch, start):
            pixels[row] = _resized(torch.from_numpy(np.ascontiguousarray(image.pixels)), size)
        if progress:
            progress("reading images", start + len(batch), len(images))
    return pixels


def _resized(image: Tensor, size: int) -> Tensor:
    if image.shape[1:] == (size, size):
        return image
    resized = interpolate(image[None].float(), (size, size), mode="bilinear", antialias=True)
    return resized[0].round().clamp(0, 255).to(torch.uint8)


def _hold_out(labels: Labels, seed: int) -> tuple[Indices, Indices]:
    """Indices to train on and to test on: a tenth of every class, at least one image, is held out."""
    generator = np.random.default_rng(seed)
    tenths = []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        tenths.append(members[: max(1, len(members) // 10)])
    held_out = np.sort(np.concatenate(tenths))
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def _network(pixels: Tensor, *, classes: int, seed: int) -> Classifier:
    """An untrained network with the mean and spread of its data; the global random generators stay as they were."""
    size = pixels.shape[-1]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = Classifier(size=size, classes=classes, width=64 if size <= 16 else 128)
    spread = [torch.std_mean(channel.float()) for channel in pixels.unbind(1)]
    for channel, (std, mean) in enumerate(spread):
        network.mean[0, channel], network.std[0, channel] = mean, std.clamp(min=1)
    return network


def _fit(
    network: Classifier, pixels: Tensor, targets: Tensor, generator: torch.Generator, progress: Tick | None
) -> None:
    """The recipe: SGD with momentum, a learning rate that rises for a quarter of the steps, then falls to zero."""
    from reference_models.engine.precision import bfloat16_pays

    batch = min(128, max(16, len(pixels) // 16))
    steps = math.ceil(_epochs(len(pixels)) * len(pixels) / batch)
    # float32 on CUDA, and for small images, which gain nothing; at 28 pixels bfloat16 is 1.6 times as fast on a CPU
    in_bfloat16 = pixels.device.type == "cpu" and pixels.shape[-1] > 16 and bfloat16_pays(pixels.device)
    low_precision = torch.autocast(pixels.device.type, torch.bfloat16, enabled=in_bfloat16)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    network.to(memory_format=torch.channels_last).train()
    for step, batch_indices in zip(range(steps), _batches(len(pixels), batch, generator), strict=False):
        optimizer.param_groups[0]["lr"] = 0.2 * min((step + 1) / (0.25 * steps), (steps - step) / (0.75 * steps))
        indices = batch_indices.to(pixels.device)
        shifted = _shifted(pixels[indices].float(), generator)
        with low_precision:
            _, logits = network(shifted)
        loss = cross_entropy(logits, targets[indices])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if progress:
            progress("training the classifier", step + 1, steps)
    network.eval()


def _epochs(count: int) -> float:
    """Passes over the data, so that a small set gets enough steps: 60 at a thousand images, 6 at fifty thousand."""
    return min(100.0, 60.0 * math.pow(1000 / count, 0.6))


def _batches(count: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Batches of indices without end, every image once per pass; a pass's remainder is left out."""
    while True:
        order = torch.randperm(count, generator=generator)
        yield from order.split(batch) if count < batch else order[: count // batch * batch].split(batch)


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image shifted by up to a sixteenth of its size, fractions of a pixel included; edges are repeated."""
    shift = (torch.rand(len(images), 2, 1, generator=generator) * 2 - 1) / 8  # in half sides, as affine_grid counts
    maps = torch.cat([torch.eye(2).expand(len(images), 2, 2), shift], dim=2).to(images.device)
    grid = affine_grid(maps, list(images.shape), align_corners=False)
    shifted = grid_sample(images, grid, padding_mode="border", align_corners=False)
    return shifted.contiguous(memory_format=torch.channels_last)


def accuracy(network: Classifier, images: SampleSet) -> float:
    """The share of labelled images that a classifier classifies correctly: higher is better.

    They are resized as its training images were. Raises UsageError for images without labels.
    """
    labels, _ = _labels(images)
    device = next(network.parameters()).device
    return _accuracy(network, _pixels(images, None).to(device), torch.from_numpy(labels).to(device))


@torch.no_grad()
def _accuracy(network: Classifier, pixels: Tensor, targets: Tensor) -> float:
    predicted = torch.cat([network(part.float())[1].argmax(1) for part in pixels.split(256)])
    return float((predicted == targets).double().mean().item())
