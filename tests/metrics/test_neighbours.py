"""Precision, recall, density and coverage against their formulas, torch-fidelity and prdc, and their error bars."""

import re
import warnings
from functools import cache

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch_fidelity.metric_prc import prc_features_to_metric
from toy_features import generator, normal, over_observed, share_covered

from ganeval.errors import GanevalWarning
from ganeval.metrics import distances, random_groups
from ganeval.metrics.distances import frame_of, nearest, nearest_within, points
from ganeval.metrics.estimate import Estimate
from ganeval.metrics.neighbours import (
    coverage,
    density,
    density_coverage,
    overlap,
    precision,
    precision_recall,
    real_neighbours,
    recall,
)

NAMES = ("precision", "recall", "density", "coverage")


def estimates(real: Tensor, fake: Tensor, k: int = 3, k_dense: int = 5, **options: object) -> dict[str, Estimate]:
    """All four, with no complaint about ties."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        found = overlap(real, fake, k_precision_recall=k, k_density_coverage=k_dense, **options)
    return {**precision_recall(found), **density_coverage(found)}


def values(real: Tensor, fake: Tensor, k: int = 3, k_dense: int = 5, **options: object) -> list[float]:
    found = estimates(real, fake, k, k_dense, **options)
    return [found[name].value for name in NAMES]


def squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.square(x[:, None] - y[None]).sum(-1)


def radii(x: np.ndarray, k: int) -> np.ndarray:
    within = squares(x, x)
    np.fill_diagonal(within, np.inf)
    return np.sort(within, axis=1)[:, k - 1]


def formulas(real: Tensor, fake: Tensor, k: int, k_dense: int) -> list[float]:
    return [
        precision(real, fake, k),
        recall(real, fake, k),
        density(real, fake, k_dense),
        coverage(real, fake, k_dense),
    ]


# Agreement. Counts over counts: equal but for the last digit of a division, 1e-12.


def test_agrees_with_torch_fidelity() -> None:
    for seed in range(4):
        real, fake = normal(seed, 150 + 30 * seed, 6).double(), normal(50 + seed, 200, 6, 0.4, 0.8).double()
        theirs = prc_features_to_metric(fake, real, prc_neighborhood=3, verbose=False)
        found = values(real, fake)[:2]
        assert found == pytest.approx([theirs["precision"], theirs["recall"]], rel=1e-6)  # theirs is a float32 mean
        assert 0.1 < min(found) < max(found) < 1


def test_agrees_with_prdc() -> None:
    for seed in range(4):
        real, fake = normal(seed, 150 + 30 * seed, 6).double(), normal(50 + seed, 200, 6, 0.4, 0.8).double()
        theirs = compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
        assert values(real, fake, 5, 5) == pytest.approx([theirs[name] for name in NAMES], abs=1e-12)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    reals=st.integers(8, 60),
    fakes=st.integers(8, 60),
    width=st.integers(1, 40),
    k=st.integers(1, 5),
    k_dense=st.integers(1, 6),
    seed=st.integers(0, 999),
)
def test_agrees_with_both_on_any_shape(reals: int, fakes: int, width: int, k: int, k_dense: int, seed: int) -> None:
    real, fake = normal(seed, reals, width).double(), normal(seed + 1000, fakes, width, 0.3).double()
    found = values(real, fake, k, k_dense)
    prc = prc_features_to_metric(fake, real, prc_neighborhood=k, verbose=False)
    prdc = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k_dense)
    assert found[:2] == pytest.approx([prc["precision"], prc["recall"]], rel=1e-6)  # theirs is a float32 mean
    assert found[2:] == pytest.approx([prdc["density"], prdc["coverage"]], abs=1e-12)


def clusters(random: torch.Generator, count: int, width: int) -> Tensor:
    """Points that nearly coincide, far from the origin and from the next cluster: float32 products lose them."""
    centres = 1000 + 1000 * torch.arange(3)[torch.randint(3, (count,), generator=random)]
    return centres[:, None] + normal(random, count, width, scale=1e-2)


def lattice(random: torch.Generator, count: int, width: int) -> Tensor:
    """Small whole numbers: distances are equal all over."""
    return torch.randint(0, 3, (count, width), generator=random).float()


def constant(random: torch.Generator, count: int, width: int) -> Tensor:
    return torch.full((count, width), 0.1)


def copies(random: torch.Generator, count: int, width: int) -> Tensor:
    """Each row drawn from the same twelve: every set repeats itself and the other."""
    return normal(7, 12, width)[torch.randint(12, (count,), generator=random)]


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from([clusters, lattice, constant, copies, normal]),
    reals=st.integers(8, 40),
    fakes=st.integers(8, 40),
    width=st.integers(1, 20),
    k=st.integers(1, 5),
    k_dense=st.integers(1, 6),
    double=st.booleans(),
    seed=st.integers(0, 999),
)
def test_all_four_are_their_formulas_with_ties_duplicates_and_points_that_nearly_coincide(
    kind, reals: int, fakes: int, width: int, k: int, k_dense: int, double: bool, seed: int
) -> None:
    random = generator(seed)
    real, fake = kind(random, reals, width), kind(random, fakes, width)
    real, fake = (real.double(), fake.double()) if double else (real, fake)
    assert values(real, fake, k, k_dense) == pytest.approx(formulas(real, fake, k, k_dense), abs=1e-12)


@pytest.mark.parametrize("spread", [1e-2, 1e-4])
def test_clusters_in_several_tiles(spread: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "TILE", 37)
    random = generator(0)
    centre = torch.tensor([1000.0, -1000.0]).double()[torch.randint(2, (150,), generator=random)][:, None]
    real, fake = centre + spread * normal(random, 150, 6), centre[:120] + spread * normal(random, 120, 6, 0.5)
    expected = formulas(real, fake, 3, 5)
    assert values(real, fake) == pytest.approx(expected, abs=1e-12)
    assert 0.1 < min(expected) < 1


def test_the_smallest_sets_have_no_neighbour_too_many() -> None:
    """With fewer points than neighbours asked for, a point was once its own neighbour."""
    for seed in range(10):
        real, fake = lattice(generator(seed), 7, 4), lattice(generator(seed + 100), 7, 4)
        assert values(real, fake) == pytest.approx(formulas(real, fake, 3, 5), abs=1e-12)
    kept = nearest_within(points(real, frame_of(real)), 14)
    assert (kept.indices[:, 6:] == -1).all()
    assert kept.squares[:, 6:].isinf().all()
    assert (kept.indices[:, :6] != torch.arange(7)[:, None]).all()


def test_the_nearest_of_another_set() -> None:
    queries, base = normal(0, 50, 5), normal(1, 70, 5)
    found = nearest(points(queries, frame_of(base)), points(base, frame_of(base)), 4)
    expected = np.argsort(squares(queries.double().numpy(), base.double().numpy()), axis=1)[:, :4]
    assert np.array_equal(found.indices.numpy(), expected)


# Known values


def test_mode_collapse_has_precision_without_recall() -> None:
    """torch-fidelity's own toy."""
    real, fake = normal(0, 200, 16, scale=3.0), normal(1, 200, 16, scale=0.1)
    found = estimates(real, fake)
    assert found["precision"].value > 0.8
    assert found["recall"].value < 0.3


