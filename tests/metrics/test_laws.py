"""Laws that every metric family obeys, run over the whole of METRICS so that a new one cannot be forgotten."""

import warnings
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from toy_features import generator, normal

from ganeval.errors import GanevalWarning
from ganeval.evaluation.metric_inputs import Pair
from ganeval.features.feature_set import FeatureSet
from ganeval.metrics.estimate import Estimate, check_rows
from ganeval.reports.scores import METRICS

CLASSES, WIDTH = 4, 8
CENTRES = 4 * torch.eye(CLASSES, WIDTH)
SIGMA = 0.7
NAMES = tuple(f"class {i}" for i in range(CLASSES))


@dataclass(frozen=True)
class Law:
    """What is declared of a family, beyond its row in METRICS."""

    least: tuple[int, int]  # rows that it needs of real and fake
    symmetric: bool = False
    draws: tuple[str, ...] = ()  # scores that depend on a seeded draw, hence on the order of rows


LAWS = {
    "fid": Law((2, 2), symmetric=True),
    "fid-infinity": Law((WIDTH + 2, WIDTH + 2), draws=("fid_infinity",)),
    "is": Law((0, 2), draws=("inception_score",)),
    "kid": Law((3, 3), draws=("kid",)),
    "pr": Law((7, 7)),
    "dc": Law((7, 7)),
    "modes": Law((5, 1), draws=("ndb", "ndb_js")),  # the start of k-means
    "mixture": Law((0, 1)),
}

WORSE = {  # which damage each score must notice
    "fid": ("noise", "shift", "drop"),
    "fid_infinity": ("noise", "shift", "drop"),
    "inception_score": ("drop",),
    "kid": ("noise", "shift", "drop"),
    "precision": ("noise", "shift"),
    "recall": ("shift", "drop"),
    "density": ("noise", "shift"),
    "coverage": ("noise", "shift", "drop"),
    "modes_covered": ("drop",),
    "modes_hit": ("drop",),
    "modes_kl": ("drop",),
    "modes_js": ("drop",),
    "modes_high_confidence": ("noise",),
    "ndb": ("noise", "shift", "drop"),
    "ndb_js": ("noise", "shift", "drop"),
    "modes_captured": ("drop",),
    "modes_captured_tenth": ("drop",),
    "high_quality": ("noise", "shift"),
    "reverse_kl": ("drop",),
}

every_family = pytest.mark.parametrize("family", METRICS)
BLIND = ("is", "mixture")  # families that never look at the reference's features
that_see = pytest.mark.parametrize("family", [name for name in METRICS if name not in BLIND])


def draw(seed: int, count: int = 300, classes: int = CLASSES) -> tuple[Tensor, Tensor]:
    """Features (count, 8) of `classes` round clusters 5.7 apart, and their labels, in no order."""
    labels = torch.randint(classes, (count,), generator=generator(seed))
    return CENTRES[labels] + normal(seed + 1, count, WIDTH, scale=SIGMA), labels


def probabilities(features: Tensor) -> Tensor:
    """A classifier that knows the clusters."""
    return torch.softmax(features @ CENTRES[:, : features.shape[1]].to(features.dtype).T / 2, 1)


def scores(family: str, real: Tensor, fake: Tensor, labels: Tensor | None = None) -> dict[str, Estimate]:
    """The family's own function on arguments prepared as ganeval prepares them; modes by the classifier or by vote."""
    classifier = labels is None and real.shape[1] == fake.shape[1] == WIDTH
    classes = None if labels is None else NAMES
    real_probabilities = probabilities(real) if classifier else None
    real_side = FeatureSet(real, real_probabilities, labels, classes, centres=CENTRES, sigma=SIGMA)
    pair = Pair(real_side, FeatureSet(fake, probabilities(fake)), classifier=classifier)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        return METRICS[family].load()(**{need: getattr(pair, need) for need in METRICS[family].needs})


def test_no_family_and_no_score_is_forgotten() -> None:
    assert set(LAWS) == set(METRICS)
    declared = [name for row in METRICS.values() for name in row.scores]
    assert sorted(WORSE) == sorted(declared)
    assert len(set(declared)) == len(declared)


@every_family
def test_gives_the_scores_it_declares(family: str) -> None:
    row = METRICS[family]
    found = scores(family, draw(0)[0], draw(10)[0])
    assert set(found) == set(row.scores)
    for name, estimate in found.items():
        assert isinstance(estimate.value, float | int)
        low, high = row.scores[name].range
        assert low <= estimate.value <= high
        for error in (estimate.error, estimate.error_samples):
            assert error is None or error >= 0
        if estimate.error is not None and estimate.error_samples is not None:
            assert estimate.error_samples <= estimate.error * (1 + 1e-12)  # a part of it


