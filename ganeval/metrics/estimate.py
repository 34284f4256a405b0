"""What a metric returns, and which features it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

MAX_HISTOGRAM_MODES = 100  # more bars cannot be told apart in a plot

WILSON = 0.98  # half of 1.96: a share of 0 or 1 of n is known to about ± 1.92 / n

Counts = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Estimate:
    """One score. `error` is one standard error over new draws of both sets, `error_samples` its part from the fakes.

    `std` is the spread that papers print (IS over splits, KID over subsets); `raw` the value before clamping;
    `whole` the value without splitting; `total` what a count is out of. None means unknown or not applicable.
    `more`: what it was computed from, by name, as JSON stores it.
    """

    value: float
    error: float | None = None
    error_samples: float | None = None
    std: float | None = None
    raw: float | None = None
    whole: float | None = None
    total: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def proportion(share: float, count: int) -> Estimate:
    """A share of `count` samples, with its binomial error, which Wilson's floor keeps above 0 at a share of 0 or 1.

    >>> proportion(0.5, 100).error, proportion(1.0, 100).error
    (0.05, 0.0098)
    """
    error = max(share * (1 - share) / count, share_floor(count)) ** 0.5
    return Estimate(share, error, error)


def share_floor(count: int) -> float:
    """The variance that a share of `count` has at least, also of none or all: an error of 0.98 / `count`."""
    return (WILSON / count) ** 2


def check_rows(name: str, rows: Tensor, at_least: int = 2) -> None:
    """ValueError, naming the argument, unless `rows` is a finite (N, D) tensor with N >= `at_least`."""
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"{name}: found shape {tuple(rows.shape)}, needed (N, D)")
    if len(rows) < at_least:
        raise ValueError(f"{name}: found {len(rows)} rows, needed at least {at_least}")
    bad = ~torch.isfinite(rows.sum(1))  # a sum of finite numbers may overflow: check each before refusing
    for row in bad.nonzero().flatten().tolist():
        if not torch.isfinite(rows[row]).all():
            raise ValueError(f"{name}: row {row} is not finite")


def check_pair(real: Tensor, fake: Tensor, at_least: int = 2) -> None:
    """ValueError unless both are finite, of one width, and have at least `at_least` rows."""
    check_rows("real", real, at_least)
    check_rows("fake", fake, at_least)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"real and fake: found {real.shape[1]} and {fake.shape[1]} features, needed the same number")


def histogram(samples: Counts, reference: Counts | None = None) -> dict[str, list[int]]:
    """The counts of both sets in each mode (K,), as lists by the names of the sets; empty for more than 100 modes.

    >>> histogram(np.array([3, 0]), np.array([1, 1]))
    {'samples': [3, 0], 'reference': [1, 1]}
    """
    sets = {"samples": samples} | ({} if reference is None else {"reference": reference})
    return {name: counts.tolist() for name, counts in sets.items()} if len(samples) <= MAX_HISTOGRAM_MODES else {}
