"""Measures of a GAN while it trains: how far apart its samples are, and whether its discriminator generalises.

Their limits, and what they mean for a run, are in `ganeval.training.diagnosis`.
"""

import math

import torch
from torch import Tensor


def mean_distance(features: Tensor) -> float:
    """Mean distance between two rows of features (N, D); higher is more diverse, 0 where all are one image.

    >>> mean_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
    5.0
    """
    return float(torch.pdist(features.double()).mean()) if len(features) > 1 else 0.0


def generalisation_gap(real: Tensor, held_out: Tensor, fake: Tensor) -> float | None:
    """How far the discriminator has overfitted its training images, by its mean scores; lower is better.

    Of its scores (N,) of training images, of held-out ones and of generated ones: 0 if held-out images score like
    training images, 1 if they score like generated ones. None where it does not tell training images from generated.

    >>> generalisation_gap(torch.tensor([2.0, 2.0]), torch.tensor([1.5]), torch.tensor([0.0, 0.0]))
    0.25
    """
    real_mean, held_out_mean, fake_mean = (float(scores.double().mean()) for scores in (real, held_out, fake))
    difference = real_mean - fake_mean
    apart = difference > 1e-6 and all(map(math.isfinite, (real_mean, held_out_mean, fake_mean)))
    return (real_mean - held_out_mean) / difference if apart else None
