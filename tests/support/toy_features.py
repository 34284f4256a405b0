"""Toy features, and how an error bar compares with what new draws really do."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.estimate import Estimate

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
    """Mean predicted error over the standard deviation of the score: 1 if the error bars tell the truth.

    The ratio's own relative error is about 1/√(2·draws): 5 % for 200 draws.
    """
    errors = [estimate.error_samples if keep_real else estimate.error for estimate in estimates]
    values = [estimate.value if estimate.raw is None else estimate.raw for estimate in estimates]
    return float(np.mean(errors) / np.std(values, ddof=1))


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
