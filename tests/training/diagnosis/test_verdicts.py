"""Each illness, planted, is called by its name; healthy runs, simulated with the noise of real ones, never are."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from ganeval.training.diagnosis.verdicts import Verdict, verdicts
from reference_models import Divergence
from reference_models.configuration.config import Config

Records = list[dict[str, Any]]
Column = Sequence[Any] | np.ndarray[Any, Any]
Curve = Callable[[float], float]
RUNS = 200


def names(found: Sequence[Verdict]) -> list[str]:
    return [verdict.name for verdict in found]


def sentence(found: Sequence[Verdict], name: str) -> str:
    return next(verdict.sentence for verdict in found if verdict.name == name)


def losses_of(count: int = 60, **curves: Curve) -> Records:
    """Records at 50, 100, ...: each key (`d_loss` is d/loss) a function of how far the run is, 0..1."""
    return [
        {"step": 50 * (i + 1), "images": 3200 * (i + 1), "seconds": 0.1 * i}
        | {key.replace("_", "/", 1).replace("_", " "): curve(i / (count - 1)) for key, curve in curves.items()}
        for i in range(count)
    ]


def checks_of(**columns: Column) -> Records:
    """Checks at 500, 1,000, ...: a column of values for each key."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{"step": 500 * (i + 1), **row} for i, row in enumerate(rows)]


def noisy(rng: np.random.Generator, curve: Curve, relative: float) -> Curve:
    return lambda t: curve(t) * (1 + relative * float(rng.normal()))


def healthy_checks(rng: np.random.Generator, count: int, conditional: bool) -> Records:
    """As trial runs on digits: FID falls to a level and scatters by 3 to 10 %, recall rises and scatters."""
    t = np.arange(1, count + 1) / count
    scatter, floor = rng.uniform(0.03, 0.10), rng.uniform(0.4, 2.0)
    fid = floor * (rng.uniform(1.0, 5.0) + 30 * np.exp(-t * rng.uniform(4, 15)))
    recall = rng.uniform(0.6, 0.92) * (1 - np.exp(-6 * t))
    checks = checks_of(
        fid=fid * np.exp(scatter * rng.normal(size=count)),
        fid_train=fid * np.exp(scatter * rng.normal(size=count)) * rng.uniform(0.85, 1.3),
        floor=np.full(count, floor),
        recall=np.clip(recall + 0.03 * rng.normal(size=count), 0, 1),
        precision=np.clip(0.7 + 0.05 * rng.normal(size=count), 0, 1),
        spread=1 - 0.4 * np.exp(-5 * t) + 0.02 * rng.normal(size=count),
        critic_gap=rng.uniform(0.2, 0.5) * t + 0.05 * rng.normal(size=count),
    )
    for check in checks if conditional else []:
        check["class_recall"] = {str(name): rng.binomial(20, 0.7 * check["recall"] / 0.9) / 20 for name in range(10)}
    return checks


def healthy_losses(rng: np.random.Generator, loss: str) -> Records:
    """As trial runs: a level that drifts, with scatter of 5 to 15 % from interval to interval, now and then a spike."""
    scatter = rng.uniform(0.05, 0.15)
    curves: dict[str, dict[str, Curve]] = {
        "non-saturating": {"d_loss": lambda t: 0.25 + 1.1 * math.exp(-2 * t), "g_loss": lambda t: 0.8 + 2 * t},
        "hinge": {"d_loss": lambda t: 1.4 - 0.4 * t, "g_loss": lambda t: 0.3 * math.sin(5 * t)},
        "least-squares": {"d_a": lambda t: 0.2 - 0.1 * t, "d_b": lambda t: 0.15, "g_ab": lambda t: 0.5 + 0.2 * t}
        | {"g_ba": lambda t: 0.6, "g_cycle_a": lambda t: 1.5 * math.exp(-3 * t), "g_identity_b": lambda t: 0.0},
        # the critic's loss is at once far below 0, then goes back to it, and down a little when the rate decays
        "wasserstein": {"d_loss": lambda t: -0.25 - 5 * math.exp(-30 * t) - 0.12 * max(0.0, 2 * t - 1)}
        | {"d_gradient_penalty": lambda t: 0.1, "g_loss": lambda t: -2.2 + 2 * t},
    }
    records = losses_of(60, **{key: noisy(rng, curve, scatter) for key, curve in curves[loss].items()})
    for record in records if loss == "wasserstein" else []:
        record |= {"d/real": record["d/loss"] / -2 + 1.5 * rng.normal(), "d/fake": 0.0}
        record["d/fake"] = record["d/real"] + record["d/loss"]
    if loss == "non-saturating" and rng.random() < 0.5:
        records[int(rng.integers(60))]["g/loss"] *= 5
    return records