def test_a_set_against_itself_is_all_inside() -> None:
    features = normal(0, 100, 6)
    found = estimates(features, features)
    assert [found[name].value for name in ("precision", "recall", "coverage")] == [1, 1, 1]
    assert found["density"].value == pytest.approx(6 / 5)  # each ball holds its own point, five neighbours


def test_sets_far_apart_share_nothing() -> None:
    assert values(normal(0, 100, 6), normal(1, 100, 6, mean=50.0)) == [0, 0, 0, 0]


@pytest.mark.parametrize(("reals", "fakes", "k_dense"), [(120, 120, 5), (60, 150, 3), (150, 60, 5)])
def test_expectations_for_two_samples_of_one_distribution(reals: int, fakes: int, k_dense: int) -> None:
    random, drawn = generator(1), []
    for _ in range(80):
        drawn.append(values(normal(random, reals, 4), normal(random, fakes, 4), 3, k_dense)[2:])
    expected = 1, 1 - np.prod([(reals - i) / (fakes + reals - i) for i in range(1, k_dense + 1)])
    away = np.abs(np.mean(drawn, axis=0) - expected)
    assert (away < 4 * np.std(drawn, axis=0, ddof=1) / 80**0.5).all()  # four standard errors of 80 draws


# Warnings


def warned(real: Tensor, fake: Tensor, **options: int) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        overlap(real, fake, **options)
    assert all(issubclass(warning.category, GanevalWarning) for warning in caught)
    return [str(warning.message) for warning in caught]


