"""How far noise alone may take two scores apart: the normal distribution, or of seeds Student's t. Needs no torch.

An error that comes from the standard deviation of few seeds is itself uncertain; where both sides are several, the
degrees of freedom are Welch's (1947). A single report beside several seeds is one more draw from their spread: its own
error, of drawing samples alone, would leave out the variance of training.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist


def quantile(confidence: float, parts: Sequence[tuple[float, int]]) -> float:
    """How many standard errors of a difference noise stays below, one-sided; `parts`: each side's error and seeds.

    >>> round(quantile(0.975, [(0.1, 1), (0.1, 1)]), 2), round(quantile(0.975, [(0.1, 3), (0.1, 3)]), 2)
    (1.96, 2.78)
    """
    degrees = _degrees(parts)
    if math.isinf(degrees):
        return NormalDist().inv_cdf(confidence)
    from scipy.special import stdtrit  # a sixth of a second that a single report need not wait for

    return float(stdtrit(degrees, confidence))


def _degrees(parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom: infinite without seeds, else Welch's of the sides that have several."""
    seeded = [(error, count - 1) for error, count in parts if count > 1]
    if not seeded:
        return math.inf
    total = math.fsum(error**2 for error, _ in seeded)
    if total == 0:
        return float(min(degrees for _, degrees in seeded))
    return 1 / math.fsum((error**2 / total) ** 2 / degrees for error, degrees in seeded)
