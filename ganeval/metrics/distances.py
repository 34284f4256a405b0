"""Squared distances between sets of features, a tile at a time: memory is O(tile), never N×N.

Products give a distance cheaply but lose its digits where two points nearly coincide. So every tile comes with a bound
on its rounding, and pairs within that bound of a radius are decided on exact differences in float64.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from ganeval.metrics.linear_algebra import gram32, product32, unit_of

TILE = 2048
UNITS = 2.0**-30, 2.0**30  # of features whose squares float32 holds
ALL_PAIRS = slice(None)
SPARE = 4  # neighbours kept beyond those asked for: near ties are decided among them
ROUNDING = 2.5e-6  # of |x|² + |y|²: above the largest error seen in float32 products of 16 to 16,384 numbers (1.5e-6)


@dataclass(frozen=True)
class Frame:
    """Where the features of both sets are measured from, and in which unit: the mean of one set, and 1.

    Where float32 could not hold the squares of that set's features, the unit is a power of two near the largest.
    """

    centre: Tensor
    unit: float


def frame_of(features: Tensor) -> Frame:
    """The frame of a set (N, D): short vectors lose fewer digits, and numbers that underflow are slow."""
    centre = features.mean(0)
    unit = max(unit_of(rows - centre) for rows in features.split(TILE))
    return Frame(centre, 1.0 if UNITS[0] < unit < UNITS[1] else unit)


@dataclass(frozen=True)
class Points:
    """Features as given, and the same in a frame in float32 with their squared lengths."""

    exact: Tensor
    centred: Tensor
    lengths: Tensor
    unit: float

    def __len__(self) -> int:
        return len(self.exact)

    def tiles(self) -> Iterator[tuple[int, "Points"]]:
        """Consecutive tiles with the index of their first row."""
        for start in range(0, len(self), TILE):
            rows = slice(start, start + TILE)
            yield start, Points(self.exact[rows], self.centred[rows], self.lengths[rows], self.unit)


def points(features: Tensor, frame: Frame) -> Points:
    """`features` in a frame, which is one for both sets. Raises ValueError where their squares are beyond float32."""
    centred = (features - frame.centre).div_(frame.unit).float().contiguous()
    lengths = torch.cat([rows.square().sum(1) for rows in centred.split(TILE)])  # squares of all would be a third copy
    if not lengths.isfinite().all():
        largest = float(features.abs().max())
        raise ValueError(f"found features of up to {largest:.3g}, too large beside the other set's for float32")
    return Points(features, centred, lengths, frame.unit)


def squared_distances(left: Points, right: Points) -> Tensor:
    """All squared distances between two tiles, (n, m) float32, each exact to ROUNDING · (|x|² + |y|²)."""
    return _squares(product32(left.centred, right.centred, right.lengths / -2), left.lengths)


def least_squared_distances(left: Points, right: Points) -> Tensor:
    """The same less the rounding bound: a pair that is beyond a radius here is certainly beyond it."""
    share = 1 - ROUNDING
    return _squares(product32(left.centred, right.centred, right.lengths * (share / -2)), left.lengths * share)


def _squares(products: Tensor, lengths: Tensor) -> Tensor:
    """|x|² - 2 (x·y - |y|²/2), in one pass over what may be many megabytes."""
    return torch.sub(lengths[:, None], products, alpha=2, out=products)


def rounding(left: Tensor, right: Tensor) -> Tensor:
    """How far rounding may move a squared distance, from the squared lengths of its two ends."""
    return ROUNDING * (left + right)


def exact_squared_distances(left: Points, rows: Tensor, right: Points, columns: Tensor) -> Tensor:
    """Squared distances of the pairs (rows[i], columns[i]), (P,) float64, from differences: 0 only for equal points."""
    parts = []
    for i, j in zip(rows.split(TILE), columns.split(TILE), strict=True):
        parts.append((left.exact[i].double() - right.exact[j].double()).div_(left.unit).square_().sum(1))
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64, device=left.exact.device)


def exact_distances_to_each(left: Points, rows: Tensor, right: Points, near: Tensor) -> Tensor:
    """The same of each of `rows` (P,) and its `near` columns, (P, K): infinite where one is -1, which is none."""
    repeated = rows[:, None].expand_as(near)
    squares = exact_squared_distances(left, repeated.flatten(), right, near.flatten().clamp(min=0))
    return squares.view(near.shape).masked_fill(near < 0, torch.inf)


@dataclass(frozen=True)
class Neighbours:
    """The nearest points of each row: squared distances (N, K) float32 in rising order, and their rows (N, K).

    Where a set has fewer than K others, the rest is infinite, with row -1.
    """

    squares: Tensor
    indices: Tensor


def nearest(queries: Points, base: Points, count: int) -> Neighbours:
    """The `count` nearest points of `base` to each query, one tile at a time."""
    smallest = [_SmallestOfRows(len(tile), count, tile.centred.device) for _, tile in queries.tiles()]
    for (_, tile), own in zip(queries.tiles(), smallest, strict=True):
        for start, other in base.tiles():
            own.add(squared_distances(tile, other), start)
    return _concatenated(smallest)


def nearest_within(base: Points, count: int, part: slice = ALL_PAIRS) -> Neighbours:
    """The `count` nearest other points of each point of a set; each pair of tiles is multiplied once.

    `part`: of the pairs of tiles only these, so that several processes share them; each finds the nearest in its own.
    """
    tiles = list(base.tiles())
    smallest = [_SmallestOfRows(len(tile), count, tile.centred.device) for _, tile in tiles]
    for i, j in list(combinations_with_replacement(range(len(tiles)), 2))[part]:
        (start, tile), (other_start, other) = tiles[i], tiles[j]
        if i == j:
            own = _squares(gram32(tile.centred, tile.lengths / -2), tile.lengths)
            smallest[i].add(own.fill_diagonal_(torch.inf), start)
        else:
            squares = squared_distances(tile, other)
            smallest[i].add(squares, other_start)
            smallest[j].add(squares.T.contiguous(), start)  # topk is slow along the other axis
    return _concatenated(smallest)


class _SmallestOfRows:
    """The smallest `count` values of each row so far, and their columns."""

    def __init__(self, rows: int, count: int, device: torch.device) -> None:
        self.count = count
        self.squares = torch.full((rows, count), torch.inf, dtype=torch.float32, device=device)
        self.indices = torch.full((rows, count), -1, dtype=torch.long, device=device)

    def add(self, squares: Tensor, first_column: int) -> None:
        """Take in more columns (N, M)."""
        values, columns = squares.topk(min(self.count, squares.shape[1]), dim=1, largest=False, sorted=False)
        new_indices = (columns + first_column).masked_fill_(values.isinf(), -1)  # a point is no neighbour of its own
        squares = torch.cat([self.squares, values], dim=1)
        indices = torch.cat([self.indices, new_indices], dim=1)
        self.squares, order = squares.topk(self.count, dim=1, largest=False)
        self.indices = indices.gather(1, order)


def _concatenated(smallest: list[_SmallestOfRows]) -> Neighbours:
    squares, indices = torch.cat([tile.squares for tile in smallest]), torch.cat([tile.indices for tile in smallest])
    return Neighbours(squares.clamp_(min=0), indices)