def test_no_warning_without_ties_or_duplicates() -> None:
    assert warned(normal(0, 60, 8), normal(1, 30, 8)) == []


@pytest.mark.parametrize("count", [8, 60])
def test_duplicates_are_counted(count: int) -> None:
    real, fake = normal(0, count, 8), normal(1, 30, 8)
    real[:3] = real[3]
    fake[5] = fake[6]
    found = warned(real, fake)
    assert f"reference: 4 of {count} feature vectors have an exact duplicate" in found[0]
    assert "samples: 2 of 30 feature vectors have an exact duplicate" in found[1]


@pytest.mark.parametrize(("k", "k_dense"), [(1, 2), (3, 5), (3, 3)])
def test_ties_are_counted_once_for_each_ball(k: int, k_dense: int) -> None:
    real, fake = lattice(generator(0), 30, 6), lattice(generator(1), 25, 6)
    y, x = real.double().numpy(), fake.double().numpy()
    across = squares(y, x)
    edges = [radii(y, size)[:, None] for size in sorted({k, k_dense})] + [radii(x, k)[None, :]]
    expected = sum(int(((across == edge) & (edge > 0)).sum()) for edge in edges)
    texts = warned(real, fake, k_precision_recall=k, k_density_coverage=k_dense)
    counted = [int(match[1]) for text in texts if (match := re.search(r"(\d+) distances equal", text))]
    assert expected > 20
    assert counted == [expected]


# One pass, in tiles, with the reference's part kept


def test_tile_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = normal(0, 150, 6), normal(1, 130, 6, 0.4, 0.8)
    with_ties = lattice(generator(0), 100, 5), lattice(generator(1), 90, 5)
    scores, values_with_ties = estimates(real, fake), values(*with_ties)
    monkeypatch.setattr(distances, "TILE", 37)
    assert estimates(real, fake) == scores
    assert values(*with_ties) == values_with_ties


def test_stored_neighbours_give_the_same_scores() -> None:
    real, fake = normal(0, 150, 6), normal(1, 130, 6, 0.4, 0.8)
    kept = real_neighbours(real, 2, 4)
    fresh = overlap(real, fake, k_precision_recall=2, k_density_coverage=4)
    again = overlap(real, fake, k_precision_recall=2, k_density_coverage=4, neighbours=kept)
    assert density_coverage(fresh) == density_coverage(again)
    assert precision_recall(fresh) == precision_recall(again)


def test_neighbours_refuse_nan() -> None:
    real = normal(0, 50, 6)
    real[7, 3] = torch.nan
    with pytest.raises(ValueError, match=r"^real: row 7 is not finite$"):
        real_neighbours(real)