@pytest.mark.parametrize("loss", ["non-saturating", "hinge", "least-squares", "wasserstein"])
def test_no_healthy_run_has_a_symptom(loss: str) -> None:
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        checks = healthy_checks(rng, int(rng.integers(5, 21)), conditional=bool(seed % 2) and loss == "hinge")
        found = verdicts(healthy_losses(rng, loss), checks, loss=loss)
        assert names(found) == ["healthy"], (seed, found)


def test_without_any_evidence_a_run_is_healthy() -> None:
    assert names(verdicts([], [])) == ["healthy"]


# nothing to judge by


@pytest.mark.parametrize(
    ("losses", "checks", "said"),
    [
        ([], [], "healthy: no alarm, but little to judge by: no checks, no losses either"),
        (
            losses_of(3, d_loss=lambda t: 1.3),
            [],
            "healthy: no alarm, but little to judge by: no checks, 3 intervals of losses",
        ),
        ([], [{"step": 500}], "healthy: no alarm at step 500"),
        ([], [{"step": 500, "fid": 9.0, "recall": None}], "healthy: no alarm at step 500: FID 9.00"),
        (
            [],
            checks_of(fid=[212.0, 9.1, 9.4], recall=[0.0, 0.8, 0.84], critic_gap=[0.0, 0.1, 0.2]),
            "healthy: no alarm at step 1,500: FID 9.40 (best 9.10), recall 0.84, generalisation gap 0.20",
        ),
    ],
)
def test_a_healthy_verdict_has_the_figures_of_the_last_check(losses: Records, checks: Records, said: str) -> None:
    assert [verdict.sentence for verdict in verdicts(losses, checks)] == [said]


def test_values_that_are_missing_null_nan_or_infinite_are_ignored() -> None:
    nothing = (None, float("nan"), float("inf"), "diverged", True)
    keys = ("fid", "fid_train", "floor", "recall", "precision", "spread", "critic_gap", "class_recall", "fid_ab")
    checks = [{"step": i, **dict.fromkeys(keys, value)} for i, value in enumerate(nothing * 3)]
    checks += [{"step": 99, "class_recall": dict.fromkeys("012", None)}, {}, {"step": None, "recall": 0.5}]
    losses = [dict.fromkeys(("step", "d/loss", "g/loss", "d/real", "d/fake"), value) for value in nothing * 9]
    for loss in ("non-saturating", "wasserstein", "a loss of one's own"):
        assert names(verdicts([*losses, {}], checks, loss=loss)) == ["healthy"]


def test_gaps_in_a_log_do_not_hide_an_illness() -> None:
    checks = checks_of(recall=[0.3, None, 0.01], precision=[0.5, None, 0.6])
    assert names(verdicts([], [*checks[:2], {"step": 1200}, checks[2]])) == ["mode collapse"]


# diverged


def test_a_divergence_names_the_step_the_number_and_the_checkpoint() -> None:
    found = verdicts([], [], divergence=Divergence(1234, "g/loss", 1000))
    assert found == [
        Verdict(
            "diverged",
            "diverged: g/loss was not finite at step 1,234 and the run was stopped; the last good checkpoint is of "
            "step 1,000; try lower lr_g and lr_d or clip_gradients=1",
        )
    ]


def test_a_divergence_before_any_checkpoint_says_so() -> None:
    said = verdicts([], [], divergence=Divergence(7, "weight d.head.weight"))[0].sentence
    assert said == (
        "diverged: weight d.head.weight was not finite at step 7 and the run was stopped; there is no good checkpoint; "
        "try lower lr_g and lr_d or clip_gradients=1"
    )


# frozen loss


