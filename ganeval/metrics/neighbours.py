"""Precision, recall, density and coverage from one pass over distances. Higher is better for all four.

Precision and recall: Kynkäänniemi et al. 2019, arXiv:1904.06991; agrees with torch-fidelity's `prc`.
Density and coverage: Naeem et al. 2020, arXiv:2002.09797; agrees with the package `prdc` but for ties, which
count as inside here.
A ball reaches from a point to its k-th nearest neighbour in its own set, the point itself not counted.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.distances import (
    ROUNDING,
    SPARE,
    Neighbours,
    Points,
    exact_squared_distances,
    nearest_within,
    points,
    squared_distances,
)
from ganeval.metrics.estimate import Estimate, check_pair, check_rows

LEVELS = 5  # larger balls kept for the jackknife: what a ball grows to when some of its neighbours are left out
BLOCKS = 20  # jackknife blocks

Tick = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Overlap:
    """Which points of one set lie in which balls of the other: all that the four scores need, in O(N) memory."""

    k_density_coverage: int
    fake_in_real: Tensor  # (N,) bool: in some real ball of k_precision_recall
    real_in_fake: Tensor  # (M,) bool
    balls_of_fake: Tensor  # (N,) int: how many real balls of k_density_coverage hold this fake
    fakes_in_ball: Tensor  # (M, LEVELS + 1) int: how many fakes this real's ball holds, and its larger balls
    covered_by: Tensor  # (M, BLOCKS) bool: whether a fake of that block lies in this real's ball
    fake_blocks: Tensor  # (N,) int
    real_blocks: Tensor  # (M,) int
    neighbour_blocks: Tensor  # (M, k_density_coverage + LEVELS) int: the blocks of each real's nearest reals


def real_neighbours(real: Tensor, k_precision_recall: int = 3, k_density_coverage: int = 5) -> Neighbours:
    """The neighbours that `overlap` needs of a reference: worth keeping, since the reference does not change.

    Raises ValueError for features that are not finite.
    """
    check_rows("real", real)
    count = max(k_precision_recall, k_density_coverage + LEVELS) + SPARE
    return nearest_within(points(real, _centre(real)), count)


def overlap(
    real: Tensor,
    fake: Tensor,
    *,
    k_precision_recall: int = 3,
    k_density_coverage: int = 5,
    seed: int = 2020,
    neighbours: Neighbours | None = None,
    tick: Tick | None = None,
) -> Overlap:
    """One blocked pass over the distances of `real` (M, D) and `fake` (N, D); `neighbours` of the reals if kept.

    Raises ValueError for non-finite features, widths that differ, or fewer than k + 2 points in a set.

    >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    >>> overlap(square, square, k_precision_recall=1, k_density_coverage=1).real_in_fake.all().item()
    True
    """
    check_pair(real, fake, at_least=max(k_precision_recall, k_density_coverage) + 2)
    neighbours = neighbours or real_neighbours(real, k_precision_recall, k_density_coverage)
    reals, fakes = points(real, _centre(real)), points(fake, _centre(real))
    fake_neighbours = nearest_within(fakes, k_precision_recall + SPARE)
    sizes = [k_precision_recall, *range(k_density_coverage, k_density_coverage + LEVELS + 1)]
    real_balls = [_Balls(reals, neighbours, min(k, len(real) - 1)) for k in sizes]
    fake_balls = _Balls(fakes, fake_neighbours, k_precision_recall)
    real_blocks, fake_blocks = _blocks(len(real), seed, real.device), _blocks(len(fake), seed + 1, fake.device)
    ids = neighbours.indices[:, : k_density_coverage + LEVELS].clamp(min=0)
    result = Overlap(
        k_density_coverage,
        torch.zeros(len(fake), dtype=torch.bool, device=fake.device),
        torch.zeros(len(real), dtype=torch.bool, device=real.device),
        torch.zeros(len(fake), dtype=torch.long, device=fake.device),
        torch.zeros(len(real), LEVELS + 1, dtype=torch.long, device=real.device),
        torch.zeros(len(real), BLOCKS, dtype=torch.bool, device=real.device),
        fake_blocks,
        real_blocks,
        real_blocks[ids],
    )
    tiles = [(i, j) for i in reals.tiles() for j in fakes.tiles()]
    for done, ((i, real_tile), (j, fake_tile)) in enumerate(tiles):
        pairs = _near_pairs(squared_distances(real_tile, fake_tile), i, j, real_balls, fake_balls)
        _count(result, pairs, real_balls, fake_balls)
        if tick is not None:
            tick("neighbours", done + 1, len(tiles))
    counted = {balls.k: balls for balls in real_balls[:2]}  # each distance once where both k are equal
    _warn_about_ties(reals, neighbours, fakes, fake_neighbours, [*counted.values(), fake_balls])
    return result


def precision_recall(overlap: Overlap) -> dict[str, Estimate]:
    """Share of fakes inside the reals' balls, and of reals inside the fakes'; 0 to 1, higher is better.

    The error is binomial. Both depend on N and M: compare only scores of equal counts.
    """
    precision, recall = float(overlap.fake_in_real.double().mean()), float(overlap.real_in_fake.double().mean())
    fakes, reals = len(overlap.fake_in_real), len(overlap.real_in_fake)
    error = _binomial(precision, fakes)
    return {
        "precision": Estimate(precision, error, error),
        "recall": Estimate(recall, _binomial(recall, reals)),
    }


def density_coverage(overlap: Overlap) -> dict[str, Estimate]:
    """How many real balls hold a fake (over k; no upper limit), and the share of real balls that hold one.

    Higher is better. For two samples of one distribution the expectations are 1 and
    1 - prod_{i=1..k} (M - i) / (N + M - i). The error is a delete-a-block jackknife over both sets.
    """
    k, fakes = overlap.k_density_coverage, len(overlap.balls_of_fake)
    density = float(overlap.fakes_in_ball[:, 0].sum()) / (k * fakes)
    coverage = float((overlap.fakes_in_ball[:, 0] > 0).double().mean())
    without_fakes = [_without_fake_block(overlap, b) for b in range(BLOCKS) if (overlap.fake_blocks == b).any()]
    without_reals = [_without_real_block(overlap, b) for b in range(BLOCKS) if (overlap.real_blocks == b).any()]
    samples, reference = _jackknife(without_fakes), _jackknife(without_reals)
    errors = np.sqrt(samples + reference)
    return {
        "density": Estimate(density, float(errors[0]), float(samples[0] ** 0.5)),
        "coverage": Estimate(coverage, float(errors[1]), float(samples[1] ** 0.5)),
    }


def _centre(real: Tensor) -> Tensor:
    return real.mean(0, dtype=torch.float64).to(real.dtype)


def _binomial(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / count)


def _blocks(count: int, seed: int, device: torch.device) -> Tensor:
    """A block for each of `count` points, at random: pictures may come sorted by class."""
    return torch.from_numpy(np.random.RandomState(seed % 2**32).permutation(count) % BLOCKS).to(device)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of a real and a fake that may lie in one another's balls."""

    reals: Tensor
    fakes: Tensor
    squares: Tensor


