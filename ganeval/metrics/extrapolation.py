"""FID at infinitely many images: the intercept of FID over 1/N, both sets shrunk together. Lower is better.

Chong & Forsyth 2020, arXiv:1911.07023, who shrink the samples alone; the reference biases FID just as the samples do,
so here both shrink in proportion. Agrees with the known distance of Gaussians; the fit is `value_at_infinity`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.estimate import Estimate, check_pair
from ganeval.metrics.frechet import frechet_distance
from ganeval.metrics.moments import moments
from ganeval.progress import Tick, silent

SIZES = 15  # subset sizes, from a half of both sets (or D + 1 points, if more) to all

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

    `real` (M, D), `fake` (N, D). No error is given: the subsets overlap, so the scatter of
    the fit is smaller than that of new draws.
    Raises ValueError unless both sets have at least D + 2 rows: below that FID does not yet fall like 1/N.

    >>> noise = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))
    >>> abs(fid_infinity(noise[:2000], noise[2000:])["fid_infinity"].value) < 0.02
    True
    """
    check_pair(real, fake, at_least=real.shape[1] + 2)
    smallest = max(0.5, (real.shape[1] + 1) / min(len(real), len(fake)))
    shares, random, values = np.linspace(smallest, 1, SIZES), np.random.default_rng(seed), []
    for size, share in enumerate(shares):
        values.append(frechet_distance(moments(_subset(real, share, random)), moments(_subset(fake, share, random))))
        tick("fid-infinity", size + 1, SIZES)
    raw = value_at_infinity(shares, np.array(values))  # counts in proportion: the intercept is the same
    return {"fid_infinity": Estimate(max(0.0, raw), raw=raw)}


def _subset(features: Tensor, share: float, random: np.random.Generator) -> Tensor:
    rows = random.permutation(len(features))[: round(share * len(features))]
    return features[torch.from_numpy(rows).to(features.device)]
