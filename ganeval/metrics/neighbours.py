"""Precision, recall, density and coverage: which points lie in the balls around the other set's. Higher is better.

Precision and recall: Kynkäänniemi et al. 2019, arXiv:1904.06991; agrees with torch-fidelity's `prc`. Density and
coverage: Naeem et al. 2020, arXiv:2002.09797; agrees with the package `prdc` but for ties, which count as inside here.
The definitions are `precision`, `recall`, `density` and `coverage`; `overlap` gives all four with error bars, in one
pass over tiles of distances (`distances`), exact where float32 cannot decide (`balls`).
"""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL
from ganeval.metrics.balls import LISTED, Balls
from ganeval.metrics.copies import copied
from ganeval.metrics.distances import (
    SPARE,
    Neighbours,
    Points,
    frame_of,
    least_squared_distances,
    nearest_within,
    points,
    rounding,
)
from ganeval.metrics.estimate import Estimate, check_pair, check_rows
from ganeval.metrics.overlap import Overlap
from ganeval.metrics.random_groups import groups_of
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent

MEMORISED = 0.05  # of the samples that equal reference images, from which on the errors are wrong
MANY_TIES = 0.25  # of density, which is 1 for real data
PAIRS = 2**17  # near pairs decided at a time; few tiles have more, but where all points coincide all are near


def in_balls(centres: Tensor, others: Tensor, k: int) -> Tensor:
    """Whether each ball around `centres` (A, D) holds each of `others` (B, D), edge inside: bool (A, B).

    A ball reaches to its centre's k-th nearest neighbour among the centres, itself not counted.

    >>> in_balls(torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([[2.0]]), k=1).flatten().tolist()
    [False, True, True]
    """
    within = (centres[:, None].double() - centres.double()).square().sum(2)
    across = (centres[:, None].double() - others.double()).square().sum(2)
    radius = within.kthvalue(k + 1, dim=1).values  # the first is the centre itself
    return across <= radius[:, None]


def precision(real: Tensor, fake: Tensor, k: int = K_PRECISION_RECALL) -> float:
    """Share of fakes (N, D) that lie in a ball of the reals (M, D); 0 to 1, higher is better.

    >>> precision(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.5], [9.0]]), k=1)
    0.5
    """
    return float(in_balls(real, fake, k).any(0).double().mean())


def recall(real: Tensor, fake: Tensor, k: int = K_PRECISION_RECALL) -> float:
    """Share of reals (M, D) that lie in a ball of the fakes (N, D); 0 to 1, higher is better."""
    return float(in_balls(fake, real, k).any(0).double().mean())


def density(real: Tensor, fake: Tensor, k: int = K_DENSITY_COVERAGE) -> float:
    """Number of balls of the reals that hold a fake, over k, on average; 0 upwards, 1 expected, higher is better."""
    return float(in_balls(real, fake, k).sum(0).double().mean() / k)


def coverage(real: Tensor, fake: Tensor, k: int = K_DENSITY_COVERAGE) -> float:
    """Share of balls of the reals that hold a fake; 0 to 1, higher is better."""
    return float(in_balls(real, fake, k).any(1).double().mean())


def precision_recall(overlap: Overlap) -> dict[str, Estimate]:
    """Share of fakes in the reals' balls, and of reals in the fakes' balls; 0 to 1, higher is better.

    Both depend on N and M: compare only scores of equal counts.
    """
    return {"precision": overlap.precision(), "recall": overlap.recall()}


def density_coverage(overlap: Overlap) -> dict[str, Estimate]:
    """How many of the reals' balls hold a fake (over k; no upper limit), and the share of balls that hold one.

    Higher is better. For two samples of one distribution the expectations are 1 and
    1 - prod_{i=1..k} (M - i) / (N + M - i).
    """
    return {"density": overlap.density(), "coverage": overlap.coverage()}


def overlap(
    real: Tensor,
    fake: Tensor,
    *,
    k_precision_recall: int = K_PRECISION_RECALL,
    k_density_coverage: int = K_DENSITY_COVERAGE,
    neighbours: Neighbours | None = None,
    ranks: Ranks = ALONE,
    tick: Tick = silent,
) -> Overlap:
    """Which points of `real` (M, D) and `fake` (N, D) lie in one another's balls: all that the four scores need.

    `neighbours`: those of the reals, from `real_neighbours`. `ranks` share the tiles of distances.
    Raises ValueError for non-finite features, widths that differ, or fewer than k + 2 points in a set.

    >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.1], [1.2, 0.0], [1.3, 1.5], [0.5, 0.6]])
    >>> precision_recall(overlap(square, square + 9, k_precision_recall=1, k_density_coverage=1))["precision"].value
    0.0
    """
    check_pair(real, fake, at_least=max(k_precision_recall, k_density_coverage) + 2)
    frame = frame_of(real)
    reals, fakes = points(real, frame), points(fake, frame)
    neighbours = neighbours or _neighbours(reals, ranks, k_precision_recall, k_density_coverage)
    fake_neighbours = _neighbours(fakes, ranks, k_precision_recall)
    real_groups, fake_groups = groups_of(reals, seed=0), groups_of(fakes, seed=1)
    result = Overlap(
        Balls(reals, neighbours, k_precision_recall, real_groups),
        Balls(reals, neighbours, k_density_coverage, real_groups),
        Balls(fakes, fake_neighbours, k_precision_recall, fake_groups),
    )
    tiles = [(i, j) for i in reals.tiles() for j in fakes.tiles()][ranks.stride]
    tick("neighbours", 0, len(tiles))
    for tile, ((i, real_tile), (j, fake_tile)) in enumerate(tiles):
        near = _near_pairs(least_squared_distances(real_tile, fake_tile), i, j, result)
        for pairs in zip(*(column.split(PAIRS) for column in near), strict=True):
            result.add(*pairs)
        tick("neighbours", tile + 1, len(tiles))
    _combine(result, ranks)
    _warn_about_points(result)
    return result


