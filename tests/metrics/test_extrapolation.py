"""FID at infinitely many images, on Gaussians whose distance is known."""

import pytest
from toy_features import generator, normal, over_observed

from ganeval.metrics.extrapolation import fid_infinity
from ganeval.metrics.frechet import fid

POPULATION = 64 * 0.1**2 + 64 * (1.1 - 1) ** 2  # N(0, I) and N(0.1, 1.21 I): 1.28


@pytest.mark.parametrize("seed", range(3))
def test_lands_at_least_four_times_nearer_than_fid(seed: int) -> None:
    real, fake = normal(seed, 2000, 64), normal(100 + seed, 2000, 64, mean=0.1, scale=1.1)
    plain, found = fid(real, fake)["fid"].value, fid_infinity(real, fake)["fid_infinity"]
    assert plain == pytest.approx(2.5, abs=0.35)  # reference notes: 2.499, standard deviation 0.086
    assert abs(found.value - POPULATION) < abs(plain - POPULATION) / 4


def test_unequal_counts() -> None:
    real, fake = normal(0, 3000, 32), normal(1, 1000, 32, mean=0.1, scale=1.1)
    plain, found = fid(real, fake)["fid"].value, fid_infinity(real, fake)["fid_infinity"].value
    assert abs(found - POPULATION / 2) < abs(plain - POPULATION / 2) / 4


def test_equal_sets_come_out_near_zero_and_never_below() -> None:
    found = [fid_infinity(normal(s, 1000, 32), normal(50 + s, 1000, 32))["fid_infinity"] for s in range(4)]
    for estimate in found:
        assert estimate.value == max(0.0, estimate.raw)
        assert abs(estimate.raw) < 0.15  # the plain FID is about 0.53
    assert min(estimate.raw for estimate in found) < max(estimate.raw for estimate in found)


@pytest.mark.parametrize(("reals", "fakes", "name"), [(33, 100, "real"), (100, 33, "fake")])
def test_refuses_fewer_than_two_more_points_than_dimensions(reals: int, fakes: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: found 33 rows, needed at least 34"):
        fid_infinity(normal(0, reals, 32), normal(1, fakes, 32))


def test_takes_two_more_points_than_dimensions() -> None:
    assert fid_infinity(normal(0, 34, 32), normal(1, 34, 32))["fid_infinity"].value >= 0


def test_ticks_once_a_partition() -> None:
    seen: list[tuple[str, int, int | None]] = []
    fid_infinity(normal(0, 40, 4), normal(1, 40, 4), tick=lambda *step: seen.append(step))
    assert seen == [("fid-infinity", i, 4) for i in range(1, 5)]


@pytest.mark.montecarlo
@pytest.mark.parametrize("keep_real", [False, True])
@pytest.mark.parametrize(("count", "mean", "scale"), [(600, 0.0, 1.0), (600, 0.2, 1.2), (50, 0.2, 1.2)])
def test_error(count: int, mean: float, scale: float, keep_real: bool) -> None:
    """At 50 points of 32 dimensions the parts overlap."""
    random = generator(0)
    reference = normal(random, count, 32)
    scores = [
        fid_infinity(
            reference if keep_real else normal(random, count, 32), normal(random, count, 32, mean=mean, scale=scale)
        )["fid_infinity"]
        for _ in range(150)
    ]
    assert 0.8 <= over_observed(scores, keep_real) <= 1.25  # 150 draws: known to 6 %