def _near_pairs(squares: Tensor, i: int, j: int, real_balls: "list[_Balls]", fake_balls: "_Balls") -> _Pairs:
    rows, columns = slice(i, i + len(squares)), slice(j, j + squares.shape[1])
    largest = torch.stack([balls.reach[rows] for balls in (real_balls[0], real_balls[-1])]).amax(0)
    near = (squares <= largest[:, None]).logical_or_(squares <= fake_balls.reach[columns][None, :])
    found = near.nonzero()
    return _Pairs(found[:, 0] + i, found[:, 1] + j, squares[near])


def _count(result: Overlap, pairs: _Pairs, real_balls: "list[_Balls]", fake_balls: "_Balls") -> None:
    reals, fakes = real_balls[0].points, fake_balls.points

    def exact(chosen: Tensor) -> Tensor:
        return exact_squared_distances(reals, pairs.reals[chosen], fakes, pairs.fakes[chosen])

    in_fake_ball = fake_balls.hold(pairs.fakes, pairs.squares, exact)
    in_real_ball = real_balls[0].hold(pairs.reals, pairs.squares, exact)
    result.real_in_fake[pairs.reals[in_fake_ball]] = True
    result.fake_in_real[pairs.fakes[in_real_ball]] = True
    for level, balls in enumerate(real_balls[1:]):
        inside = balls.hold(pairs.reals, pairs.squares, exact)
        reals_hit, fakes_hit = pairs.reals[inside], pairs.fakes[inside]
        result.fakes_in_ball[:, level] += torch.bincount(reals_hit, minlength=len(result.real_in_fake))
        if level == 0:
            result.balls_of_fake.add_(torch.bincount(fakes_hit, minlength=len(result.fake_in_real)))
            result.covered_by[reals_hit, result.fake_blocks[fakes_hit]] = True


