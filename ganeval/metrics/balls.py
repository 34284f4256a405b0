"""Balls around the points of one set, each with the radius of its point's k-th nearest neighbour in that set.

Near the edge of a ball a float32 distance cannot decide, and exact differences do. A ball also knows its radius among
the points of its own random group, which is that of a neighbour further on in its list.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganeval.metrics.distances import (
    ROUNDING,
    SPARE,
    Neighbours,
    Points,
    exact_distances_to_each,
    exact_squared_distances,
)
from ganeval.metrics.random_groups import Bits, Groups, Rows

LISTED = 8  # times k: the neighbours of a ball's centre, of which k are in its own quarter but for 2 balls in 100


class Balls:
    """Balls of one set. A point's place is the number of the centre's own set that is nearer to the centre than it."""

    def __init__(self, points: Points, neighbours: Neighbours, k: int, groups: Groups) -> None:
        self.points, self.k, self.groups = points, k, groups
        self.listed = min(LISTED * k, len(points) - 1)
        self.squares, indices = neighbours.squares[:, : self.listed], neighbours.indices[:, : self.listed]
        self.candidates = neighbours.indices[:, : k + SPARE]  # among them is the k-th neighbour, whatever rounding does
        self.last_candidate = neighbours.squares[:, : k + SPARE][:, -1]
        lengths = points.lengths + points.lengths[indices].amax(1)
        self.slack = ROUNDING * lengths  # bound on the rounding of a radius
        self.reach = self.squares[:, -1] + self.slack
        self.reach_in_groups = groups.reach(indices.cpu().numpy(), k)
        self.ties = 0

    def places(self, rows: Tensor, squares: Tensor, slack: Tensor, exact: Callable[[Tensor], Tensor]) -> Tensor:
        """The place of a point at squared distance squares[i] from the centre of ball rows[i], (P,): inside if below k.

        Whether it is inside is exact: within `slack`, the rounding of squares[i], and that of the radius, `exact`
        decides, the squared distances of chosen pairs in float64. All else about a place serves error bars.
        """
        radii = self.squares[rows]
        places = torch.searchsorted(radii, squares[:, None])[:, 0]
        edge = radii[:, self.k - 1]
        unsure = ((squares - edge).abs() <= self.slack[rows] + slack).nonzero().flatten()
        if len(unsure):
            distances, exact_radii = exact(unsure), self.exact_radii(rows[unsure])
            self.ties += int(((distances == exact_radii) & (exact_radii > 0)).sum())
            inside, near = distances <= exact_radii, places[unsure]
            places[unsure] = torch.where(inside, near.clamp(max=self.k - 1), near.clamp(min=self.k))
        return places

    def in_groups(self, centres: Rows, places: Rows) -> Bits:
        """In which partitions points at `places` are inside where a ball is made of its centre's group alone."""
        held: Bits = self.reach_in_groups[centres, places]
        return held

    def exact_radii(self, rows: Tensor) -> Tensor:
        """Squared radii of the balls in float64, from differences, (P,)."""
        unique, place = torch.unique(rows, return_inverse=True)
        near = self.candidates[unique]
        radii = exact_distances_to_each(self.points, unique, self.points, near).sort(dim=1).values[:, self.k - 1]
        own = self.points.lengths[unique]
        longest = (own.sqrt() + radii.sqrt()).square().clamp(max=self.points.lengths.max())  # longer ones are outside
        nearest_of_the_rest = self.last_candidate[unique] - ROUNDING * (own + longest)
        doubtful = (radii > 0) & (nearest_of_the_rest < radii) & (near[:, -1] >= 0)
        for row in doubtful.nonzero().flatten().tolist():  # the k-th may not be among those that are known
            everyone = torch.arange(len(self.points), device=radii.device)
            squares = exact_squared_distances(self.points, unique[row].expand_as(everyone), self.points, everyone)
            squares[unique[row]] = torch.inf
            radii[row] = squares.kthvalue(self.k).values
        return radii[place]
