"""The gate among known populations: false alarms no more often than it says, and power that grows with N.

Each trial draws anew with a fixed generator and asks the gate. At the border of a limit (true difference exactly 0) it
may call a regression in 1 - confidence of all trials: asserted with three binomial standard deviations of room. FID is
biased upwards at any N, so its border is not the population's distance but the estimator's mean at that N, which comes
from a Monte Carlo of its own generator; two reports of equal N share the bias, and need none.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import t

from ganeval.errors import GanevalWarning
from ganeval.gating import gate
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, REGRESSED
from ganeval.metrics.frechet import fid
from ganeval.metrics.moments import Moments
from ganeval.reports.report import ImageSet, Protocol, Report, Score

HOW = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")
REAL = ImageSet("real", "real/", 50_000, "sha256:0a")
WIDTH = 6
EXACT = Moments(None, torch.zeros(WIDTH, dtype=torch.float64), torch.eye(WIDTH, dtype=torch.float64))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Thousands of matrices of width 6: threads that wait for one another take eight times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def report(score: Score, count: int = 1000) -> Report:
    return Report("0.1.0", "", ImageSet("mine", "mine/", count), REAL, HOW, {"fid": score})


def mean_of(values: np.ndarray) -> Report:
    """A score that is a mean: unbiased, its error known by the textbook."""
    return report(
        Score(float(values.mean()), "lower", 9.0, float(values.std(ddof=1) / math.sqrt(len(values)))), len(values)
    )


def distance_of(generator: np.random.Generator, count: int, shift: float) -> Score:
    """FID with its own error: samples N(shift, 1) in every dimension against N(0, 1), known exactly."""
    features = torch.from_numpy(generator.normal(shift, 1, (count, WIDTH)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)  # no error from the reference's side: that is the point
        estimate = fid(EXACT, features)["fid"]
    return Score(estimate.value, "lower", estimate.error, estimate.error_samples)


def rate(outcomes: Iterable[str], outcome: str = REGRESSED) -> float:
    outcomes = list(outcomes)
    return outcomes.count(outcome) / len(outcomes)


def allowed(confidence: float, trials: int) -> float:
    """What 1 - confidence may come out as, by the binomial."""
    share = 1 - confidence
    return share + 3 * math.sqrt(share * confidence / trials)


TRIALS = 2000


@pytest.mark.montecarlo
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_an_absolute_limit_at_the_truth_alarms_as_often_as_stated(confidence: float) -> None:
    generator = np.random.default_rng(1)
    outcomes = [gate(mean_of(generator.exponential(2.0, 400)), max={"fid": 2.0}, confidence=confidence).outcome
             for _ in range(TRIALS)]  # fmt: skip
    assert rate(outcomes) <= allowed(confidence, TRIALS)
    assert rate(outcomes) >= (1 - confidence) / 4  # and is no gate that never alarms
    assert rate(outcomes, HELD) == pytest.approx(0.5, abs=0.06)


@pytest.mark.montecarlo
@pytest.mark.parametrize(
    ("limits", "truth"),
    [
        ({"max_increase": {"fid": 0.3}}, 2.3),
        ({"max_increase": {"fid": "20%"}}, 2.4),
        ({"max_decrease": {"fid": 0.3}}, 1.7),
        ({"max_decrease": {"fid": "20%"}}, 1.6),
    ],
)
def test_a_relative_limit_at_the_truth_alarms_as_often_as_stated(limits, truth: float) -> None:
    generator = np.random.default_rng(2)
    outcomes = []
    for _ in range(TRIALS):
        old, new = (mean_of(generator.normal(mean, 1.5, 300)) for mean in (2.0, truth))
        outcomes.append(gate(new, baseline=old, **limits).outcome)
    assert 0.02 <= rate(outcomes) <= allowed(0.95, TRIALS)


@pytest.mark.montecarlo
def test_power_grows_with_the_number_of_samples_and_so_does_what_is_decided() -> None:
    generator = np.random.default_rng(3)
    regressed, inconclusive = [], []
    for count in (100, 400, 1600, 6400):
        outcomes = [gate(mean_of(generator.normal(2.1, 1.0, count)), max={"fid": 2.0}).outcome for _ in range(400)]
        regressed.append(rate(outcomes))
        inconclusive.append(rate(outcomes, INCONCLUSIVE))
    # by the normal distribution: P(Z > 1.645 - 0.1 √N)
    assert regressed == pytest.approx([0.2595, 0.6388, 0.9907, 1.0], abs=0.08)
    assert regressed == sorted(regressed)
    assert inconclusive[-1] == 0.0


@pytest.mark.montecarlo
def test_the_number_of_samples_that_would_decide_does_in_half_of_all_cases() -> None:
    """At that N the expected excess is on the border, so that half of all new draws lie beyond it."""
    generator = np.random.default_rng(4)
    first = mean_of(np.random.default_rng(40).normal(2.1, 1.0, 100))
    first = replace(first, scores={"fid": replace(first.scores["fid"], value=2.1, error_samples=0.1)})
    finding = gate(first, max={"fid": 2.0}).judgements[0].finding
    needed = int(finding.split("about ")[1].split()[0].replace(",", ""))
    assert needed == 271  # 100 · 1.645²
    outcomes = [gate(mean_of(generator.normal(2.1, 1.0, needed)), max={"fid": 2.0}).outcome for _ in range(1000)]
    assert rate(outcomes) == pytest.approx(0.5, abs=0.06)


# FID


@pytest.fixture(scope="module")
def center() -> Callable[[int, float], float]:
    """The mean of FID's estimator at a count and a shift, by a Monte Carlo that shares no draw with the trials."""
    known: dict[tuple[int, float], float] = {}

    def of(count: int, shift: float) -> float:
        if (count, shift) not in known:
            generator = np.random.default_rng([2020, count, round(1000 * shift)])
            draws = [distance_of(generator, count, shift).value for _ in range(2000 if count < 500 else 800)]
            known[count, shift] = float(np.mean(draws))
        return known[count, shift]

    return of


