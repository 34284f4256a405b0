"""How near samples come to real pictures: whether they are copies of them.

Distances are in units of the median distance of real points to their own nearest other one.
"""

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.distances import SPARE, exact_squared_distances, nearest, points

MEASURED = 1000  # real points, drawn, on which the unit is measured


def nearest_of(made: Tensor, real: Tensor, seed: int) -> tuple[Tensor, Tensor] | None:
    """The row of `real` (M, D) that is nearest to each of `made` (n, D), and how far: in units of the real ones' own.

    None where real points have no distance from one another. Distances are exact: 0 only for equal features.

    >>> rows, far = nearest_of(torch.tensor([[0.0], [5.5]]), torch.tensor([[0.0], [2.0], [4.0]]), seed=0)
    >>> rows.tolist(), far.tolist()
    ([0, 2], [0.0, 0.75])
    """
    drawn = np.random.RandomState(seed).permutation(len(real))[:MEASURED]
    chosen = torch.from_numpy(drawn).to(real.device)
    apart = _exactly_nearest(real[chosen], real, chosen)[1]
    apart = apart[apart.isfinite() & (apart > 0)]  # of points that are there twice the nearest is no other one
    if not len(apart):
        return None
    rows, far = _exactly_nearest(made, real)
    return rows, far / apart.quantile(0.5)


def _exactly_nearest(queries: Tensor, base: Tensor, own: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The nearest row of `base` to each query, but for its `own`, and the distance, float64; infinite for none.

    Products find a few candidates, exact differences decide among them.
    """
    centre = base.mean(0)
    left, right = points(queries, centre), points(base, centre)
    columns = nearest(left, right, SPARE + 1).indices
    rows = torch.arange(len(queries), device=columns.device).repeat_interleave(columns.shape[1])
    squares = exact_squared_distances(left, rows, right, columns.flatten().clamp(min=0)).reshape(columns.shape)
    absent = columns < 0 if own is None else (columns < 0) | (columns == own[:, None])
    least, place = squares.masked_fill(absent, torch.inf).min(1)
    return columns.gather(1, place[:, None])[:, 0], least.sqrt()
