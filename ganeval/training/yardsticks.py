"""The two yardsticks of every score: real training images (the floor) and noise (the ceiling), scored alike."""

import warnings
from pathlib import Path

import numpy as np
import torch

from ganeval.errors import GanevalWarning
from ganeval.progress import Tick
from ganeval.reports.report import Report
from ganeval.reports.run_folders import write_run
from ganeval.training.data.dataset import Split, Splits, name_of
from ganeval.training.run_request import RunRequest
from ganeval.training.samples import reference_of, scored_count, scorer_of

SEED = 2020


def yardsticks(request: RunRequest, splits: Splits, out: Path, tick: Tick) -> tuple[Report, Report]:
    """The reports of real training images and of noise, each also written as a run folder below `out`."""
    count = scored_count(request, splits.train)
    scorer = scorer_of(request, reference_of(request, splits.test), min(count, len(splits.test)), tick)
    if count > len(splits.train):
        text = f"real (train): found {len(splits.train):,} training images, needed {count:,} as of the models"
        warnings.warn(text, GanevalWarning, 2)
    chosen = np.random.RandomState(SEED).permutation(len(splits.train))[:count]
    real = splits.train.pixels[np.sort(chosen)]
    reports = []
    for name, pixels in (("real (train)", real), ("noise", noise(splits, count))):
        report = scorer.score(Split(pixels, None, name).as_set(), name)
        folder = out / f"{name_of(request.source)}-{name.partition(' ')[0]}"
        write_run(folder, report, {"data": request.source, "count": count, "seed": SEED, "yardstick": name})
        reports.append(report)
    return reports[0], reports[1]


def noise(splits: Splits, count: int) -> torch.Tensor:
    """Images of independent uniform pixels; points of a normal distribution with the data's own mean and deviation."""
    random = torch.Generator().manual_seed(SEED)
    if len(splits.shape) == 3:
        return torch.randint(0, 256, (count, *splits.shape), generator=random, dtype=torch.uint8)
    deviation, mean = torch.std_mean(splits.train.pixels, dim=0)
    return mean + deviation * torch.randn(count, *splits.shape, generator=random)
