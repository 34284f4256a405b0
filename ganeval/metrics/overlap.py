"""Counts of the points of two sets that lie in one another's balls, of all and of random groups: in O(N + M) memory.

A binomial error would forget that the balls, too, are random, and be up to three times too small.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ganeval.metrics.balls import Balls
from ganeval.metrics.distances import exact_squared_distances, rounding
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.random_groups import GROUPINGS, SLOTS, Groups, Rows, errors_by_groups, variance_of_mean

Table = npt.NDArray[np.float32]
WORD = np.uint64
FEW_HELD = 10  # a ball that holds fewer points, or fewer times as many as the mean ball, decides nothing
DECIDING = 0.1  # of all pairs of a ball and a point in it: a ball with more decides the score


class PointsInBalls:
    """Which points lie in a ball of the other set: fakes for precision, reals for recall."""

    def __init__(self, balls: Balls, others: Groups) -> None:
        self.balls, self.others = balls, others
        self.inside = np.zeros(len(others.bits), dtype=bool)
        self.inside_by_group = np.zeros_like(others.bits)  # in a ball of each group
        self.held = np.zeros(len(balls.points), np.int64)  # points in each ball

    def add(self, centres: Rows, points: Rows, places: Rows) -> None:
        """Take in pairs (P,): points[i] has places[i] for the ball around centres[i]."""
        inside = places < self.balls.k
        self.inside[points[inside]] = True
        self.held += np.bincount(centres[inside], minlength=len(self.held))
        held = self.balls.in_groups(centres, places) & self.balls.groups.bits[centres]
        for own, words in zip(self.inside_by_group.view(WORD).T, held.view(WORD).T, strict=True):
            np.bitwise_or.at(own, points, words)

    @property
    def largest(self) -> float:
        """The share of all pairs of a ball and a point in it that a single ball holds; 0 where that is as usual."""
        largest, pairs = int(self.held.max()), int(self.held.sum())
        usual = FEW_HELD * max(1.0, pairs / len(self.held))
        return largest / pairs if largest > max(usual, DECIDING * pairs) else 0.0

    def table(self) -> Table:
        """The share of each group's points (columns) in the balls of each group of the other set (rows)."""
        members = self.others.members()
        shares: Table = np.unpackbits(self.inside_by_group, axis=1).T.astype(np.float32) @ members / members.sum(0)
        return shares


class BallOccupancy:
    """How many fakes the reals' balls hold: per fake the balls for density, per ball the fakes for coverage."""

    def __init__(self, balls: Balls, fakes: Groups) -> None:
        self.balls, self.fakes = balls, fakes
        self.balls_of_fake = np.zeros(len(fakes.bits), np.int64)
        self.occupied = np.zeros(len(balls.points), dtype=bool)
        self.fakes_by_group = np.zeros((len(balls.points), SLOTS), np.int32)  # in each ball of its group alone

    def add(self, reals: Rows, fakes: Rows, places: Rows) -> None:
        """Take in pairs (P,), ordered by reals: fakes[i] has places[i] for the ball around reals[i]."""
        if not len(reals):
            return
        inside = places < self.balls.k
        self.balls_of_fake += np.bincount(fakes[inside], minlength=len(self.balls_of_fake))
        self.occupied[reals[inside]] = True
        held = np.unpackbits(self.balls.in_groups(reals, places) & self.fakes.bits[fakes], axis=1)
        starts = np.flatnonzero(np.diff(reals, prepend=-1))
        self.fakes_by_group[reals[starts]] += np.add.reduceat(held, starts, axis=0, dtype=np.int32)

    def density_table(self) -> Table:
        """The density of each group of fakes (columns) in the balls of each group of reals (rows)."""
        members = self.balls.groups.members()
        pairs: Table = members.T @ self.fakes_by_group.astype(np.float32)
        density: Table = pairs / (self.balls.k * self.fakes.members().sum(0))
        return density

    def coverage_table(self) -> Table:
        """The share of the balls of each group of reals (rows) that hold one of each group of fakes (columns)."""
        members = self.balls.groups.members()
        balls: Table = members.T @ (self.fakes_by_group > 0).astype(np.float32)
        shares: Table = balls / members.sum(0)[:, None]
        return shares


