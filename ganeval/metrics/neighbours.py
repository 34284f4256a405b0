"""Precision, recall, density and coverage from one pass over distances. Higher is better for all four.

Precision and recall: Kynkäänniemi et al. 2019, arXiv:1904.06991; agrees with torch-fidelity's `prc`.
Density and coverage: Naeem et al. 2020, arXiv:2002.09797; agrees with the package `prdc` but for ties, which count as
inside here. Each error is a delete-a-block jackknife over both sets: a binomial one would forget that the balls, too,
are drawn, and be up to three times too small.
"""

import warnings

import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.balls import BLOCKS, LEVELS, Balls, random_blocks
from ganeval.metrics.distances import (
    ROUNDING,
    SPARE,
    Neighbours,
    Points,
    exact_squared_distances,
    least_squared_distances,
    nearest_within,
    points,
    rounding,
)
from ganeval.metrics.estimate import Estimate, check_pair, check_rows
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick

PAIRS = 2**17  # near pairs looked at together; few tiles have more, but where all points coincide all are near


class Overlap:
    """Which points of one set lie in which balls of the other: all that the four scores need, in O(N + M) memory."""

    def __init__(self, real: Balls, real_dense: Balls, fake: Balls) -> None:
        self.real, self.real_dense, self.fake = real, real_dense, fake
        reals, fakes, device = len(real.points), len(fake.points), real.radii.device
        self.fake_in_real = torch.zeros(fakes, dtype=torch.bool, device=device)
        self.fake_in_real_without = torch.zeros(fakes, BLOCKS, dtype=torch.bool, device=device)  # each block of reals
        self.real_in_fake = torch.zeros(reals, dtype=torch.bool, device=device)
        self.real_in_fake_without = torch.zeros(reals, BLOCKS, dtype=torch.bool, device=device)  # each block of fakes
        self.balls_of_fake = torch.zeros(fakes, dtype=torch.long, device=device)
        self.balls_without = torch.zeros(BLOCKS, dtype=torch.long, device=device)  # of all fakes together
        self.covered_by = torch.zeros(reals, BLOCKS, dtype=torch.bool, device=device)  # by each block of fakes
        self.covering_level = torch.full((reals,), LEVELS + 1, device=device)

    def count(self, reals: Tensor, fakes: Tensor, squares: Tensor) -> None:
        """Take in pairs of a real and a fake that may lie in one another's balls, with their squared distances."""
        pairs = _Pairs(self.real.points, self.fake.points, reals, fakes, squares)
        chosen, levels = pairs.levels(self.real, reals)
        _mark(self.fake_in_real, self.fake_in_real_without, self.real, fakes[chosen], reals[chosen], levels)
        chosen, levels = pairs.levels(self.fake, fakes)
        _mark(self.real_in_fake, self.real_in_fake_without, self.fake, reals[chosen], fakes[chosen], levels)
        chosen, levels = pairs.levels(self.real_dense, reals)
        self._count_dense(reals[chosen], fakes[chosen], levels)

    def add_up(self, ranks: Ranks) -> None:
        """Take in what the other ranks have counted."""
        for name in ("fake_in_real", "fake_in_real_without", "real_in_fake", "real_in_fake_without", "covered_by"):
            setattr(self, name, ranks.total(getattr(self, name).int()) > 0)
        self.balls_of_fake, self.balls_without = ranks.total(self.balls_of_fake), ranks.total(self.balls_without)
        self.covering_level = ranks.joined(self.covering_level).view(ranks.world, -1).amin(0)
        for balls in (self.real, self.real_dense, self.fake):
            balls.ties = sum(ranks.everyone(balls.ties))

    def _count_dense(self, reals: Tensor, fakes: Tensor, levels: Tensor) -> None:
        self.covering_level.scatter_reduce_(0, reals, levels, "amin")
        reached, inside = levels <= LEVELS, levels == 0
        self.balls_without += self.real_dense.hold_without(reals[reached], levels[reached]).sum(0)
        self.balls_of_fake += torch.bincount(fakes[inside], minlength=len(self.balls_of_fake))
        self.covered_by[reals[inside], self.fake.blocks[fakes[inside]]] = True


