"""Influence functions of the Fréchet distance: its error bar, and how far other features of the same images move it.

The delta method: the distance moves by the mean influence of the points that come in, so its variance is the variance
of `influence` over a set's points, divided by their number, once for each set. Where the sets nearly agree the distance
is a quadratic form, whose variance this counts twice: `quadratic_variance` is taken off again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.linear_algebra import product32
from ganeval.metrics.moments import BLOCK, Moments
from ganeval.metrics.optimal_transport import GaussianFit, Transport, optimal_transport

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


@dataclass(frozen=True)
class SamplingVariance:
    """Sampling variances of the distance: from the fakes, and from both sets; None where features are gone."""

    fakes: float | None
    both: float | None


def sampling_variance(real: GaussianFit, fake: GaussianFit, transport: Transport) -> SamplingVariance:
    """How the distance varies over new draws of the fakes, and of both sets."""
    of_fakes = _linear_variance(fake, real.moments.mean, transport.fake_map)
    of_reals = _linear_variance(real, fake.moments.mean, transport.real_map)
    if of_fakes is None:
        return SamplingVariance(None, of_reals)
    own = _less_quadratic(of_fakes, quadratic_variance([fake], transport.singular_values))
    if of_reals is None:
        return SamplingVariance(own, own)
    both = of_fakes + of_reals
    return SamplingVariance(own, _less_quadratic(both, quadratic_variance([real, fake], transport.singular_values)))


def quadratic_variance(fits: Sequence[GaussianFit], singular_values: Tensor) -> float:
    """The variance of the distance's second-order part where both sets nearly agree, from these sets' new draws.

    That part is |d|² + Σ_ij C_ij² / 2 (s_i + s_j) with d the noise in the difference of means, C that in the covariance
    and s the eigenvalues of the latter (the singular values). With Q the covariance of d, its variance for normal
    features is 2 tr Q² + Σ_ij (1 + [i = j]) (c s_i s_j / (s_i + s_j))², c = Σ kurtosis / N over the sets.
    """
    noise = sum((fit.moments.covariance / fit.count for fit in fits), torch.zeros((), dtype=torch.float64))
    excess = sum(float(fit.moments.covariance.trace() / fit.count) ** 2 / fit.count for fit in fits)  # of tr Q²
    scale = sum(_kurtosis(fit) / fit.count for fit in fits)
    sums = (singular_values[:, None] + singular_values).clamp(min=torch.finfo(torch.float64).tiny)
    halves = scale * singular_values[:, None] * singular_values / sums
    return 2 * max(0.0, float(noise.square().sum()) - excess) + float(
        halves.square().sum() + halves.diag().square().sum()
    )


def _less_quadratic(variance: float, quadratic: float) -> float:
    return max(variance - quadratic, variance / 2)  # of equal sets the quadratic part is all, counted twice


def _kurtosis(fit: GaussianFit) -> float:
    """E|x - m|⁴ over its value for normal features of the same covariance: 1 for these, more for heavy tails."""
    if fit.features is None:
        return 1.0
    lengths = (_subset(fit.features).double() - fit.moments.mean).square().sum(1)
    covariance = fit.moments.covariance
    return float(lengths.square().mean() / (covariance.trace().square() + 2 * covariance.square().sum()))


def _linear_variance(own: GaussianFit, other_mean: Tensor, transport_map: Tensor | None) -> float | None:
    if own.features is None or transport_map is None:
        return None
    phi = influence(_subset(own.features), own.moments.mean, other_mean, transport_map)
    return float(phi.double().var()) / own.count


def _subset(features: Tensor) -> Tensor:
    """At most ERROR_POINTS rows, at random since images may come in order; the same ones of as many every time."""
    if len(features) <= ERROR_POINTS:
        return features
    rows = np.random.RandomState(0).permutation(len(features))[:ERROR_POINTS]
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
            phi = influence(torch.cat([own, other]), mean, other_mean, transport_map).double()
            change += float(phi[: len(own)].mean() - phi[len(own) :].mean())
    return change
