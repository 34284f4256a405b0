"""Counts of the points of two sets that lie in one another's balls, and the jackknife over both: in O(N + M) memory.

Each error is a delete-a-block jackknife: a binomial one would forget that the balls, too, are random, and be up to
three times too small.
"""

import torch
from torch import Tensor

from ganeval.metrics.balls import BLOCKS, LEVELS, Balls
from ganeval.metrics.distances import exact_squared_distances, rounding
from ganeval.metrics.estimate import Estimate


class PointsInBalls:
    """Which of `count` points lie in a ball of the other set: fakes for precision, reals for recall."""

    def __init__(self, balls: Balls, count: int) -> None:
        device = balls.radii.device
        self.balls = balls
        self.inside = torch.zeros(count, dtype=torch.bool, device=device)
        self.inside_without_block = torch.zeros(count, BLOCKS, dtype=torch.bool, device=device)  # of the balls' set

    def add(self, centres: Tensor, points: Tensor, levels: Tensor) -> None:
        """Take in pairs (P,): points[i] comes into the ball of centres[i] at levels[i]."""
        self.inside[points[levels == 0]] = True
        undecided = ~self.inside_without_block.all(1)  # points marked for every block need no more
        pairs = (levels <= LEVELS) & undecided[points]
        rows, blocks = self.balls.hold_without(centres[pairs], levels[pairs]).nonzero(as_tuple=True)
        self.inside_without_block[points[pairs][rows], blocks] = True


class BallOccupancy:
    """How many fakes the reals' balls hold: per fake the balls for density, per ball whether any fake for coverage."""

    def __init__(self, balls: Balls, fake_blocks: Tensor) -> None:
        reals, fakes, device = len(balls.points), len(fake_blocks), balls.radii.device
        self.balls, self.fake_blocks = balls, fake_blocks
        self.balls_of_fake = torch.zeros(fakes, dtype=torch.long, device=device)
        self.balls_without_block = torch.zeros(BLOCKS, dtype=torch.long, device=device)  # of all fakes together
        self.occupied_by_block = torch.zeros(reals, BLOCKS, dtype=torch.bool, device=device)  # of fakes
        self.occupied_level = torch.full((reals,), LEVELS + 1, device=device)  # the least at which a fake is inside

    def add(self, reals: Tensor, fakes: Tensor, levels: Tensor) -> None:
        """Take in pairs (P,): fakes[i] comes into the ball of reals[i] at levels[i]."""
        self.occupied_level.scatter_reduce_(0, reals, levels, "amin")
        reached, inside = levels <= LEVELS, levels == 0
        self.balls_without_block += self.balls.hold_without(reals[reached], levels[reached]).sum(0)
        self.balls_of_fake += torch.bincount(fakes[inside], minlength=len(self.balls_of_fake))
        self.occupied_by_block[reals[inside], self.fake_blocks[fakes[inside]]] = True


class Overlap:
    """Which points of one set lie in which balls of the other, and the four scores that follow."""

    def __init__(self, real: Balls, real_dense: Balls, fake: Balls) -> None:
        self.real, self.real_dense, self.fake = real, real_dense, fake
        self.fakes_in_real_balls = PointsInBalls(real, len(fake.points))
        self.reals_in_fake_balls = PointsInBalls(fake, len(real.points))
        self.occupancy = BallOccupancy(real_dense, fake.blocks)

    def add(self, reals: Tensor, fakes: Tensor, squares: Tensor) -> None:
        """Take in pairs of a real and a fake that may lie in one another's balls, with their squared distances."""
        slack = rounding(self.real.points.lengths[reals], self.fake.points.lengths[fakes])

        def within_reach(balls: Balls, centres: Tensor) -> tuple[Tensor, Tensor]:
            """Which pairs come within reach of the balls around `centres`, (P,), and the levels at which they do."""
            pairs = (squares - slack <= balls.reach[centres]).nonzero().flatten()

            def exact(rows: Tensor) -> Tensor:
                chosen = pairs[rows]
                return exact_squared_distances(self.real.points, reals[chosen], self.fake.points, fakes[chosen])

            return pairs, balls.levels(centres[pairs], squares[pairs], slack[pairs], exact)

        pairs, levels = within_reach(self.real, reals)
        self.fakes_in_real_balls.add(reals[pairs], fakes[pairs], levels)
        pairs, levels = within_reach(self.fake, fakes)
        self.reals_in_fake_balls.add(fakes[pairs], reals[pairs], levels)
        pairs, levels = within_reach(self.real_dense, reals)
        self.occupancy.add(reals[pairs], fakes[pairs], levels)

    def precision(self) -> Estimate:
        """Share of fakes in the reals' balls."""
        inside = self.fakes_in_real_balls.inside.double()
        without_reals = self.fakes_in_real_balls.inside_without_block.double().mean(0)
        return _jackknifed(inside, _means_without(inside, self.fake.blocks), without_reals)

    def recall(self) -> Estimate:
        """Share of reals in the fakes' balls."""
        inside = self.reals_in_fake_balls.inside.double()
        without_fakes = self.reals_in_fake_balls.inside_without_block.double().mean(0)
        return _jackknifed(inside, without_fakes, _means_without(inside, self.real.blocks))

    def density(self) -> Estimate:
        """Balls of the reals that hold a fake, over k, on average."""
        k, fakes = self.real_dense.k, len(self.fake.points)
        balls = self.occupancy.balls_of_fake.double() / k
        without_reals = self.occupancy.balls_without_block.double() / (k * fakes)
        return _jackknifed(balls, _means_without(balls, self.fake.blocks), without_reals)

    def coverage(self) -> Estimate:
        """Share of balls of the reals that hold a fake; without a block of reals the balls are larger."""
        occupied = (self.occupancy.occupied_level == 0).double()
        blocks = self.occupancy.occupied_by_block
        by_other_blocks = (blocks.sum(1, keepdim=True) - blocks.long() > 0).double()
        in_larger = (self.occupancy.occupied_level[:, None] <= self.real_dense.growth).double()
        return _jackknifed(occupied, by_other_blocks.mean(0), _means_without(in_larger, self.real.blocks))


def _means_without(values: Tensor, blocks: Tensor) -> Tensor:
    """The mean over the points outside each block, (BLOCKS,), of values (n,), or (n, BLOCKS) with a column for each."""
    outside = (blocks[:, None] != torch.arange(BLOCKS, device=blocks.device)).double()
    return (outside * (values if values.ndim == 2 else values[:, None])).sum(0) / outside.sum(0)


def _jackknifed(values: Tensor, without_fakes: Tensor, without_reals: Tensor) -> Estimate:
    """The mean of `values` and its error, from the score with each block of fakes or of reals left out, (BLOCKS,)."""
    samples, reference = _jackknife_variance(without_fakes), _jackknife_variance(without_reals)
    return Estimate(float(values.mean()), (samples + reference) ** 0.5, samples**0.5)


def _jackknife_variance(without: Tensor) -> float:
    """Variance of a score from its values with one block left out (empty blocks leave it as it is)."""
    return float((without - without.mean()).square().sum()) * (len(without) - 1) / len(without)
