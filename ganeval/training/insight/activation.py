"""`learning/activation-<layer>.npz`: the inputs that a generator's layer responds to most (see `ascent`).

Latents are changed by gradient ascent from the best of a few random starts, and kept on the sphere of radius
sqrt(latent), near which normal latents lie: elsewhere a generator was never trained, and shows nothing of itself. The
class label of a conditional generator stays that of the start.

The inputs of a translator are images. Ascent on pixels ends in noise there (instance norm forgives any contrast), so
the test images are ranked by a channel's activation, by the peak of its map, as those norms make all means alike; the
image with the highest activation is stored beside the one with the median.

The channels are those with the largest standard deviation over random inputs: the first ones may be dead.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError, UsageError, unknown
from ganeval.reports.run_folders import config_of, is_trained
from ganeval.runtime.files import write_arrays
from ganeval.training.data.domains import FORTH
from ganeval.training.export import domains_of
from ganeval.training.insight.ascent import Ascent, Probe, ascend, layers_of, on_sphere
from ganeval.training.insight.stored_arrays import FOLDER, trained_classes
from ganeval.training.run import checkpoint_errors
from reference_models import Sampler, load_sampler
from reference_models.engine.data import to_signed

SEED = 4
CHANNELS = 8
POOL, STARTS = 200, 8  # inputs that measure how much a channel varies; those of them that the ascent may start from
BLOCK = 20  # images that a translator takes at a time


def store_activation(
    run: Path, layer: str | None = None, *, data_root: Path | None = None, offline: bool = False
) -> Path:
    """Write the activations of a layer of a run's best averaged generator, by default the middle one; returns the file.

    A CycleGAN's test images are read again (`data_root`, `offline`); its generator is A to B.
    Raises UsageError for a folder that is not there, a layer that is unknown, or a run on points, ContentError for a
    run without its checkpoint, or whose data are no longer those it was trained on.
    """
    if not run.is_dir():
        raise UsageError(f"{run}: no such run folder")
    if not is_trained(run):
        raise ContentError(f"{run}: found no run of `ganeval train`, needed one with a generator")
    with checkpoint_errors():
        sampler = load_sampler(run)
    if sampler.config.is_vector:
        raise UsageError(f"{run}: found a generator of points, needed one of images")
    if not sampler.translates:
        return write_activation(run, sampler, layer)
    domains = domains_of(config_of(run), data_root, offline)
    return write_activation(run, sampler, layer, domains.source(FORTH).test.pixels)


def default_layer(sampler: Sampler) -> str:
    """The layer in the middle: early ones are hardly more than the latent, late ones are edges."""
    names = list(layers_of(sampler.network))
    return names[len(names) // 2]


def path_of(run: Path, layer: str) -> Path:
    """The file of a layer's activations."""
    return run / FOLDER / f"activation-{layer}.npz"


def write_activation(run: Path, sampler: Sampler, layer: str | None = None, images: Tensor | None = None) -> Path:
    """Write `pictures`, `before` uint8 (c, H, W, C), `channels`, `start`, `reached` (c,), `layer`; returns the file.

    `unit`: what of a map is measured. `images`: the test images uint8 (N, C, H, W) of a translator. A conditional
    model has `labels` (c,) too.
    """
    name, known = layer or default_layer(sampler), layers_of(sampler.network)
    if name not in known:
        raise unknown("layer", name, known)
    probe = Probe(sampler.network, known[name], peak=images is not None)
    ascent, channels, classes = _latents(probe, sampler) if images is None else _examples(probe, images)
    labels = {} if classes is None else {"labels": classes.cpu().numpy()}
    arrays = {
        "pictures": _images(sampler, ascent.after, classes),
        "before": _images(sampler, ascent.before, classes),
        "channels": channels.cpu().numpy(),
        "start": ascent.start.cpu().numpy(),
        "reached": ascent.reached.cpu().numpy(),
        "layer": np.array(name),
        "unit": np.array("peak of the map" if probe.peak else "mean of the map"),
    }
    write_arrays(path_of(run, name), {**arrays, **labels})
    return path_of(run, name)


def _latents(probe: Probe, sampler: Sampler) -> tuple[Ascent, Tensor, Tensor | None]:
    """Latents of a generator before and after the ascent, the channels that it raises, and the classes of both."""
    device = next(sampler.network.parameters()).device
    pool = torch.randn(POOL, sampler.config.latent, generator=torch.Generator().manual_seed(SEED)).to(device)
    trained = trained_classes(sampler)
    labels = None if trained is None else trained[torch.arange(POOL) % len(trained)].to(device)
    with torch.no_grad():
        active = replace(probe, labels=labels)(on_sphere(pool))
    channels = _most_varied(active)
    best = active[:STARTS, channels].argmax(0)
    best_labels = None if labels is None else labels[best]
    return ascend(replace(probe, labels=best_labels), pool[best], channels, on_sphere), channels, best_labels


@torch.no_grad()
def _examples(probe: Probe, images: Tensor) -> tuple[Ascent, Tensor, None]:
    """The test images with the highest activation of each channel, after those with the median."""
    images = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(SEED))[:POOL]]
    device = next(probe.network.parameters()).device
    active = torch.cat([probe(to_signed(part.to(device))) for part in images.split(BLOCK)]).cpu()
    channels = _most_varied(active)
    order = active[:, channels].argsort(dim=0, stable=True)
    rows = {name: order[place] for name, place in (("median", (len(order) - 1) // 2), ("most", -1))}
    activity = {name: active[row, channels].double() for name, row in rows.items()}
    ascent = Ascent(images[rows["median"]], images[rows["most"]], activity["median"], activity["most"])
    return ascent, channels, None


def _most_varied(active: Tensor) -> Tensor:
    """The channels whose activation (N, C) varies most."""
    return active.std(0).argsort(descending=True, stable=True)[:CHANNELS]


def _images(sampler: Sampler, inputs: Tensor, labels: Tensor | None) -> np.ndarray:
    """The samples of latents, or images as they are, channels last."""
    images = sampler.images(inputs.cpu(), labels) if inputs.ndim == 2 else inputs
    array: np.ndarray = images.permute(0, 2, 3, 1).numpy()
    return array
