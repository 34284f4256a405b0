"""What a run's losses alone show to be wrong: a frozen loss, a critic that has won, swings that grow.

Each function gives what a verdict says after its name, or None. The evidence behind the limits: StudioGAN's own logs
(github.com/POSTECH-CVLab/PyTorch-StudioGAN, logs/CIFAR10) and its issue 112, issue 77 of WassersteinGAN, and trial runs
on digits (vanilla, DCGAN, WGAN-GP, cGAN; healthy ones and planted failures).
"""

import math

import numpy as np

from ganeval.training.diagnosis.series import Records, Series, Values, figure, keys_of, series

JUDGED = 12  # intervals: below it a third, what is compared, would be under four of them
FROZEN = 1e-4  # of the level; means over an interval scatter by 1e-2 and more, issue 112's 13.82 not at all
WON = 0.01  # above the critic's least loss; StudioGAN's dying DCGAN had 0.0019, healthy runs 0.04 and more
COMING_DOWN = 0.9  # of its level a third before: a generator whose loss falls so is catching up
RUNAWAY = 1.5  # times from third to third, twice over; a healthy WGAN-GP had 0.95 and 1.25, issue 77 reached 1e7
GROWTH = 2.0  # of swings from the middle to the last third; usual noise keeps its size or shrinks with the rate
SWING = 0.5  # of a loss's level; interval means of healthy runs scatter by 0.05 to 0.2
SWINGING = 24  # intervals: eight in a third, the fewest whose spread says something
CROSSINGS = 3  # of the swings through their middle: fewer may be a bend

# the least that a critic's loss can be, which it reaches when it tells every picture apart; the others have no least
LEAST = {"non-saturating": 0.0, "minimax": 0.0, "least-squares": 0.0, "hinge": 0.0, "f-js": -math.log(4)}
ANCHORED = ("non-saturating", "least-squares")  # where the generator's loss has a level, and is no bare score


def frozen(losses: Records) -> str | None:
    """A loss that no longer changes at all."""
    stands = [
        said for key in (*keys_of(losses, "d"), *keys_of(losses, "g")) if (said := _stands(series(losses, key), key))
    ]
    if not stands:
        return None
    cause = "that player learns nothing: its scores are saturated, or its gradient is dead"
    return f"{' and '.join(stands)}: {cause}; try lower lr_d and lr_g, another init, or spectral_norm=true"


def _stands(found: Series, key: str) -> str | None:
    if len(found) < JUDGED:
        return None
    level = float(np.median(found.third(2)))
    still = np.abs(found.values - level) <= FROZEN / 2 * abs(level)
    if level == 0 or not still[-len(found.third(2)) :].all():  # 0: a term turned off, or a critic that has won
        return None
    since = int(np.flatnonzero(~still)[-1]) + 1 if not still.all() else 0
    return f"{key} has stood at {figure(level)} since step {found.steps[since]:,} ({len(found) - since} intervals)"


def critic_winning(losses: Records, loss: str) -> str | None:
    """A critic that tells every picture apart, and a generator that does not come nearer."""
    if loss not in LEAST:
        return _runaway(losses)
    for key in keys_of(losses, "d"):
        critic = series(losses, key)
        if len(critic) < JUDGED or np.median(critic.third(2)) - LEAST[loss] >= WON:
            continue
        rivals = {rival: series(losses, rival) for rival in keys_of(losses, "g") if rival.endswith(key[2:])}
        if any(_coming_down(rival) for rival in rivals.values()):
            continue
        levels = [f"{name} {figure(float(np.median(one.third(2))))}" for name, one in {key: critic, **rivals}.items()]
        return (
            f"{' and '.join(levels)} over the last {len(critic.third(2))} intervals: the critic tells all pictures "
            "apart and the generator does not come nearer; try a lower lr_d, spectral_norm=true or instance_noise=0.1"
        )
    return None


def _coming_down(rival: Series) -> bool:
    if len(rival) < JUDGED:
        return False
    before, after = np.median(rival.third(1)), np.median(rival.third(2))
    return bool(before > 0 and after < COMING_DOWN * before)


def _runaway(losses: Records) -> str | None:
    """For losses without a least: the critic's scores of real and made pictures part for ever.

    A WGAN-GP's parting rises at once and then shrinks as the generator learns: a large one is no alarm, only growth is.
    """
    for place in ("", " a", " b"):
        real, fake = series(losses, f"d/real{place}"), series(losses, f"d/fake{place}")
        if real.steps != fake.steps or len(real) < JUDGED:
            continue
        apart = Series(real.steps, real.values - fake.values)
        first, middle, last = (np.quantile(apart.third(index), (0.25, 0.5, 0.75)) for index in range(3))
        grew = middle[1] > RUNAWAY * max(0.0, first[1]) and last[1] > RUNAWAY * middle[1] > 0
        if grew and first[2] < middle[0] and middle[2] < last[0]:  # and not by scatter
            medians = f"{figure(first[1])} to {figure(middle[1])} to {figure(last[1])}"
            return (
                f"d/real{place} minus d/fake{place} grew from third to third of the run, {medians}: the critic runs "
                "away and the generator does not follow; try a lower lr_d, a larger penalty or a smaller "
                "n_critic"
            )
    return None


def growing_swings(losses: Records, loss: str) -> str | None:
    """A loss that swings wider and wider about its level."""
    for key in (*keys_of(losses, "d"), *(keys_of(losses, "g") if loss in ANCHORED else ())):
        found = series(losses, key)
        if len(found) < SWINGING:
            continue
        level = float(np.median(np.abs(found.values)))
        before, rests = _spread(_about_line(found.third(1))), _about_line(found.third(2))
        after = _spread(rests)
        crossings = int(np.sum(np.diff(np.sign(rests)) != 0))
        if after >= SWING * level and after >= GROWTH * before and crossings >= CROSSINGS:
            return (
                f"the swings of {key} grew from ±{figure(before)} to ±{figure(after)} about {figure(level)} between "
                "the middle and the last third of the run: the players chase each other; try lower lr_g and lr_d, "
                "lr_decay=linear or clip_gradients=1"
            )
    return None


def _about_line(values: Values) -> Values:
    """What is left of values beside a straight line, by medians: a spike does not bend it."""
    half = len(values) // 2
    slope = np.median(values[-half:] - values[:half]) / (len(values) - half)
    rests: Values = values - slope * np.arange(len(values))
    return rests - np.median(rests)


def _spread(rests: Values) -> float:
    """Half the width of the middle seven tenths: a single spike, which healthy runs have too, does not count."""
    low, high = np.quantile(rests, (0.15, 0.85))
    return float(high - low) / 2
