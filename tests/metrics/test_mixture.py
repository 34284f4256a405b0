"""Mode coverage of known mixtures, by closed forms: gaps made by hand, and what true samples must score."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch import Tensor
from toy_features import generator, normal, over_observed

from ganeval.errors import GanevalWarning
from ganeval.metrics.mixture import mixture_coverage

SIGMA = 0.01
ANGLES = torch.arange(8) * (math.pi / 4)
RING = torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)
CEILING = 1 - math.exp(-4.5)  # a round normal in the plane lies within r sigma with 1 - exp(-r²/2)


def filled(counts: list[int]) -> Tensor:
    """Samples on the centres of the ring, so many on each."""
    return RING.repeat_interleave(torch.tensor(counts), dim=0)


def values(fake: Tensor, centres: Tensor = RING, sigma: float = SIGMA) -> dict[str, float]:
    return {name: estimate.value for name, estimate in mixture_coverage(fake, centres, sigma).items()}


def ring(seed: int, count: int) -> Tensor:
    """True samples: modes drawn at random."""
    return RING[torch.randint(8, (count,), generator=generator(seed))] + normal(seed + 1, count, 2, scale=SIGMA)


def test_equally_hit_modes_and_gaps_are_counted_exactly() -> None:
    found = values(filled([50, 0, 50, 0, 50, 0, 50, 0]))
    assert (found["modes_captured"], found["modes_captured_tenth"], found["high_quality"]) == (4, 4, 1)
    assert found["reverse_kl"] == pytest.approx(math.log(8 / 4), rel=1e-12)


def test_all_at_one_centre_is_one_mode_and_log_k() -> None:
    scores = mixture_coverage(filled([100] + [0] * 7), RING, SIGMA)
    assert (scores["modes_captured"].value, scores["modes_captured"].total) == (1, 8)
    assert scores["reverse_kl"].value == pytest.approx(math.log(8), rel=1e-12)
    assert scores["reverse_kl"].error == pytest.approx(0, abs=1e-6)


def test_equal_filling_is_at_no_distance_from_the_uniform() -> None:
    found = values(filled([3] * 8))
    assert found["reverse_kl"] == pytest.approx(0, abs=1e-12)
    assert found["modes_captured"] == found["modes_captured_tenth"] == 8


def test_one_hit_captures_but_a_tenth_of_the_share_is_more() -> None:
    found = values(filled([793, 1, 1, 1, 1, 1, 1, 1]))  # of 800: a tenth of a share is 10
    assert (found["modes_captured"], found["modes_captured_tenth"]) == (8, 1)
    found = values(filled([732, 9, 9, 10, 10, 10, 10, 10]))
    assert found["modes_captured_tenth"] == 6  # exactly a tenth is in


def test_the_tenth_is_of_all_samples_not_of_the_good_ones() -> None:
    far = torch.full((992, 2), 5.0)
    found = values(torch.cat([filled([1] * 8), far]))
    assert (found["modes_captured"], found["modes_captured_tenth"], found["high_quality"]) == (8, 0, 0.008)
    assert found["reverse_kl"] == pytest.approx(0, abs=1e-12)  # of those eight


def test_three_sigma_is_the_border() -> None:
    just_in, just_out = torch.tensor([[1 + 2.999 * SIGMA, 0.0]]), torch.tensor([[1.0, 3.001 * SIGMA]])
    assert values(just_in)["high_quality"] == 1
    with pytest.warns(GanevalWarning, match="no sample lies within three"):
        assert values(just_out) == {"modes_captured": 0, "modes_captured_tenth": 0, "high_quality": 0}


def test_a_sample_belongs_to_the_nearest_of_overlapping_modes() -> None:
    found = values(torch.tensor([[0.4], [0.6]]), torch.tensor([[0.0], [1.0]]), sigma=1.0)
    assert found["modes_captured"] == 2
    assert found["reverse_kl"] == pytest.approx(0, abs=1e-12)


def test_true_samples_are_at_the_ceiling() -> None:
    count = 20_000
    scores = mixture_coverage(ring(0, count), RING, SIGMA)
    error = (CEILING * (1 - CEILING) / count) ** 0.5
    assert abs(scores["high_quality"].value - CEILING) < 4 * error
    assert scores["high_quality"].error == pytest.approx(error, rel=0.2)
    assert scores["modes_captured"].value == scores["modes_captured_tenth"].value == 8


def test_the_divergence_of_true_samples_is_that_of_chance() -> None:
    """2 N KL to the true shares is chi-squared with K - 1 degrees of freedom: mean 7, standard deviation √14."""
    statistics = [2 * 2000 * values(ring(seed, 2000))["reverse_kl"] for seed in range(0, 200, 2)]
    assert np.mean(statistics) == pytest.approx(7, abs=4 * (14 / 100) ** 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_the_divergence_is_log_k_less_the_entropy(seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 30, 8)
    found = values(filled(counts.tolist()))["reverse_kl"]
    assert found == pytest.approx(math.log(8) - entropy(counts / counts.sum()), rel=1e-9)


@pytest.mark.montecarlo
def test_the_error_of_the_divergence_is_what_new_draws_do() -> None:
    shares = torch.tensor([0.3, 0.3, 0.2, 0.1, 0.05, 0.03, 0.01, 0.01])
    draws = [torch.multinomial(shares, 500, replacement=True, generator=generator(seed)) for seed in range(200)]
    estimates = [mixture_coverage(RING[modes], RING, SIGMA)["reverse_kl"] for modes in draws]
    errors, values = zip(*((estimate.error, estimate.value) for estimate in estimates), strict=True)
    ratio = np.mean(errors) / np.std(values, ddof=1)
    assert ratio == pytest.approx(1, abs=0.2)  # the ratio itself is known to 5 %


@pytest.mark.parametrize(
    ("fake", "centres", "why"),
    [
        (torch.zeros(3, 3), RING, "centres and fake: found 2 and 3 features"),
        (torch.zeros(0, 2), RING, "fake: found 0 rows"),
        (torch.zeros(3, 2), torch.full((1, 2), math.nan), "centres: row 0 is not finite"),
        (torch.tensor([[0.0, math.inf]]), RING, "fake: row 0 is not finite"),
    ],
)
def test_refuses_nan_and_other_widths(fake: Tensor, centres: Tensor, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        mixture_coverage(fake, centres, SIGMA)


# histograms


def test_the_histogram_counts_what_lies_within_three_sigma_of_its_centre() -> None:
    counts = [5, 0, 3, 0, 0, 7, 1, 0]
    astray = RING[:4] * 3
    near = ring(3, 2000)
    scores = mixture_coverage(torch.cat([filled(counts), astray]), RING, SIGMA, near)
    assert scores["modes_captured"].more["samples"] == counts
    distance = (near[:, None] - RING[None]).norm(dim=2).numpy()
    held = distance.min(1) <= 3 * SIGMA
    assert scores["modes_captured"].more["reference"] == np.bincount(distance.argmin(1)[held], minlength=8).tolist()
    assert scores["modes_captured_tenth"].more == {}
    assert "reference" not in mixture_coverage(near, RING, SIGMA)["modes_captured"].more


def test_a_reference_changes_no_score() -> None:
    alone, beside = (
        mixture_coverage(ring(1, 500), RING, SIGMA),
        mixture_coverage(ring(1, 500), RING, SIGMA, ring(2, 90)),
    )
    assert {name: (one.value, one.error) for name, one in alone.items()} == {
        name: (one.value, one.error) for name, one in beside.items()
    }


def test_more_than_a_hundred_modes_are_not_listed() -> None:
    centres = torch.stack([torch.arange(101.0), torch.zeros(101)], dim=1)
    assert mixture_coverage(centres, centres, SIGMA)["modes_captured"].more == {}
    assert len(mixture_coverage(centres, centres[:100], SIGMA)["modes_captured"].more["samples"]) == 100


@pytest.mark.parametrize("name", ["modes_captured", "modes_captured_tenth", "high_quality", "reverse_kl"])
def test_errors_are_those_of_new_draws(name: str) -> None:
    shares = torch.tensor([0.002, 0.01, 0.0125, 0.035, 0.05, 1.0, 1.0, 1.0])
    random, found = generator(0), []
    for _ in range(400):
        modes = torch.multinomial(shares, 500, replacement=True, generator=random)
        found.append(mixture_coverage(RING[modes] + normal(random, 500, 2, scale=SIGMA), RING, SIGMA)[name])
    assert 0.85 < over_observed(found, keep_real=True) < 1.25  # 400 draws know it to 4 %


def test_no_error_of_a_share_or_a_divergence_is_zero() -> None:
    scores = mixture_coverage(filled([50] * 8), RING, SIGMA)
    assert scores["high_quality"].error == pytest.approx(0.98 / 400)
    agreeing = (7 / 2) ** 0.5 / 400  # chi-squared of 7 degrees over 2 N, of which half of the variance is kept
    assert scores["reverse_kl"].error == pytest.approx(agreeing / 2**0.5, rel=0.01)


def test_modes_that_are_absent_are_not_each_taken_for_chance() -> None:
    scores = mixture_coverage(filled([100] + [0] * 7), RING, SIGMA)
    assert 0.5 < scores["modes_captured"].error < 0.75
