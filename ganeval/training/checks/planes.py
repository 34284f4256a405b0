"""The discriminator's decision boundary in the plane, with the real points and the generated ones."""

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from ganeval.runtime.files import replacing, write_arrays
from reference_models.engine.data import TrainingBatch
from reference_models.engine.model import Model

SIDE = 128  # scores along each axis
SCALE = 4  # pixels for each
MARGIN = 0.25  # of the real points' extent, on each side
REAL_SIDE, FAKE_SIDE = np.array([253, 231, 178]), np.array([178, 205, 230])  # colours that any eye can tell apart
REAL, FAKE, BOUNDARY = (150, 90, 0), (0, 60, 140), (60, 60, 60)


def write_plane(path: Path, model: Model, real: Tensor, fake: Tensor) -> None:
    """The plane as a PNG, and as `.npz` beside it: `x`, `y`, `scores` (len(y), len(x)), `boundary`, `real`, `made`.

    The boundary is half-way between the mean scores of real and of generated points, as not every loss has it at 0.
    """
    x, y = axes(real)
    scores = scores_at(model, torch.cartesian_prod(torch.from_numpy(y), torch.from_numpy(x)).flip(1)).reshape(
        SIDE, SIDE
    )
    boundary = float((scores_at(model, real).mean() + scores_at(model, fake).mean()) / 2)
    with replacing(path) as partial:
        plane(scores, boundary, (x, y), real.numpy(), fake.numpy()).save(partial, format="PNG")
    points = {"real": real.numpy(), "made": fake.numpy()}
    write_arrays(path.with_suffix(".npz"), {"x": x, "y": y, "scores": scores, "boundary": np.array(boundary), **points})


def axes(real: Tensor) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The coordinates of the scores: the square around the real points, with a margin."""
    low, high = real.min(0).values, real.max(0).values
    middle, half = (low + high) / 2, float((high - low).max()) * (0.5 + MARGIN)
    x, y = (np.linspace(float(at) - half, float(at) + half, SIDE, dtype=np.float32) for at in middle)
    return x, y


@torch.inference_mode()
def scores_at(model: Model, points: Tensor) -> npt.NDArray[np.float32]:
    """The discriminator's score of each point (N, 2); where it scores packs, of as many copies of it."""
    device = next(model.networks.parameters()).device
    copies = points.to(device).repeat_interleave(model.config.pack, 0)
    scores = model.discriminator_scores(TrainingBatch(copies))
    if scores is None:
        return np.zeros(len(points), np.float32)
    values: npt.NDArray[np.float32] = scores.flatten().cpu().numpy()
    return values


def plane(
    scores: npt.NDArray[np.float32],
    boundary: float,
    where: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    real: npt.NDArray[np.float32],
    fake: npt.NDArray[np.float32],
) -> Image.Image:
    """Both sides of the boundary in two colours, the line between them, real points and samples on top; y points up."""
    over = np.kron(scores > boundary, np.ones((SCALE, SCALE), bool))
    canvas = np.where(over[..., None], REAL_SIDE, FAKE_SIDE).astype(np.uint8)
    edge = np.zeros_like(over)
    edge[1:] |= over[1:] != over[:-1]
    edge[:, 1:] |= over[:, 1:] != over[:, :-1]
    canvas[edge] = BOUNDARY
    first, last = np.array([axis[0] for axis in where]), np.array([axis[-1] for axis in where])
    for points, colour in ((real, REAL), (fake, FAKE)):  # each as 3 x 3 pixels; those outside are left out
        places = (points - first) / (last - first) * (len(canvas) - 1)
        inside = places[((places >= 1) & (places <= len(canvas) - 2)).all(1)].astype(int)
        for down, right in itertools.product((-1, 0, 1), repeat=2):
            canvas[inside[:, 1] + down, inside[:, 0] + right] = colour
    return Image.fromarray(canvas[::-1].copy())
