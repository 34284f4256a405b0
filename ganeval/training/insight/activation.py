"""`learning/activation-<layer>.npz`: what excites a generator's layer (activation maximisation, see `ascent`).

Latents are changed by gradient ascent from the best of a few random starts, and kept on the sphere of radius
sqrt(latent), near which normal latents lie: elsewhere a generator was never trained, and shows nothing of itself. A
class that it is told stays that of the start.

A translator is given pictures, not latents. Ascent on pixels ends in noise there (instance norm forgives any contrast),
so it is asked which of the test pictures excite a channel most, by the peak of its map, as those norms make all means
alike; beside each stands the picture that does so middlingly.

The channels are those with the largest standard deviation over random inputs: the first ones may be dead.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError, UsageError, unknown
from ganeval.reports.run_folders import config_of, is_trained
from ganeval.runtime.files import write_arrays
from ganeval.training.export import source_of
from ganeval.training.insight.ascent import Probe, Raised, layers_of, on_sphere, raised
from ganeval.training.insight.stored_arrays import FOLDER, trained_classes
from reference_models import CheckpointError, ConfigError, Sampler, load_sampler
from reference_models.engine.data import signed

SEED = 4
CHANNELS = 8
POOL, STARTS = 200, 8  # inputs that say how much a channel varies; those of them that it may start from
BLOCK = 20  # pictures that a translator is given at a time


def store_activation(
    run: Path, layer: str | None = None, *, data_root: Path | None = None, offline: bool = False
) -> Path:
    """The file, written now, of what excites a layer of a run's best averaged generator; without a name the middle one.

    A CycleGAN's test pictures are read again (`data_root`, `offline`), and it is A to B that is looked into.
    Raises UsageError for a folder that is not there, a layer that is unknown, or a run on points, ContentError for a
    run without its checkpoint, or whose data are no longer those it was trained on.
    """
    if not run.is_dir():
        raise UsageError(f"{run}: no such run folder")
    if not is_trained(run):
        raise ContentError(f"{run}: is no run of `ganeval train`, so there is no generator to look into")
    try:
        sampler = load_sampler(run)
    except (CheckpointError, ConfigError) as error:
        raise ContentError(str(error)) from error
    if sampler.config.is_vector:
        raise UsageError(f"{run}: makes points, needed pictures to show what a layer looks for")
    if sampler.config.model != "cyclegan":
        return write_activation(run, sampler, layer)
    return write_activation(run, sampler, layer, source_of(config_of(run), "ab", data_root, offline).test.pixels)


def default_layer(sampler: Sampler) -> str:
    """The layer in the middle: early ones are hardly more than the latent, late ones are edges."""
    names = list(layers_of(sampler.network))
    return names[len(names) // 2]


def path_of(run: Path, layer: str) -> Path:
    """Where what excites a layer is kept."""
    return run / FOLDER / f"activation-{layer}.npz"


def write_activation(run: Path, sampler: Sampler, layer: str | None = None, given: Tensor | None = None) -> Path:
    """The file, written now: `pictures`, `before` uint8 (c, H, W, C), `channels`, `start`, `reached` (c,), `layer`.

    `unit`: what of a map is meant. `given`: the test pictures uint8 (N, C, H, W) of a translator. Where the model is
    told classes, `labels` (c,) too.
    """
    name, known = layer or default_layer(sampler), layers_of(sampler.network)
    if name not in known:
        raise unknown("layer", name, known)
    probe = Probe(sampler.network, known[name], peak=given is not None)
    found = _latents(probe, sampler) if given is None else _examples(probe, given)
    told = {} if found.labels is None else {"labels": found.labels.cpu().numpy()}
    arrays = {
        "pictures": _shown(sampler, found.inputs.after, found.labels),
        "before": _shown(sampler, found.inputs.before, found.labels),
        "channels": found.channels.cpu().numpy(),
        "start": found.inputs.start.cpu().numpy(),
        "reached": found.inputs.reached.cpu().numpy(),
        "layer": np.array(name),
        "unit": np.array("peak of the map" if probe.peak else "mean of the map"),
    }
    write_arrays(path_of(run, name), {**arrays, **told})
    return path_of(run, name)


@dataclass(frozen=True, eq=False)
class Found:
    """Inputs, the channels that they excite, (c,), and the classes that go with them."""

    inputs: Raised
    channels: Tensor
    labels: Tensor | None = None


def _latents(probe: Probe, sampler: Sampler) -> Found:
    """Latents of a generator before and after the ascent."""
    device = next(sampler.network.parameters()).device
    pool = torch.randn(POOL, sampler.config.latent, generator=torch.Generator().manual_seed(SEED)).to(device)
    trained = trained_classes(sampler)
    labels = None if trained is None else trained[torch.arange(POOL) % len(trained)].to(device)
    with torch.no_grad():
        active = replace(probe, labels=labels)(on_sphere(pool))
    channels = _liveliest(active)
    best = active[:STARTS, channels].argmax(0)
    told = None if labels is None else labels[best]
    return Found(raised(replace(probe, labels=told), pool[best], channels, on_sphere), channels, told)


@torch.no_grad()
def _examples(probe: Probe, given: Tensor) -> Found:
    """Of test pictures those that excite a channel most, after those that do so middlingly."""
    pictures = given[torch.randperm(len(given), generator=torch.Generator().manual_seed(SEED))[:POOL]]
    device = next(probe.network.parameters()).device
    active = torch.cat([probe(signed(part.to(device))) for part in pictures.split(BLOCK)]).cpu()
    channels = _liveliest(active)
    order = active[:, channels].argsort(dim=0, stable=True)
    rows = {name: order[place] for name, place in (("middling", (len(order) - 1) // 2), ("most", -1))}
    activity = {name: active[row, channels].double() for name, row in rows.items()}
    inputs = Raised(pictures[rows["middling"]], pictures[rows["most"]], activity["middling"], activity["most"])
    return Found(inputs, channels)


def _liveliest(active: Tensor) -> Tensor:
    """The channels whose activation (N, C) varies most."""
    return active.std(0).argsort(descending=True, stable=True)[:CHANNELS]


def _shown(sampler: Sampler, inputs: Tensor, labels: Tensor | None) -> np.ndarray:
    """The samples of latents, or pictures as they are, channels last."""
    pictures = sampler.pictures(inputs.cpu(), labels) if inputs.ndim == 2 else inputs
    found: np.ndarray = pictures.permute(0, 2, 3, 1).numpy()
    return found
