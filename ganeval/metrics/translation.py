"""Scores of image translation: cycle consistency, and the distance to a known truth.

Cycle L1: the cycle-consistency loss of Zhu et al. 2017 (CycleGAN), arXiv:1703.10593, on test images. PSNR: the peak
signal-to-noise ratio, 10 log10(255² / mean squared error), per image. Images are uint8 (N, C, H, W).
"""

import torch
from torch import Tensor

from ganeval.metrics.estimate import Estimate


def cycle_l1(images: Tensor, returned: Tensor) -> Estimate:
    """Mean absolute difference of images and what the two generators in a row make of them, 0 to 1; lower is better.

    >>> cycle_l1(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.full((2, 1, 2, 2), 51, dtype=torch.uint8)).value
    0.2
    """
    differences = (images.double() - returned.double()).abs().flatten(1).mean(1) / 255
    return Estimate(round(float(differences.mean()), 12), _standard_error(differences))


def psnr(truth: Tensor, fake: Tensor) -> Estimate:
    """Mean peak signal-to-noise ratio of translations to the true images, in dB; higher is better.

    An exact image, whose ratio is infinite, counts as half a grey level off: 54.2 dB.

    >>> round(psnr(torch.zeros(2, 1, 2, 2), torch.full((2, 1, 2, 2), 25.5)).value, 9)  # a tenth of the range
    20.0
    """
    squares = (truth.double() - fake.double()).square().flatten(1).mean(1).clamp(min=0.25)
    decibels = 10 * torch.log10(255**2 / squares)
    return Estimate(float(decibels.mean()), _standard_error(decibels))


def _standard_error(values: Tensor) -> float | None:
    return float(values.std() / len(values) ** 0.5) if len(values) > 1 else None