def test_a_loss_that_stands_still_is_frozen() -> None:
    # StudioGAN's issue 112: 13.82 for ever
    rng = np.random.default_rng(0)
    losses = losses_of(d_loss=lambda t: 13.82 if t > 0.3 else 1 + t, g_loss=noisy(rng, lambda t: 1.0, 0.1))
    assert [verdict.sentence for verdict in verdicts(losses, [])] == [
        "frozen loss: d/loss is constant at 13.82 since step 950 (42 intervals): that network learns nothing: its "
        "scores are saturated, or its gradient vanishes; try lower lr_d and lr_g, another init, or spectral_norm=true"
    ]


def test_two_frozen_losses_are_named_in_one_sentence() -> None:
    said = sentence(
        verdicts(losses_of(12, d_a=lambda t: 0.5, g_ab=lambda t: 2.0), [], loss="least-squares"), "frozen loss"
    )
    assert "d/a is constant at 0.50 since step 50 (12 intervals) and g/ab is constant at 2.00 since step 50" in said


@pytest.mark.parametrize("relative", [1e-3, 1e-2])
def test_a_loss_that_moves_a_little_is_not_frozen(relative: float) -> None:
    rng = np.random.default_rng(0)
    losses = losses_of(d_loss=noisy(rng, lambda t: math.log(4), relative))  # at equilibrium
    assert names(verdicts(losses, [])) == ["healthy"]


def test_few_intervals_or_a_term_turned_off_are_not_frozen() -> None:
    assert names(verdicts(losses_of(11, d_loss=lambda t: 1.3), [])) == ["healthy"]
    losses = losses_of(
        g_ab=lambda t: 1 + t, g_identity_b=lambda t: 0.7, d_gradient_penalty=lambda t: 1.0, d_real=lambda t: 1.0
    )
    assert names(verdicts(losses, [])) == ["healthy"]


# critic winning


def test_a_discriminator_that_separates_all_images_wins() -> None:
    # StudioGAN's DCGAN at 200,000 steps: D .0019, G 9.7 and rising
    rng = np.random.default_rng(0)
    losses = losses_of(d_loss=noisy(rng, lambda t: 0.6 * 0.0019 ** min(1, 2 * t), 0.1), g_loss=lambda t: 2 + 9 * t)
    found = verdicts(losses, [])
    assert names(found) == ["critic winning"]
    levels = re.match(
        r"critic winning: d/loss 0\.001\d and g/loss (9\.\d+|10\.\d+) over the last 20", found[0].sentence
    )
    assert levels is not None


def test_the_discriminators_sentence_word_for_word() -> None:
    alternating = [0.0018, 0.0020]
    losses = losses_of(12, g_loss=lambda t: 9 + t)
    for i, record in enumerate(losses):
        record["d/loss"] = alternating[i % 2]
    assert verdicts(losses, [])[0].sentence == (
        "critic winning: d/loss 0.0019 and g/loss 9.86 over the last 4 intervals: the discriminator separates real "
        "from generated images and the generator does not catch up; try a lower lr_d, spectral_norm=true or "
        "instance_noise=0.1"
    )


@pytest.mark.parametrize(
    ("loss", "least"), [("minimax", 0.0), ("least-squares", 0.0), ("hinge", 0.0), ("f-js", -math.log(4))]
)
def test_every_loss_that_has_a_least_shows_a_winning_discriminator(loss: str, least: float) -> None:
    rng = np.random.default_rng(0)
    losses = losses_of(d_loss=lambda t: least + 0.003 * (1 + 0.5 * float(rng.random())))
    assert names(verdicts(losses, [], loss=loss)) == ["critic winning"]
    losses = losses_of(d_loss=lambda t: least + 0.05 * (1 + 0.5 * float(rng.random())))
    assert names(verdicts(losses, [], loss=loss)) == ["healthy"]


def test_a_generator_that_catches_up_is_no_alarm() -> None:
    losses = losses_of(d_loss=lambda t: 0.002 + 0.004 * t, g_loss=lambda t: 9 - 4 * t)
    assert names(verdicts(losses, [])) == ["healthy"]


def test_each_discriminator_of_cyclegan_is_compared_with_its_own_generator() -> None:
    losses = losses_of(
        d_a=lambda t: 0.1 + 0.02 * t,
        d_b=lambda t: 0.002 + 0.001 * t,
        g_ab=lambda t: 0.9 + 0.1 * t,
        g_ba=lambda t: 1 - 0.9 * t,
        g_cycle_a=lambda t: 1 - 0.5 * t,
    )
    found = verdicts(losses, [], loss="least-squares")
    assert names(found) == ["critic winning"]
    assert found[0].sentence.startswith("critic winning: d/b 0.0028 and g/ab 0.98 over the last 20 intervals: ")


