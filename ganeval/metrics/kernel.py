"""Kernel Inception Distance: unbiased squared MMD with the kernel (x·y / D + 1)³. Lower is better.

Bińkowski et al. 2018, arXiv:1801.01401. Agrees with torch-fidelity to 1e-6: the same subsets, samples drawn first. The
definition is `squared_mmd`. `kid` multiplies in float32 and sums in float64, without the kernel's 1, which cancels and
would cost digits. Its error bar is the variance of the two-sample U-statistic (Hoeffding's components, as in Sutherland
et al. 2017, arXiv:1611.04488), not the spread over subsets, which shows how small the subsets are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.metrics.copies import replication
from ganeval.metrics.estimate import Estimate, check_pair
from ganeval.metrics.linear_algebra import bands32, product32, unit_of
from ganeval.progress import Tick, silent

UNITS = 1e-70, 1e24  # of features whose kernels, and the squares of these, float64 holds


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """k(x, y) = (x·y / D + 1)³ of every pair of rows, (N, M).

    >>> kernel(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 1.0], [-1.0, 1.0]])).tolist()
    [[8.0, 1.0]]
    """
    return (x @ y.T / x.shape[1] + 1) ** 3


def squared_mmd(real: Tensor, fake: Tensor) -> float:
    """E k(x, x') + E k(y, y') - 2 E k(x, y), unbiased: no point is paired with itself. Lower is better.

    `real` (M, D), `fake` (N, D), in float64. About 0 for two samples of one distribution, and as often below as above.

    >>> squared_mmd(torch.zeros(5, 3), torch.ones(5, 3))  # 1 + 8 - 2
    7.0
    """
    x, y = fake.double(), real.double()
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    n, m = len(x), len(y)
    within_x = (xx.sum() - xx.trace()) / (n * (n - 1))
    within_y = (yy.sum() - yy.trace()) / (m * (m - 1))
    return float(within_x + within_y - 2 * xy.mean())


def kid(
    real: Tensor,
    fake: Tensor,
    *,
    seed: int = 2020,
    subsets: int = 100,
    subset_size: int = 1000,
    tick: Tick = silent,
) -> dict[str, Estimate]:
    """Mean squared MMD over seeded subsets, with its standard error; lower is better, about 0 for equal sets.

    `real`, `fake`: features (N, D). A subset has min(`subset_size`, N, M) points of each set; a set of just that many
    is taken whole. `std` is the spread over subsets that papers print. Unbiased, so it may
    fall below 0.
    Raises ValueError for non-finite features, fewer than three rows, or widths that differ.

    >>> noise = torch.randn(400, 8, generator=torch.Generator().manual_seed(0))
    >>> 0.0 < kid(noise[:200], noise[200:] + 0.5)["kid"].value < 1.0
    True
    """
    check_pair(real, fake, at_least=3)
    size, random = min(subset_size, len(real), len(fake)), np.random.RandomState(seed)
    cubic = _Cubic.of(max(unit_of(real), unit_of(fake)), real.shape[1])
    fakes, reals = _Sampler(fake, size, cubic), _Sampler(real, size, cubic)
    subsets = 1 if len(real) == len(fake) == size else subsets  # both whole: every subset is the same
    rows = [(fakes.draw(random), reals.draw(random)) for _ in range(subsets)]
    components: list[_Components] = []
    tick("kid", 0, subsets)
    for fake_rows, real_rows in rows:
        components.append(_components(fakes.block(fake_rows), reals.block(real_rows), cubic))
        tick("kid", len(components), subsets)
    values = cubic.factor * np.array([subset.squared_mmd for subset in components])
    mean, std = float(values.mean()), float(values.std())
    spread = std**2 / subsets  # what drawing subsets adds to the full statistic's variance
    # of a set that is one image over and over a single point would bring news, of which no pair can be made
    counts = [max(2.0, len(features) / replication(features)) for features in (real, fake)]
    total, samples = (cubic.factor**2 * part for part in _variances(components, *counts))
    return {"kid": Estimate(mean, (total + spread) ** 0.5, (samples + spread) ** 0.5, std=std)}


@dataclass(frozen=True)
class _Cubic:
    """The kernel less its 1, which float32 would round others' digits away for and which cancels between the sets.

    Points are divided by √D and by a unit u, so that of their products p, x·y / D = u² p, and
    k - 1 = factor · p (linear + p (square + p cube)), which float32 holds whatever the unit.
    """

    scale: float
    factor: float
    linear: float
    square: float
    cube: float

    @classmethod
    def of(cls, unit: float, width: int) -> "_Cubic":
        if not UNITS[0] < unit < UNITS[1]:
            raise ValueError(f"found features of up to {unit:.3g}, needed {UNITS[0]:.0e} to {UNITS[1]:.0e}; scale them")
        step = unit**2
        factor = max(step, step**3)
        return cls(width**-0.5 / unit, factor, 3 * step / factor, 3 * step**2 / factor, step**3 / factor)

    def points(self, features: Tensor) -> Tensor:
        return (features * self.scale).float()

    def __call__(self, products: Tensor, level: float | None = None) -> tuple[float, Tensor]:
        """The kernel less its 1 and less a level near most values, over `factor`: (level, differences).

        Their spread may be a millionth of their size, so squares of the differences keep digits that those of the
        values would lose. The level is the median of about a thousand values: a mean may be that of a single outlier.
        """
        if level is None:
            few = products[:: max(1, len(products) // 32), :: max(1, products.shape[1] // 32)]
            level = float((few * (self.linear + few * (self.square + few * self.cube))).median())  # a float32 number
        linear, negative = products.new_tensor(self.linear), products.new_tensor(-level)
        sums = torch.add(products * self.cube, self.square)
        return level, torch.addcmul(negative, products, torch.addcmul(linear, products, sums, out=sums), out=sums)


@dataclass(frozen=True)
class _Block:
    """A subset, and the mean and variance of each row of its kernel matrix with itself, without the diagonal."""

    points: Tensor
    means: Tensor
    variances: Tensor


class _Sampler:
    """Draws subsets of one set; where the subset is all of it, its own kernel matrix is computed once."""

    def __init__(self, features: Tensor, size: int, cubic: _Cubic) -> None:
        self.features, self.size, self.cubic = features, size, cubic
        self.whole = _block(cubic.points(features), cubic) if size == len(features) else None

    def draw(self, random: np.random.RandomState) -> np.ndarray[Any, Any]:
        """The rows of a subset; drawn even where the set is taken whole, as torch-fidelity draws it."""
        return random.choice(len(self.features), self.size, replace=False)

    def block(self, rows: np.ndarray[Any, Any]) -> _Block:
        if self.whole is not None:
            return self.whole
        subset = self.features.index_select(0, torch.from_numpy(rows).to(self.features.device))
        return _block(self.cubic.points(subset), self.cubic)


def _block(points: Tensor, cubic: _Cubic) -> _Block:
    """A subset of points in the unit of `cubic`; each pair is multiplied once."""
    size, level, sums = len(points), 0.0, points.new_zeros(2, len(points), dtype=torch.float64)
    for start, stop, products in bands32(points):
        level, band = cubic(products, level if start else None)
        band[:, : stop - start].fill_diagonal_(0)
        sums[:, start:stop] += _sums(band, dim=1)
        sums[:, stop:] += _sums(band[:, stop - start :], dim=0)
    return _Block(points, *_row_statistics(level, sums, size - 1))


def _sums(differences: Tensor, dim: int) -> Tensor:
    """Sums along `dim` of the differences from the level, and of their squares, (2, N); float32 has digits to spare."""
    return torch.stack([differences.sum(dim), torch.linalg.vecdot(differences, differences, dim=dim)]).double()


def _row_statistics(level: float, sums: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Mean and unbiased variance of `count` values from the sums of their differences from `level`."""
    mean, square = sums / count
    return level + mean, (square - mean.square()).clamp(min=0) * count / max(1, count - 1)