def real_neighbours(
    real: Tensor,
    k_precision_recall: int = K_PRECISION_RECALL,
    k_density_coverage: int = K_DENSITY_COVERAGE,
    ranks: Ranks = ALONE,
) -> Neighbours:
    """The neighbours that `overlap` needs of a reference: worth keeping, since the reference does not change.

    Raises ValueError for features that are not finite.
    """
    check_rows("real", real)
    return _neighbours(points(real, frame_of(real)), ranks, k_precision_recall, k_density_coverage)


def _neighbours(own: Points, ranks: Ranks, *ks: int) -> Neighbours:
    """The nearest others of each point: k, those that a ball of its group alone may reach, and spare ones."""
    count = LISTED * max(ks) + SPARE
    part = nearest_within(own, count, ranks.stride)
    if ranks.world == 1:
        return part
    squares, indices = (ranks.gather_rows(columns.T.contiguous()).T for columns in (part.squares, part.indices))
    least, order = squares.topk(count, dim=1, largest=False)
    return Neighbours(least, indices.gather(1, order))


def _combine(overlap: Overlap, ranks: Ranks) -> None:
    """Take in what the other ranks have counted."""
    if ranks.world == 1:
        return

    def total(counts: Any) -> Any:
        return ranks.total(torch.from_numpy(counts.astype(np.int64))).numpy()

    for points_in_balls in (overlap.fakes_in_real_balls, overlap.reals_in_fake_balls):
        points_in_balls.inside = total(points_in_balls.inside) > 0
        points_in_balls.held = total(points_in_balls.held)
        bits = np.unpackbits(points_in_balls.inside_by_group, axis=1)
        points_in_balls.inside_by_group = np.packbits(total(bits) > 0, axis=1)
    occupancy = overlap.occupancy
    occupancy.balls_of_fake = total(occupancy.balls_of_fake)
    occupancy.occupied = total(occupancy.occupied) > 0
    occupancy.fakes_by_group = total(occupancy.fakes_by_group)
    for balls in (overlap.real, overlap.real_dense, overlap.fake):
        balls.ties = sum(ranks.gather(balls.ties))


def _near_pairs(least: Tensor, i: int, j: int, overlap: Overlap) -> tuple[Tensor, Tensor, Tensor]:
    """The pairs of a tile that may lie in one another's balls: reals, fakes, squared distances."""
    rows, columns = slice(i, i + len(least)), slice(j, j + least.shape[1])
    real_reach = torch.maximum(overlap.real.reach[rows], overlap.real_dense.reach[rows])
    near = (least <= real_reach[:, None]).logical_or_(least <= overlap.fake.reach[columns])
    reals, fakes = near.nonzero(as_tuple=True)
    slack = rounding(overlap.real.points.lengths[rows][reals], overlap.fake.points.lengths[columns][fakes])
    return reals + i, fakes + j, least[reals, fakes] + slack


def _warn_about_points(overlap: Overlap) -> None:
    families = "precision, recall, density, coverage"
    for name, balls in (("reference", overlap.real), ("samples", overlap.fake)):
        count = balls.groups.copies
        if count:
            text = f"{count} of {len(balls.points)} feature vectors have an exact duplicate, which shrinks their balls"
            warnings.warn(f"{families}: {name}: {text}", GanevalWarning, 3)
    if overlap.distinct < overlap.fewest_distinct:
        text = f"found {overlap.distinct}, needed at least {overlap.fewest_distinct}"
        warnings.warn(f"{families}: too few distinct points in a set for error bars: {text}", GanevalWarning, 3)
    _warn_about_outliers(overlap)
    count, samples = copied(overlap.fake.points.exact, overlap.real.points.exact), len(overlap.fake.points)
    if count > MEMORISED * samples:
        text = f"{count} of {samples} samples have the features of a reference image: scores and errors are too large"
        warnings.warn(f"{families}: {text}", GanevalWarning, 3)
    real_balls = {balls.k: balls for balls in (overlap.real, overlap.real_dense)}  # once where both k are equal
    ties = sum(balls.ties for balls in (*real_balls.values(), overlap.fake))
    if ties:
        text = f"{ties} distances equal a ball's radius exactly and count as inside (libraries differ here)"
        warnings.warn(f"{families}: {text}", GanevalWarning, 3)
    of_density = overlap.real_dense.ties / (overlap.real_dense.k * len(overlap.fake.points))
    if of_density > MANY_TIES:
        text = f"{of_density:.2g} of it comes from such ties; 1 stands for real data only where there are few"
        warnings.warn(f"density: has no meaning for features of so few values: {text}", GanevalWarning, 3)


def _warn_about_outliers(overlap: Overlap) -> None:
    for names, name, points_in_balls in (
        ("precision, density", "reference", overlap.fakes_in_real_balls),
        ("recall", "samples", overlap.reals_in_fake_balls),
    ):
        if points_in_balls.largest:
            text = f"one outlier of the {name} holds {points_in_balls.largest:.0%} of all that is found near any"
            warnings.warn(f"{names}: {text}; it decides the score, and the error is too small", GanevalWarning, 4)
