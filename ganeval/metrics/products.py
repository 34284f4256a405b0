"""Matrix products and eigenvalues at the machine's own speed, of which torch's own may use half on a CPU."""

import numpy as np
import torch
from scipy.linalg import eigh as scipy_eigh
from scipy.linalg.blas import dtrmm
from torch import Tensor


def product64(left: Tensor, right: Tensor) -> Tensor:
    """left @ right in float64; on the CPU by numpy's OpenBLAS, up to twice as fast there as torch's MKL."""
    if left.device.type != "cpu":
        return left @ right
    return torch.from_numpy(left.numpy() @ right.numpy())


def product32(left: Tensor, right: Tensor) -> Tensor:
    """left @ right.T in float32: (N, D) with (M, D) gives (N, M)."""
    if left.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return left @ right.T
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left.contiguous(), right.contiguous(), None, "none", [], "")
    return product


def gram32(rows: Tensor) -> Tensor:
    """rows @ rows.T in float32, (N, D) giving (N, N): the lower of its two mixed quarters is a copy, not a product."""
    half = len(rows) // 2
    first, second = rows[:half], rows[half:]
    mixed, gram = product32(first, second), rows.new_empty(len(rows), len(rows))
    gram[:half, :half], gram[half:, half:] = product32(first, first), product32(second, second)
    gram[:half, half:], gram[half:, :half] = mixed, mixed.T
    return gram


def congruence64(lower: Tensor, symmetric: Tensor) -> Tensor:
    """L' S L in float64 for a lower triangular L and a symmetric S; on the CPU at half the work, as L's zeros allow."""
    if lower.device.type != "cpu":
        return lower.T @ symmetric @ lower
    triangle = np.asfortranarray(lower.numpy())
    right = dtrmm(1.0, triangle, symmetric.numpy().T, side=1, lower=1)
    return torch.from_numpy(dtrmm(1.0, triangle, right, side=0, lower=1, trans_a=1, overwrite_b=1).T)


def eigh64(symmetric: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues in rising order and eigenvectors in float64; on the CPU by scipy, a fifth faster there than torch."""
    if symmetric.device.type != "cpu":
        values, vectors = torch.linalg.eigh(symmetric)
        return values, vectors
    values, vectors = scipy_eigh(symmetric.numpy(), driver="evd", check_finite=False)
    return torch.from_numpy(values), torch.from_numpy(vectors)
