"""`learning/` in a run folder: what a network has to be asked while it is there, as arrays that draw without it."""

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
    """Write `learning/scores-<step>.npz`: the critic's scores of each set, float32 (n,); nothing of no sets."""
    if scores:
        arrays = {name: values.float().numpy() for name, values in scores.items()}
        write_arrays(folder / FOLDER / f"scores-{step:08d}.npz", arrays)


def trained_classes(sampler: Sampler) -> Tensor | None:
    """The classes that a generator was shown; None where it is told none."""
    if not sampler.config.classes:
        return None
    counts = sampler.class_counts or [1] * sampler.config.classes
    return torch.tensor([label for label, count in enumerate(counts) if count])


def forget_best(folder: Path) -> None:
    """Take away what was made of a generator that may no longer be the best."""
    for name in ("interpolation.npz", "activation-*.npz"):
        for old in (folder / FOLDER).glob(name):
            old.unlink()


def forget(folder: Path) -> None:
    """Take away all that shows the learning and the samples of a run that is no longer there."""
    shown = (folder / "grids").glob("step-*"), (folder / FOLDER).glob("*.npz"), (folder / FILE, folder / GALLERY_BACK)
    for old in (one for some in shown for one in some):
        old.unlink(missing_ok=True)