def test_a_wasserstein_critic_that_diverges_wins() -> None:
    losses = losses_of(d_loss=lambda t: -(1 + 39 * t), d_real=lambda t: 40 * t, d_fake=lambda t: -1 + t)
    found = verdicts(losses, [], loss="wasserstein")
    assert [verdict.sentence for verdict in found] == [
        "critic winning: d/real minus d/fake grew from third to third of the run, 7.28 to 20.50 to 33.72: the critic "
        "diverges and the generator does not follow; try a lower lr_d, a larger penalty or a smaller n_critic"
    ]


@pytest.mark.parametrize(
    "apart",
    [
        lambda t: 12 * math.exp(-4 * t) + 0.3,  # a WGAN-GP that learns
        lambda t: 30.0,  # a large parting that stays
        lambda t: 5 * math.sqrt(t),  # grows, but slower and slower
        lambda t: 0.25 + 0.15 * t,  # the measured growth of a healthy one that overfits a little
    ],
)
def test_a_wasserstein_critic_may_separate_them_as_long_as_it_converges(apart: Curve) -> None:
    rng = np.random.default_rng(0)
    losses = losses_of(d_real=noisy(rng, apart, 0.05), d_fake=lambda t: 0.0)
    losses = [{**record, "d/loss": -record["d/real"]} for record in losses]
    assert names(verdicts(losses, [], loss="wasserstein")) == ["healthy"]


# oscillation


def test_a_fid_that_goes_up_and_down_oscillates() -> None:
    checks = checks_of(fid=[50.0, 20.0, 31.0, 12.1, 30.0, 13.0, 31.0, 14.0, 29.0, 15.0])
    found = verdicts([], checks)
    assert [verdict.sentence for verdict in found] == [
        "oscillation: FID rose and fell 4 times between 13.00 and 31.00 over the last 5 checks: generator and "
        "discriminator oscillate; try lower lr_g and lr_d, lr_decay=linear or a longer ema_half_life"
    ]


def test_one_bump_an_early_swing_or_swings_beneath_the_floor_are_no_oscillation() -> None:
    bump = [50.0, 20.0, 12.0, 11.0, 10.0, 10.0, 20.0, 10.0, 10.0, 10.0]
    early = [50.0, 20.0, 50.0, 20.0, 50.0, 10.0, 10.0, 10.0, 9.0, 9.0]
    tiny = [1.0, 1.5, 0.9, 1.8, 0.9, 1.9, 0.9, 1.9, 0.9, 0.9]
    assert names(verdicts([], checks_of(fid=bump))) == ["healthy"]
    assert names(verdicts([], checks_of(fid=early))) == ["healthy"]
    assert names(verdicts([], checks_of(fid=tiny, floor=[1.0] * 10))) == ["healthy"]
    assert names(verdicts([], checks_of(fid=tiny, floor=[0.01] * 10))) == ["oscillation"]


def growing(period: int, growth: float) -> Records:
    losses = losses_of(60, d_loss=lambda t: 1.0, g_loss=lambda t: 2.0)
    for i, record in enumerate(losses):
        record["d/loss"] = 1 + 0.02 * growth**i * math.cos(2 * math.pi * i / period)
        record["g/loss"] = 2 + 0.1 * math.sin(i)
    return losses


@pytest.mark.parametrize("period", [2, 5, 9])
def test_swings_of_a_loss_that_grow_are_an_oscillation(period: int) -> None:
    found = verdicts(growing(period, 1.09), [])
    assert names(found) == ["oscillation"]
    form = (
        r"oscillation: the swings of d/loss grew from ±0\.\d+ to ±\d\.\d+ about 1\.\d+ between the middle and the last "
        r"third of the run: generator and discriminator oscillate; try lower lr_g and lr_d, lr_decay=linear or "
        r"clip_gradients=1"
    )
    assert re.fullmatch(form, found[0].sentence)


