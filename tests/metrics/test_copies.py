"""Copies are found exactly, and error bars take a cluster of them for one image: held to Monte Carlo."""

import warnings
from collections.abc import Callable

import pytest
import torch
from toy_features import over_observed, share_covered

from ganeval.errors import GanevalWarning
from ganeval.metrics.copies import clusters_of, copied, replication
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.extrapolation import fid_infinity
from ganeval.metrics.frechet import fid
from ganeval.metrics.inception_score import inception_score
from ganeval.metrics.kernel import kid
from ganeval.metrics.neighbours import overlap, precision_recall


@pytest.mark.parametrize("width", [1, 40, 700])
def test_clusters_are_those_of_identical_rows(width: int) -> None:
    random = torch.Generator().manual_seed(0)
    features = torch.randint(0, 3, (200, width), generator=random).float()[torch.randint(0, 200, (500,))]
    expected = torch.unique(features, dim=0, return_inverse=True)[1]
    found = clusters_of(features)
    assert len(torch.unique(torch.stack([found, expected]), dim=1).T) == len(found.unique()) == len(expected.unique())


def test_rows_that_differ_in_one_late_column_are_no_copies() -> None:
    features = torch.zeros(6, 300)
    features[torch.arange(6), 200 + torch.arange(6)] = 1
    assert len(clusters_of(features).unique()) == 6
    features[4] = features[2]
    assert len(clusters_of(features).unique()) == 5


def test_zeros_of_both_signs_are_equal() -> None:
    assert clusters_of(torch.tensor([[0.0], [-0.0]])).tolist() == [0, 0]


def test_copies_of_another_set_are_counted() -> None:
    real, fake = torch.randn(50, 300), torch.randn(50, 300)
    assert copied(fake, real) == 0
    fake[:7] = real[3]
    assert copied(fake, real) == 7


def _inception_score(real: torch.Tensor, fake: torch.Tensor) -> Estimate:
    return inception_score((3 * fake).softmax(1), fake_replication=replication(fake))["inception_score"]


SCORES: dict[str, Callable[[torch.Tensor, torch.Tensor], Estimate]] = {
    "fid": lambda real, fake: fid(real, fake)["fid"],
    "fid_infinity": lambda real, fake: fid_infinity(real, fake)["fid_infinity"],
    "kid": lambda real, fake: kid(real, fake)["kid"],
    "inception_score": _inception_score,
}


@pytest.mark.filterwarnings("ignore:is")
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize("name", SCORES)
def test_errors_of_sets_with_copies_are_the_right_size(name: str, keep_real: bool) -> None:
    random = torch.Generator().manual_seed(0)
    kept = torch.randn(300, 10, generator=random)
    found = []
    for _ in range(120):
        real = kept if keep_real else torch.randn(300, 10, generator=random)
        fake = (torch.randn(75, 10, generator=random) * 1.1 + 0.2).repeat(4, 1)
        found.append(SCORES[name](real, fake))
    ratio = over_observed(found, keep_real)
    assert 0.82 < ratio < 1.4  # 120 draws know it to 7 %; without clusters it is half
    assert share_covered(found, keep_real) > 0.88


@pytest.mark.parametrize("name", SCORES)
def test_one_image_again_and_again_is_no_replication(name: str) -> None:
    """A generator that gives one image in ten does so in every draw: its error is that of new draws."""
    random = torch.Generator().manual_seed(0)
    real, collapsed, found = torch.randn(300, 10, generator=random), torch.randn(10, generator=random), []
    for _ in range(120):
        fake = torch.randn(300, 10, generator=random) * 1.1 + 0.2
        fake[torch.rand(300, generator=random) < 0.1] = collapsed
        found.append(SCORES[name](real, fake))
    assert 0.8 < over_observed(found, keep_real=True) < 1.25


def warnings_of(real: torch.Tensor, fake: torch.Tensor) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        precision_recall(overlap(real, fake))
    return [str(one.message) for one in caught if issubclass(one.category, GanevalWarning)]


def test_samples_copied_from_the_reference_are_warned_about() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 200, 8, generator=random)
    assert warnings_of(real, fake) == []
    fake[:100] = real[:100]
    assert any("100 of 200 samples have the features of a reference image" in line for line in warnings_of(real, fake))


def test_an_outlier_that_decides_is_warned_about() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(300, 8, generator=random), torch.randn(300, 8, generator=random) + 1.5
    far = real.clone()
    far[0] = 9
    reference, samples = "precision, density: one outlier of the reference holds", "recall: one outlier of the samples"
    assert any(line.startswith(reference) for line in warnings_of(far, fake))
    assert any(line.startswith(samples) for line in warnings_of(fake, far))


def test_density_of_features_of_few_values_has_no_meaning_and_says_so() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randint(0, 2, (2, 300, 20), generator=random).float()
    assert any(line.startswith("density: has no meaning") for line in warnings_of(real, fake))
