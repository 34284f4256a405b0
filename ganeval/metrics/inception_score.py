"""Inception Score: how sharply each image is classified, and how evenly the classes are filled. Higher is better.

Salimans et al. 2016, arXiv:1606.03498. Agrees with torch-fidelity to 1e-6 relative: the same shuffle, the same splits.
The definition is `inception_score_formula`; `inception_score` takes it over splits, a block of rows at a time.
"""

import warnings
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, check_rows

BLOCK = 8192
MIN_PER_SPLIT = 50  # images, below which the score depends more on their number than on the images


def inception_score_formula(probabilities: Tensor) -> float:
    """exp of the mean KL divergence of p(y|x) from p(y), the mean of all; 1 to C, higher is better.

    `probabilities` (N, C): rows p(y|x) that sum to 1.

    >>> round(inception_score_formula(torch.eye(4).repeat(50, 1)), 9)  # sharp and balanced: the number of classes
    4.0
    """
    conditional = probabilities.double()
    marginal = conditional.mean(0)
    kl_divergence = (torch.xlogy(conditional, conditional) - torch.xlogy(conditional, marginal)).sum(1)
    return float(kl_divergence.mean().exp())


def inception_score(fake_probabilities: Tensor, seed: int = 2020, splits: int = 10) -> dict[str, Estimate]:
    """exp of the mean KL divergence from each image's class probabilities to their mean; higher is better.

    From 1 (all images alike, or all undecided) to C. `fake_probabilities`: (N, C), rows that sum to 1. The value is
    the mean over `splits` after a seeded shuffle (class-sorted images would else score 1), `std` the spread over them,
    `error` = std / √splits, `whole` the score in one piece. Raises ValueError for non-finite rows or fewer than two.

    >>> inception_score(torch.eye(4).repeat(50, 1), splits=1)["inception_score"].value  # sharp and balanced: C
    4.0
    """
    check_rows("fake_probabilities", fake_probabilities)
    count = len(fake_probabilities)
    splits = min(splits, count)
    if count < MIN_PER_SPLIT * splits:
        text = f"is: {count} images in {splits} splits leave {count // splits} a split, which keeps the score low"
        warnings.warn(text, GanevalWarning, 2)
    order = torch.from_numpy(np.random.RandomState(seed).permutation(count)).to(fake_probabilities.device)
    edges = [i * count // splits for i in range(splits + 1)]
    scores = [_score_of_rows(fake_probabilities, order[start:stop]) for start, stop in pairwise(edges)]
    mean, std = float(np.mean(scores)), float(np.std(scores))
    error = std / splits**0.5 if splits > 1 else None
    whole = scores[0] if splits == 1 else _score_of_rows(fake_probabilities, order)
    return {"inception_score": Estimate(mean, error, error, std=std, whole=whole)}


def _score_of_rows(probabilities: Tensor, order: Tensor) -> float:
    """The same of the rows in `order` as exp(H(mean p) - mean H(p)), in float64, one block at a time."""
    total, entropy = torch.zeros(probabilities.shape[1], dtype=torch.float64, device=probabilities.device), 0.0
    for rows in order.split(BLOCK):
        p = probabilities[rows].double()
        total += p.sum(0)
        entropy -= float(torch.xlogy(p, p).sum())
    marginal = total / len(order)
    return float(np.exp(-float(torch.xlogy(marginal, marginal).sum()) - entropy / len(order)))
