"""What every score is read against: real training pictures (the floor) and noise (the ceiling), scored alike."""

import warnings
from pathlib import Path

import numpy as np
import torch

from ganeval.errors import GanevalWarning
from ganeval.media.arrays import array_images
from ganeval.progress import Tick
from ganeval.reports.report import Report
from ganeval.reports.run_folders import write_run
from ganeval.sources.mixtures import points_of
from ganeval.training.data.dataset import Splits, name_of
from ganeval.training.run import splits_for
from ganeval.training.run_request import RunRequest
from ganeval.training.samples import reference_of, scored_count, scorer_of

SEED = 2020


def yardsticks(order: RunRequest, out: Path, tick: Tick) -> tuple[Report, Report]:
    """The reports of real training pictures and of noise, each also kept as a run folder below `out`."""
    material = splits_for(order, tick)
    count = scored_count(order, material.train)
    scorer = scorer_of(order, reference_of(order, material.test), min(count, len(material.test)), tick)
    if count > len(material.train):
        text = f"real (train): {len(material.train):,} pictures, not {count:,}: there are no more to draw from"
        warnings.warn(text, GanevalWarning, 2)
    chosen = np.random.RandomState(SEED).permutation(len(material.train))[:count]
    real = material.train.pixels[np.sort(chosen)]
    reports = []
    for name, pixels in (("real (train)", real), ("noise", noise(material, count))):
        samples = points_of(pixels, name) if pixels.ndim == 2 else array_images(pixels, name)
        report = scorer.score(samples, name)
        folder = out / f"{name_of(order.source)}-{name.partition(' ')[0]}"
        write_run(folder, report, {"data": order.source, "count": count, "seed": SEED, "yardstick": name})
        reports.append(report)
    return reports[0], reports[1]


def noise(material: Splits, count: int) -> torch.Tensor:
    """Pictures of independent uniform pixels; points of a normal distribution of the data's own mean and spread."""
    random = torch.Generator().manual_seed(SEED)
    if len(material.shape) == 3:
        return torch.randint(0, 256, (count, *material.shape), generator=random, dtype=torch.uint8)
    spread, mean = torch.std_mean(material.train.pixels, dim=0)
    return mean + spread * torch.randn(count, *material.shape, generator=random)
