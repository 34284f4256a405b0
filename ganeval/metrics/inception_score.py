"""Inception Score: how sharply each image is classified, and how evenly the classes are filled. Higher is better.

Salimans et al. 2016, arXiv:1606.03498. Agrees with torch-fidelity to 1e-6 relative: the same shuffle, the same splits.
"""

import warnings
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, check_rows

BLOCK = 8192
FEW = 50  # images in a split below which the score says more about N than about the images


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
    if count < FEW * splits:
        text = f"is: {count} images in {splits} splits leave {count // splits} a split, which keeps the score low"
        warnings.warn(text, GanevalWarning, 2)
    order = torch.from_numpy(np.random.RandomState(seed).permutation(count)).to(fake_probabilities.device)
    edges = [i * count // splits for i in range(splits + 1)]
    scores = [_score(fake_probabilities, order[a:b]) for a, b in pairwise(edges)]
    mean, std = float(np.mean(scores)), float(np.std(scores))
    error = std / splits**0.5 if splits > 1 else None
    whole = scores[0] if splits == 1 else _score(fake_probabilities, order)
    return {"inception_score": Estimate(mean, error, error, std=std, whole=whole)}


def _score(probabilities: Tensor, order: Tensor) -> float:
    """exp(mean entropy gap) = exp(H(mean p) - mean H(p)), in float64, one block of rows at a time."""
    total, gained = torch.zeros(probabilities.shape[1], dtype=torch.float64, device=probabilities.device), 0.0
    for rows in order.split(BLOCK):
        p = probabilities[rows].double()
        total += p.sum(0)
        gained += float(torch.xlogy(p, p).sum())
    mean = total / len(order)
    return float(np.exp(gained / len(order) - float(torch.xlogy(mean, mean).sum())))
