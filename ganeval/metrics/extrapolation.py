"""FID at infinitely many images: the intercept of FID over 1/N, both sets shrunk together. Lower is better.

Chong & Forsyth 2020, arXiv:1911.07023, who shrink the samples alone; the reference biases FID just as the samples do,
so here both shrink in proportion, to disjoint halves, which vary less than overlapping subsets of many sizes. Agrees
with the known distance of Gaussians; the fit is `value_at_infinity`.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.estimate import Estimate, check_pair
from ganeval.metrics.frechet import frechet_distance, transported_distance
from ganeval.metrics.frechet_error import sampling_variance
from ganeval.metrics.moments import moments
from ganeval.metrics.optimal_transport import GaussianFit, optimal_transport
from ganeval.progress import Tick, silent

PARTITIONS = 4  # of both sets into random halves, whose FIDs are averaged

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def value_at_infinity(counts: Numbers, values: Numbers) -> float:
    """The intercept b of the least-squares line values = a / counts + b.

    >>> round(value_at_infinity(np.array([50.0, 100.0, 200.0]), np.array([5.0, 4.0, 3.5])), 9)
    3.0
    """
    line = np.stack([1 / counts, np.ones(len(counts))], axis=1)
    solution, *_ = np.linalg.lstsq(line, values, rcond=None)
    return float(solution[1])


def fid_infinity(real: Tensor, fake: Tensor, *, seed: int = 2020, tick: Tick = silent) -> dict[str, Estimate]:
    """FID extrapolated to infinite N and M; lower is better, about 0 for two samples of one distribution.

    `real` (M, D), `fake` (N, D). Its error is FID's, but for the second-order part, of which the halves add a quarter.
    Raises ValueError unless both sets have at least D + 2 rows: below that FID does not yet fall like 1/N.

    >>> noise = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))
    >>> abs(fid_infinity(noise[:2000], noise[2000:])["fid_infinity"].value) < 0.02
    True
    """
    check_pair(real, fake, at_least=real.shape[1] + 2)
    share = max(0.5, (real.shape[1] + 1) / min(len(real), len(fake)))  # subsets overlap where halves are too small
    random, values = np.random.default_rng(seed), []
    for partition in range(PARTITIONS):
        for own_real, own_fake in zip(_parts(real, share, random), _parts(fake, share, random), strict=True):
            values.append(frechet_distance(moments(own_real), moments(own_fake)))
        tick("fid-infinity", partition + 1, PARTITIONS)
    real_fit, fake_fit = GaussianFit.of("real", real), GaussianFit.of("fake", fake)
    transport = optimal_transport(real_fit, fake_fit, maps=True)
    whole = transported_distance(real_fit.moments, fake_fit.moments, transport)
    raw = value_at_infinity(np.array([share, 1.0]), np.array([np.mean(values), whole]))  # counts in proportion
    variance = sampling_variance(real_fit, fake_fit, transport, quadratic_share=1 - 1 / PARTITIONS)
    error, error_samples = (None if part is None else math.sqrt(part) for part in (variance.both, variance.fakes))
    return {"fid_infinity": Estimate(max(0.0, raw), error, error_samples, raw=raw)}


def _parts(features: Tensor, share: float, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """The first and the last `share` of the rows in a random order."""
    rows = torch.from_numpy(random.permutation(len(features))).to(features.device)
    count = math.floor(share * len(features))
    return features[rows[:count]], features[rows[len(rows) - count :]]
