"""Mode coverage on sets whose gaps are known, and divergences against SciPy."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import chi2_contingency
from torch import Tensor
from toy_features import generator, normal, over_observed

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.modes import (
    Cells,
    Modes,
    cells,
    different_bins,
    js_divergence,
    kl_divergence,
    mode_coverage,
    modes_by_cell,
    modes_by_probability,
    modes_by_vote,
)

RANDOM_HISTOGRAMS = [np.random.default_rng(seed).integers(0, 40, (2, 12)) for seed in range(5)]


def filled(counts: list[int], confidence: float | None = None) -> Modes:
    """Samples, so many in each mode."""
    assigned = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return Modes(assigned, None if confidence is None else torch.full(assigned.shape, confidence), len(counts))


def coverage(real: list[int], fake: list[int]) -> dict[str, Estimate]:
    same = Cells(torch.zeros(len(real), 1), torch.tensor(real))
    return mode_coverage(np.array(real), filled(fake), same, filled(fake))


# Divergences. The same few logarithms in float64: 1e-12.


@pytest.mark.parametrize(("p", "q"), RANDOM_HISTOGRAMS)
def test_divergences_are_scipys(p: np.ndarray, q: np.ndarray) -> None:
    assert js_divergence(p, q) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-12)
    q = q + 1
    assert kl_divergence(p, q) == pytest.approx(rel_entr(p / p.sum(), q / q.sum()).sum(), rel=1e-12)


def test_divergences_by_hand() -> None:
    half, quarter = np.array([1, 1]), np.array([1, 3])
    assert kl_divergence(half, quarter) == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3), rel=1e-12)
    assert kl_divergence(half * 7, half) == js_divergence(half, 3 * half) == 0
    assert kl_divergence(half, np.array([1, 0])) == np.inf
    assert js_divergence(np.array([1, 0]), np.array([0, 5])) == pytest.approx(np.log(2), rel=1e-12)


@pytest.mark.parametrize("bad", [[0, 0], [1, -1, 3], [1, np.nan], [[1, 2], [3, 4]]])
def test_divergences_refuse_what_is_no_histogram(bad: list[float]) -> None:
    for function in (kl_divergence, js_divergence):
        with pytest.raises(ValueError, match="histogram: needed"):
            function(np.array(bad), np.array([1, 2]))


# Covered and hit


def test_nine_of_ten() -> None:
    scores = coverage([100] * 10, [50] * 9 + [0])
    assert (scores["modes_hit"].value, scores["modes_hit"].total) == (9, 10)
    assert (scores["modes_covered"].value, scores["modes_covered"].total) == (9, 10)
    assert scores["modes_covered"].more == {"samples": [50] * 9 + [0], "reference": [100] * 10}
    assert scores["modes_kl"].value == pytest.approx(np.log(10 / 9), rel=1e-12)


@pytest.mark.parametrize(("few", "covered"), [(9, 9), (10, 10), (11, 10), (1, 9), (0, 9)])
@pytest.mark.parametrize("scale", [1, 7])
def test_a_tenth_of_the_share_is_covered(few: int, covered: int, scale: int) -> None:
    # 1,000 samples, a tenth of the reference in each mode: ten samples are exactly a tenth of that
    fake = [scale * n for n in [few, 200 - few] + [100] * 8]
    scores = coverage([500] * 10, fake)
    assert scores["modes_covered"].value == covered
    assert scores["modes_hit"].value == (10 if few else 9)


@pytest.mark.parametrize("modes", [3, 7, 13, 1000])
def test_exactly_a_tenth_is_covered_whatever_the_number_of_modes(modes: int) -> None:
    scores = coverage([30] * modes, [1, 19] + [10] * (modes - 2))
    assert scores["modes_covered"].value == modes


def test_modes_that_the_reference_lacks_do_not_count_and_leave_out_kl() -> None:
    scores = coverage([100, 100, 0], [50, 50, 50])
    for name in ("modes_hit", "modes_covered"):
        assert (scores[name].value, scores[name].total) == (2, 2)
    assert "modes_kl" not in scores
    assert scores["modes_js"].value == pytest.approx(jensenshannon([0.5, 0.5, 0], [1 / 3] * 3) ** 2, rel=1e-12)
    assert "modes_kl" in coverage([100, 100, 0], [50, 50, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_high_confidence(dtype: torch.dtype) -> None:
    rows = torch.tensor([[0.95, 0.05], [0.9, 0.1], [0.2, 0.8], [0.05, 0.95]], dtype=dtype)
    modes = modes_by_probability(rows)
    assert modes.assigned.tolist() == [0, 0, 1, 1]
    cells = Cells(torch.zeros(2, 1), torch.tensor([2, 2]))
    found = mode_coverage(np.array([2, 2]), modes, cells, filled([2, 2]))["modes_high_confidence"]
    assert found.value == 0.75
    assert found.error == found.error_samples == pytest.approx(0.98 / 4)  # the floor
    assert "modes_high_confidence" not in coverage([1, 1], [1, 1])  # cells are never sure


def test_too_few_samples_for_many_modes_are_warned_about() -> None:
    with pytest.warns(GanevalWarning, match="modes_kl, modes_js: 40 samples in 20 modes are too few"):
        coverage([5] * 20, [2] * 20)


SHARES = {
    "different": ([0.4, 0.1, 0.1, 0.25, 0.15], [0.15, 0.2, 0.3, 0.15, 0.2]),
    "equal": ([0.4, 0.1, 0.1, 0.25, 0.15], [0.4, 0.1, 0.1, 0.25, 0.15]),
    "nearly equal": ([0.1] * 10, [0.12] * 5 + [0.08] * 5),
}


@pytest.mark.montecarlo
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("name", ["modes_kl", "modes_js"])
def test_errors_of_divergences(name: str, shares: str, keep_real: bool) -> None:
    """Without the second-order part's own variance those of equal histograms would be 1.41 times the truth."""
    random, (p, q) = np.random.default_rng(0), SHARES[shares]
    reference, scores = random.multinomial(500, q), []
    for _ in range(400):
        real = reference if keep_real else random.multinomial(500, q)
        scores.append(coverage(real.tolist(), random.multinomial(300, p).tolist())[name])
    assert 0.88 <= over_observed(scores, keep_real) <= 1.2  # 400 draws: known to 3.5 %; 1.16 for few, equal bins


