"""How a score varies among random groups of both sets: the error bars of precision, recall, density and coverage.

All parts of these scores' variance, of whatever order, fall like 1/N when both sets shrink in proportion, as a ball
reaches to a fixed number of neighbours. So the scores of disjoint groups of points, each with balls of the group alone,
vary like those of new sets of their size, and the score of all points by as much less as the groups are smaller. With
group g of the reals against group h of the fakes, those of one g show what the fakes alone add.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ganeval.metrics.copies import clusters_of, median_size
from ganeval.metrics.distances import TILE, Points
from ganeval.metrics.estimate import share_floor

GROUPINGS = ((2, 64), (4, 16))  # so many groups, in so many random partitions; both products are bits of whole words
SLOTS = sum(groups * partitions for groups, partitions in GROUPINGS)  # a bit for each group of each partition
MAX_EXTRAPOLATION = 4.0

Bits = npt.NDArray[np.uint8]  # (n, SLOTS / 8): of each partition's first groups, then of its second ones, ...
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Random groups of a set: its `clusters` (n,), equal numbers for copies, and each point's groups as bits.

    `units` (n,): equal numbers for points that come together in new draws, copies where the set holds each image often.
    """

    clusters: Rows
    units: Rows
    bits: Bits

    @property
    def distinct(self) -> int:
        """The number of points that differ from one another."""
        return int(self.clusters.max()) + 1

    @property
    def copies(self) -> int:
        """The number of points that equal another one."""
        return int((np.bincount(self.clusters)[self.clusters] > 1).sum())

    def members(self) -> npt.NDArray[np.float32]:
        """Which points are in which group, (n, SLOTS), 0 or 1."""
        return np.unpackbits(self.bits, axis=1).astype(np.float32)

    def reach(self, indices: Rows, k: int) -> Bits:
        """In which partitions the ball of each point, made of its group alone, holds what has a place in its list.

        `indices` (n, K): the points' neighbours, nearest first. (n, K, SLOTS / 8), bits for all groups of a partition
        in which fewer than k of the nearer neighbours are of the point's own group.
        """
        members = np.unpackbits(self.bits, axis=1)
        nearer, held = np.zeros_like(members), np.empty((*indices.shape, SLOTS // 8), np.uint8)
        for place, neighbours in enumerate(indices.T):
            held[:, place] = np.packbits(_of_any_group((nearer < k) & members.view(bool)), axis=1)
            nearer += members[neighbours]
        return held


def groups_of(own: Points, seed: int) -> Groups:
    """Groups of equal size, or nearly; units share theirs. They depend on the points, not on their order."""
    clusters, places = _clusters(own)
    units = (clusters if median_size(clusters) > 1 else places).cpu().numpy()
    count, random, columns = int(units.max()) + 1, np.random.RandomState(seed), []
    for groups, partitions in GROUPINGS:
        group = np.stack([random.permutation(count) % groups for _ in range(partitions)], axis=1)
        columns += [group == number for number in range(groups)]
    return Groups(clusters.cpu().numpy(), units, np.packbits(np.concatenate(columns, axis=1)[units], axis=1))


def _of_any_group(held: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """From bits of the own group's slot, (n, SLOTS), those of the slots of all groups of the same partition."""
    parts, start = [], 0
    for groups, partitions in GROUPINGS:
        stop = start + groups * partitions
        of_partition = held[:, start:stop].reshape(len(held), groups, partitions).any(1)
        parts.append(np.tile(of_partition, groups))
        start = stop
    return np.concatenate(parts, axis=1)


def _clusters(own: Points) -> tuple[Tensor, Tensor]:
    """Numbers of the points, (n,), in an order that is their own: the same for copies, and each its own."""
    direction = torch.from_numpy(np.random.RandomState(0).standard_normal(own.exact.shape[1])).to(own.exact.device)
    keys = torch.cat([rows.double() @ direction for rows in own.exact.split(TILE)])
    place = torch.empty(len(own), dtype=torch.long, device=keys.device)
    place[keys.argsort(stable=True)] = torch.arange(len(own), device=keys.device)
    clusters = clusters_of(own.exact)
    first = torch.full_like(place, len(own)).scatter_reduce_(0, clusters, place, "amin")
    numbers: Tensor = torch.unique(first[clusters], return_inverse=True)[1]
    return numbers, place


def variance_of_mean(values: npt.NDArray[np.float64], units: Rows) -> float:
    """The sampling variance of the mean of `values` (n,), of which those of a unit come together."""
    sums = np.bincount(units, values - values.mean())
    return float(np.square(sums).sum()) * len(sums) / max(1, len(sums) - 1) / len(values) ** 2


def errors_by_groups(table: npt.NDArray[Any], distinct: int, exact: float | None = None) -> tuple[float, float]:
    """The standard error of a score over new draws of both sets, and its part from the fakes.

    `table` (SLOTS, SLOTS): the score of each group of fakes (columns) against each of reals (rows). `distinct`: points
    of the smaller set. `exact`: the variance from the fakes, where it is known.
    """
    (own, both), (own_of_quarters, both_of_quarters) = group_variances(table)
    if exact is None:
        own, both = _extrapolate(own, own_of_quarters), _extrapolate(both, both_of_quarters)
    else:
        own, both = exact, both + exact - own
    floor = share_floor(distinct)
    return math.sqrt(max(both, own) + floor), math.sqrt(own + floor)


def group_variances(table: npt.NDArray[Any]) -> list[tuple[float, float]]:
    """For each of GROUPINGS the variance of the score of all points: from the fakes alone, and from both sets."""
    variances, start = [], 0
    for groups, partitions in GROUPINGS:
        stop = start + groups * partitions
        blocks = table[start:stop, start:stop].reshape(groups, partitions, groups, partitions)
        scores = np.einsum("gphp->pgh", blocks.astype(np.float64))  # of each partition: reals' groups x fakes' groups
        diagonals = np.stack([np.roll(scores, turn, axis=2).diagonal(axis1=1, axis2=2) for turn in range(groups)])
        own, both = (values.var(axis=2, ddof=1).mean() / groups for values in (scores, diagonals))
        variances.append((float(own), float(both)))
        start = stop
    return variances


def _extrapolate(variance: float, of_quarters: float) -> float:
    """Half a step further from quarters over halves to the whole: upwards only, where the geometry still changes."""
    growth = variance / of_quarters if of_quarters else MAX_EXTRAPOLATION
    return variance * math.sqrt(min(max(growth, 1.0), MAX_EXTRAPOLATION))