class Overlap:
    """Which points of one set lie in which balls of the other, and the four scores that follow."""

    def __init__(self, real: Balls, real_dense: Balls, fake: Balls) -> None:
        self.real, self.real_dense, self.fake = real, real_dense, fake
        self.fakes_in_real_balls = PointsInBalls(real, fake.groups)
        self.reals_in_fake_balls = PointsInBalls(fake, real.groups)
        self.occupancy = BallOccupancy(real_dense, fake.groups)

    def add(self, reals: Tensor, fakes: Tensor, squares: Tensor) -> None:
        """Take in pairs of a real and a fake that may lie in one another's balls, with their squared distances."""
        slack = rounding(self.real.points.lengths[reals], self.fake.points.lengths[fakes])

        def within_reach(balls: Balls, centres: Tensor) -> tuple[Rows, Rows, Rows]:
            """The reals, the fakes and the places of the pairs that come within reach of the balls around `centres`."""
            pairs = (squares - slack <= balls.reach[centres]).nonzero().flatten()

            def exact(rows: Tensor) -> Tensor:
                chosen = pairs[rows]
                return exact_squared_distances(self.real.points, reals[chosen], self.fake.points, fakes[chosen])

            places = balls.places(centres[pairs], squares[pairs], slack[pairs], exact)
            pairs, places = pairs[places < balls.listed], places[places < balls.listed]
            return reals[pairs].cpu().numpy(), fakes[pairs].cpu().numpy(), places.cpu().numpy()

        real, fake, places = within_reach(self.real, reals)
        self.fakes_in_real_balls.add(real, fake, places)
        real, fake, places = within_reach(self.fake, fakes)
        self.reals_in_fake_balls.add(fake, real, places)
        self.occupancy.add(*within_reach(self.real_dense, reals))

    def precision(self) -> Estimate:
        """Share of fakes in the reals' balls."""
        return self._estimate(self.fakes_in_real_balls.inside, self.fakes_in_real_balls.table, self.fake.groups.units)

    def recall(self) -> Estimate:
        """Share of reals in the fakes' balls."""
        return self._estimate(self.reals_in_fake_balls.inside, lambda: self.reals_in_fake_balls.table().T)

    def density(self) -> Estimate:
        """Balls of the reals that hold a fake, over k, on average."""
        balls = self.occupancy.balls_of_fake / self.real_dense.k
        return self._estimate(balls, self.occupancy.density_table, self.fake.groups.units)

    def coverage(self) -> Estimate:
        """Share of balls of the reals that hold a fake."""
        return self._estimate(self.occupancy.occupied, self.occupancy.coverage_table)

    def _estimate(
        self, values: npt.NDArray[Any], table: Callable[[], Table], fake_units: Rows | None = None
    ) -> Estimate:
        """The mean of `values` and its error; with `fake_units` they are those of fakes, and a mean of its own."""
        mean = float(values.mean())
        if self.distinct < self.fewest_distinct:
            return Estimate(mean)
        exact = None if fake_units is None else variance_of_mean(values.astype(np.float64), fake_units)
        return Estimate(mean, *errors_by_groups(table(), self.distinct, exact))

    @property
    def distinct(self) -> int:
        """Points of the smaller set that differ from one another."""
        return min(self.real.groups.distinct, self.fake.groups.distinct)

    @property
    def fewest_distinct(self) -> int:
        """How many of them an error needs: a quarter of a set must have balls of its own."""
        return max(groups for groups, _ in GROUPINGS) * (max(self.real.k, self.real_dense.k) + 1)