def test_swings_that_keep_their_size_stay_small_or_are_one_spike_are_none() -> None:
    wide = losses_of(60, d_loss=lambda t: 1 + 0.8 * math.sin(90 * t))
    spike = losses_of(60, d_loss=lambda t: 20.0 if t == 50 / 59 else 1 + 0.05 * math.sin(90 * t))
    for losses in (wide, spike, growing(5, 1.03)):
        assert names(verdicts(losses, [])) == ["healthy"]


# past its best


def test_a_fid_that_rose_for_good_is_past_its_best() -> None:
    # a vanilla GAN on digits at lr 5e-4: 11.5 at its best, 30.3 at the end
    checks = checks_of(fid=[40.0, 20.0, 11.5, 14.0, 18.0, 22.0, 26.0, 30.3])
    said = [
        "past its best: FID was lowest, 11.50, at step 1,500 and is 30.30 at step 4,000, 163 % higher: use the best "
        "checkpoint; next time try fewer steps, lower lr_g and lr_d, or augment=translation"
    ]
    assert [verdict.sentence for verdict in verdicts([], checks)] == said
    assert [verdict.sentence for verdict in verdicts([], checks, best_step=1500)] == said


def test_the_checkpoint_that_was_kept_is_the_best_one() -> None:
    checks = checks_of(fid=[40.0, 11.4, 11.5, 14.0, 18.0, 22.0, 26.0, 30.3])
    assert "at step 1,500 and" in verdicts([], checks, best_step=1500)[0].sentence


@pytest.mark.parametrize(
    "fid",
    [
        [40.0, 20.0, 11.5, 12.0, 12.5, 12.8, 13.0, 13.5],  # 17 %
        [40.0, 20.0, 11.5, 11.6, 11.8, 11.4, 11.6, 30.3],  # one bad check
        [40.0, 20.0, 11.5, 19.0, 12.0, 18.0, 12.5, 17.0],  # scatter as large as the rise
        [10.0, 13.0],  # too few
        [0.0, 0.1, 0.2, 0.4],  # clamped at 0: no ratio
    ],
)
def test_a_small_a_single_or_an_uncertain_rise_is_none(fid: list[float]) -> None:
    assert "past its best" not in names(verdicts([], checks_of(fid=fid)))


# overfitting and memorising


def test_a_discriminator_that_scores_held_out_images_like_generated_ones_has_overfitted() -> None:
    found = verdicts([], checks_of(critic_gap=[0.1, 0.6, 0.8, 0.9, 0.95]))
    assert [verdict.sentence for verdict in found] == [
        "overfitting: generalisation gap of the discriminator 0.95 at step 2,500, at least 0.80 at the last 3 checks "
        "(0: held-out images score like training images, 1: like generated ones): it has memorised the training set; "
        "try augment=translation, a smaller width or fewer steps"
    ]


@pytest.mark.parametrize("gaps", [[0.0, 0.2, 0.5, 0.51, 0.5], [0.1, 0.1, 0.9, 0.9, 0.3], [0.9, 0.9], [3.0, 0.1, -2.0]])
def test_a_moderate_or_passing_gap_is_no_overfitting(gaps: list[float]) -> None:
    assert names(verdicts([], checks_of(critic_gap=gaps))) == ["healthy"]


def test_a_moderate_gap_counts_where_the_fid_has_risen() -> None:
    fid = [5.1, 3.1, 2.95, 3.3, 3.8, 4.2, 4.4, 4.5]
    gaps = [0.0, 0.2, 0.3, 0.4, 0.5, 0.55, 0.58, 0.6]
    assert names(verdicts([], checks_of(fid=fid, critic_gap=gaps))) == ["overfitting", "past its best"]
    assert names(verdicts([], checks_of(fid=sorted(fid, reverse=True), critic_gap=gaps))) == ["healthy"]


def test_samples_nearer_to_training_images_are_copies() -> None:
    checks = checks_of(fid=[20.0, 14.0, 14.1], fid_train=[18.0, 6.0, 6.35], floor=[8.5] * 3)
    assert [verdict.sentence for verdict in verdicts([], checks)] == [
        "memorising: FID 6.35 to training images but 14.10 to held-out ones at step 1,500, where "
        "the FID between both kinds of real images is 8.50: the samples copy the training set; try "
        "augment=translation, a smaller width or more data"
    ]
    exact = checks_of(fid=[20.0, 8.6, 8.5], fid_train=[9.0, 0.5, 0.4], floor=[8.5] * 3)
    assert names(verdicts([], exact)) == ["memorising"]


