"""Scores of the user's own features: what it takes, what it refuses, and that its options arrive."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from toy_features import normal

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.evaluation.families import score_features
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.extrapolation import fid_infinity
from ganeval.metrics.frechet import fid
from ganeval.metrics.kernel import kid
from ganeval.metrics.modes import cells, mode_coverage, modes_by_cell
from ganeval.metrics.neighbours import density_coverage, overlap, precision_recall
from ganeval.reports.report import Score
from ganeval.reports.scores import METRICS

REAL, FAKE = normal(0, 300, 8), normal(1, 250, 8, 0.4, 0.8)


def test_arrays_and_tensors_give_the_same() -> None:
    names = ["fid", "kid", "precision", "recall", "density", "coverage"]
    found = score_features(REAL, FAKE)
    assert list(found) == names
    assert all(isinstance(score, Score) for score in found.values())
    assert score_features(REAL.numpy(), FAKE.numpy()) == found
    assert score_features(REAL.numpy(), FAKE) == found


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
def test_any_float_or_byte(dtype: type) -> None:
    real, fake = (20 * REAL + 120).round().clamp(0, 255).numpy(), (20 * FAKE + 120).round().clamp(0, 255).numpy()
    found = score_features(real.astype(dtype), fake.astype(dtype), metrics=["fid"])
    # whole numbers below 256 are the same in all of them
    assert found["fid"].value == pytest.approx(score_features(real, fake, metrics=["fid"])["fid"].value, rel=1e-9)


def test_direction_and_order_are_those_of_the_table() -> None:
    found = score_features(REAL, FAKE, metrics=["dc", "fid", "modes", "kid", "pr", "fid-infinity"])
    better = {name: row.better for family in METRICS.values() for name, row in family.scores.items()}
    assert [name for name in better if name in found] == list(found)
    assert {"fid", "fid_infinity", "kid", "precision", "coverage", "ndb", "modes_covered"} <= set(found)
    assert all(score.better == better[name] for name, score in found.items())


def test_k_and_seed_are_used() -> None:
    found = score_features(REAL, FAKE, metrics=["pr", "dc", "kid"], k_precision_recall=2, k_density_coverage=7, seed=9)
    ours = overlap(REAL, FAKE, k_precision_recall=2, k_density_coverage=7)
    for name, estimate in {**precision_recall(ours), **density_coverage(ours), **kid(REAL, FAKE, seed=9)}.items():
        assert (found[name].value, found[name].error) == (estimate.value, estimate.error)
    plain = score_features(REAL, FAKE, metrics=["pr", "dc", "kid"])
    assert found["precision"].value < plain["precision"].value  # smaller balls hold less
    assert found["coverage"].value > plain["coverage"].value
    assert found["kid"].value != plain["kid"].value


BY_CELL = modes_by_cell(cells(REAL), FAKE)
PLAIN: dict[str, Callable[[], dict[str, Estimate]]] = {
    "fid": lambda: fid(REAL, FAKE),
    "fid-infinity": lambda: fid_infinity(REAL, FAKE),
    "kid": lambda: kid(REAL, FAKE),
    "pr": lambda: precision_recall(overlap(REAL, FAKE)),
    "dc": lambda: density_coverage(overlap(REAL, FAKE)),
    "modes": lambda: mode_coverage(cells(REAL).counts.numpy(), BY_CELL, cells(REAL), BY_CELL),
}


@pytest.mark.parametrize("family", PLAIN)
def test_scores_are_those_of_the_plain_functions(family: str) -> None:
    scores, estimates = score_features(REAL, FAKE, metrics=[family]), PLAIN[family]()
    assert {name: (score.value, score.error) for name, score in scores.items()} == {
        name: (estimate.value, estimate.error) for name, estimate in estimates.items()
    }


def test_an_unknown_metric_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"^unknown metric 'fdi': did you mean 'fid'\? \(known: fid, "):
        score_features(REAL, FAKE, metrics=["fdi"])


def test_no_metric_at_all() -> None:
    with pytest.raises(UsageError, match="found none, needed some of fid"):
        score_features(REAL, FAKE, metrics=[])


def test_inception_score_needs_probabilities() -> None:
    with pytest.raises(UsageError, match=r"^is: this extractor gives no class probabilities"):
        score_features(REAL, FAKE, metrics=["is"])


def test_a_mixture_needs_its_centres() -> None:
    with pytest.raises(UsageError, match=r"^mixture: the reference is no mixture whose centres are known"):
        score_features(REAL, FAKE, metrics=["mixture"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_far_beyond_the_other_set_are_refused(dtype: type) -> None:
    features = np.random.default_rng(0).normal(size=(40, 8)).astype(dtype)
    with pytest.raises(ContentError, match=r"^pr: found features of up to .*e\+20, too large beside the other set's"):
        score_features(features, features * dtype(1e20), metrics=["pr"])


@pytest.mark.parametrize("metric", [name for name in METRICS if name not in ("is", "mixture")])
@pytest.mark.parametrize("side", ["real", "fake"])
def test_nan_is_one_line_with_the_row(metric: str, side: str) -> None:
    features = {"real": REAL.numpy().copy(), "fake": FAKE.numpy().copy()}
    features[side][41, 5] = np.nan
    with pytest.raises(ContentError) as refusal:
        score_features(**features, metrics=[metric])
    assert str(refusal.value) == f"{metric}: {side}: row 41 is not finite"


@pytest.mark.parametrize("metric", [name for name in METRICS if name not in ("is", "mixture")])
def test_widths_that_differ_are_one_line(metric: str) -> None:
    with pytest.raises(ContentError) as refusal:
        score_features(REAL, FAKE[:, :5], metrics=[metric])
    assert str(refusal.value) == "real: found 8 features, needed 5 as fake has"


@pytest.mark.parametrize(("metric", "least"), [("fid", 2), ("kid", 3), ("pr", 7), ("dc", 7), ("fid-infinity", 10)])
@pytest.mark.parametrize("side", ["real", "fake"])
def test_too_few_rows_are_one_line(metric: str, least: int, side: str) -> None:
    features = {"real": REAL, "fake": FAKE}
    features[side] = features[side][: least - 1]
    lower = ", lower --k-precision-recall and --k-density-coverage," if metric in ("pr", "dc") else ""
    ways_out = f"add images{lower} or leave it out"
    with pytest.raises(ContentError, match=rf"^{side}: found .*, needed at least {least} for {metric}; {ways_out}$"):
        score_features(**features, metrics=[metric])


@pytest.mark.parametrize(
    "bad", [torch.zeros(5), torch.zeros(5, 3, 2), torch.zeros(5, 3, dtype=torch.int64), np.zeros((5, 3), bool)]
)
def test_refuses_arrays_that_are_not_features(bad: object) -> None:
    with pytest.raises(ContentError, match=r"^fake: found .*, needed floats \(N, D\)$"):
        score_features(REAL, bad)


@pytest.mark.parametrize("k", [0, -1])
@pytest.mark.parametrize("name", ["k_precision_recall", "k_density_coverage"])
def test_a_k_below_one_is_refused(name: str, k: int) -> None:
    with pytest.raises(UsageError, match=f"{name}: found {k}, needed at least 1"):
        score_features(REAL, FAKE, metrics=["pr", "dc"], **{name: k})


def test_refuses_text_and_takes_tensors_with_gradient() -> None:
    with pytest.raises(ContentError, match="real: found a str"):
        score_features("features.npy", FAKE)
    tensor = torch.as_tensor(REAL).clone().requires_grad_()
    assert score_features(tensor, FAKE, metrics=["fid"]) == score_features(REAL, FAKE, metrics=["fid"])


def kernel_distance(real: torch.Tensor, fake: torch.Tensor) -> float:
    """Squared MMD of the cubic kernel, with the 1 taken off before it costs digits."""

    def less_one(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        t = x.double() @ y.double().T / x.shape[1]
        return t * (3 + t * (3 + t))

    xx, yy, n, m = less_one(fake, fake), less_one(real, real), len(fake), len(real)
    within = (xx.sum() - xx.trace()) / (n * (n - 1)) + (yy.sum() - yy.trace()) / (m * (m - 1))
    return float(within - 2 * less_one(fake, real).mean())


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e-4, 0.01, 1e5, 1e15])
def test_no_scale_of_features_costs_digits(scale: float) -> None:
    plain = score_features(REAL[:250], FAKE, metrics=["fid", "pr", "dc"])
    scaled = score_features(scale * REAL[:250], scale * FAKE, metrics=["fid", "pr", "dc", "kid"])
    for name in ("precision", "recall", "density", "coverage"):
        assert scaled[name].value == plain[name].value
        assert scaled[name].error == pytest.approx(plain[name].error, rel=0.01)  # of groups, radii in float32
    for part in ("value", "error", "error_samples"):
        assert getattr(scaled["fid"], part) == pytest.approx(scale**2 * getattr(plain["fid"], part), rel=1e-4)
    expected = kernel_distance(scale * REAL[:250], scale * FAKE)
    assert scaled["kid"].value == pytest.approx(expected, rel=1e-4)
    assert 0 < scaled["kid"].error < abs(expected)


def test_kid_of_features_beyond_float64_is_refused() -> None:
    with pytest.raises(ContentError, match=r"kid: found features of up to .*, needed 1e-70 to 1e\+24; scale them"):
        score_features(1e30 * REAL.double(), FAKE.double(), metrics=["kid"])


@pytest.mark.parametrize("count", [2, 7, 250])
def test_scores_of_few_points_are_warned_about(count: int) -> None:
    with pytest.warns(GanevalWarning, match=rf"fid: biased upwards at N = {count} \(under 10,000\)"):
        score_features(REAL, FAKE[:count], metrics=["fid"])
