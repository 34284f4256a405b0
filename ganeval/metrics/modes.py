"""Mode coverage: which modes of the reference the samples reach, and in what proportion.

Modes hit and KL to the reference: Che et al. 2017, arXiv:1612.02136, and Metz et al. 2017 (stacked MNIST). NDB and its
JS divergence: Richardson & Weiss 2018, arXiv:1805.12462 (cells of k-means on the reference). The definitions are
`kl_divergence` and `js_divergence`, which agree with SciPy, `covered_modes` and `different_bins`.
A mode is a class of a classifier, else a class voted by the five nearest labelled references, else a k-means cell.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.cluster.vq import kmeans2, vq
from scipy.special import rel_entr
from scipy.stats import norm, poisson
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.distances import frame_of, nearest, points
from ganeval.metrics.estimate import Estimate, check_pair, check_rows, histogram, proportion

CONFIDENCE = 0.9
VOTERS = 5
CELLS = 100
CELL_POINTS = 10_000  # reference points that k-means is fitted on
SIGNIFICANCE = 0.05
MANY_MODES, FEW_PER_MODE = 20, 3  # with fewer samples a mode the errors of divergences are too small

Array = np.ndarray[Any, Any]


def kl_divergence(p: Array, q: Array) -> float:
    """KL(p‖q) in nats of two histograms (any positive scale); 0 for equal ones, infinite where q misses a bin of p.

    >>> kl_divergence(np.array([1, 1]), np.array([1, 1]))
    0.0
    """
    p, q = _proportions(p), _proportions(q)
    return float(rel_entr(p, q).sum())


def js_divergence(p: Array, q: Array) -> float:
    """Jensen-Shannon divergence in nats of two histograms: 0 for equal ones, log 2 for disjoint ones.

    >>> round(js_divergence(np.array([1, 0]), np.array([0, 1])) / float(np.log(2)), 9)
    1.0
    """
    p, q = _proportions(p), _proportions(q)
    return float((rel_entr(p, (p + q) / 2).sum() + rel_entr(q, (p + q) / 2).sum()) / 2)


def tenth_of_reference(real_counts: Array, fake_counts: Array) -> Array:
    """The fewest samples that are a tenth of each mode's share in the reference, (K,)."""
    # in integers, so that exactly a tenth is enough whatever the counts
    fewest: Array = -(-real_counts * fake_counts.sum() // (10 * real_counts.sum()))
    return fewest


def covered_modes(real_counts: Array, fake_counts: Array) -> Array:
    """Whether each mode of the reference has a tenth of its share in the reference among the samples, (K,) bool.

    >>> covered_modes(np.array([50, 50, 0]), np.array([94, 6, 0])).tolist()
    [True, True, False]
    """
    covered: Array = (real_counts > 0) & (fake_counts >= tenth_of_reference(real_counts, fake_counts))
    return covered


def count_errors(fake_counts: Array, samples: int, fewest: Array, noise: Array) -> tuple[float, float]:
    """The errors, of both sets and of the fakes alone, of how many modes have at least `fewest` (K,) of the `samples`.

    Poisson-binomial, with a half added to each count, as an empty mode may be chance: all empty ones together have no
    more samples to come than there are modes with just one (Good & Turing), and a half; less what the counts' fixed sum
    takes off. `noise`: the variance of `fewest` over new references.
    """
    empty, single = int((fake_counts == 0).sum()), int((fake_counts == 1).sum())
    rates = fake_counts + np.where(fake_counts > 0, 0.5, min(0.5, (single + 0.5) / max(1, empty)))
    reached, at_edge = poisson.sf(fewest - 1, rates), poisson.pmf(fewest - 1, rates)
    own = max(0.0, float((reached * (1 - reached)).sum() - (rates * at_edge).sum() ** 2 / samples))
    slope = (at_edge + poisson.pmf(fewest, rates)) / 2
    return float((own + (slope**2 * noise).sum()) ** 0.5), own**0.5


def different_bins(real_counts: Array, fake_counts: Array) -> float:
    """Share of bins whose proportions differ by a pooled two-proportion z-test at 0.05; about 0.05 for equal sets.

    >>> different_bins(np.array([500, 500]), np.array([500, 500]))
    0.0
    """
    return float(np.mean(np.abs(_z_of_bins(real_counts, fake_counts)) > norm.isf(SIGNIFICANCE / 2)))


def bin_errors(real_counts: Array, fake_counts: Array) -> tuple[float, float]:
    """The errors, of both sets and of the fakes alone, of `different_bins`: a Poisson-binomial over the bins.

    A bin's true z is normal given the z seen: its spread over bins is that of the z's less their noise (empirical
    Bayes), so that equal sets are not taken for different by chance, bin after bin.
    """
    z, reals, fakes = _z_of_bins(real_counts, fake_counts), real_counts.sum(), fake_counts.sum()
    spread, of_fakes = max(0.0, float(np.mean(z**2)) - 1), float(reals / (reals + fakes))
    return _bin_error(z, spread, 1.0), _bin_error(z, spread + 1 - of_fakes, of_fakes)


def _bin_error(z: Array, spread: float, noise: float) -> float:
    """The error of a share of bins with |z| beyond the limit, of true z of variance `spread` and z of noise `noise`."""
    limit, steps = norm.isf(SIGNIFICANCE / 2), np.linspace(-4, 4, 33)
    shrink = spread / (spread + noise)
    true = shrink * z[:, None] + (shrink * noise) ** 0.5 * steps
    beyond = norm.sf((limit - true) / noise**0.5) + norm.cdf((-limit - true) / noise**0.5)
    variances = beyond * (1 - beyond) @ (norm.pdf(steps) / norm.pdf(steps).sum())
    return float(variances.sum() ** 0.5 / len(z))


def _z_of_bins(real_counts: Array, fake_counts: Array) -> Array:
    reals, fakes = real_counts.sum(), fake_counts.sum()
    pooled = (real_counts + fake_counts) / (reals + fakes)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / reals + 1 / fakes))
    gap: Array = fake_counts / fakes - real_counts / reals
    z: Array = np.divide(gap, deviation, out=np.zeros(len(gap)), where=deviation > 0)
    return z


