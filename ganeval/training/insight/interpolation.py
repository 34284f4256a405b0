"""Samples of the latents between two latents, along the straight line and along the sphere.

Shoemake 1985 (doi:10.1145/325334.325242) for the spherical way; White 2016 (arXiv:1609.04468) for why: normal latents
lie near a sphere of radius sqrt(latent), and the straight line between two of them passes through where none are.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganeval.runtime.files import write_arrays
from ganeval.training.insight.stored_arrays import FOLDER, trained_classes
from reference_models import Sampler

FILE = "interpolation.npz"
PAIRS, POSITIONS = 4, 9
SEED = 3
NARROW = 1e-4  # sine of the angle below which the line and the arc are one, or, between opposites, no arc is the one


def linear(start: Tensor, end: Tensor, positions: Tensor) -> Tensor:
    """The points (n, t, latent) at `positions` (t,) in 0..1 of the lines between `start` and `end` (n, latent).

    >>> linear(torch.tensor([[0.0, 2.0]]), torch.tensor([[4.0, 2.0]]), torch.tensor([0.0, 0.5, 1.0])).tolist()
    [[[0.0, 2.0], [2.0, 2.0], [4.0, 2.0]]]
    """
    at = positions[:, None].to(start)
    return (1 - at) * start[:, None] + at * end[:, None]


def spherical(start: Tensor, end: Tensor, positions: Tensor) -> Tensor:
    """The points (n, t, latent) on the arcs between `start` and `end` (n, latent): those of equal length keep it.

    Where the two point the same way, or opposite ways, there is no one arc, and the line is taken.

    >>> spherical(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.5]))
    tensor([[[0.7071, 0.7071]]])
    """
    first, last = start.double(), end.double()
    cosine = torch.nn.functional.cosine_similarity(first, last, dim=1).clamp(-1, 1)
    angle = cosine.arccos()[:, None, None]
    at = positions[:, None].double()
    sine = angle.sin()
    arc = ((1 - at) * angle).sin() / sine * first[:, None] + (at * angle).sin() / sine * last[:, None]
    return torch.where(sine > NARROW, arc, linear(first, last, positions)).to(start.dtype)


def write_interpolation(folder: Path, sampler: Sampler) -> None:
    """Write `learning/interpolation.npz`: `linear` and `spherical`, uint8 (r, t, H, W, C) or float32 points (r, t, D).

    `positions` float64 (t,) along each pair of latents; a conditional model has `labels` int64 (r,) too: one class
    for each row, of those it was trained on.
    """
    random = torch.Generator().manual_seed(SEED)
    start, end = torch.randn(2, PAIRS, sampler.config.latent, generator=random)
    labels = trained_classes(sampler)
    if labels is not None:  # for each row another class, as long as there are any
        labels = labels[torch.randperm(len(labels), generator=random)].repeat(PAIRS)[:PAIRS]
    positions = torch.linspace(0, 1, POSITIONS, dtype=torch.float64)
    ways = {"linear": linear(start, end, positions), "spherical": spherical(start, end, positions)}
    arrays = {name: _samples(sampler, latents, labels) for name, latents in ways.items()}
    rows = {} if labels is None else {"labels": labels.numpy()}
    write_arrays(folder / FOLDER / FILE, {**arrays, "positions": positions.numpy(), **rows})


def _samples(sampler: Sampler, latents: Tensor, labels: Tensor | None) -> np.ndarray:
    """The samples of latents (r, t, latent), channels last."""
    repeated = None if labels is None else labels.repeat_interleave(latents.shape[1])
    samples = sampler.images(latents.flatten(0, 1), repeated).unflatten(0, latents.shape[:2])
    array: np.ndarray = (samples.permute(0, 1, 3, 4, 2) if samples.ndim == 5 else samples).numpy()
    return array
