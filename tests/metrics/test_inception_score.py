"""Inception Score against torch-fidelity and known cases, and its error bar against Monte Carlo."""

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from toy_features import generator, normal, over_observed, share_covered

from ganeval.metrics.estimate import Estimate
from ganeval.metrics.inception_score import inception_score, inception_score_formula


def logits(random: torch.Generator | int, count: int, classes: int = 10) -> Tensor:
    """Of a classifier that is mostly sure, with some classes rarer than others."""
    return 3 * normal(random, count, classes, torch.linspace(-0.3, 0.3, classes))


def probabilities(drawn: Tensor) -> Tensor:
    return drawn.double().softmax(1).float()  # as ganeval keeps them


def score(rows: Tensor, **options: int) -> Estimate:
    return inception_score(rows, **options)["inception_score"]


SHAPES = [(500, 10, 10, 2020), (203, 1008, 10, 1), (57, 5, 3, 0)]


@pytest.mark.parametrize(("count", "classes", "splits", "seed"), SHAPES)
def test_agrees_with_torch_fidelity(count: int, classes: int, splits: int, seed: int) -> None:
    drawn = logits(4, count, classes)
    found = score(probabilities(drawn), splits=splits, seed=seed)
    theirs = isc_features_to_metric(drawn, splits, True, seed)
    # rows kept in float32 (6e-8 each, averaged): 1e-6
    assert found.value == pytest.approx(theirs[KEY_METRIC_ISC_MEAN], rel=1e-6)
    assert found.std == pytest.approx(theirs[KEY_METRIC_ISC_STD], rel=1e-6, abs=1e-6)
    in_one = isc_features_to_metric(drawn, 1, True, seed)[KEY_METRIC_ISC_MEAN]
    assert found.whole == pytest.approx(in_one, rel=1e-6)
    assert found.error == found.error_samples


@pytest.mark.filterwarnings("ignore::ganeval.errors.GanevalWarning")
@settings(max_examples=60, deadline=None)
@given(count=st.integers(2, 60), classes=st.integers(2, 40), sharpness=st.floats(0, 9), seed=st.integers(0, 999))
def test_inception_score_in_one_piece_is_its_formula(count: int, classes: int, sharpness: float, seed: int) -> None:
    rows = (sharpness * normal(seed, count, classes)).softmax(1)
    assert score(rows, splits=1).value == pytest.approx(inception_score_formula(rows), rel=1e-12)
    assert score(rows, splits=3).whole == pytest.approx(inception_score_formula(rows), rel=1e-12)


def test_undecided_scores_one() -> None:
    found = score(torch.full((100, 7), 1 / 7))
    assert (found.value, found.std) == pytest.approx((1, 0), abs=1e-6)  # 1/7 as a float32


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_sharp_and_balanced_scores_the_number_of_classes(classes: int) -> None:
    found = score(torch.eye(classes).repeat(20, 1), splits=1)
    assert found.value == found.whole == pytest.approx(classes, rel=1e-12)  # powers of nothing but 0 and 1
    # second order alone: a half of chi-squared with one degree of freedom less than classes, over their number
    assert found.error == pytest.approx(classes * ((classes - 1) / 2) ** 0.5 / (20 * classes), rel=0.05)


def test_one_class_scores_one() -> None:
    assert score(torch.eye(10)[:1].repeat(50, 1)).value == pytest.approx(1, abs=1e-12)


def test_sorted_by_class_scores_like_any_order() -> None:
    by_class = torch.eye(10).repeat_interleave(200, 0)
    found = score(by_class)
    # a tenth of them, 200, fills ten classes unevenly: about exp(-9 / 2·200) of 10; unshuffled it would be 1
    assert found.value == pytest.approx(10, rel=0.05)
    assert found.whole == pytest.approx(10, rel=1e-12)


def test_fewer_images_than_splits() -> None:
    found = score(torch.eye(4))  # one image a split: no split has more than one class
    assert (found.value, found.std) == pytest.approx((1, 0), abs=1e-12)
    assert found.whole == pytest.approx(4, rel=1e-12)
    with pytest.raises(ValueError, match="fake_probabilities: found 1 rows, needed at least 2"):
        score(torch.eye(4)[:1])


def test_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = probabilities(logits(4, 300))
    found = score(rows)
    # by its name: the package has a function of the same name
    monkeypatch.setattr(sys.modules["ganeval.metrics.inception_score"], "BLOCK", 7)
    assert score(rows).value == pytest.approx(found.value, rel=1e-12)  # float64 sums in another order


@pytest.mark.montecarlo
@pytest.mark.parametrize(
    ("count", "classes", "sharpness", "splits"),
    [(500, 10, 3, 10), (200, 10, 1, 10), (1000, 10, 30, 10), (500, 10, 3, 1), (1000, 100, 4, 10)],
)
def test_error(count: int, classes: int, sharpness: float, splits: int) -> None:
    """Sharp rows of balanced classes have an error of second order alone; hundred classes are many for small splits."""
    random = generator(0)
    scores = [score(probabilities(sharpness * normal(random, count, classes)), splits=splits) for _ in range(300)]
    assert 0.88 <= over_observed(scores, keep_real=False) <= 1.15  # over 300 draws the ratio is known to 4 %
    assert 0.92 <= share_covered(scores, keep_real=False) <= 0.98