@dataclass(frozen=True)
class _Components:
    """One subset's squared MMD, and unbiased estimates of the variance components behind it."""

    squared_mmd: float
    linear_fake: float  # variance over x of E k(x, x') - E k(x, y)
    linear_real: float
    pair_fake: float  # the rest of the variance of k(x, x'), without that of both points' own means
    pair_real: float
    pair_cross: float


def _components(x: _Block, y: _Block, cubic: _Cubic) -> _Components:
    size = len(x.points)
    level, cross = cubic(product32(x.points, y.points))
    x_means, x_variances = _row_statistics(level, _sums(cross, dim=1), size)
    y_means, y_variances = _row_statistics(level, _sums(cross, dim=0), size)
    noise_xx, noise_yy = x.variances.mean() / (size - 1), y.variances.mean() / (size - 1)
    noise_xy, noise_yx = x_variances.mean() / size, y_variances.mean() / size
    own_x, own_y = x.means.var() - noise_xx, y.means.var() - noise_yy
    return _Components(
        squared_mmd=float(x.means.mean() + y.means.mean() - 2 * x_means.mean()),
        linear_fake=float((x.means - x_means).var() - noise_xx - noise_xy),
        linear_real=float((y.means - y_means).var() - noise_yy - noise_yx),
        pair_fake=float(x.variances.mean() - own_x),
        pair_real=float(y.variances.mean() - own_y),
        pair_cross=float(x_variances.mean() - (y_means.var() - noise_yx)),
    )


def _variances(components: list[_Components], reals: float, fakes: float) -> tuple[float, float]:
    """Variance of the statistic on sets of so many points that bring news, and its part from new fakes."""

    def mean(name: str) -> float:
        return max(0.0, float(np.mean([getattr(subset, name) for subset in components])))

    cross = 4 * mean("pair_cross") / (fakes * reals)
    fake = 4 * mean("linear_fake") / fakes + 2 * mean("pair_fake") / (fakes * (fakes - 1))
    real = 4 * mean("linear_real") / reals + 2 * mean("pair_real") / (reals * (reals - 1))
    return fake + real + cross, fake + cross
