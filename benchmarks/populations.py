"""Populations whose sets `calibration.py` scores: Gaussians, mixtures, heavy tails, real features, copies, outliers.

A population draws sets of the sizes asked for, independent of one another; of a finite one they are disjoint.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from ganeval.features.feature_set import FeatureSet

Random = torch.Generator
Rows = Callable[[int, Random], Tensor]
Value = TypeVar("Value")
DIRECTION = 5  # seed of what belongs to a population and not to a draw


class Population:
    """Sets of which each row is drawn by itself. `reference` is the set that they will be compared with."""

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        raise NotImplementedError


@dataclass(frozen=True)
class FormulaPoints(Population):
    """Points by a formula; of a known mixture with its centres (K, D) and their `sigma`."""

    rows: Rows
    centres: Tensor | None = None
    sigma: float | None = None

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        return [FeatureSet(self.rows(count, random), centres=self.centres, sigma=self.sigma) for count in counts]


@dataclass(frozen=True)
class Probabilities(Population):
    """Class probabilities by a formula, beside features that have nothing to do with them."""

    rows: Rows

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        return [FeatureSet(torch.randn(count, 2, generator=random), self.rows(count, random)) for count in counts]


@dataclass(frozen=True)
class Pool(Population):
    """Real images of some classes, drawn without replacement, none of them of the reference."""

    pool: FeatureSet
    classes: range

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        labels = _known(self.pool.labels)
        rows = ((labels >= self.classes.start) & (labels < self.classes.stop)).nonzero().flatten()
        if reference is not None and reference.indices is not None:
            rows = rows[~torch.isin(rows, reference.indices)]
        left, found = rows[:0], []
        for count in counts:
            if len(left) < count:
                left = rows[torch.randperm(len(rows), generator=random)]
            found.append(self._of(left[:count]))
            left = left[count:]
        return found

    def _of(self, rows: Tensor) -> FeatureSet:
        features, probabilities = _known(self.pool.features)[rows], _known(self.pool.probabilities)[rows]
        names = tuple(map(str, range(10)))
        return FeatureSet(features, probabilities, _known(self.pool.labels)[rows], names, indices=rows)


@dataclass(frozen=True)
class Copies(Population):
    """Each row of another population several times."""

    of: Population
    times: int

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        found = self.of.sets(random, [count // self.times for count in counts], reference)
        return [
            replace(
                one,
                features=_repeated(one.features, self.times),
                probabilities=_repeated(one.probabilities, self.times),
            )
            for one in found
        ]


@dataclass(frozen=True)
class Memorised(Population):
    """Samples of which a share are copies of the reference's rows."""

    of: Population
    share: float

    def sets(self, random: Random, counts: Sequence[int], reference: FeatureSet | None = None) -> list[FeatureSet]:
        found, known = [], _known(_known(reference).features)
        for one in self.of.sets(random, counts):
            features = _known(one.features).clone()
            copied = round(self.share * len(features))
            features[:copied] = known[torch.randint(len(known), (copied,), generator=random)]
            found.append(replace(one, features=features))
        return found


def _known(part: Value | None) -> Value:
    if part is None:
        raise ValueError("population: found a set without what is drawn from it")
    return part


def _repeated(rows: Tensor | None, times: int) -> Tensor | None:
    return None if rows is None else rows.repeat(times, 1)


def _spectrum(width: int) -> Tensor:
    """Spreads that fall as those of a network's features do."""
    return 3 * torch.arange(1, width + 1).float() ** -0.5


def _fixed() -> Random:
    return torch.Generator().manual_seed(DIRECTION)


def _turn(width: int) -> Tensor:
    return torch.linalg.qr(torch.randn(width, width, generator=_fixed()))[0]


def gaussian(width: int, shift: float = 0.0, scale: float = 1.0) -> FormulaPoints:
    """Normals whose features depend on one another."""
    turn = _spectrum(width)[:, None] * _turn(width)
    return FormulaPoints(lambda count, random: torch.randn(count, width, generator=random) @ turn * scale + shift)


def even(width: int, shift: float = 0.0, scale: float = 1.0) -> FormulaPoints:
    """Independent normals of equal spread."""
    return FormulaPoints(lambda count, random: torch.randn(count, width, generator=random) * scale + shift)


def relu(width: int, shift: float = 0.0, scale: float = 1.0) -> FormulaPoints:
    """Normals below which a network would cut off: half of all values are 0."""
    rows = gaussian(width).rows
    return FormulaPoints(lambda count, random: (rows(count, random) + 0.3).relu() * scale + shift)


def mixture(width: int, shift: float = 0.0, scale: float = 1.0) -> FormulaPoints:
    """Eight Gaussians far apart, equally likely."""
    rows = gaussian(width).rows
    centres = 4 * torch.randn(8, width, generator=_fixed()) * _spectrum(width)

    def drawn(count: int, random: Random) -> Tensor:
        return (rows(count, random) + centres[torch.randint(8, (count,), generator=random)]) * scale + shift

    return FormulaPoints(drawn)


def heavy(width: int, shift: float = 0.0, scale: float = 1.0) -> FormulaPoints:
    """Student's t with six degrees of freedom, all features of a point scaled alike: the fourth moment is finite."""
    rows = gaussian(width).rows

    def drawn(count: int, random: Random) -> Tensor:
        chi_squared = torch.randn(count, 6, generator=random).square().sum(1, keepdim=True)
        return rows(count, random) * (6 / chi_squared).sqrt() * scale + shift

    return FormulaPoints(drawn)


def outlier(width: int, distance: float) -> FormulaPoints:
    """Independent normals of which each point is far out by one chance in 500."""

    def drawn(count: int, random: Random) -> Tensor:
        points = torch.randn(count, width, generator=random)
        points[torch.rand(count, generator=random) < 1 / 500] *= distance
        return points

    return FormulaPoints(drawn)


def softmax(classes: int, sharpness: float, tilt: float = 0.0) -> Probabilities:
    """Softmax of normal logits; `tilt` makes some classes likelier than others."""
    lean = tilt * torch.arange(classes) / classes
    return Probabilities(
        lambda count, random: (torch.randn(count, classes, generator=random) * sharpness + lean).softmax(1)
    )


def filled(shares: Sequence[float]) -> Probabilities:
    """One class a row, surely, by these shares."""
    weights, count_of = torch.tensor(shares), len(shares)

    def drawn(count: int, random: Random) -> Tensor:
        return torch.eye(count_of)[torch.multinomial(weights, count, replacement=True, generator=random)]

    return Probabilities(drawn)


def uneven(classes: int, spread: float) -> list[float]:
    """Shares whose logarithms are normal."""
    return torch.exp(spread * torch.randn(classes, generator=_fixed())).tolist()


RING = torch.tensor([[math.cos(math.pi * mode / 4), math.sin(math.pi * mode / 4)] for mode in range(8)])
GRID = torch.cartesian_prod(torch.arange(-4.0, 5, 2), torch.arange(-4.0, 5, 2))


def around(centres: Tensor, sigma: float, shares: Sequence[float], wider: float = 1.0) -> FormulaPoints:
    """Normals around known centres by these shares, `wider` than they should be."""
    weights = torch.tensor(shares)

    def drawn(count: int, random: Random) -> Tensor:
        chosen = torch.multinomial(weights, count, replacement=True, generator=random)
        return centres[chosen] + sigma * wider * torch.randn(count, 2, generator=random)

    return FormulaPoints(drawn, centres, sigma)
