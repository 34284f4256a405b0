"""Toy features, and how an error bar compares with what new draws really do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.estimate import Estimate

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Draw = Callable[[torch.Generator], Tensor]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(
    random: torch.Generator | int, count: int, width: int, mean: float | Tensor = 0.0, scale: float | Tensor = 1.0
) -> Tensor:
    """Independent normals (count, width), float32."""
    random = generator(random) if isinstance(random, int) else random
    return torch.randn(count, width, generator=random) * scale + mean


def correlated(seed: int, count: int, width: int, mean: float = 0.0) -> Tensor:
    """Normals (count, width) whose features depend on one another, as those of a network do."""
    mixing = torch.randn(width, width, generator=generator(seed + 1000)) / width**0.5
    return normal(seed, count, width) @ mixing + mean


def over_observed(estimates: list[Estimate], keep_real: bool) -> float:
    """Predicted error over the standard deviation of the score: 1 if the error bars are right.

    The ratio's own relative error is about 1/√(2·draws): 5 % for 200 draws.
    """
    values, errors = values_and_errors(estimates, keep_real)
    return float(np.sqrt(np.mean(errors**2)) / np.std(values, ddof=1))


def share_covered(estimates: list[Estimate], keep_real: bool) -> float:
    """The share of 95 % intervals that hold the mean score; 200 draws know it to 1.5 points."""
    values, errors = values_and_errors(estimates, keep_real)
    return float(np.mean(np.abs(values - values.mean()) <= 1.96 * errors))


def values_and_errors(estimates: list[Estimate], keep_real: bool) -> tuple[Numbers, Numbers]:
    """The scores, not clamped, and the errors that belong to new draws of both sets, or of the fakes alone."""
    errors = [estimate.error_samples if keep_real else estimate.error for estimate in estimates]
    values = [estimate.value if estimate.raw is None else estimate.raw for estimate in estimates]
    return np.array(values), np.array(errors)


def error_ratio(
    score: Callable[[Tensor, Tensor], Estimate],
    draw_real: Draw,
    draw_fake: Draw,
    *,
    draws: int,
    keep_real: bool = False,
    seed: int = 0,
) -> float:
    """`over_observed` among new draws of both sets, or of the fakes alone with one reference kept."""
    random = generator(seed)
    kept = draw_real(random)
    drawn = [(kept if keep_real else draw_real(random), draw_fake(random)) for _ in range(draws)]
    return over_observed([score(real, fake) for real, fake in drawn], keep_real)
