"""Fréchet distance between Gaussian fits of two sets of features (FID). Lower is better.

Heusel et al. 2017, arXiv:1706.08500. Agrees with torch-fidelity to 1e-5 and with pytorch-fid to 1e-7, relative.
With roots A A' = S_fake and B B' = S_real,
    FID = |mean difference|² + tr S_fake + tr S_real - 2 · (sum of the singular values of A'B),
which needs no matrix square root: those values are the roots of the eigenvalues of B' S_fake B, or of A' S_real A.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, check_rows
from ganeval.metrics.linear_algebra import congruence64, eigh64, product32, product64
from ganeval.metrics.moments import BLOCK, Moments, moments

ENOUGH = 4096  # points that tell a variance to about 3 %, the error bar to half of that


def fid(
    real: Tensor | Moments,
    fake: Tensor | Moments,
    real_moments: Moments | None = None,
    fake_moments: Moments | None = None,
) -> dict[str, Estimate]:
    """Fréchet distance with its standard error; lower is better, 0 for equal means and covariances.

    `real`, `fake`: features (N, D), or moments where the features are gone (that side then adds nothing to the error).
    `real_moments`, `fake_moments`: theirs, if they are known already.
    Raises ValueError for non-finite features, fewer than two rows, or widths that differ.

    >>> real = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    >>> round(fid(real, real + 1)["fid"].value, 6)  # equal covariances: the squared difference of the means
    4.0
    """
    real_side, fake_side = _Side.of("real", real, real_moments), _Side.of("fake", fake, fake_moments)
    factor = _factor(real_side, fake_side, maps=isinstance(real, Tensor) or isinstance(fake, Tensor))
    raw = _distance(real_side.moments, fake_side.moments, factor)
    parts = _variances(real_side, fake_side, factor)
    if parts.real is None:
        warnings.warn(
            "fid: the reference is given by its statistics alone: the error bar leaves out its part", GanevalWarning, 2
        )
    return {"fid": Estimate(max(0.0, raw), parts.error, parts.error_samples, raw=raw)}


def frechet_distance(real: Moments, fake: Moments) -> float:
    """Fréchet distance of two Gaussians, not clamped: rounding may leave it a hair below 0.

    >>> unit = Moments(None, torch.zeros(2).double(), torch.eye(2).double())
    >>> wide = Moments(None, torch.zeros(2).double(), 4 * torch.eye(2).double())
    >>> round(frechet_distance(unit, wide), 12)
    2.0
    """
    return _distance(real, fake, _factor(_Side(real, None), _Side(fake, None), maps=False))


def moved_fid(
    real: Tensor | Moments,
    fake: Tensor | Moments,
    real_pairs: tuple[Tensor, Tensor],
    fake_pairs: tuple[Tensor, Tensor],
    real_moments: Moments | None = None,
    fake_moments: Moments | None = None,
) -> float:
    """How much higher FID is than it would be with other features of the same pictures, to first order.

    `real` (M, D), `fake` (N, D), or their moments; `real_pairs`, `fake_pairs`: of some pictures both features, (k, D)
    each, whose mean pull on the distance stands for all. Checked against FID of the other features themselves.

    >>> real = torch.randn(900, 3, generator=torch.Generator().manual_seed(0))
    >>> round(moved_fid(real, real + 1, (real, real), (real + 1, real + 0.999)), 3)  # 3 · (1² - 0.999²)
    0.006
    """
    real_side, fake_side = _Side.of("real", real, real_moments), _Side.of("fake", fake, fake_moments)
    factor = _factor(real_side, fake_side, maps=True)
    away, moved = real_side.moments.mean - fake_side.moments.mean, 0.0
    sides = ((real_side, real_pairs, away, factor.real_map), (fake_side, fake_pairs, -away, factor.fake_map))
    for side, (own, other), shift, transport in sides:
        if transport is not None:
            pulls = _influence(torch.cat([own, other]), side.moments.mean, shift, transport).double()
            moved += float(pulls[: len(own)].mean() - pulls[len(own) :].mean())
    return moved


@dataclass(frozen=True)
class _Side:
    """One set: its moments and, where they are kept, its features."""

    moments: Moments
    features: Tensor | None

    @classmethod
    def of(cls, name: str, data: Tensor | Moments, known: Moments | None = None) -> "_Side":
        if isinstance(data, Moments):
            check_rows(name, torch.cat([data.mean[None], data.covariance]))
            return cls(data, None)
        check_rows(name, data)
        return cls(known or moments(data), data)

    def root(self) -> Tensor:
        """A (D, r) with A A' = covariance, of as few columns as the rank allows."""
        count, dimensions = self.moments.count, len(self.moments.mean)
        if self.features is not None and count is not None and count <= dimensions:
            return ((self.features.double() - self.moments.mean) / math.sqrt(count - 1)).T
        if (lower := _cholesky(self.moments)) is not None:
            return lower
        values, vectors = eigh64(self.moments.covariance)
        kept = values > _dust(values)
        root: Tensor = vectors[:, kept] * values[kept].sqrt()
        return root


@dataclass(frozen=True)
class _Factor:
    """What distance and error share: A'B = U s V', and W (float32) with x'Tx = |W'x|², for T and the reals' T'."""

    singular: Tensor
    fake_map: Tensor | None = None
    real_map: Tensor | None = None


