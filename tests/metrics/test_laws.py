"""Laws that every metric family obeys, run over the whole of FAMILIES so that a new one cannot be forgotten.

To add a metric: write `ganeval/metrics/NAME.py` with the formula on top and a row in `ganeval/reports/scores.py` (see
CONTRIBUTING.md). Then declare here

- in LAWS the fewest rows of real and fake that it takes, whether it is symmetric, which scores draw at random;
- in WORSE, for each of its scores, the damages to the samples that must make it worse: `noise` blurs the clusters,
  `shift` moves all samples, `drop` leaves classes out;
- in `arguments`, how to compute what it needs and no family needed before.

What holds for this metric alone (its formula as the oracle of the fast path, closed forms, another library, its error
bar against simulation) goes into `tests/metrics/test_NAME.py`. That ganeval prepares the same arguments as these plain
calls is tested in test_score_features.py.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor
from toy_features import generator, normal

from ganeval.errors import GanevalWarning
from ganeval.metrics.copies import replication
from ganeval.metrics.estimate import Estimate, check_rows
from ganeval.metrics.modes import Modes, cells, modes_by_cell, modes_by_probability, modes_by_vote
from ganeval.metrics.neighbours import overlap
from ganeval.progress import silent
from ganeval.reports.scores import METRICS

CLASSES, WIDTH = 4, 8
CENTRES = 4 * torch.eye(CLASSES, WIDTH)
SIGMA = 0.7


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
with_reference = pytest.mark.parametrize("family", [name for name in METRICS if name not in BLIND])


def draw(seed: int, count: int = 300, classes: int = CLASSES) -> tuple[Tensor, Tensor]:
    """Features (count, 8) of `classes` round clusters 5.7 apart, and their labels, in no order."""
    labels = torch.randint(classes, (count,), generator=generator(seed))
    return CENTRES[labels] + normal(seed + 1, count, WIDTH, scale=SIGMA), labels


def probabilities(features: Tensor) -> Tensor:
    """A classifier that knows the clusters."""
    return torch.softmax(features @ CENTRES[:, : features.shape[1]].to(features.dtype).T / 2, 1)


def arguments(real: Tensor, fake: Tensor, labels: Tensor | None) -> dict[str, Callable[[], Any]]:
    """How to compute each argument that a family may need; modes by the classifier, by vote of `labels`, or by cell."""
    with_classifier = labels is None and real.shape[1] == fake.shape[1] == WIDTH

    def fake_cells() -> Modes:
        return modes_by_cell(cells(real), fake)

    def fake_modes() -> Modes:
        if with_classifier:
            return modes_by_probability(probabilities(fake))
        return fake_cells() if labels is None else modes_by_vote(real, labels, fake, CLASSES)

    def real_counts() -> Any:
        if with_classifier:
            return modes_by_probability(probabilities(real)).counts()
        return (cells(real).counts if labels is None else torch.bincount(labels, minlength=CLASSES)).numpy()

    return {
        "real": lambda: real,
        "fake": lambda: fake,
        "real_moments": lambda: None,
        "fake_moments": lambda: None,
        "fake_replication": lambda: replication(fake),
        "fake_probabilities": lambda: probabilities(fake),
        "overlap": lambda: overlap(real, fake),
        "real_counts": real_counts,
        "fake_modes": fake_modes,
        "real_cells": lambda: cells(real),
        "fake_cells": fake_cells,
        "centres": lambda: CENTRES,
        "sigma": lambda: SIGMA,
        "seed": lambda: 2020,
        "tick": lambda: silent,
    }


def scores(family: str, real: Tensor, fake: Tensor, labels: Tensor | None = None) -> dict[str, Estimate]:
    """The scores of a family by its plain function."""
    compute = arguments(real, fake, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        return METRICS[family].load()(**{need: compute[need]() for need in METRICS[family].needs})


def test_every_family_and_score_has_its_laws() -> None:
    assert set(LAWS) == set(METRICS)
    declared = [name for row in METRICS.values() for name in row.scores]
    assert sorted(WORSE) == sorted(declared)
    assert len(set(declared)) == len(declared)


@every_family
def test_gives_the_scores_of_its_row_within_their_ranges(family: str) -> None:
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
def test_deterministic_bit_for_bit(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    assert scores(family, real, fake) == scores(family, real.clone(), fake.clone())


@every_family
def test_arguments_are_not_changed(family: str) -> None:
    real, fake = draw(0)[0], draw(10)[0]
    copies = real.clone(), fake.clone()
    scores(family, real, fake)
    assert torch.equal(real, copies[0])
    assert torch.equal(fake, copies[1])


@pytest.mark.parametrize("family", [name for name, law in LAWS.items() if law.symmetric])
@pytest.mark.parametrize("fakes", [5, 200])
def test_symmetric_where_declared(family: str, fakes: int) -> None:
    real, fake = draw(0)[0], draw(10, fakes, classes=3)[0]
    forward, backward = scores(family, real, fake), scores(family, fake, real)
    for name in METRICS[family].scores:
        # the same value by way of the other set's factor: rounding of float64, and of the float32 error bar
        assert forward[name].value == pytest.approx(backward[name].value, rel=1e-9)
        assert forward[name].error == pytest.approx(backward[name].error, rel=1e-3)


@every_family
def test_order_of_rows_does_not_matter_except_for_random_draws(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    shuffled = [rows[torch.randperm(len(rows), generator=generator(5))] for rows in (real, fake)]
    plain, other = scores(family, real, fake), scores(family, *shuffled)
    for name in METRICS[family].scores:
        if name not in LAWS[family].draws:
            assert other[name].value == pytest.approx(plain[name].value, rel=1e-9)  # sums in another order
        elif plain[name].error is not None:
            # two draws of subsets, splits or cells: four of the standard errors of their difference
            assert abs(other[name].value - plain[name].value) <= 4 * 2**0.5 * max(plain[name].error, other[name].error)
        else:
            # ndb: 30 cells cut anew; fid-infinity: a fit to other subsets, of a value of about 4
            assert other[name].value == pytest.approx(plain[name].value, abs=0.25 if name == "ndb" else 0.8)


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
def test_refuses_nan_and_infinity_and_names_the_row(family: str, side: str, bad: float) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    (real if side == "real" else fake)[7, 3] = bad
    if side == "real" and family in BLIND:
        assert scores(family, real, fake, labels)  # it never looks at them
        return
    argument = "fake_probabilities" if family == "is" else side
    with pytest.raises(ValueError, match=f"^{argument}: row 7 is not finite$"):
        scores(family, real, fake, labels)


@pytest.mark.parametrize("side", ["real", "fake"])
def test_refuses_nan_in_probabilities(side: str) -> None:
    real, fake = draw(0)[0], draw(10)[0]
    (real if side == "real" else fake)[7, 3] = float("nan")
    with pytest.raises(ValueError, match=r"^probabilities: row 7 is not finite$"):
        scores("modes", real, fake)


def test_rows_whose_sum_overflows_are_not_refused_as_infinite() -> None:
    check_rows("fake", torch.full((3, 4), 3e38))
    with pytest.raises(ValueError, match=r"^fake: row 1 is not finite$"):
        check_rows("fake", torch.tensor([[3e38, 3e38], [torch.inf, -torch.inf]]))


@with_reference
@pytest.mark.parametrize("voted", [False, True])
def test_refuses_widths_that_differ(family: str, voted: bool) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    with pytest.raises(ValueError, match=r"^real and fake: found 7 and 8 features, needed the same number$"):
        scores(family, real[:, :7], fake, labels if voted else None)


@every_family
@pytest.mark.parametrize("side", [0, 1])
def test_refuses_too_few_rows_and_takes_the_fewest(family: str, side: int) -> None:
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
def test_refuses_features_of_width_zero(family: str) -> None:
    (real, labels), (fake, _) = draw(0), draw(10)
    with pytest.raises(ValueError, match=r"found shape \(300, 0\), needed \(N, D\)"):
        scores(family, real, fake[:, :0], labels)


@every_family
def test_float64_features_give_the_same_scores(family: str) -> None:
    real, fake = draw(0)[0], draw(10, classes=3)[0]
    single, double = scores(family, real, fake), scores(family, real.double(), fake.double())
    for name in METRICS[family].scores:
        # the same numbers; softmax, and the products of KID, are float32 on one side
        assert double[name].value == pytest.approx(single[name].value, rel=1e-5, abs=1e-6)
        if single[name].error is not None:
            assert double[name].error == pytest.approx(single[name].error, rel=1e-3, abs=1e-6)