def test_a_difference_such_as_real_images_have_is_no_memory() -> None:
    for fid, fid_train, floor in ((0.95, 0.72, 0.61), (0.6, 0.3, 0.61), (14.0, 9.0, 3.0), (30.0, 33.0, 0.5)):
        checks = checks_of(fid=[40.0, fid, fid], fid_train=[40.0, fid_train, fid_train], floor=[floor] * 3)
        assert names(verdicts([], checks)) == ["healthy"]


def test_cyclegans_two_directions_are_not_mixed() -> None:
    checks = checks_of(fid=[20.0, 7.0, 6.5], fid_ab=[20.0, 3.2, 3.1], fid_train=[20.0, 3.1, 3.0], floor=[0.7] * 3)
    assert names(verdicts([], checks)) == ["healthy"]


# mode collapse


def test_a_generator_that_ignores_z_has_collapsed() -> None:
    checks = checks_of(recall=[0.1, 0.05, 0.03], precision=[0.2, 0.7, 0.71], spread=[0.6, 0.2, 0.12])
    assert [verdict.sentence for verdict in verdicts([], checks)] == [
        "mode collapse: recall 0.03 while precision is 0.71, mean distance between samples 0.12 of that between real "
        "images at step 1,500: many z give one image; try minibatch_std=true, pack=2 or a lower lr_d"
    ]


def test_ten_images_for_ten_classes_are_a_collapse() -> None:
    # the usual concatenated embedding: recall 0 within classes while the classes are all hit and the samples spread
    classes: list[Mapping[str, float]] = [{"0": 0.2, "1": 0.1}, {"0": 0.12, "1": 0.0}]
    found = verdicts([], checks_of(recall=[0.2, 0.27], precision=[0.7, 0.84], spread=[0.9, 0.9], class_recall=classes))
    assert [verdict.sentence for verdict in found] == [
        "mode collapse: recall within classes 0.06 on average and 0.00 in class 1 at step 1,000: many z give one "
        "image of a class; try condition_g=batch-norm, embedding_scale=0.15 or a lower lr_d"
    ]


def test_one_lost_class_is_a_collapse_and_healthy_recalls_are_none() -> None:
    lost = {**{str(name): 0.8 for name in range(9)}, "9": 0.05}
    healthy = {**{str(name): 0.8 for name in range(9)}, "9": 0.3}
    for recalls, expected in ((lost, "mode collapse"), (healthy, "healthy")):
        checks = checks_of(recall=[0.5, 0.82], precision=[0.7, 0.8], class_recall=[recalls, recalls])
        assert names(verdicts([], checks)) == [expected]


@pytest.mark.parametrize("recall", [0.21, 0.26, 0.82, 0.91])
def test_published_and_healthy_recalls_are_no_collapse(recall: float) -> None:
    checks = checks_of(recall=[recall] * 3, precision=[0.61] * 3, spread=[0.85] * 3)
    assert names(verdicts([], checks)) == ["healthy"]


def test_samples_nowhere_near_the_data_are_not_called_collapsed_and_not_healthy() -> None:
    found = verdicts([], checks_of(recall=[0.0] * 3, precision=[0.02] * 3, spread=[1.3] * 3))
    assert names(found) == ["nothing learned"]
    assert found[0].sentence.startswith("nothing learned: precision 0.02 and recall 0.00 at step 1,500")
    one = verdicts([], checks_of(recall=[0.0] * 3, precision=[0.02] * 3, spread=[0.1] * 3))
    assert names(one) == ["mode collapse"]  # nor both at once


@pytest.mark.parametrize(("recall", "precision"), [(0.1, 0.02), (0.02, 0.1), (None, 0.02), (0.02, None)])
def test_who_is_near_the_data_in_one_way_has_learned_something(recall: float | None, precision: float | None) -> None:
    checks = checks_of(recall=[recall] * 3, precision=[precision] * 3, spread=[0.85] * 3)
    assert "nothing learned" not in names(verdicts([], checks))


