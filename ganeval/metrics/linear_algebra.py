"""Matrix products and eigenvalues at the machine's own speed, of which torch's own may use half on a CPU."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy.linalg import eigh as scipy_eigh
from scipy.linalg.blas import dsyrk, dtrmm
from torch import Tensor

BANDS = 4  # of a symmetric product: 5 of 8 parts are multiplied, and no band is too thin to be fast
MIRROR_ROWS = 256  # at a time
# A private operator of torch, which its compiler calls; absent from a torch without oneDNN, perhaps from a later one
ONEDNN_LINEAR: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


def unit_of(features: Tensor) -> float:
    """A power of two just above the largest feature: in this unit float32 neither overflows nor underflows.

    >>> unit_of(torch.tensor([[-3.0, 1.0]])), unit_of(torch.zeros(1, 1))
    (4.0, 1.0)
    """
    return math.ldexp(1.0, math.frexp(max(abs(float(end)) for end in features.aminmax()))[1])


def product64(left: Tensor, right: Tensor) -> Tensor:
    """left @ right in float64; on the CPU by numpy's OpenBLAS, up to twice as fast there as torch's MKL."""
    if left.device.type != "cpu":
        return left @ right
    return torch.from_numpy(left.numpy() @ right.numpy())


def product32(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """left @ right.T in float32, and `bias` (M,) added to each row: (N, D) with (M, D) gives (N, M)."""
    if left.device.type != "cpu" or ONEDNN_LINEAR is None or not torch.backends.mkldnn.is_available():
        return left @ right.T if bias is None else torch.addmm(bias, left, right.T)
    product: Tensor = ONEDNN_LINEAR(left.contiguous(), right.contiguous(), bias, "none", [], "")
    return product


def bands32(rows: Tensor, bias: Tensor | None = None) -> Iterator[tuple[int, int, Tensor]]:
    """rows @ rows.T in float32 from its diagonal on: (start, stop, rows[start:stop] @ rows[start:].T + bias[start:]).

    The rest, left of each band, is the mirror image of the bands before it.
    """
    start = 0
    for band in rows.tensor_split(BANDS):
        stop = start + len(band)
        yield start, stop, product32(band, rows[start:], None if bias is None else bias[start:])
        start = stop


def gram32(rows: Tensor, bias: Tensor | None = None) -> Tensor:
    """rows @ rows.T in float32, and `bias` (N,) added to each row."""
    gram = rows.new_empty(len(rows), len(rows))
    for start, stop, band in bands32(rows):
        gram[start:stop, start:] = band
        gram[stop:, start:stop] = band[:, stop - start :].T
    return gram if bias is None else gram.add_(bias)


def add_gram64(rows: Tensor, total: Tensor) -> None:
    """total += rows.T @ rows in float64, only in the lower triangle: `mirror` fills in the other."""
    if rows.device.type != "cpu":
        total.addmm_(rows.T, rows)
        return
    upper = total.numpy().T  # the same memory by columns, as Fortran reads it
    dsyrk(1.0, rows.contiguous().numpy().T, beta=1.0, c=upper, overwrite_c=1)


def mirror(lower: Tensor) -> Tensor:
    """Make a matrix symmetric by its lower triangle, in place and a few rows at a time, for the cache's sake."""
    for start in range(0, len(lower), MIRROR_ROWS):
        stop = start + MIRROR_ROWS
        own = lower[start:stop, start:stop]
        own.copy_(own.tril() + own.tril(-1).T)
        lower[:start, start:stop] = lower[start:stop, :start].T
    return lower


def congruence64(lower: Tensor, symmetric: Tensor) -> Tensor:
    """L' S L in float64 for a lower triangular L and a symmetric S; on the CPU at half the work, as L's zeros allow."""
    if lower.device.type != "cpu":
        return lower.T @ symmetric @ lower
    triangle = np.asfortranarray(lower.numpy())
    right = dtrmm(1.0, triangle, symmetric.numpy().T, side=1, lower=1)
    return torch.from_numpy(dtrmm(1.0, triangle, right, side=0, lower=1, trans_a=1, overwrite_b=1).T)


def eigh64(symmetric: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues in ascending order and eigenvectors in float64; on the CPU by scipy, a fifth faster than torch."""
    if symmetric.device.type != "cpu":
        values, vectors = torch.linalg.eigh(symmetric)
        return values, vectors
    values, vectors = scipy_eigh(symmetric.numpy(), driver="evd", check_finite=False)
    return torch.from_numpy(values), torch.from_numpy(vectors)
