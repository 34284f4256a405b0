"""Symptoms in a run's losses alone: a frozen loss, a discriminator that has won, oscillations that grow.

Each function returns the sentence of a verdict after its name, or None. The evidence behind the limits: StudioGAN's
own logs (github.com/POSTECH-CVLab/PyTorch-StudioGAN, logs/CIFAR10) and its issue 112, issue 77 of WassersteinGAN, and
trial runs on digits (vanilla, DCGAN, WGAN-GP, cGAN; healthy ones and planted failures).
"""

import math

import numpy as np

from ganeval.training.diagnosis.series import Records, Series, Values, figure, keys_of, series

MIN_INTERVALS = 12  # below it a third, which is compared, would be under four of them
FROZEN_CHANGE = 1e-4  # of the level; means over an interval scatter by 1e-2 and more, issue 112's 13.82 not at all
WON_MARGIN = (
    0.01  # above the discriminator's least loss; StudioGAN's dying DCGAN had 0.0019, healthy runs 0.04 and more
)
CATCHING_UP = 0.9  # of its level a third before: a generator whose loss falls so is catching up
RUNAWAY = 1.5  # times from third to third, twice over; a healthy WGAN-GP had 0.95 and 1.25, issue 77 reached 1e7
SWING_GROWTH = 2.0  # from the middle to the last third; usual noise keeps its size or shrinks with the rate
SWING_SIZE = 0.5  # of a loss's level; interval means of healthy runs scatter by 0.05 to 0.2
MIN_SWING_INTERVALS = 24  # eight in a third, the fewest whose spread means something
MIN_CROSSINGS = 3  # of the swings through their middle: fewer may be a bend

# the least that a discriminator's loss can be, where it separates real from generated perfectly; others have no least
LEAST = {"non-saturating": 0.0, "minimax": 0.0, "least-squares": 0.0, "hinge": 0.0, "f-js": -math.log(4)}
ANCHORED = ("non-saturating", "least-squares")  # where the generator's loss has a level, and is no bare score


def frozen(losses: Records) -> str | None:
    """A loss that no longer changes at all."""
    keys = (*keys_of(losses, "d"), *keys_of(losses, "g"))
    constant = [text for key in keys if (text := _constant(series(losses, key), key))]
    if not constant:
        return None
    cause = "that network learns nothing: its scores are saturated, or its gradient vanishes"
    return f"{' and '.join(constant)}: {cause}; try lower lr_d and lr_g, another init, or spectral_norm=true"


def _constant(losses: Series, key: str) -> str | None:
    if len(losses) < MIN_INTERVALS:
        return None
    level = float(np.median(losses.third(2)))
    still = np.abs(losses.values - level) <= FROZEN_CHANGE / 2 * abs(level)
    if level == 0 or not still[-len(losses.third(2)) :].all():  # 0: a term turned off, or a discriminator that has won
        return None
    since = int(np.flatnonzero(~still)[-1]) + 1 if not still.all() else 0
    return f"{key} is constant at {figure(level)} since step {losses.steps[since]:,} ({len(losses) - since} intervals)"


def critic_winning(losses: Records, loss: str) -> str | None:
    """A discriminator that separates real from generated images, and a generator that does not catch up."""
    if loss not in LEAST:
        return _runaway(losses)
    for key in keys_of(losses, "d"):
        discriminator = series(losses, key)
        if len(discriminator) < MIN_INTERVALS or np.median(discriminator.third(2)) - LEAST[loss] >= WON_MARGIN:
            continue
        rivals = {rival: series(losses, rival) for rival in keys_of(losses, "g") if rival.endswith(key[2:])}
        if any(_catching_up(rival) for rival in rivals.values()):
            continue
        both = {key: discriminator, **rivals}
        levels = [f"{name} {figure(float(np.median(values.third(2))))}" for name, values in both.items()]
        return (
            f"{' and '.join(levels)} over the last {len(discriminator.third(2))} intervals: the discriminator "
            "separates real from generated images and the generator does not catch up; try a lower lr_d, "
            "spectral_norm=true or instance_noise=0.1"
        )
    return None


def _catching_up(rival: Series) -> bool:
    if len(rival) < MIN_INTERVALS:
        return False
    before, after = np.median(rival.third(1)), np.median(rival.third(2))
    return bool(before > 0 and after < CATCHING_UP * before)


def _runaway(losses: Records) -> str | None:
    """For losses without a least: the critic's scores of real and generated images diverge.

    A WGAN-GP's difference rises at once, then shrinks as the generator learns: a large one is no alarm, growth is.
    """
    for place in ("", " a", " b"):
        real, fake = series(losses, f"d/real{place}"), series(losses, f"d/fake{place}")
        if real.steps != fake.steps or len(real) < MIN_INTERVALS:
            continue
        difference = Series(real.steps, real.values - fake.values)
        first, middle, last = (np.quantile(difference.third(index), (0.25, 0.5, 0.75)) for index in range(3))
        grew = middle[1] > RUNAWAY * max(0.0, first[1]) and last[1] > RUNAWAY * middle[1] > 0
        if grew and first[2] < middle[0] and middle[2] < last[0]:  # and not by scatter
            medians = f"{figure(first[1])} to {figure(middle[1])} to {figure(last[1])}"
            return (
                f"d/real{place} minus d/fake{place} grew from third to third of the run, {medians}: the critic "
                "diverges and the generator does not follow; try a lower lr_d, a larger penalty or a smaller n_critic"
            )
    return None


def growing_swings(losses: Records, loss: str) -> str | None:
    """A loss that swings wider and wider about its level."""
    for key in (*keys_of(losses, "d"), *(keys_of(losses, "g") if loss in ANCHORED else ())):
        values = series(losses, key)
        if len(values) < MIN_SWING_INTERVALS:
            continue
        level = float(np.median(np.abs(values.values)))
        before, residuals = _spread(_residuals(values.third(1))), _residuals(values.third(2))
        after = _spread(residuals)
        crossings = int(np.sum(np.diff(np.sign(residuals)) != 0))
        if after >= SWING_SIZE * level and after >= SWING_GROWTH * before and crossings >= MIN_CROSSINGS:
            return (
                f"the swings of {key} grew from ±{figure(before)} to ±{figure(after)} about {figure(level)} between "
                "the middle and the last third of the run: generator and discriminator oscillate; try lower lr_g and "
                "lr_d, lr_decay=linear or clip_gradients=1"
            )
    return None


def _residuals(values: Values) -> Values:
    """Values less a straight line fitted by medians: a spike does not bend it."""
    half = len(values) // 2
    slope = np.median(values[-half:] - values[:half]) / (len(values) - half)
    residuals: Values = values - slope * np.arange(len(values))
    return residuals - np.median(residuals)


def _spread(residuals: Values) -> float:
    """Half the width of the middle seven tenths: a single spike, which healthy runs have too, does not count."""
    low, high = np.quantile(residuals, (0.15, 0.85))
    return float(high - low) / 2