def test_nothing_learned_yet_is_no_verdict_while_the_fid_falls() -> None:
    far = {"recall": [0.0] * 6, "precision": [0.0] * 6, "spread": [1.0] * 6}
    assert names(verdicts([], checks_of(fid=[90.0, 80.0, 70.0, 60.0, 50.0, 40.0], **far))) == ["healthy"]
    assert names(verdicts([], [{"step": 500, "recall": 0.0, "precision": 0.0}])) == ["healthy"]


def test_the_beginning_of_a_run_is_no_collapse() -> None:
    start = {"recall": 0.0, "precision": 0.9, "spread": 0.3}
    assert names(verdicts([], [{"step": 500, "fid": 35.0, **start}])) == ["healthy"]
    columns = {key: [value] * 6 for key, value in start.items()}
    assert names(verdicts([], checks_of(fid=[90.0, 80.0, 70.0, 60.0, 50.0, 40.0], **columns))) == ["healthy"]
    assert names(verdicts([], checks_of(fid=[90.0, 41.0, 42.0, 41.0, 40.0, 41.0], **columns))) == ["mode collapse"]


def test_a_collapsed_best_checkpoint_is_reported() -> None:
    checks = checks_of(fid=[20.0, 9.0, 10.0, 10.0], recall=[0.0, 0.02, 0.8, 0.8], precision=[0.9] * 4)
    assert verdicts([], checks)[0].sentence.startswith(
        "mode collapse: recall 0.02 while precision is 0.90 at step 1,000, the best checkpoint: "
    )
    assert names(verdicts([], checks, best_step=1500)) == ["healthy"]


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ({"d/loss": 1.0, "d/gradient penalty": 0.1}, "try pack=2, a larger n_critic or a lower lr_g"),
        ({"d/loss": 1.0, "d/r1 penalty": 0.1}, "try pack=2, a larger n_critic or a lower lr_g"),
        ({"d/a": 1.0, "g/ab": 0.1}, "try a larger cycle or identity, or a lower lr_d"),
        ({"d/loss": 1.0}, "try minibatch_std=true, pack=2 or a lower lr_d"),
    ],
)
def test_the_remedy_is_one_that_the_model_takes(keys: dict[str, float], remedy: str) -> None:
    found = verdicts([{"step": 50, **keys}], checks_of(spread=[0.1, 0.1]))
    assert found[0].sentence.endswith(remedy)


# all of them


def sick() -> list[Verdict]:
    """All that can be wrong with one run at once."""
    losses = losses_of(d_loss=lambda t: 0.003 + 0.002 * math.sin(90 * t), g_loss=lambda t: 13.82)
    checks = checks_of(
        fid=[40.0, 5.0, 12.0, 12.0, 12.0, 12.0, 12.0, 12.0],
        fid_train=[30.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        floor=[1.0] * 8,
        recall=[0.0] * 8,
        critic_gap=[1.0] * 8,
    )
    swinging = checks_of(fid=[50.0, 20.0, 31.0, 12.1, 30.0, 13.0, 31.0, 14.0, 29.0, 15.0])
    found = verdicts(losses, checks, divergence=Divergence(3001, "g/loss", 2500))
    assert names(found) == [
        "diverged",
        "frozen loss",
        "mode collapse",
        "critic winning",
        "memorising",
        "overfitting",
        "past its best",
    ]  # worst first
    lost = verdicts([], checks_of(recall=[0.0] * 3, precision=[0.0] * 3))
    return [*found, *lost, *verdicts(growing(5, 1.09), []), *verdicts([], swinging)]


def test_the_worst_comes_first_and_every_sentence_begins_with_its_name() -> None:
    for verdict in sick():
        assert verdict.sentence.startswith(f"{verdict.name}: ")
        assert "; try " in verdict.sentence or "next time try " in verdict.sentence
        assert re.search(r"\d", verdict.sentence)
        assert "\n" not in verdict.sentence


def test_every_switch_that_a_sentence_names_can_be_set() -> None:
    words = {word for verdict in sick() for word in re.findall(r"\w+=[\w.-]*\w|[a-z]+_[a-z_0-9]+", verdict.sentence)}
    assert {"lr_d", "pack=2", "minibatch_std=true", "clip_gradients=1"} <= words
    config = Config("dcgan")
    for word in words:
        key, _, value = word.partition("=")
        assert hasattr(config, key), word
        if value:
            config.replaced({key: value})
