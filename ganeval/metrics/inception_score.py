"""Inception Score: how sharply each image is classified, and how evenly the classes are filled. Higher is better.

Salimans et al. 2016, arXiv:1606.03498. Agrees with torch-fidelity to 1e-6 relative: the same shuffle, the same splits.
The definition is `inception_score_formula`; `inception_score` takes it over splits, a block of rows at a time.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, check_rows
from ganeval.metrics.moments import moments

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


def inception_score(
    fake_probabilities: Tensor, seed: int = 2020, splits: int = 10, fake_replication: float = 1.0
) -> dict[str, Estimate]:
    """exp of the mean KL divergence from each image's class probabilities to their mean; higher is better.

    From 1 (all images alike, or all undecided) to C. `fake_probabilities`: (N, C), rows that sum to 1. The value is
    the mean over `splits` after a seeded shuffle (class-sorted images would else score 1), `std` the spread over them,
    `error` of the delta method (not std / √splits, which is too small), `whole` the score in one piece. Of samples that
    hold each image `fake_replication` times, so many count as one for the error.
    Raises ValueError for non-finite rows or fewer than two.

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
    parts = [order[i * count // splits : (i + 1) * count // splits] for i in range(splits)]
    scores = [_score_of_rows(fake_probabilities, part) for part in parts]
    mean, std = float(np.mean(scores)), float(np.std(scores))
    whole = scores[0] if splits == 1 else _score_of_rows(fake_probabilities, order)
    error = mean * math.sqrt(_variance_of_divergence(fake_probabilities, parts, fake_replication))
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


def _variance_of_divergence(probabilities: Tensor, parts: Sequence[Tensor], weight: float = 1.0) -> float:
    """The sampling variance of the mean over `parts` of the rows of their KL divergences from the parts' mean rows.

    Delta method: a divergence moves by the mean of g = KL(p‖mean p) of the images that come in. Its second-order part,
    the noise of mean p, has the variance b = tr((D^-1 S)²) / 2 N² in one piece, with D the mean p and S the covariance
    of p, and as many times this as there are parts; var(g) counts it twice. Where the parts are small beside the
    classes this is too large, and the variance of g within them, which fits their own mean, too small: then their
    geometric mean is taken, which Monte Carlo supports (docs/metrics.md).
    """
    count, fit = len(probabilities) / weight, moments(probabilities)
    scale = torch.where(fit.mean > 0, fit.mean, 1.0).rsqrt()
    covariance = fit.covariance * scale * scale[:, None]
    spread = max(0.0, float(covariance.square().sum() - covariance.trace() ** 2 / count))  # less its own noise
    linear, quadratic = weight * _divergence_variance(probabilities, fit.mean), spread / (2 * count**2)
    splits, shared = len(parts), (weight - 1) / len(parts)  # of an image, copies in each part
    of_splits = splits * ((1 + shared) ** 2 + (splits - 1) * shared**2) / weight**2
    of_all = max(linear + (of_splits - 2) * quadratic, of_splits * quadratic)
    if splits == 1 or weight > 1:  # copies lie in different splits, of which none sees them vary
        return of_all
    within = [_divergence_variance(rows, rows.double().mean(0)) for rows in (probabilities[part] for part in parts)]
    return min(of_all, math.sqrt(of_all * sum(within)) / splits)


def _divergence_variance(rows: Tensor, marginal: Tensor) -> float:
    """The sampling variance of the mean KL divergence of rows from `marginal`; 0 for a single row."""
    divergences = []
    for block in rows.split(BLOCK):
        p = block.double()
        divergences.append((torch.xlogy(p, p) - torch.xlogy(p, marginal)).sum(1))
    return float(torch.cat(divergences).var(correction=min(1, len(rows) - 1))) / len(rows)
