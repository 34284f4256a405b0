"""The features of a set of samples, and what is known about the set."""

from dataclasses import dataclass

from torch import Tensor

from ganeval.features.precision_effect import Exact
from ganeval.media.census import Facts
from ganeval.metrics.moments import Moments


@dataclass(frozen=True)
class Features:
    """What the network made of a set: features (N, D), probabilities (N, C) or None, and which pictures they are of."""

    facts: Facts
    features: Tensor
    probabilities: Tensor | None
    kept: Tensor
    key: str | None
    exact: Exact | None = None


@dataclass(frozen=True)
class Side:
    """One set as the metrics see it. A statistics file has `known_moments` and no features, a summed set some of them.

    `centres` (K, D) and `sigma`: of the mixture that it was drawn from, where that is known. `exact`: a few
    features in a shorter arithmetic, and what they are in float32.
    """

    features: Tensor | None
    probabilities: Tensor | None = None
    labels: Tensor | None = None
    classes: tuple[str, ...] | None = None
    known_moments: Moments | None = None
    key: str | None = None
    centres: Tensor | None = None
    sigma: float | None = None
    exact: Exact | None = None

    @property
    def count(self) -> int | None:
        """How many pictures, where known."""
        if self.known_moments is not None:
            return self.known_moments.count
        return len(self.features) if self.features is not None else None
