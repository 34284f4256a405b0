"""Identical rows of features, and how many of them bring no news: a set that holds each image k times knows no more.

Error bars count k copies as one image; values are what they are.
"""

import torch
from torch import Tensor

COLUMNS = 64  # that rows are told apart by at first: real features differ in a few


def clusters_of(features: Tensor) -> Tensor:
    """A number for each row of features (N, D), the same for identical rows and none else, (N,).

    >>> clusters_of(torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])).tolist()
    [1, 0, 1]
    """
    clusters: Tensor
    found, clusters, counts = torch.unique(_keys(features), return_inverse=True, return_counts=True)
    near = (counts[clusters] > 1).nonzero().flatten()
    if len(near):
        exact = torch.unique(features[near], dim=0, return_inverse=True)[1]
        clusters[near] = len(found) + exact
        clusters = torch.unique(clusters, return_inverse=True)[1]
    return clusters


def replication(features: Tensor) -> float:
    """How often a set (N, D) holds an image: the median over those that differ, so 1 where most are there once.

    A single image that comes again and again is a generator's habit, as sure in new draws, and no replication.

    >>> replication(torch.tensor([[1.0], [1.0], [2.0], [2.0]])), replication(torch.tensor([[1.0], [1.0], [2.0], [3.0]]))
    (2.0, 1.0)
    """
    return median_size(clusters_of(features))


def median_size(clusters: Tensor) -> float:
    """The median over clusters, numbers (N,) from 0, of how many rows each has; of two middle ones the smaller."""
    return float(torch.bincount(clusters).median())


def copied(features: Tensor, others: Tensor) -> int:
    """How many rows of features (N, D) are also among the others (M, D).

    >>> copied(torch.tensor([[1.0], [1.0], [2.0]]), torch.tensor([[1.0], [3.0]]))
    2
    """
    keys, other_keys = _keys(features), _keys(others)
    own, known = features[torch.isin(keys, other_keys)], others[torch.isin(other_keys, keys)]
    if not len(own):
        return 0
    clusters = torch.unique(torch.cat([own, known]), dim=0, return_inverse=True)[1]
    return int(torch.isin(clusters[: len(own)], clusters[len(own) :]).sum())


def _keys(features: Tensor) -> Tensor:
    """A whole number for each row, the same for identical ones wherever they stand: sums of whole numbers are exact."""
    columns = features[:, :: max(1, features.shape[1] // COLUMNS)] + 0.0  # -0.0 is 0.0
    bits = columns.double().contiguous().view(torch.int64)
    random = torch.Generator().manual_seed(0)
    factors = torch.randint(-(2**62), 2**62, (bits.shape[1],), generator=random).mul_(2).add_(1).to(bits.device)
    return ((bits * 0x9E3779B97F4A7C1 ^ (bits >> 29)) * factors).sum(1)