class Largest(TorchDispatchMode):
    """Remembers the largest tensor that torch made."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.numel = max(self.numel, tensor.numel())
        return made


def test_memory_is_that_of_a_tile() -> None:
    with Largest() as largest:
        estimates(normal(0, 6000, 16), normal(1, 6000, 16, 0.5))
    assert largest.numel >= distances.TILE**2  # it did see the tiles
    assert largest.numel <= 6000**2 / 4


def test_ticks_once_a_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "TILE", 50)
    seen: list[tuple[str, int, int | None]] = []
    overlap(normal(0, 60, 4), normal(1, 110, 4), tick=lambda *step: seen.append(step))
    assert seen == [("neighbours", i, 6) for i in range(7)]


# Errors. The ratio of stated to true error over 150 draws is itself known to 6 %, the share of 95 % intervals that hold
# the mean to 2 points.

CASES = {  # width, and mean and scale of the fakes
    "equal": (8, 0.0, 1.0),
    "different": (32, 0.1, 1.1),
}


@cache
def draws(case: str, keep_real: bool) -> list[dict[str, Estimate]]:
    """All four scores of 150 pairs of sets; of one reference and 150 sets of samples if that is kept."""
    random, (width, mean, scale) = generator(0), CASES[case]
    reference = normal(random, 300, width)
    return [
        estimates(reference if keep_real else normal(random, 300, width), normal(random, 300, width, mean, scale))
        for _ in range(150)
    ]


@pytest.mark.montecarlo
@pytest.mark.slow
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_errors_are_the_right_size(name: str, case: str, keep_real: bool) -> None:
    scores = [scores[name] for scores in draws(case, keep_real)]
    assert 0.85 <= over_observed(scores, keep_real) <= 1.25
    assert 0.9 <= share_covered(scores, keep_real) <= 0.99


@pytest.mark.montecarlo
def test_copies_count_as_one_point() -> None:
    """Each fake four times: 100 of them say no more about precision than 100, and recall is 0 but not known exactly."""
    random = generator(0)
    copied = [estimates(normal(random, 200, 8), normal(random, 100, 8, 0.1, 1.1).repeat(4, 1)) for _ in range(120)]
    for name in ("precision", "density", "coverage"):
        assert 0.85 <= over_observed([scores[name] for scores in copied], keep_real=False) <= 1.25
    assert all(scores["recall"].value == 0 < scores["recall"].error for scores in copied)


def test_errors_do_not_depend_on_the_order_of_rows() -> None:
    real, fake = normal(0, 300, 8), normal(1, 200, 8, 0.3)
    mixed = estimates(real[torch.randperm(300, generator=generator(2))], fake.flip(0))
    for name, estimate in estimates(real, fake).items():
        assert (mixed[name].error, mixed[name].error_samples) == pytest.approx((estimate.error, estimate.error_samples))


@pytest.mark.parametrize("mean", [0.0, 50.0])
def test_no_error_is_zero(mean: float) -> None:
    """Of 50 points all inside, or none, a share of 1 or 0 is known to about 1.92 / 50."""
    for estimate in estimates(normal(0, 50, 4), normal(1, 50, 4, mean, 0.05)).values():
        assert 0.98 / 50 <= estimate.error_samples <= estimate.error


def test_too_few_points_for_an_error() -> None:
    real, fake = normal(0, 100, 4), normal(1, 23, 4)
    assert warned(real, fake) == [
        "precision, recall, density, coverage: too few distinct points in a set for error bars: found 23, needed at "
        "least 24"
    ]
    assert {estimate.error for estimate in estimates(real, fake).values()} == {None}
    assert all(estimate.error > 0 for estimate in estimates(real, normal(1, 24, 4)).values())


def test_group_variances_of_a_table_by_hand() -> None:
    """Two partitions of a table where the fakes' group adds ± 1 and the reals' ± 3, in halves and in quarters."""
    blocks = []
    for groups, partitions in random_groups.GROUPINGS:
        reals = 3.0 * (np.arange(groups) % 2)
        fakes = 1.0 * (np.arange(groups) % 2)
        blocks.append(np.kron(reals[:, None] + fakes, np.ones((partitions, partitions))))
    table = scipy.linalg.block_diag(*blocks)
    (own, both), (own_of_quarters, both_of_quarters) = random_groups.group_variances(table)
    assert own == pytest.approx(0.5 / 2)  # the variance of 0 and 1, of means of two
    assert both == pytest.approx((4**2 / 2 + 2**2 / 2) / 2 / 2)  # 4 and 0, then 3 and 1
    assert own_of_quarters == pytest.approx(np.var([0, 1, 0, 1], ddof=1) / 4)
    assert both_of_quarters == pytest.approx((np.var([0, 4, 0, 4], ddof=1) + np.var([1, 3, 1, 3], ddof=1)) / 2 / 4)
