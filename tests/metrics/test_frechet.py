"""FID against closed forms, torch-fidelity and pytorch-fid, and its error bar against Monte Carlo."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_fid.fid_score import calculate_frechet_distance
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from toy_features import correlated, generator, normal, over_observed, share_covered

from ganeval.errors import GanevalWarning
from ganeval.metrics import frechet
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.frechet import fid, fid_formula, frechet_distance
from ganeval.metrics.frechet_error import mean_square_curvature
from ganeval.metrics.moments import Moments, moments
from ganeval.metrics.optimal_transport import GaussianFit


def gaussian(mean: Tensor, covariance: Tensor) -> Moments:
    return Moments(None, mean.double(), covariance.double())


def value(real: Tensor, fake: Tensor) -> float:
    return fid(real, fake)["fid"].value


def by_torch_fidelity(real: Tensor, fake: Tensor) -> float:
    statistics = fid_features_to_statistics(real), fid_features_to_statistics(fake)
    return fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID]


def by_pytorch_fid(real: Tensor, fake: Tensor) -> float:
    x, y = real.double().numpy(), fake.double().numpy()
    return float(calculate_frechet_distance(x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False)))


# Closed forms. Float64 throughout: 1e-10 leaves room for the rounding of some sixty eigenvalues.


def test_equal_covariances_leave_the_squared_mean_difference() -> None:
    root = normal(0, 24, 24).double()
    covariance, shift = root @ root.T, normal(1, 1, 24)[0].double()
    distance = frechet_distance(gaussian(torch.zeros(24), covariance), gaussian(shift, covariance))
    assert distance == pytest.approx(float(shift @ shift), rel=1e-10)


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("zeros", [0, 3])
def test_commuting_covariances(rotated: bool, zeros: int) -> None:
    a, b = torch.linspace(0.1, 3, 12).double(), torch.linspace(2, 0.5, 12).double()
    a[:zeros], b[-zeros or 12 :] = 0, 0  # directions that one set lacks
    axes = torch.linalg.qr(normal(2, 12, 12).double())[0] if rotated else torch.eye(12).double()
    mean = torch.zeros(12)
    distance = frechet_distance(gaussian(mean, axes * a @ axes.T), gaussian(mean, axes * b @ axes.T))
    expected = float((a.sqrt() - b.sqrt()).square().sum())
    # a rotated zero is rounding dust of 1e-16, whose root is 1e-8
    assert distance == pytest.approx(expected, rel=1e-7 if zeros and rotated else 1e-10)


def test_two_dimensions_that_do_not_commute() -> None:
    a, b = torch.tensor([[2.0, 0.5], [0.5, 1.0]]).double(), torch.tensor([[1.0, -0.7], [-0.7, 3.0]]).double()
    root_trace = ((a @ b).trace() + 2 * (a.det() * b.det()).sqrt()).sqrt()  # of a 2×2 matrix: tr √C = √(tr C + 2√det C)
    expected = float(a.trace() + b.trace() - 2 * root_trace)
    assert frechet_distance(gaussian(torch.zeros(2), a), gaussian(torch.zeros(2), b)) == pytest.approx(expected)


def test_gaussians_with_known_distance() -> None:
    eye = torch.eye(64)
    distance = frechet_distance(gaussian(torch.zeros(64), eye), gaussian(torch.full((64,), 0.1), 1.21 * eye))
    assert distance == pytest.approx(64 * 0.1**2 + 64 * (1.1 - 1) ** 2, rel=1e-6)  # 0.1 is a float32 here


@pytest.mark.parametrize("count", [20, 200])  # fewer and more points than dimensions
def test_shifted_features(count: int) -> None:
    real = correlated(0, count, 32).double()
    # the root of the shifted covariance carries rounding of 1e-16, which a rank-deficient root turns into 1e-8
    assert value(real, real + 0.5) == pytest.approx(32 * 0.25, rel=1e-7)


# The definition


@settings(max_examples=60, deadline=None)
@given(
    reals=st.integers(2, 40),
    fakes=st.integers(2, 40),
    width=st.integers(2, 12),
    mean=st.floats(-3, 3),
    scale=st.floats(0.1, 3),
    seed=st.integers(0, 999),
)
def test_fid_is_its_formula(reals: int, fakes: int, width: int, mean: float, scale: float, seed: int) -> None:
    real, fake = correlated(seed, reals, width), scale * correlated(seed + 1, fakes, width, mean)
    # where rank is short the formula's eigenvalues are dust of 1e-16, whose roots are 1e-8 each
    assert value(real, fake) == pytest.approx(fid_formula(real, fake), rel=1e-7, abs=1e-6)


# Agreement


SHAPES = [(300, 400, 16), (17, 400, 16), (20, 400, 32), (400, 20, 32), (20, 25, 64), (64, 65, 64), (2, 3, 8)]


@pytest.mark.parametrize(("reals", "fakes", "width"), SHAPES)
def test_agrees_with_torch_fidelity(reals: int, fakes: int, width: int) -> None:
    real, fake = correlated(0, reals, width), correlated(5, fakes, width, 0.3)
    # torch-fidelity's mean is a float32: 1e-5
    assert value(real, fake) == pytest.approx(by_torch_fidelity(real, fake), rel=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize(("reals", "fakes", "width"), SHAPES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_agrees_with_pytorch_fid(reals: int, fakes: int, width: int, offset: float, capsys) -> None:
    real, fake = correlated(0, reals, width, offset), correlated(5, fakes, width, offset + 0.3)
    # Same float64 moments. Where rank is short its sqrtm leaves dust of √1e-16 per missing direction; at an offset of
    # 1000 the covariances themselves keep 10 digits.
    short = min(reals, fakes) <= width
    assert value(real, fake) == pytest.approx(by_pytorch_fid(real, fake), rel=1e-6 if short else 1e-7)


@pytest.mark.parametrize("which", ["real", "fake", "both"])
@pytest.mark.parametrize("fakes", [300, 10])
def test_constant_features(which: str, fakes: int) -> None:
    real, fake = correlated(0, 300, 24), correlated(5, fakes, 24, 0.3)
    for name, features in (("real", real), ("fake", fake)):
        if which in (name, "both"):
            features[:, 20:] = 2.0
    # a singular product: torch-fidelity's eigenvalues carry dust whose roots are 1e-8, and its mean is a float32
    assert value(real, fake) == pytest.approx(by_torch_fidelity(real.double(), fake.double()), rel=1e-6)
    if which == "both":  # they add nothing at all
        left_out = value(real[:, :20], fake[:, :20])
        assert value(real, fake) == pytest.approx(left_out, rel=1e-9)


def test_a_duplicate_feature_counts_twice_in_value_and_error() -> None:
    real, fake = correlated(0, 300, 12).double(), correlated(5, 300, 12, 0.3).double()
    scale = torch.ones(12).double()
    scale[:4] = 2**0.5  # (x, x) is √2·x along its diagonal
    doubled = fid(torch.cat([real, real[:, :4]], 1), torch.cat([fake, fake[:, :4]], 1))["fid"]
    stretched = fid(real * scale, fake * scale)["fid"]
    # the Cholesky pivots of the doubled features are dust: four roots of 1e-16 in the value, float32 in the error
    assert doubled.value == pytest.approx(stretched.value, rel=1e-6)
    assert doubled.error == pytest.approx(stretched.error, rel=1e-3)
    assert doubled.error_samples == pytest.approx(stretched.error_samples, rel=1e-3)


def test_an_offset_changes_neither_value_nor_error() -> None:
    real, fake = correlated(0, 300, 16).double(), correlated(5, 300, 16, 0.3).double()
    near, far = fid(real, fake)["fid"], fid(real + 1000, fake + 1000)["fid"]
    assert far.value == pytest.approx(near.value, rel=1e-9)  # 1000 costs three digits of 16, squared
    assert far.error == pytest.approx(near.error, rel=1e-3)  # influence is float32: 7 digits less three


# Clamping


def test_below_zero_is_rounding_and_only_raw_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frechet, "transported_distance", lambda *_: -1e-9)
    estimate = fid(normal(0, 50, 4), normal(1, 50, 4))["fid"]
    assert (estimate.value, estimate.raw) == (0.0, -1e-9)


@pytest.mark.parametrize("count", [20, 200])
def test_a_set_against_itself_is_zero(count: int) -> None:
    for seed in range(5):
        features = correlated(seed, count, 32)
        estimate = fid(features, features)["fid"]
        assert abs(estimate.raw) < 1e-6  # 32 roots of dust
        assert estimate.value == max(0.0, estimate.raw)


# Sets of which the moments are known, or nothing else


@pytest.mark.parametrize("reals", [20, 300])
def test_known_moments_of_the_reference_give_the_same_score(reals: int) -> None:
    real, fake = correlated(0, reals, 32), correlated(5, 200, 32, 0.3)
    assert fid(real, fake, real_moments=moments(real)) == fid(real, fake)


@pytest.mark.parametrize("fakes", [20, 300])
def test_a_reference_of_moments_alone_has_half_an_error_bar(fakes: int) -> None:
    real, fake = correlated(0, 300, 32), correlated(5, fakes, 32, 0.3)
    whole = fid(real, fake)["fid"]
    with pytest.warns(GanevalWarning, match="statistics alone: the error bar leaves out its part"):
        half = fid(moments(real), fake)["fid"]
    assert half.value == pytest.approx(whole.value, rel=1e-9)
    assert half.error == half.error_samples == pytest.approx(whole.error_samples, rel=1e-6)
    assert whole.error > whole.error_samples


def test_two_sets_of_moments_have_no_error_bar() -> None:
    real, fake = correlated(0, 300, 8), correlated(5, 300, 8, 0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        estimate = fid(moments(real), moments(fake))["fid"]
    assert estimate.error is estimate.error_samples is None
    assert estimate.value == pytest.approx(value(real, fake), rel=1e-9)


# Errors, over 200 draws: the ratio itself is known to 5 %. Without the second-order part's variance taken off, that of
# sets that agree would be 1.3 to 1.45.


def score(real: Tensor, fake: Tensor) -> Estimate:
    return fid(real, fake)["fid"]


@pytest.mark.montecarlo
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1.0), (0.2, 1.2)])
@pytest.mark.parametrize(("reals", "fakes", "width"), [(600, 600, 32), (1000, 500, 48), (40, 40, 64), (300, 40, 64)])
def test_errors_are_the_right_size(
    reals: int, fakes: int, width: int, mean: float, scale: float, keep_real: bool
) -> None:
    random, axes = generator(0), torch.linspace(0.5, 2, width)  # unequal variances, as networks have
    reference = normal(random, reals, width, scale=axes)
    scores = [
        score(
            reference if keep_real else normal(random, reals, width, scale=axes),
            normal(random, fakes, width, scale=axes * scale, mean=mean),
        )
        for _ in range(200)
    ]
    assert 0.85 <= over_observed(scores, keep_real) <= (1.2 if fakes > width else 1.4)
    assert 0.9 <= share_covered(scores, keep_real) <= 0.995


def test_curvature_of_normal_points_is_the_closed_form() -> None:
    """E K² = 4 tr S² + Σ_ij 2 (s_i s_j / (s_i + s_j))² (1 + [i = j]) for normal features; 3 % of 512 points' pairs."""
    variances = torch.tensor([4.0, 2.0, 1.0, 0.5, 0.01])
    fit = GaussianFit.of("real", normal(0, 4000, 5, scale=variances.sqrt()))
    products = torch.outer(variances, variances) / (variances[:, None] + variances)
    expected = 4 * variances.square().sum() + 2 * (products.square() * (1 + torch.eye(5))).sum()
    found = mean_square_curvature([(fit, torch.eye(5)), (fit, torch.eye(5))], variances.double())
    assert found == pytest.approx(float(expected), rel=0.1)


