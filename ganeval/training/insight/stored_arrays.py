"""`learning/` in a run folder: arrays of what a network has learned, to be plotted without the network."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganeval.evaluation.gallery import FILE
from ganeval.runtime.files import write_arrays
from reference_models import Sampler

FOLDER = "learning"
GALLERY_BACK = "gallery-back.npz"  # of CycleGAN's other direction, as report-back.json


def write_scores(folder: Path, step: int, scores: Mapping[str, Tensor]) -> None:
    """Write `learning/scores-<step>.npz`: the discriminator's scores of each set, float32 (n,); none without sets."""
    if scores:
        arrays = {name: values.float().numpy() for name, values in scores.items()}
        write_arrays(folder / FOLDER / f"scores-{step:08d}.npz", arrays)


def trained_classes(sampler: Sampler) -> Tensor | None:
    """The classes that a conditional generator was trained on; None for any other."""
    if not sampler.config.classes:
        return None
    counts = sampler.class_counts or [1] * sampler.config.classes
    return torch.tensor([label for label, count in enumerate(counts) if count])


def delete_insight(folder: Path) -> None:
    """Delete the interpolations and activations of a generator that may no longer be the best."""
    for pattern in ("interpolation.npz", "activation-*.npz"):
        for path in (folder / FOLDER).glob(pattern):
            path.unlink()


def delete_learning(folder: Path) -> None:
    """Delete all that shows the learning and the samples of a run that is no longer there."""
    arrays, grids = (folder / FOLDER).glob("*.npz"), (folder / "grids").glob("step-*")
    for path in (*grids, *arrays, folder / FILE, folder / GALLERY_BACK):
        path.unlink(missing_ok=True)