@every_family
def test_twice_is_equal_bit_for_bit(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    assert scores(family, real, fake) == scores(family, real.clone(), fake.clone())


@every_family
def test_its_arguments_stay_as_they_were(family: str) -> None:
    real, fake = draw(0)[0], draw(10)[0]
    copies = real.clone(), fake.clone()
    scores(family, real, fake)
    assert torch.equal(real, copies[0])
    assert torch.equal(fake, copies[1])


@pytest.mark.parametrize("family", [name for name, law in LAWS.items() if law.symmetric])
@pytest.mark.parametrize("fakes", [5, 200])
def test_symmetric_where_declared(family: str, fakes: int) -> None:
    real, fake = draw(0)[0], draw(10, fakes, classes=3)[0]
    one, other = scores(family, real, fake), scores(family, fake, real)
    for name in METRICS[family].scores:
        # the same value by way of the other set's factor: rounding of float64, and of the float32 error bar
        assert one[name].value == pytest.approx(other[name].value, rel=1e-9)
        assert one[name].error == pytest.approx(other[name].error, rel=1e-3)


@every_family
def test_order_does_not_matter_but_where_it_draws(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    mixed = [rows[torch.randperm(len(rows), generator=generator(5))] for rows in (real, fake)]
    one, other = scores(family, real, fake), scores(family, *mixed)
    for name in METRICS[family].scores:
        if name not in LAWS[family].draws:
            assert other[name].value == pytest.approx(one[name].value, rel=1e-9)  # sums in another order
        elif one[name].error is not None:
            # two draws of subsets, splits or cells: four of the standard errors of their difference
            assert abs(other[name].value - one[name].value) <= 4 * 2**0.5 * max(one[name].error, other[name].error)
        else:
            # ndb: 30 cells cut anew; fid-infinity: a fit to other subsets, of a value of about 4
            assert other[name].value == pytest.approx(one[name].value, abs=0.25 if name == "ndb" else 0.8)


def damaged(damage: str, level: int) -> Tensor:
    """New samples of the reference's distribution, damaged: not at all (0), a little, much."""
    fake, _ = draw(10, classes=(4, 3, 1)[level] if damage == "drop" else CLASSES)
    if damage == "noise":
        return fake + normal(20, *fake.shape, scale=(0.0, 1.5, 4.0)[level])
    return fake + (0.0, 1.0, 2.0)[level] if damage == "shift" else fake


@pytest.mark.parametrize("damage", ["noise", "shift", "drop"])
@every_family
def test_worse_samples_score_worse(family: str, damage: str) -> None:
    real = draw(0)[0]
    levels = [scores(family, real, damaged(damage, level)) for level in range(3)]
    for name, row in METRICS[family].scores.items():
        if damage in WORSE[name]:
            good, less, bad = (estimates[name].value for estimates in levels)
            assert good < less < bad if row.better == "lower" else good > less > bad, (name, good, less, bad)


@every_family
@pytest.mark.parametrize("side", ["real", "fake"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_refuses_what_is_not_finite_and_says_where(family: str, side: str, bad: float) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    (real if side == "real" else fake)[7, 3] = bad
    if side == "real" and family in BLIND:
        assert scores(family, real, fake, labels)  # it never looks at them
        return
    argument = "fake_probabilities" if family == "is" else side
    with pytest.raises(ValueError, match=f"^{argument}: row 7 is not finite$"):
        scores(family, real, fake, labels)


@pytest.mark.parametrize("side", ["real", "fake"])
def test_refuses_probabilities_that_are_not_finite(side: str) -> None:
    real, fake = draw(0)[0], draw(10)[0]
    (real if side == "real" else fake)[7, 3] = float("nan")
    with pytest.raises(ValueError, match=r"^probabilities: row 7 is not finite$"):
        scores("modes", real, fake)


def test_finite_rows_whose_sum_overflows_are_finite() -> None:
    check_rows("fake", torch.full((3, 4), 3e38))
    with pytest.raises(ValueError, match=r"^fake: row 1 is not finite$"):
        check_rows("fake", torch.tensor([[3e38, 3e38], [torch.inf, -torch.inf]]))


@that_see
@pytest.mark.parametrize("voted", [False, True])
def test_refuses_widths_that_differ(family: str, voted: bool) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    with pytest.raises(ValueError, match=r"^real and fake: found 7 and 8 features, needed the same number$"):
        scores(family, real[:, :7], fake, labels if voted else None)


@every_family
@pytest.mark.parametrize("side", [0, 1])
def test_refuses_too_few_rows_and_takes_just_enough(family: str, side: int) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    least = LAWS[family].least[side]

    def cut(rows: int) -> dict[str, Estimate]:
        if side == 0:
            return scores(family, real[:rows], fake, labels[:rows])
        return scores(family, real, fake[:rows], labels)

    if least == 0:
        pytest.skip("takes no features of the reference")
    assert cut(least)
    with pytest.raises(ValueError, match=rf"found {least - 1} rows, needed at least {least}$"):
        cut(least - 1)


@pytest.mark.parametrize("family", [name for name in METRICS if name != "is"])
def test_refuses_what_is_not_rows_of_features(family: str) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    with pytest.raises(ValueError, match=r"found shape \(300, 0\), needed \(N, D\)"):
        scores(family, real, fake[:, :0], labels)


@every_family
def test_float64_gives_the_same(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    single, double = scores(family, real, fake), scores(family, real.double(), fake.double())
    for name in METRICS[family].scores:
        # the same numbers; softmax, and the products of KID, are float32 on one side
        assert double[name].value == pytest.approx(single[name].value, rel=1e-5, abs=1e-6)
        if single[name].error is not None:
            assert double[name].error == pytest.approx(single[name].error, rel=1e-3, abs=1e-6)
