"""Components of variance: against scipy's analysis of variance and by Monte Carlo, and the power that is promised."""

import numpy as np
import pytest
from example_reports import scored
from scipy import stats
from scipy.optimize import brentq

from ganeval.comparison import compare
from ganeval.comparison.components import Components, components, smallest_difference
from ganeval.tables.terminal import plain_text


def drawn(random: np.random.Generator, draws: list[int], training: float, drawing: float) -> list[list[float]]:
    seeds = training * random.standard_normal(len(draws))
    return [list(seed + drawing * random.standard_normal(count)) for seed, count in zip(seeds, draws, strict=True)]


def test_balanced_draws_are_scipys_analysis_of_variance() -> None:
    values = drawn(np.random.default_rng(0), [4] * 6, 2.0, 1.0)
    found, theirs = components(values), stats.f_oneway(*values)
    within = float(np.mean([np.var(seed, ddof=1) for seed in values]))
    assert found.drawing == pytest.approx(within, rel=1e-12)
    assert found.training == pytest.approx((theirs.statistic - 1) * within / 4, rel=1e-12)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.error == pytest.approx(stats.sem([np.mean(seed) for seed in values]))
    # at the bound of the interval of the share, the test of no more than that share is at its own bound
    low = found.share_interval[0] / (1 - found.share_interval[0])
    assert theirs.statistic / (1 + 4 * low) == pytest.approx(stats.f.ppf(0.975, 5, 18))


@pytest.mark.montecarlo
@pytest.mark.parametrize(
    ("draws", "training", "drawing"),
    [
        ([5] * 10, 3.0, 1.0),
        ([5] * 5, 0.0, 1.0),
        ([2] * 3, 1.0, 1.0),
        ([2, 5, 3, 4, 2, 8], 1.0, 1.0),
        ([1] * 10, 3.0, 1.0),
    ],
)
def test_intervals_cover(draws: list[int], training: float, drawing: float) -> None:
    """Of 1,000 experiments 95 % hold the truth (± 1.4 %), of a variance of 0 97.5 %: one side cannot miss it."""
    random, found = np.random.default_rng(1), list[Components]()
    for _ in range(1000):
        errors = [drawing] * len(draws) if max(draws) == 1 else []
        found.append(components(drawn(random, draws, training, drawing), errors))
    share = training**2 / (training**2 + drawing**2)
    held = [
        np.mean([one.training_interval[0] <= training**2 <= one.training_interval[1] for one in found]),
        np.mean([one.drawing_interval[0] <= drawing**2 <= one.drawing_interval[1] for one in found]),
        np.mean([one.share_interval[0] <= share <= one.share_interval[1] for one in found]),
    ]
    assert all(0.93 <= part <= 0.99 for part in held[::2])
    assert held[1] >= 0.93  # known, and so always held, where draws are single
    if training:
        assert np.mean([one.training for one in found]) == pytest.approx(training**2, rel=0.15)
        assert np.mean([one.drawing for one in found]) == pytest.approx(drawing**2, rel=0.05)


@pytest.mark.montecarlo
@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_the_smallest_difference_is_found_in_80_of_100_cases(seeds: int) -> None:
    random, difference = np.random.default_rng(0), smallest_difference(1.0, seeds)
    one, other = random.standard_normal((2, 20_000, seeds))
    found = stats.ttest_ind(one + difference, other, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.01)


def test_more_samples_help_only_the_part_of_drawing() -> None:
    random = np.random.default_rng(0)
    of_draws = components(drawn(random, [5] * 5, 0.0, 1.0), count=1000)
    assert of_draws.smallest_difference(5, 1, 4000) < 0.8 * of_draws.smallest_difference(5, 1, 1000)
    of_seeds = components(drawn(random, [5] * 5, 9.0, 0.1), count=1000)
    assert of_seeds.smallest_difference(5, 1, 4000) == pytest.approx(of_seeds.smallest_difference(5), rel=0.01)
    assert of_seeds.smallest_difference(20) < 0.5 * of_seeds.smallest_difference(5)
    assert of_seeds.smallest_difference(1) == float("inf")


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [[1.0], [2.0]]])
def test_too_little_is_refused(values: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"found (0 seed|1 seed|one draw of each seed and no errors)"):
        components(values)


def test_scores_that_never_vary_have_components_of_nothing() -> None:
    found = components([[2.0, 2.0], [2.0, 2.0]])
    assert (found.training, found.drawing, found.share, found.error) == (0, 0, 0, 0)
    assert found.smallest_difference(3) == 0


def test_a_table_of_seeds_says_what_training_moves() -> None:
    """By hand: 1, 2, 3 and 4 have variance 5/3, of which 0.1² is drawing."""
    reports = [scored(f"dcgan-s{seed}", 1.0 + seed) for seed in range(4)] + [scored("vanilla-s0", 9.0)]
    text = plain_text(compare(reports, group=True))
    variance, drawing = 5 / 3, 0.1**2
    low, high = (1 - drawing / variance * stats.chi2.ppf(tail, 3) / 3 for tail in (0.975, 0.025))
    shift = brentq(lambda shift: stats.nct.cdf(stats.t.ppf(0.975, 6), 6, shift) - 0.2, 1, 10)
    difference = shift * (2 * variance / 4) ** 0.5
    assert f"dcgan {1 - drawing / variance:.0%} ({low:.0%} to {high:.0%}), {difference:.2g}." in text
    assert "vanilla" not in text.partition("Share of training")[2]
    assert "Share of training" not in plain_text(compare(reports))