def test_the_error_bar_of_many_points_does_not_depend_on_their_order() -> None:
    """More points than tell a variance, in an order with a period, as labels often have."""
    random = torch.Generator().manual_seed(0)
    real = torch.randn(12_000, 4, generator=random)
    fake = torch.randn(12_000, 4, generator=random)
    fake[::3] += 4
    mixed = fake[torch.randperm(len(fake), generator=random)]
    plain, shuffled = fid(real, fake)["fid"].error_samples, fid(real, mixed)["fid"].error_samples
    assert plain == pytest.approx(shuffled, rel=0.1)  # each a variance of 4,096 points: 3 %


@pytest.mark.parametrize("identical", ["real", "fake", "both"])
def test_identical_images_have_a_distance(identical: str) -> None:
    """A covariance of zeros: the distance is that of the means and the other trace (docs/metrics.md)."""
    sets = {"real": normal(0, 50, 4), "fake": normal(1, 40, 4, 2.0)}
    for name in sets if identical == "both" else [identical]:
        sets[name] = torch.full_like(sets[name], 0.5)
    estimate = fid(sets["real"], sets["fake"])["fid"]
    traces = sum(float(torch.cov(rows.double().T).trace()) for rows in sets.values())
    shift = (sets["real"].double().mean(0) - sets["fake"].double().mean(0)).square().sum()
    assert estimate.value == pytest.approx(float(shift) + traces, rel=1e-9)
    assert (estimate.error > 0) is (identical != "both")
