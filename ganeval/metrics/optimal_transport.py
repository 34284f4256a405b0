"""Optimal transport between Gaussian fits of two sets: what the Fréchet distance and its error bar share.

With roots A A' = S_fake and B B' = S_real, the trace of (S_real S_fake)^½ is the sum of the singular values of A'B:
the roots of the eigenvalues of B' S_fake B, or of A' S_real A. The map of the fakes to the reals is x -> T x with
T S_fake T = S_real, that of the reals to the fakes its inverse T' (Dowson & Landau 1982; Peyré & Cuturi 2019, 2.31).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ganeval.metrics.copies import replication
from ganeval.metrics.estimate import check_rows
from ganeval.metrics.linear_algebra import congruence64, eigh64, product32, product64
from ganeval.metrics.moments import Moments, moments


@dataclass(frozen=True)
class GaussianFit:
    """One set: its moments and, where they are still there, its features."""

    moments: Moments
    features: Tensor | None

    @classmethod
    def of(cls, name: str, data: Tensor | Moments, known_moments: Moments | None = None) -> "GaussianFit":
        """The fit to features (N, D) or moments; ValueError, with the argument's name, where they are not finite."""
        if isinstance(data, Moments):
            check_rows(name, torch.cat([data.mean[None], data.covariance]))
            return cls(data, None)
        check_rows(name, data)
        return cls(known_moments or moments(data), data)

    @property
    def count(self) -> int:
        """The number of points; 0 where it is unknown, of moments alone."""
        return self.moments.count or (0 if self.features is None else len(self.features))

    @cached_property
    def effective_count(self) -> float:
        """The number of points that would know a mean as well: of a set written k times over, the k-th part."""
        return self.count / (1.0 if self.features is None else replication(self.features))

    def root(self) -> Tensor:
        """A (D, r) with A A' = covariance, of as few columns as the rank allows."""
        count, dimensions = self.moments.count, len(self.moments.mean)
        if self.features is not None and count is not None and count <= dimensions:
            return ((self.features.double() - self.moments.mean) / math.sqrt(count - 1)).T
        if (lower := _cholesky(self.moments)) is not None:
            return lower
        values, vectors = eigh64(self.moments.covariance)
        positive = values > _rounding_of(values)
        root: Tensor = vectors[:, positive] * values[positive].sqrt()
        return root


@dataclass(frozen=True)
class Transport:
    """The singular values of A'B and, as W (D, r) in float32 with T = W W', the optimal maps of fakes and of reals."""

    singular_values: Tensor
    fake_map: Tensor | None = None
    real_map: Tensor | None = None


def optimal_transport(real: GaussianFit, fake: GaussianFit, *, maps: bool) -> Transport:
    """Singular values and, if `maps`, both maps; ValueError where the widths differ.

    One symmetric eigenproblem: after a Cholesky factorisation where ranks are full, else of a Gram matrix.
    """
    if real.moments.covariance.shape != fake.moments.covariance.shape:
        widths = f"{len(real.moments.mean)} and {len(fake.moments.mean)}"
        raise ValueError(f"real and fake: found {widths} features, needed the same number")
    if fake.moments.full_rank and (lower := _cholesky(real.moments)) is not None:
        return _by_cholesky(lower, fake.moments.covariance, maps)
    return _by_gram(fake.root(), real.root(), maps)


def _by_cholesky(lower: Tensor, fake_covariance: Tensor, maps: bool) -> Transport:
    """With S_real = LL' and M = L' S_fake L, whose eigenvalues are s²: T = L M^-½ L' and T' = T⁻¹."""
    inner = congruence64(lower, fake_covariance)
    if not maps:
        return Transport(torch.linalg.eigvalsh(inner).clamp(min=0).sqrt())
    squares, vectors = eigh64(inner)
    singular_values = squares.clamp(min=0).sqrt()
    fake_map = product32(lower.float(), (vectors * _pseudo_inverse(singular_values).sqrt()).float().T)
    real_map = torch.linalg.solve_triangular(lower.T, vectors * singular_values.sqrt(), upper=True)
    return Transport(singular_values, fake_map, real_map.float())


def _by_gram(fake_root: Tensor, real_root: Tensor, maps: bool) -> Transport:
    """With A'B = U s V' and G = A'BB'A, or B'AA'B where that is smaller: s² are its eigenvalues, U or V its vectors."""
    if fake_root.shape[1] > real_root.shape[1]:
        swapped = _by_gram(real_root, fake_root, maps)
        return Transport(swapped.singular_values, swapped.real_map, swapped.fake_map)
    inner = product64(fake_root.T, real_root)
    gram = product64(inner, inner.T)
    if not maps:
        return Transport(torch.linalg.eigvalsh(gram).clamp(min=0).sqrt())
    squares, left = eigh64(gram)
    inverse = _pseudo_inverse(squares).sqrt()  # 1 / s
    right = product64(inner.T, left * inverse)
    fake_map, real_map = product64(real_root, right * inverse.sqrt()), product64(fake_root, left * inverse.sqrt())
    return Transport(squares.clamp(min=0).sqrt(), fake_map.float(), real_map.float())


def _cholesky(moments: Moments) -> Tensor | None:
    """L of covariance = LL', lower triangular, where its rank is full."""
    if not moments.full_rank:
        return None
    lower, failed = torch.linalg.cholesky_ex(moments.covariance)
    return None if failed.item() else lower


def _pseudo_inverse(values: Tensor) -> Tensor:
    """1 / values, and 0 where a value is no more than rounding."""
    positive = values > _rounding_of(values)
    return torch.where(positive, 1 / torch.where(positive, values, 1.0), 0.0)


def _rounding_of(values: Tensor) -> Tensor:
    """The size below which an eigenvalue or singular value is rounding, not rank; 0 of none."""
    largest = values.max().clamp(min=0) if len(values) else values.new_zeros(())
    return largest * len(values) * torch.finfo(values.dtype).eps