@pytest.mark.montecarlo
@pytest.mark.slow
@pytest.mark.parametrize("count", [100, 500])
def test_fids_false_alarms_at_the_estimators_mean_are_as_stated(center, count: int) -> None:
    truth = 0.3**2 * WIDTH
    assert truth < center(count, 0.3) < truth + 60 / count  # biased upwards, less so for more samples
    generator = np.random.default_rng(5)
    outcomes = [gate(report(distance_of(generator, count, 0.3)), max={"fid": center(count, 0.3)}).outcome
             for _ in range(1000)]  # fmt: skip
    assert 0.01 <= rate(outcomes) <= allowed(0.95, 1000)


@pytest.mark.montecarlo
@pytest.mark.slow
def test_fids_false_alarms_between_equal_models_are_as_stated_without_knowing_the_bias() -> None:
    generator = np.random.default_rng(6)
    outcomes = []
    for _ in range(1000):
        new, old = (report(distance_of(generator, 200, 0.3)) for _ in range(2))
        outcomes.append(gate(new, baseline=old, max_increase={"fid": 0}).outcome)
    assert 0.01 <= rate(outcomes) <= allowed(0.95, 1000)


@pytest.mark.montecarlo
@pytest.mark.slow
def test_fids_power_grows_with_the_number_of_samples(center) -> None:
    generator = np.random.default_rng(7)
    powers = []
    for count in (100, 400, 1600):
        limit = center(count, 0.3)
        outcomes = [gate(report(distance_of(generator, count, 0.36)), max={"fid": limit}).outcome for _ in range(100)]
        powers.append(rate(outcomes))
    assert powers == sorted(powers)
    assert powers[0] < 0.5
    assert powers[-1] > 0.99


# seeds


def trained(generator: np.random.Generator, mean: float, spread: float) -> Report:
    """One seed of a model: training varies by `spread`, and the error bar knows of its sampling alone, 0.05."""
    return report(Score(float(generator.normal(mean, spread)), "lower", 9.0, 0.05))


