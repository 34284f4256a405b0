"""The real image nearest to each sample, and how near it is: whether samples are copies.

Distances are in units of the median distance of real points to their own nearest other one.
"""

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.distances import SPARE, exact_distances_to_each, frame_of, nearest, points

UNIT_POINTS = 1000  # reals, drawn at random, whose own distances are the unit


def nearest_of(fake: Tensor, real: Tensor, seed: int) -> tuple[Tensor, Tensor] | None:
    """The row of `real` (M, D) nearest to each of `fake` (n, D), and its distance, small for copies.

    None where all reals coincide. Distances are exact: 0 only for equal features.

    >>> rows, distances = nearest_of(torch.tensor([[0.0], [5.5]]), torch.tensor([[0.0], [2.0], [4.0]]), seed=0)
    >>> rows.tolist(), distances.tolist()
    ([0, 2], [0.0, 0.75])
    """
    subset = torch.from_numpy(np.random.RandomState(seed).permutation(len(real))[:UNIT_POINTS]).to(real.device)
    own = _exactly_nearest(real[subset], real, subset)[1]
    own = own[own.isfinite() & (own > 0)]  # without duplicates, whose nearest is their equal
    if not len(own):
        return None
    rows, distances = _exactly_nearest(fake, real)
    return rows, distances / own.quantile(0.5)


def _exactly_nearest(queries: Tensor, base: Tensor, own: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The nearest row of `base` to each query, except its `own`, and the distance, float64; infinite where none is.

    Float32 products find a few candidates, exact differences choose among them.
    """
    frame = frame_of(base)
    left, right = points(queries, frame), points(base, frame)
    columns = nearest(left, right, SPARE + 1).indices
    if own is not None:
        columns = columns.masked_fill(columns == own[:, None], -1)
    everyone = torch.arange(len(queries), device=columns.device)
    smallest, place = exact_distances_to_each(left, everyone, right, columns).min(1)
    return columns.gather(1, place[:, None])[:, 0], smallest.sqrt()  # in the unit of `base`