@dataclass(frozen=True)
class Modes:
    """The mode of each point, (N,) int, and the confidence of the assignment, (N,), or None for cells."""

    assigned: Tensor
    confidence: Tensor | None
    total: int

    def counts(self) -> Array:
        """The number of points in each mode, (total,)."""
        return torch.bincount(self.assigned, minlength=self.total).cpu().numpy()


@dataclass(frozen=True)
class Cells:
    """k-means cells of a reference: centres (K, D) float32 and the number of reference points in each, (K,)."""

    centres: Tensor
    counts: Tensor


def modes_by_probability(probabilities: Tensor) -> Modes:
    """Modes are a classifier's classes: `probabilities` (N, C)."""
    check_rows("probabilities", probabilities, at_least=1)
    confidence, assigned = probabilities.max(1)
    return Modes(assigned, confidence, probabilities.shape[1])


def modes_by_vote(real: Tensor, labels: Tensor, fake: Tensor, total: int) -> Modes:
    """Modes are the classes of labelled references; the five nearest to a fake vote on it, ties to the nearest.

    `real` (M, D), `labels` (M,) in 0..total-1, `fake` (N, D). Raises ValueError for non-finite features or M < 5.
    """
    check_pair(real, fake, at_least=1)
    check_rows("real", real, at_least=VOTERS)
    frame = frame_of(real)
    voters = labels.to(real.device)[nearest(points(fake, frame), points(real, frame), VOTERS).indices]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(2)
    winner = votes.argmax(1, keepdim=True)  # the first of equals: the nearest
    return Modes(voters.gather(1, winner)[:, 0], votes.gather(1, winner)[:, 0] / VOTERS, total)


