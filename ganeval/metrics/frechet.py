"""Fréchet distance between Gaussian fits of two sets of features (FID). Lower is better.

Heusel et al. 2017, arXiv:1706.08500. Agrees with torch-fidelity to 1e-5 and with pytorch-fid to 1e-7, relative. The
definition is `fid_formula`. `fid` needs no square root of a matrix: the trace of the root comes from a symmetric
eigenproblem (`optimal_transport`), which also gives the error bar (`frechet_error`).
"""

import math
import warnings

import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.frechet_error import sampling_variance
from ganeval.metrics.moments import Moments
from ganeval.metrics.optimal_transport import GaussianFit, Transport, optimal_transport


def fid_formula(real: Tensor, fake: Tensor) -> float:
    """FID as the paper defines it, |m_r - m_f|² + tr(S_r + S_f - 2 (S_r S_f)^½); lower is better.

    `real` (M, D), `fake` (N, D), D of 2 or more; covariances are divided by the count less one. The trace of the root
    is the sum of the roots of the eigenvalues.

    >>> real = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    >>> round(fid_formula(real, real + 1), 6)  # equal covariances: the squared difference of the means
    4.0
    """
    real, fake = real.double(), fake.double()
    mean_difference = real.mean(0) - fake.mean(0)
    real_covariance, fake_covariance = torch.cov(real.T), torch.cov(fake.T)
    eigenvalues = torch.linalg.eigvals(real_covariance @ fake_covariance).real.clamp(min=0)
    traces = real_covariance.trace() + fake_covariance.trace() - 2 * eigenvalues.sqrt().sum()
    return float(mean_difference.square().sum() + traces)


def fid(
    real: Tensor | Moments,
    fake: Tensor | Moments,
    real_moments: Moments | None = None,
    fake_moments: Moments | None = None,
) -> dict[str, Estimate]:
    """Fréchet distance with its standard error; lower is better, 0 for equal means and covariances.

    `real`, `fake`: features (N, D), or moments where the features are gone (that set then adds nothing to the error).
    `real_moments`, `fake_moments`: their moments, if they are known already.
    Raises ValueError for non-finite features, fewer than two rows, or widths that differ.

    >>> real = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    >>> round(fid(real, real + 1)["fid"].value, 6)  # equal covariances: the squared difference of the means
    4.0
    """
    real_fit, fake_fit = GaussianFit.of("real", real, real_moments), GaussianFit.of("fake", fake, fake_moments)
    transport = optimal_transport(real_fit, fake_fit, maps=isinstance(real, Tensor) or isinstance(fake, Tensor))
    raw = transported_distance(real_fit.moments, fake_fit.moments, transport)
    variance = sampling_variance(real_fit, fake_fit, transport)
    if real_fit.features is None:
        text = "fid: the reference is given by its statistics alone: the error bar leaves out its part"
        warnings.warn(text, GanevalWarning, 2)
    error, error_samples = (None if part is None else math.sqrt(part) for part in (variance.both, variance.fakes))
    return {"fid": Estimate(max(0.0, raw), error, error_samples, raw=raw)}


def frechet_distance(real: Moments, fake: Moments) -> float:
    """Fréchet distance of two Gaussians; lower is better. Not clamped: rounding may leave it a hair below 0.

    >>> unit = Moments(None, torch.zeros(2).double(), torch.eye(2).double())
    >>> wide = Moments(None, torch.zeros(2).double(), 4 * torch.eye(2).double())
    >>> round(frechet_distance(unit, wide), 12)
    2.0
    """
    transport = optimal_transport(GaussianFit(real, None), GaussianFit(fake, None), maps=False)
    return transported_distance(real, fake, transport)


def transported_distance(real: Moments, fake: Moments, transport: Transport) -> float:
    """The same, where the optimal transport between the two is known."""
    shift = (real.mean - fake.mean).square().sum()
    traces = fake.covariance.trace() + real.covariance.trace()
    return float(shift + traces - 2 * transport.singular_values.sum())