class _Pairs:
    """Pairs of a real and a fake that may lie in one another's balls."""

    def __init__(self, real: Points, fake: Points, reals: Tensor, fakes: Tensor, squares: Tensor) -> None:
        self.real, self.fake, self.reals, self.fakes, self.squares = real, fake, reals, fakes, squares
        self.slack = rounding(real.lengths[reals], fake.lengths[fakes])

    def levels(self, balls: Balls, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Which pairs come within reach of balls `rows`, (P,), and the levels at which those do."""
        chosen = (self.squares - self.slack <= balls.reach[rows]).nonzero().flatten()

        def exact(some: Tensor) -> Tensor:
            pairs = chosen[some]
            return exact_squared_distances(self.real, self.reals[pairs], self.fake, self.fakes[pairs])

        return chosen, balls.levels(rows[chosen], self.squares[chosen], self.slack[chosen], exact)


def real_neighbours(
    real: Tensor, k_precision_recall: int = 3, k_density_coverage: int = 5, ranks: Ranks = ALONE
) -> Neighbours:
    """The neighbours that `overlap` needs of a reference: worth keeping, since the reference does not change.

    Raises ValueError for features that are not finite.
    """
    check_rows("real", real)
    return nearest_within(points(real, real.mean(0)), _reached(k_precision_recall, k_density_coverage), ranks)


def overlap(
    real: Tensor,
    fake: Tensor,
    *,
    k_precision_recall: int = 3,
    k_density_coverage: int = 5,
    seed: int = 2020,
    neighbours: Neighbours | None = None,
    ranks: Ranks = ALONE,
    tick: Tick | None = None,
) -> Overlap:
    """One blocked pass over the distances of `real` (M, D) and `fake` (N, D); `neighbours` of the reals if kept.

    `seed` draws the jackknife's blocks: it moves errors, never values. `ranks` share the blocks of distances.
    Raises ValueError for non-finite features, widths that differ, or fewer than k + 2 points in a set.

    >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.1], [1.2, 0.0], [1.3, 1.5], [0.5, 0.6]])
    >>> overlap(square, square, k_precision_recall=1, k_density_coverage=1).real_in_fake.all().item()
    True
    """
    check_pair(real, fake, at_least=max(k_precision_recall, k_density_coverage) + 2)
    centre = real.mean(0)
    reals, fakes = points(real, centre), points(fake, centre)
    neighbours = neighbours or nearest_within(reals, _reached(k_precision_recall, k_density_coverage), ranks)
    fake_neighbours = nearest_within(fakes, _reached(k_precision_recall), ranks)
    real_blocks, fake_blocks = (
        random_blocks(len(real), seed, real.device),
        random_blocks(len(fake), seed + 1, real.device),
    )
    result = Overlap(
        Balls(reals, neighbours, k_precision_recall, real_blocks),
        Balls(reals, neighbours, k_density_coverage, real_blocks),
        Balls(fakes, fake_neighbours, k_precision_recall, fake_blocks),
    )
    tiles = ranks.mine([(i, j) for i in reals.tiles() for j in fakes.tiles()])
    if tick is not None:
        tick("neighbours", 0, len(tiles))
    for done, ((i, real_tile), (j, fake_tile)) in enumerate(tiles):
        near = _near_pairs(least_squared_distances(real_tile, fake_tile), i, j, result)
        for pairs in zip(*(column.split(PAIRS) for column in near), strict=True):
            result.count(*pairs)
        if tick is not None:
            tick("neighbours", done + 1, len(tiles))
    result.add_up(ranks)
    _warn_about_ties(result)
    return result


def precision_recall(overlap: Overlap) -> dict[str, Estimate]:
    """Share of fakes inside the reals' balls, and of reals inside the fakes'; 0 to 1, higher is better.

    Both depend on N and M: compare only scores of equal counts.
    """
    real_blocks, fake_blocks = overlap.real.blocks, overlap.fake.blocks
    inside, covered = overlap.fake_in_real.double(), overlap.real_in_fake.double()
    without_reals, without_fakes = overlap.fake_in_real_without.double(), overlap.real_in_fake_without.double()
    return {
        "precision": _jackknifed(float(inside.mean()), _means_without(inside, fake_blocks), without_reals.mean(0)),
        "recall": _jackknifed(float(covered.mean()), without_fakes.mean(0), _means_without(covered, real_blocks)),
    }


def density_coverage(overlap: Overlap) -> dict[str, Estimate]:
    """How many real balls hold a fake (over k; no upper limit), and the share of real balls that hold one.

    Higher is better. For two samples of one distribution the expectations are 1 and
    1 - prod_{i=1..k} (M - i) / (N + M - i).
    """
    balls, fakes = overlap.balls_of_fake.double() / overlap.real_dense.k, len(overlap.balls_of_fake)
    balls_without = overlap.balls_without.double() / (overlap.real_dense.k * fakes)
    covered = (overlap.covering_level == 0).double()
    others = overlap.covered_by.sum(1, keepdim=True) - overlap.covered_by.long()
    regrown = (overlap.covering_level[:, None] <= overlap.real_dense.growth).double()
    return {
        "density": _jackknifed(float(balls.mean()), _means_without(balls, overlap.fake.blocks), balls_without),
        "coverage": _jackknifed(
            float(covered.mean()), (others > 0).double().mean(0), _means_without(regrown, overlap.real.blocks)
        ),
    }


def _reached(*ks: int) -> int:
    """How many neighbours are kept, for balls of so many: those that they reach when blocks are left out, and spare."""
    return max(ks) + LEVELS + SPARE


def _near_pairs(least: Tensor, i: int, j: int, overlap: Overlap) -> tuple[Tensor, Tensor, Tensor]:
    """The pairs of a tile that may lie in one another's balls: reals, fakes, squared distances."""
    rows, columns = slice(i, i + len(least)), slice(j, j + least.shape[1])
    real_reach = torch.maximum(overlap.real.reach[rows], overlap.real_dense.reach[rows])
    near = (least <= real_reach[:, None]).logical_or_(least <= overlap.fake.reach[columns])
    reals, fakes = near.nonzero(as_tuple=True)
    slack = rounding(overlap.real.points.lengths[rows][reals], overlap.fake.points.lengths[columns][fakes])
    return reals + i, fakes + j, least[reals, fakes] + slack