def cells(real: Tensor, seed: int = 2020) -> Cells:
    """Seeded k-means cells of a reference (M, D): 100, or M/10 where M is under 1,000."""
    check_rows("real", real)
    count = max(2, min(CELLS, len(real) // 10))
    data, random = real.float().cpu().numpy(), np.random.default_rng(seed)
    subset = data[np.sort(random.permutation(len(data))[:CELL_POINTS])]
    start = subset[np.sort(random.choice(len(subset), min(count, len(subset)), replace=False))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about an empty cell: such cells are left out below
        centres, _ = kmeans2(subset, start, minit="matrix", iter=20, missing="warn", check_finite=False)
    counts = np.bincount(vq(data, centres, check_finite=False)[0], minlength=len(centres))
    return Cells(torch.from_numpy(centres[counts > 0]), torch.from_numpy(counts[counts > 0]))


def modes_by_cell(cells: Cells, fake: Tensor) -> Modes:
    """Modes are cells: the nearest centre of each point of `fake` (N, D)."""
    check_pair(cells.centres, fake, at_least=1)
    assigned, _ = vq(fake.float().cpu().numpy(), cells.centres.numpy(), check_finite=False)
    return Modes(torch.from_numpy(assigned).long(), None, len(cells.centres))


def mode_coverage(real_counts: Array, fake_modes: Modes, real_cells: Cells, fake_cells: Modes) -> dict[str, Estimate]:
    """How the samples fill the reference's modes and cells. `real_counts` (K,): the reference's points in each mode.

    `modes_covered`: modes with at least a tenth of their share in the reference (higher is better, out of `total`; both
    histograms in `more`, of 100 modes at most); `modes_hit`: with at least one sample;
    `modes_kl` = KL(samples‖reference) and `modes_js` in nats (lower is better; KL is left out where the reference lacks
    a mode that the samples have); `modes_high_confidence`: share of samples assigned with p >= 0.9 (higher);
    `ndb`: share of cells whose fill differs significantly, `ndb_js` (lower).
    """
    fake_counts = fake_modes.counts()
    in_reference, in_samples = real_counts > 0, fake_counts > 0
    total, covered = int(in_reference.sum()), int(covered_modes(real_counts, fake_counts).sum())
    tenth, hit = tenth_of_reference(real_counts, fake_counts)[in_reference], np.ones(total)
    noise = (fake_counts.sum() / (10 * real_counts.sum())) ** 2 * real_counts[in_reference]  # of the tenths
    covered_errors = count_errors(fake_counts[in_reference], int(fake_counts.sum()), tenth, noise)
    hit_errors = count_errors(fake_counts[in_reference], int(fake_counts.sum()), hit, np.zeros(total))
    if total >= MANY_MODES and fake_counts.sum() < FEW_PER_MODE * total:
        text = f"{fake_counts.sum()} samples in {total} modes are too few for the error bars, which are too small"
        warnings.warn(f"modes_kl, modes_js: {text}", GanevalWarning, 2)
    scores = {
        "modes_covered": Estimate(covered, *covered_errors, total=total, more=histogram(fake_counts, real_counts)),
        "modes_hit": Estimate(int((in_reference & in_samples).sum()), *hit_errors, total=total),
        "modes_js": _divergence(js_divergence, _js_derivatives, fake_counts, real_counts),
    }
    if in_reference[in_samples].all():
        scores["modes_kl"] = _divergence(kl_divergence, _kl_derivatives, fake_counts, real_counts)
    else:
        text = "modes_kl is left out: it is infinite where samples fill a mode that the reference lacks"
        warnings.warn(text, GanevalWarning, 2)
    if fake_modes.confidence is not None:
        confident = float((fake_modes.confidence >= CONFIDENCE).double().mean())
        scores["modes_high_confidence"] = proportion(confident, len(fake_modes.assigned))
    real_cell_counts, fake_cell_counts = real_cells.counts.numpy(), fake_cells.counts()
    bins, ndb_errors = (
        different_bins(real_cell_counts, fake_cell_counts),
        bin_errors(real_cell_counts, fake_cell_counts),
    )
    scores["ndb"] = Estimate(bins, *ndb_errors, total=len(real_cell_counts))
    scores["ndb_js"] = _divergence(js_divergence, _js_derivatives, fake_cell_counts, real_cell_counts)
    return scores


@dataclass(frozen=True)
class Derivatives:
    """Of a divergence by the shares of each bin in the fakes, p, and the reals, q: first and second ones, (K,) each."""

    p: Array
    q: Array
    pp: Array
    qq: Array
    pq: Array


def _divergence(
    function: Callable[[Array, Array], float],
    derivatives: Callable[[Array, Array], Derivatives],
    fake: Array,
    real: Array,
) -> Estimate:
    """A divergence of two histograms and its delta-method error: its gradient's variance under each multinomial.

    The second-order part, all that there is where the histograms agree, is counted twice so and taken off once.
    """
    p, q, n, m = _proportions(fake), _proportions(real), float(fake.sum()), float(real.sum())
    by = derivatives(p, q)
    linear, quadratic = _variance(p, by.p) / n, _curvature(by.pp, p, p) / n**2 / 2
    own = _less_quadratic(linear, quadratic)
    linear += _variance(q, by.q) / m
    quadratic += _curvature(by.qq, q, q) / m**2 / 2 + _curvature(by.pq, p, q) / (n * m)
    return Estimate(function(p, q), max(_less_quadratic(linear, quadratic), own) ** 0.5, own**0.5)


def uniform_divergence(counts: Array) -> Estimate:
    """KL to the uniform of `counts` (K,), with the same error: a uniform is known exactly."""
    p, uniform = _proportions(counts), np.full(len(counts), 1 / len(counts))
    by, n = _kl_derivatives(p, uniform), float(counts.sum())
    error = _less_quadratic(_variance(p, by.p) / n, _curvature(by.pp, p, p) / n**2 / 2) ** 0.5
    return Estimate(kl_divergence(counts, np.ones(len(counts))), error, error)


def _less_quadratic(linear: float, quadratic: float) -> float:
    """The delta method's variance less the second-order part; a half of that is left where histograms agree exactly."""
    return max(linear - quadratic, linear / 2, quadratic / 2)


def _curvature(second: Array, p: Array, q: Array) -> float:
    """tr(H S_p H S_q) with H diagonal and S the covariance diag(p) - pp' of one draw of a multinomial."""
    squares = second**2 * p * q
    return float(squares.sum() - (squares * (p + q)).sum() + (second * p * q).sum() ** 2)


def _kl_derivatives(p: Array, q: Array) -> Derivatives:
    safe_p, safe_q = np.where(p > 0, p, 1.0), np.where(q > 0, q, 1.0)
    return Derivatives(_log_ratio(p, q), -p / safe_q, 1 / safe_p, p / safe_q**2, -1 / safe_q)


def _js_derivatives(p: Array, q: Array) -> Derivatives:
    mean = np.where(p + q > 0, (p + q) / 2, 1.0)
    by_pp, by_qq = (1 / np.where(share > 0, share, 1.0) / 2 - 1 / (4 * mean) for share in (p, q))
    return Derivatives(_log_ratio(p, mean) / 2, _log_ratio(q, mean) / 2, by_pp, by_qq, -1 / (4 * mean))


def _log_ratio(p: Array, q: Array) -> Array:
    both = (p > 0) & (q > 0)
    return np.where(both, np.log(np.where(both, p, 1.0) / np.where(both, q, 1.0)), 0.0)


def _variance(p: Array, values: Array) -> float:
    return max(0.0, float(p @ values**2 - (p @ values) ** 2))


def _proportions(counts: Array) -> Array:
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or counts.sum() <= 0:
        raise ValueError("histogram: needed a 1-D array of finite counts, none negative, not all 0")
    proportions: Array = counts / counts.sum()
    return proportions