EVEN, TENTHS = [0.1] * 10, [0.01, 0.012, 0.008] + [0.97 / 7] * 7
UNEVEN = list(np.exp(np.random.default_rng(1).normal(size=200)))


@pytest.mark.montecarlo
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize(
    ("name", "fake_shares", "real_shares", "count"),
    [
        ("modes_covered", TENTHS, EVEN, 500),
        ("modes_covered", UNEVEN, [1] * 200, 500),
        ("modes_hit", UNEVEN, [1] * 200, 500),
        ("ndb", UNEVEN, UNEVEN, 2000),
        ("ndb", UNEVEN, [1] * 200, 2000),
    ],
)
def test_errors_of_counts(name: str, fake_shares: list[float], real_shares: list[float], count: int, keep_real: bool):
    random, scores = np.random.default_rng(0), []
    p, q = (np.array(shares) / sum(shares) for shares in (fake_shares, real_shares))
    reference = random.multinomial(2000, q)
    for _ in range(400):
        real = reference if keep_real else random.multinomial(2000, q)
        scores.append(coverage(real.tolist(), random.multinomial(count, p).tolist())[name])
    assert 0.8 <= over_observed(scores, keep_real) <= 1.2  # 400 draws: known to 3.5 %


def test_modes_that_are_surely_covered_have_no_error_and_empty_ones_may_be_chance() -> None:
    scores = coverage([100] * 10, [100] * 9 + [0])
    assert scores["modes_covered"].error < 0.01
    assert 0.4 < scores["modes_hit"].error_samples == scores["modes_hit"].error < 0.5  # p (1 - p), p = exp(-1/2)


# By vote