def _mark(held: Tensor, held_without: Tensor, balls: Balls, inner: Tensor, rows: Tensor, levels: Tensor) -> None:
    """Mark the points `inner` that lie in balls `rows`, now and without each block; those marked all over are done."""
    held[inner[levels == 0]] = True
    unsettled = ~held_without.all(1)
    open_pairs = (levels <= LEVELS) & unsettled[inner]
    pairs, blocks = balls.hold_without(rows[open_pairs], levels[open_pairs]).nonzero(as_tuple=True)
    held_without[inner[open_pairs][pairs], blocks] = True


def _means_without(values: Tensor, blocks: Tensor) -> Tensor:
    """The mean over the points outside each block, (BLOCKS,), of values (n,), or (n, BLOCKS) with a column for each."""
    outside = (blocks[:, None] != torch.arange(BLOCKS, device=blocks.device)).double()
    return (outside * (values if values.ndim == 2 else values[:, None])).sum(0) / outside.sum(0)


def _jackknifed(value: float, without_fakes: Tensor, without_reals: Tensor) -> Estimate:
    samples, reference = _jackknife(without_fakes), _jackknife(without_reals)
    return Estimate(value, (samples + reference) ** 0.5, samples**0.5)


def _jackknife(without: Tensor) -> float:
    """Variance of a score from its values with one block left out (empty blocks leave it as it is)."""
    return float((without - without.mean()).square().sum()) * (len(without) - 1) / len(without)


def _warn_about_ties(overlap: Overlap) -> None:
    families = "precision, recall, density, coverage"
    for name, balls in (("reference", overlap.real), ("samples", overlap.fake)):
        count = _duplicates(balls.points, balls.neighbours)
        if count:
            text = f"{count} of {len(balls.points)} feature vectors have an exact duplicate, which shrinks their balls"
            warnings.warn(f"{families}: {name}: {text}", GanevalWarning, 3)
    counted = {balls.k: balls for balls in (overlap.real, overlap.real_dense)}  # once where both k are equal
    ties = sum(balls.ties for balls in (*counted.values(), overlap.fake))
    if ties:
        text = f"{ties} distances equal a ball's radius exactly and count as inside (libraries differ here)"
        warnings.warn(f"{families}: {text}", GanevalWarning, 3)


def _duplicates(own: Points, neighbours: Neighbours) -> int:
    """How many points have another at distance 0."""
    rows = (neighbours.squares[:, 0] <= 2 * ROUNDING * 2 * own.lengths).nonzero().flatten()
    near = neighbours.indices[rows]
    repeated = rows[:, None].expand_as(near)
    squares = exact_squared_distances(own, repeated.flatten(), own, near.flatten()).view(near.shape)
    return int((squares.masked_fill(near < 0, torch.inf) == 0).any(dim=1).sum())
