"""Mode coverage of a mixture whose centres are known: how many modes the samples reach, how closely, how evenly.

Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761; Lin et al. 2018 (PacGAN), arXiv:1712.04086. The counts agree with
PacGAN's code: a sample belongs to the nearest centre, and counts where it lies within three standard deviations of it.
"""

import warnings
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, check_rows, histogram, proportion
from ganeval.metrics.modes import count_errors, uniform_divergence

RADIUS = 3  # standard deviations


def high_quality_counts(points: Tensor, centres: Tensor, sigma: float) -> np.ndarray:
    """Number of points (N, D) whose nearest centre (K, D) is each, within three standard deviations of it, (K,).

    >>> high_quality_counts(torch.tensor([[0.1], [0.9], [5.0]]), torch.tensor([[0.0], [1.0], [2.0]]), 0.1).tolist()
    [1, 1, 0]
    """
    between = torch.cdist(points.double(), centres.double(), compute_mode="donot_use_mm_for_euclid_dist")
    distance, nearest = between.min(1)
    return torch.bincount(nearest[distance <= RADIUS * sigma], minlength=len(centres)).cpu().numpy()


def mixture_coverage(fake: Tensor, centres: Tensor, sigma: float, real: Tensor | None = None) -> dict[str, Estimate]:
    """How samples (N, D) fill the K equally likely round modes around `centres` (K, D), each of spread `sigma`.

    A sample is of high quality within 3 sigma of its nearest centre; only such samples are counted. `modes_captured`:
    modes with at least one (higher is better, out of `total`; in `more` the counts, and those of `real` (M, D), which
    decide nothing); `modes_captured_tenth`: with at least a tenth of N / K;
    `high_quality`: their share of all samples, which for true samples in the plane is 1 - exp(-4.5) (higher);
    `reverse_kl`: KL(their histogram‖uniform) in nats, 0 … log K (lower; left out where there are none).

    >>> corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> scores = mixture_coverage(corners[[0, 0, 1, 1]], corners, sigma=0.1)
    >>> scores["modes_captured"].value, scores["high_quality"].value, round(scores["reverse_kl"].value, 4)
    (2, 1.0, 0.6931)
    """
    check_rows("fake", fake, at_least=1)
    check_rows("centres", centres, at_least=1)
    if centres.shape[1] != fake.shape[1]:
        raise ValueError(f"centres and fake: found {centres.shape[1]} and {fake.shape[1]} features, needed the same")
    counts = high_quality_counts(fake, centres, sigma)
    more = histogram(counts, None if real is None else high_quality_counts(real, centres, sigma))
    share = float(counts.sum() / len(fake))
    one, tenth = np.ones(len(counts), np.int64), np.full(len(counts), -(-len(fake) // (10 * len(counts))))
    captured, to_a_tenth = (_modes_with(counts, fewest, len(fake)) for fewest in (one, tenth))
    scores = {
        "modes_captured": replace(captured, more=more),
        "modes_captured_tenth": to_a_tenth,
        "high_quality": proportion(share, len(fake)),
    }
    if share:
        return {**scores, "reverse_kl": uniform_divergence(counts)}
    text = "reverse_kl is left out: no sample lies within three standard deviations of a centre"
    warnings.warn(text, GanevalWarning, 2)
    return scores


def _modes_with(counts: np.ndarray, fewest: np.ndarray, samples: int) -> Estimate:
    """How many modes have at least `fewest` of the samples, whatever the reference."""
    errors = count_errors(counts, samples, fewest, np.zeros(len(counts)))
    return Estimate(int((counts >= fewest).sum()), *errors, total=len(counts))