def _factor(real: _Side, fake: _Side, maps: bool) -> _Factor:
    """By one symmetric eigenproblem: after a Cholesky factorisation where ranks are full, else of a Gram matrix."""
    if real.moments.covariance.shape != fake.moments.covariance.shape:
        widths = f"{len(real.moments.mean)} and {len(fake.moments.mean)}"
        raise ValueError(f"real and fake: found {widths} features, needed the same number")
    if fake.moments.full_rank and (lower := _cholesky(real.moments)) is not None:
        return _factor_by_cholesky(lower, fake.moments.covariance, maps)
    return _factor_by_gram(fake.root(), real.root(), maps)


def _factor_by_gram(fake_root: Tensor, real_root: Tensor, maps: bool) -> _Factor:
    """With G = A'BB'A, or B'AA'B where that is smaller: s² are its eigenvalues, U or V its eigenvectors."""
    if fake_root.shape[1] > real_root.shape[1]:
        turned = _factor_by_gram(real_root, fake_root, maps)
        return _Factor(turned.singular, turned.real_map, turned.fake_map)
    inner = product64(fake_root.T, real_root)
    gram = product64(inner, inner.T)
    if not maps:
        return _Factor(torch.linalg.eigvalsh(gram).clamp(min=0).sqrt())
    squares, left = eigh64(gram)
    inverse = _inverse_where_positive(squares).sqrt()  # 1 / s
    right = product64(inner.T, left * inverse)
    fake_map, real_map = product64(real_root, right * inverse.sqrt()), product64(fake_root, left * inverse.sqrt())
    return _Factor(squares.clamp(min=0).sqrt(), fake_map.float(), real_map.float())


def _cholesky(moments: Moments) -> Tensor | None:
    """L of covariance = LL', lower triangular, where its rank is full."""
    if not moments.full_rank:
        return None
    lower, failed = torch.linalg.cholesky_ex(moments.covariance)
    return None if failed.item() else lower


def _factor_by_cholesky(lower: Tensor, fake_covariance: Tensor, maps: bool) -> _Factor:
    """With S_real = LL', M = L' S_fake L: s² are its eigenvalues, T = L M^-½ L' and T' = T⁻¹."""
    inner = congruence64(lower, fake_covariance)
    if not maps:
        return _Factor(torch.linalg.eigvalsh(inner).clamp(min=0).sqrt())
    squares, vectors = eigh64(inner)
    singular = squares.clamp(min=0).sqrt()
    fake_map = product32(lower.float(), (vectors * _inverse_where_positive(singular).sqrt()).float().T)
    real_map = torch.linalg.solve_triangular(lower.T, vectors * singular.sqrt(), upper=True)
    return _Factor(singular, fake_map, real_map.float())


def _distance(real: Moments, fake: Moments, factor: _Factor) -> float:
    shift = (real.mean - fake.mean).square().sum()
    return float(shift + fake.covariance.trace() + real.covariance.trace() - 2 * factor.singular.sum())


@dataclass(frozen=True)
class _Variances:
    """Sampling variance of the distance from each side; None where that side's features are gone."""

    real: float | None
    fake: float | None

    @property
    def error_samples(self) -> float | None:
        return None if self.fake is None else math.sqrt(self.fake)

    @property
    def error(self) -> float | None:
        known = [part for part in (self.real, self.fake) if part is not None]
        return math.sqrt(sum(known)) if known else None


def _variances(real: _Side, fake: _Side, factor: _Factor) -> _Variances:
    """Delta method: the variance of each point's pull on the distance, over the number of points."""
    shift = real.moments.mean - fake.moments.mean
    parts: list[float | None] = []
    for side, away, transport in ((real, shift, factor.real_map), (fake, -shift, factor.fake_map)):
        if side.features is None or transport is None:
            parts.append(None)
        else:
            influence = _influence(_some(side.features), side.moments.mean, away, transport)
            parts.append(float(influence.double().var()) / (side.moments.count or len(side.features)))
    return _Variances(*parts)


def _some(features: Tensor) -> Tensor:
    """Enough rows to tell a variance, always the same ones of as many; at random, since pictures may come in order."""
    if len(features) <= ENOUGH:
        return features
    rows = np.random.RandomState(0).permutation(len(features))[:ENOUGH]
    return features[torch.from_numpy(np.sort(rows)).to(features.device)]


def _influence(features: Tensor, mean: Tensor, away: Tensor, transport: Tensor) -> Tensor:
    """phi(x) = 2 (x - m)·(m - m_other) + |x - m|² - |W'(x - m)|², up to a constant, (N,).

    In float32: an error bar needs three digits, not ten.
    """
    parts, away32, mean32, transposed = [], 2 * away.float(), mean.float(), transport.T.contiguous()
    for block in features.split(BLOCK):
        centred = block.float() - mean32
        pulled = product32(centred, transposed)
        parts.append(centred @ away32 + torch.linalg.vecdot(centred, centred) - torch.linalg.vecdot(pulled, pulled))
    return torch.cat(parts)


def _inverse_where_positive(values: Tensor) -> Tensor:
    """1 / values, and 0 where a value is rounding dust: the pseudo-inverse."""
    kept = values > _dust(values)
    return torch.where(kept, 1 / torch.where(kept, values, 1.0), 0.0)


def _dust(values: Tensor) -> Tensor:
    """The size below which an eigenvalue or singular value is rounding, not rank."""
    return values.max().clamp(min=0) * len(values) * torch.finfo(values.dtype).eps