@pytest.mark.slow
@pytest.mark.montecarlo
@pytest.mark.parametrize(
    ("new", "old", "spreads"),
    [
        (3, 3, (0.2, 0.2)),
        (5, 5, (0.2, 0.2)),
        (3, 5, (0.4, 0.1)),
        (1, 5, (0.2, 0.2)),
        (5, 1, (0.2, 0.2)),
        (1, 2, (1, 1)),
    ],
)
def test_seeds_of_one_model_alarm_as_often_as_stated(new: int, old: int, spreads: tuple[float, float]) -> None:
    generator = np.random.default_rng([8, new, old])
    outcomes = []
    for _ in range(TRIALS):
        mine = [trained(generator, 2.0, spreads[0]) for _ in range(new)]
        theirs = [trained(generator, 2.0, spreads[1]) for _ in range(old)]
        outcomes.append(gate(mine, baseline=theirs, max_increase={"fid": 0}).outcome)
    # Welch's degrees of freedom are an approximation: up to a twentieth more where spreads differ fourfold
    assert 0.02 <= rate(outcomes) <= allowed(0.95, TRIALS) + 0.0025 * (spreads[0] != spreads[1])


@pytest.mark.montecarlo
@pytest.mark.parametrize("count", [2, 3, 8])
def test_the_mean_of_seeds_at_a_limit_alarms_as_often_as_stated(count: int) -> None:
    generator = np.random.default_rng([9, count])
    outcomes = [gate([trained(generator, 2.0, 0.2) for _ in range(count)], max={"fid": 2.0}).outcome
             for _ in range(TRIALS)]  # fmt: skip
    assert 0.03 <= rate(outcomes) <= allowed(0.95, TRIALS)


@pytest.mark.montecarlo
def test_more_seeds_find_what_one_cannot() -> None:
    generator = np.random.default_rng(10)
    powers = []
    for count in (2, 4, 8, 16):
        outcomes = []
        for _ in range(300):
            mine, theirs = ([trained(generator, mean, 0.2) for _ in range(count)] for mean in (2.3, 2.0))
            outcomes.append(gate(mine, baseline=theirs, max_increase={"fid": 0}).outcome)
        powers.append(rate(outcomes))
    assert powers == sorted(powers)
    assert powers[0] < 0.4
    assert powers[-1] > 0.95


@pytest.mark.montecarlo
def test_one_seed_against_one_is_judged_by_sampling_alone_and_alarms_far_too_often() -> None:
    """What docs/ci.md warns of: an error bar of sampling says nothing of another seed."""
    generator = np.random.default_rng(11)
    outcomes = [
        gate(trained(generator, 2.0, 0.2), baseline=trained(generator, 2.0, 0.2), max_increase={"fid": 0}).outcome
        for _ in range(TRIALS)
    ]
    assert rate(outcomes) == pytest.approx(0.340, abs=0.04)  # P(0.283 Z > 1.645 · 0.0707)
    covered = [
        gate(trained(generator, 2.0, 0.2), baseline=trained(generator, 2.0, 0.2), max_increase={"fid": 0.47}).outcome
        for _ in range(TRIALS)
    ]
    assert rate(covered) <= allowed(0.95, TRIALS)  # a tolerance of 1.645 · √2 · 0.2 does


@pytest.mark.montecarlo
def test_a_tolerance_that_predicts_one_more_seed_holds_as_often_as_stated() -> None:
    """The arithmetic of .ci/limits.toml: t · sd · √(1 + 1/5) above the mean of five holds the next in 99 of 100."""
    generator = np.random.default_rng(12)
    held = []
    for _ in range(TRIALS):
        five = [trained(generator, 2.0, 0.2) for _ in range(5)]
        values = [report.scores["fid"].value for report in five]
        tolerance = float(t.ppf(0.99, 4) * np.std(values, ddof=1) * math.sqrt(1 + 1 / 5))
        held.append(gate(trained(generator, 2.0, 0.2), baseline=five, max_increase={"fid": tolerance}).outcome)
    assert 1 - rate(held, HELD) <= allowed(0.99, TRIALS)
    assert 1 - rate(held, HELD) >= 0.003
