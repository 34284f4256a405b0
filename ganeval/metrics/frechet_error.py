"""Influence functions of the Fréchet distance: its error bar, and how far other features of the same images move it.

The delta method: the distance moves by the mean influence of the points that come in, so its variance is the variance
of `influence` over a set's points, divided by their number, once for each set. Where the sets nearly agree the distance
is a quadratic form and this is too large, never too small.
"""

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.linear_algebra import product32
from ganeval.metrics.moments import BLOCK, Moments
from ganeval.metrics.optimal_transport import GaussianFit, optimal_transport

ERROR_POINTS = 4096  # a variance is known to about 3 % from as many, the error bar to half of that


def influence(features: Tensor, mean: Tensor, other_mean: Tensor, transport_map: Tensor) -> Tensor:
    """phi(x) = 2 (x - m)·(m - m') + (x - m)'(I - T)(x - m), up to a constant, of each row x of features (N, D), (N,).

    m and m' are the means of its own set and of the other one, T = W W' the map between them with W =
    `transport_map` (D, r). In float32: an error bar needs three digits, not ten.

    >>> zero, one, identity = torch.zeros(1), torch.ones(1), torch.eye(1)  # equal spread: only the means matter
    >>> influence(torch.tensor([[0.0], [3.0]]), zero, one, identity).tolist()
    [0.0, -6.0]
    """
    parts, shift, mean32 = [], 2 * (mean - other_mean).float(), mean.float()
    transposed = transport_map.T.contiguous()
    for block in features.split(BLOCK):
        centred = block.float() - mean32
        mapped = product32(centred, transposed)  # its squared length is x'Tx
        parts.append(centred @ shift + torch.linalg.vecdot(centred, centred) - torch.linalg.vecdot(mapped, mapped))
    return torch.cat(parts)


def sampling_variance(own: GaussianFit, other_mean: Tensor, transport_map: Tensor | None) -> float | None:
    """The part of the distance's sampling variance that a set's own points have; None where its features are gone.

    From ERROR_POINTS of them, at random since images may come in order; the same ones of as many every time.
    """
    features = own.features
    if features is None or transport_map is None:
        return None
    count = own.moments.count or len(features)
    if len(features) > ERROR_POINTS:
        rows = np.random.RandomState(0).permutation(len(features))[:ERROR_POINTS]
        features = features[torch.from_numpy(np.sort(rows)).to(features.device)]
    return float(influence(features, own.moments.mean, other_mean, transport_map).double().var()) / count


def fid_change(
    real: Tensor | Moments,
    fake: Tensor | Moments,
    real_pairs: tuple[Tensor, Tensor],
    fake_pairs: tuple[Tensor, Tensor],
    real_moments: Moments | None = None,
    fake_moments: Moments | None = None,
) -> float:
    """How much higher FID is than it would be with other features of the same images, to first order.

    `real` (M, D), `fake` (N, D), or their moments; `real_pairs`, `fake_pairs`: both features of a few images, (k, D)
    each, whose mean influence stands for that of all. Checked against FID of the other features themselves.

    >>> real = torch.randn(900, 3, generator=torch.Generator().manual_seed(0))
    >>> round(fid_change(real, real + 1, (real, real), (real + 1, real + 0.999)), 3)  # 3 · (1² - 0.999²)
    0.006
    """
    real_fit, fake_fit = GaussianFit.of("real", real, real_moments), GaussianFit.of("fake", fake, fake_moments)
    transport, change = optimal_transport(real_fit, fake_fit, maps=True), 0.0
    real_mean, fake_mean = real_fit.moments.mean, fake_fit.moments.mean
    sets = (
        (real_pairs, real_mean, fake_mean, transport.real_map),
        (fake_pairs, fake_mean, real_mean, transport.fake_map),
    )
    for (own, other), mean, other_mean, transport_map in sets:
        if transport_map is not None:
            phi = influence(torch.cat([own, other]), mean, other_mean, transport_map).double()
            change += float(phi[: len(own)].mean() - phi[len(own) :].mean())
    return change
