"""Balls around the points of one set, each with the radius of its point's k-th nearest neighbour in that set.

Near the edge of a ball a float32 distance cannot decide, and exact differences do. For the jackknife a ball also knows
its radius with a block of its own set left out: that of a neighbour a few places further on, its level.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.distances import ROUNDING, Neighbours, Points, exact_distances_to_each, exact_squared_distances

LEVELS = 5  # larger radii per ball: hardly ever are more of a point's k nearest in one block
BLOCKS = 20  # jackknife blocks


class Balls:
    """Balls of one set. At level 0 the radius is that of the k-th neighbour, at level j that of the (k + j)-th."""

    def __init__(self, points: Points, neighbours: Neighbours, k: int, blocks: Tensor) -> None:
        self.points, self.neighbours, self.k, self.blocks = points, neighbours, k, blocks
        last = max(0, min(len(points) - 2, neighbours.squares.shape[1] - 1))
        self.radii = neighbours.squares[:, torch.arange(k - 1, k + LEVELS, device=blocks.device).clamp(max=last)]
        neighbour_lengths = points.lengths[neighbours.indices.clamp(min=0)]
        self.slack = ROUNDING * (points.lengths + neighbour_lengths.amax(1))  # bound on the rounding of a radius
        self.reach = self.radii[:, -1] + self.slack
        near_blocks = blocks[neighbours.indices[:, : k + LEVELS].clamp(min=0)]
        steps = [((near_blocks != block).cumsum(1) < k).sum(1).sub(k - 1) for block in range(BLOCKS)]
        self.growth = (
            torch.stack(steps, dim=1).clamp(0, LEVELS).to(torch.uint8)
        )  # levels without each block, (n, BLOCKS)
        self.ties = 0

    def levels(self, rows: Tensor, squares: Tensor, slack: Tensor, exact: Callable[[Tensor], Tensor]) -> Tensor:
        """The smallest level at which ball rows[i] holds a point at squared distance squares[i], edge inside, (P,).

        LEVELS + 1 where none does. Level 0 is exact: within `slack`, the rounding of squares[i], and that of the
        radius, `exact` decides, the squared distances of chosen pairs in float64. The other levels serve error bars.
        """
        radii = self.radii[rows]
        outside = squares > radii[:, 0]
        unsure = ((squares - radii[:, 0]).abs() <= self.slack[rows] + slack).nonzero().flatten()
        if len(unsure):
            distances, exact_radii = exact(unsure), self.exact_radii(rows[unsure])
            self.ties += int(((distances == exact_radii) & (exact_radii > 0)).sum())
            outside[unsure] = distances > exact_radii
        return torch.where(outside, 1 + (squares[:, None] > radii[:, 1:]).sum(1), 0)

    def hold_without(self, rows: Tensor, levels: Tensor) -> Tensor:
        """Whether ball rows[i] holds its point with each block left out, (P, BLOCKS) bool."""
        left_in = self.blocks[rows, None] != torch.arange(BLOCKS, device=rows.device)
        return (levels[:, None] <= self.growth[rows]) & left_in

    def exact_radii(self, rows: Tensor) -> Tensor:
        """Squared radii of the balls themselves in float64, from differences, (P,)."""
        unique, place = torch.unique(rows, return_inverse=True)
        near = self.neighbours.indices[unique]
        radii = exact_distances_to_each(self.points, unique, self.points, near).sort(dim=1).values[:, self.k - 1]
        own = self.points.lengths[unique]
        longest = (own.sqrt() + radii.sqrt()).square().clamp(max=self.points.lengths.max())  # longer ones are outside
        nearest_of_the_rest = self.neighbours.squares[unique, -1] - ROUNDING * (own + longest)
        doubtful = (radii > 0) & (nearest_of_the_rest < radii) & (near[:, -1] >= 0)
        for row in doubtful.nonzero().flatten().tolist():  # the k-th may not be among those that are known
            everyone = torch.arange(len(self.points), device=radii.device)
            squares = exact_squared_distances(self.points, unique[row].expand_as(everyone), self.points, everyone)
            squares[unique[row]] = torch.inf
            radii[row] = squares.kthvalue(self.k).values
        return radii[place]


def random_blocks(count: int, seed: int, device: torch.device) -> Tensor:
    """A block for each of `count` points, at random: images may come sorted by class."""
    return torch.from_numpy(np.random.RandomState(seed % 2**32).permutation(count) % BLOCKS).to(device)