class _Balls:
    """Balls around the points of one set, up to the k-th neighbour; near the edge it decides on exact distances."""

    def __init__(self, points: Points, neighbours: Neighbours, k: int) -> None:
        self.points, self.neighbours, self.k = points, neighbours, k
        self.squares = neighbours.squares[:, k - 1]
        self.slack = 2 * ROUNDING * (points.lengths + points.lengths.max())
        self.reach = self.squares + self.slack
        self.ties = 0

    def hold(self, rows: Tensor, squares: Tensor, exact: Callable[[Tensor], Tensor]) -> Tensor:
        """Whether ball rows[i] holds a point at squared distance squares[i]; its edge is inside."""
        inside = squares <= self.squares[rows]
        close = ((squares - self.squares[rows]).abs() <= self.slack[rows]).nonzero().flatten()
        if len(close):
            distances, radii = exact(close), self.exact_radii(rows[close])
            self.ties += int(((distances == radii) & (radii > 0)).sum())
            inside[close] = distances <= radii
        return inside

    def exact_radii(self, rows: Tensor) -> Tensor:
        """Squared radii in float64, from differences."""
        unique, place = torch.unique(rows, return_inverse=True)
        kept = self.neighbours.indices[unique]
        repeated = unique[:, None].expand_as(kept)
        squares = exact_squared_distances(self.points, repeated.flatten(), self.points, kept.flatten()).view(kept.shape)
        squares = squares.masked_fill(kept < 0, torch.inf)
        radii = squares.sort(dim=1).values[:, self.k - 1]
        nearest_left_out = self.neighbours.squares[unique, -1] - self.slack[unique]
        for unsure in ((radii > 0) & (nearest_left_out < radii) & (kept[:, -1] >= 0)).nonzero().flatten().tolist():
            radii[unsure] = self._radius_among_all(int(unique[unsure]))
        return radii[place]

    def _radius_among_all(self, row: int) -> Tensor:
        others = torch.arange(len(self.points), device=self.squares.device)
        others = others[others != row]
        squares = exact_squared_distances(self.points, torch.full_like(others, row), self.points, others)
        return squares.kthvalue(self.k).values


def _warn_about_ties(reals: Points, real: Neighbours, fakes: Points, fake: Neighbours, balls: list[_Balls]) -> None:
    for name, own, neighbours in (("reference", reals, real), ("samples", fakes, fake)):
        count = _duplicates(own, neighbours)
        if count:
            text = f"{name}: {count} of {len(own)} feature vectors have an exact duplicate, which shrinks their balls"
            warnings.warn(f"precision, recall, density, coverage: {text}", GanevalWarning, 3)
    ties = sum(ball.ties for ball in balls)
    if ties:
        text = f"{ties} distances equal a ball's radius exactly and count as inside (libraries differ here)"
        warnings.warn(f"precision, recall, density, coverage: {text}", GanevalWarning, 3)


def _duplicates(own: Points, neighbours: Neighbours) -> int:
    """How many points have another at distance 0."""
    rows = (neighbours.squares[:, 0] <= 2 * ROUNDING * 2 * own.lengths).nonzero().flatten()
    near = neighbours.indices[rows]
    repeated = rows[:, None].expand_as(near)
    squares = exact_squared_distances(own, repeated.flatten(), own, near.flatten()).view(near.shape)
    return int((squares.masked_fill(near < 0, torch.inf) == 0).any(dim=1).sum())


def _without_fake_block(overlap: Overlap, block: int) -> tuple[float, float]:
    """Density and coverage had the fakes of `block` not been drawn."""
    kept = overlap.fake_blocks != block
    density = float(overlap.balls_of_fake[kept].sum()) / (overlap.k_density_coverage * int(kept.sum()))
    others = overlap.covered_by.sum(1) - overlap.covered_by[:, block].long()
    return density, float((others > 0).double().mean())


def _without_real_block(overlap: Overlap, block: int) -> tuple[float, float]:
    """The same for the reals of `block`: the other reals' balls grow by as many neighbours as they lose."""
    k, kept = overlap.k_density_coverage, overlap.real_blocks != block
    remaining = (overlap.neighbour_blocks[kept] != block).cumsum(1)
    level = (remaining < k).sum(1).sub(k - 1).clamp(0, LEVELS)
    counts = overlap.fakes_in_ball[kept].gather(1, level[:, None])[:, 0]
    return float(counts.sum()) / (k * len(overlap.balls_of_fake)), float((counts > 0).double().mean())


def _jackknife(without: list[tuple[float, float]]) -> np.ndarray[Any, Any]:
    """Variance of each score from its values with one block left out."""
    values = np.array(without)
    variance: np.ndarray[Any, Any] = (len(values) - 1) / len(values) * np.square(values - values.mean(0)).sum(0)
    return variance
