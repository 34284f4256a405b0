"""Influence functions of the Fréchet distance: its error bar, and how far other features of the same images move it.

The delta method: the distance moves by the mean influence of the points that come in, so its variance is the variance
of `influence` over a set's points, divided by their number, once for each set. Where the sets nearly agree the distance
is a quadratic form, whose variance this counts twice: what `mean_square_curvature` gives is taken off.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.linear_algebra import product32, unit_of
from ganeval.metrics.moments import BLOCK, Moments
from ganeval.metrics.optimal_transport import GaussianFit, Transport, optimal_transport

STEP = 1.5  # of the trapezoidal rule, in log t: off by 1 %
SPECTRUM = 1e-6  # eigenvalues below this share of the largest count as this share
PAIRED_POINTS = 512  # of each set: their pairs know a mean square to a few per cent
ERROR_POINTS = 4096  # a variance is known to about 3 % from as many, the error bar to half of that


def influence(features: Tensor, mean: Tensor, other_mean: Tensor, transport_map: Tensor) -> Tensor:
    """phi(x) = 2 (x - m)·(m - m') + (x - m)'(I - T)(x - m), up to a constant, of each row x of features (N, D), (N,).

    m and m' are the means of its own set and of the other one, T = W W' the map between them with W =
    `transport_map` (D, r). Products are of float32, in a unit of its own: an error bar needs three digits, not ten.

    >>> zero, one, identity = torch.zeros(1), torch.ones(1), torch.eye(1)  # equal spread: only the means matter
    >>> influence(torch.tensor([[0.0], [3.0]]), zero, one, identity).tolist()
    [0.0, -6.0]
    """
    unit = unit_of(features)
    parts, shift, mean32 = [], (2 * (mean - other_mean) / unit).float(), (mean / unit).float()
    transposed = transport_map.T.contiguous()
    for block in features.split(BLOCK):
        centred = (block / unit).float() - mean32
        mapped = product32(centred, transposed)  # its squared length is x'Tx
        parts.append(centred @ shift + torch.linalg.vecdot(centred, centred) - torch.linalg.vecdot(mapped, mapped))
    return torch.cat(parts).double().mul_(unit**2)


@dataclass(frozen=True)
class SamplingVariance:
    """Sampling variances of the distance: from the fakes, and from both sets; None where features are gone."""

    fakes: float | None
    both: float | None


def sampling_variance(
    real: GaussianFit, fake: GaussianFit, transport: Transport, *, quadratic_share: float = 1.0
) -> SamplingVariance:
    """How the distance varies over new draws of the fakes, and of both sets.

    `quadratic_share`: how much of the second-order part is taken off, which the delta method counts twice.
    """
    of_fakes = _linear_variance(fake, real.moments.mean, transport.fake_map)
    of_reals = _linear_variance(real, fake.moments.mean, transport.real_map)
    if of_fakes is None:
        return SamplingVariance(None, of_reals)

    def less_quadratic(variance: float, weight: float, *sets: tuple[GaussianFit, Tensor | None]) -> float:
        quadratic = weight**2 / 2 * mean_square_curvature(sets, transport.singular_values)
        return max(variance - quadratic_share * quadratic, variance / 2)  # of equal sets the quadratic part is all

    fakes = fake, transport.fake_map
    own = less_quadratic(of_fakes, 1 / fake.effective_count, fakes)
    if of_reals is None:
        return SamplingVariance(own, own)
    weight = 1 / fake.effective_count + 1 / real.effective_count
    both = less_quadratic(of_fakes + of_reals, weight, fakes, (real, transport.real_map))
    return SamplingVariance(min(own, both), both)


def mean_square_curvature(sets: Sequence[tuple[GaussianFit, Tensor | None]], singular_values: Tensor) -> float:
    """E K(x, x')² of the second-order influence K of two points, where both sets nearly agree.

    There the distance is |d|² + Σ_ij C_ij² / 2 (s_i + s_j), with d the difference of the means, C that of the
    covariances and s the eigenvalues of the latter (the singular values). With u the coordinates of x - m along the
    eigenvectors, the columns of the optimal maps, and U_ij = u_i u_j less s_i where i = j,
    K = 2 u·u' + Σ_ij U_ij U'_ij / (s_i + s_j). 1 / (s_i + s_j) is the integral of exp(-t (s_i + s_j)) over t,
    by the trapezoidal rule: each t is one product of all points.
    """
    if not singular_values.sum() > 0:
        return 0.0  # a set of identical points: the distance is linear in the other
    largest = singular_values.max()
    points = torch.cat(
        [
            (_subset(fit.features, PAIRED_POINTS).float() - fit.moments.mean.float()) @ transport_map
            for fit, transport_map in sets
            if fit.features is not None and transport_map is not None
        ]
    )
    s = singular_values.clamp(min=SPECTRUM * largest) / largest  # in units of the largest
    points = points / largest.sqrt().float()
    lengths, kernel = points.square().sum(1), 2 * points @ points.T
    kernel += (s.sum().float() - lengths[:, None] - lengths) / 2
    start, stop = -math.log(2) - 3 * STEP, math.log(0.5 / SPECTRUM) + 2 * STEP
    for log_t in np.arange(start, stop, STEP):
        weighted = points * torch.exp(-math.exp(log_t) / 2 * s).float()
        kernel += STEP * math.exp(log_t) * (weighted @ weighted.T).square()
    kernel.fill_diagonal_(0)
    return float(kernel.double().square().sum() / (len(points) * (len(points) - 1)) * largest**2)


def _linear_variance(own: GaussianFit, other_mean: Tensor, transport_map: Tensor | None) -> float | None:
    if own.features is None or transport_map is None:
        return None
    phi = influence(_subset(own.features, ERROR_POINTS), own.moments.mean, other_mean, transport_map)
    return float(phi.var()) / own.effective_count


def _subset(features: Tensor, count: int) -> Tensor:
    """At most `count` rows, at random since images may come in order; the same ones of as many every time."""
    if len(features) <= count:
        return features
    rows = np.random.RandomState(0).permutation(len(features))[:count]
    return features[torch.from_numpy(np.sort(rows)).to(features.device)]


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
            phi = influence(torch.cat([own, other]), mean, other_mean, transport_map)
            change += float(phi[: len(own)].mean() - phi[len(own) :].mean())
    return change