def separated(seed: int, counts: list[int], width: int = 4) -> tuple[Tensor, Tensor]:
    """Clusters 100 apart, with their labels, shuffled."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=generator(seed))]
    return normal(seed, len(labels), width) + 100 * labels[:, None], labels


def test_vote_is_exact_on_separated_clusters() -> None:
    (real, labels), (fake, true) = separated(0, [30, 40, 50]), separated(1, [20, 0, 60])
    modes = modes_by_vote(real, labels, fake, 3)
    assert torch.equal(modes.assigned, true)
    assert (modes.confidence == 1).all()
    assert modes.counts().tolist() == [20, 0, 60]


@pytest.mark.parametrize(
    ("voters", "winner", "confidence"),
    [([2, 1, 1, 0, 0], 1, 0.4), ([0, 1, 1, 0, 2], 0, 0.4), ([0, 1, 2, 3, 4], 0, 0.2), ([0, 1, 2, 2, 2], 2, 0.6)],
)
def test_tied_votes_go_to_the_nearest(voters: list[int], winner: int, confidence: float) -> None:
    real, labels = torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0], [50.0], [60.0]]), torch.tensor([*voters, 5, 5])
    modes = modes_by_vote(real, labels, torch.zeros(1, 1), 6)
    assert modes.assigned.tolist() == [winner]
    assert modes.confidence.tolist() == pytest.approx([confidence])


def test_vote_refuses_too_few_references() -> None:
    with pytest.raises(ValueError, match="real: found 4 rows, needed at least 5"):
        modes_by_vote(normal(0, 4, 3), torch.zeros(4, dtype=torch.long), normal(1, 9, 3), 2)


# Cells


def test_different_bins_is_the_two_proportion_test() -> None:
    """The chi-squared test of a 2×2 table without correction is the pooled z-test, squared."""
    random = np.random.default_rng(0)
    for _ in range(5):
        real = random.multinomial(2000, random.dirichlet(np.ones(30) * 20)) + 1
        fake = random.multinomial(800, random.dirichlet(np.ones(30) * 20)) + 1
        tables = [[[a, real.sum() - a], [b, fake.sum() - b]] for a, b in zip(real, fake, strict=True)]
        expected = np.mean([chi2_contingency(table, correction=False).pvalue < 0.05 for table in tables])
        assert 0.1 < expected < 0.9
        assert different_bins(real, fake) == pytest.approx(expected, abs=1e-12)


def test_a_twentieth_of_the_bins_of_equal_sets_differ() -> None:
    random, shares = np.random.default_rng(0), np.random.default_rng(1).dirichlet(np.ones(100) * 5)
    found = [different_bins(random.multinomial(20000, shares), random.multinomial(10000, shares)) for _ in range(60)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.012)  # 6,000 tests: 0.003 at one standard error


def test_bins_empty_on_both_sides_do_not_differ() -> None:
    assert different_bins(np.array([10, 0, 10]), np.array([20, 0, 20])) == 0
    assert different_bins(np.array([900, 0]), np.array([10, 990])) == 1


@pytest.mark.parametrize(("reals", "count"), [(2000, 100), (300, 30), (12, 2)])
def test_cells_are_seeded_and_hold_every_reference(reals: int, count: int) -> None:
    real = normal(0, reals, 6)
    found, again = cells(real, seed=3), cells(real, seed=3)
    assert found.centres.shape == (count, 6)
    assert int(found.counts.sum()) == reals
    assert torch.equal(found.centres, again.centres)
    assert torch.equal(found.counts, again.counts)
    assert not torch.equal(found.centres, cells(real, seed=4).centres)


def test_a_cell_is_the_nearest_centre() -> None:
    real, fake = normal(0, 500, 6), normal(1, 200, 6, 0.5)
    found = cells(real)
    modes = modes_by_cell(found, fake)
    expected = torch.cdist(fake.double(), found.centres.double()).argmin(1)
    assert torch.equal(modes.assigned, expected)
    assert torch.equal(torch.from_numpy(modes_by_cell(found, real).counts()), found.counts)
    assert modes.confidence is None
    assert modes.total == 50


def test_cells_tell_separated_clusters_apart() -> None:
    (real, _), (fake, _) = separated(0, [300, 300, 400]), separated(1, [300, 0, 200])
    found = cells(real)
    filled_cells = modes_by_cell(found, fake).counts()
    of_middle = ((found.centres - 100).abs().mean(1) < 20).numpy()
    assert of_middle.any()
    assert filled_cells[of_middle].sum() == 0
    assert filled_cells[~of_middle].sum() == 500


def test_cells_refuse_another_width() -> None:
    with pytest.raises(ValueError, match="found 6 and 5 features, needed the same number"):
        modes_by_cell(cells(normal(0, 50, 6)), normal(1, 50, 5))
