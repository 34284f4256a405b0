"""Symptoms in the FID of a run's checks: it oscillates, or has risen since its best.

Each function returns the sentence of a verdict after its name, or None. The evidence behind the limits: StudioGAN's
own logs (logs/CIFAR10), and trial runs on digits with 200 selection images and 1,000 samples.
"""

import numpy as np

from ganeval.training.diagnosis.series import Records, figure, scatter, series, swings

SWING_FACTOR = 1.5  # times; FIDs of healthy runs scatter by up to 1.1
MIN_SWINGS = 3  # within the last half: one bump, up and down, is an accident
MIN_FLOORS = 2.0  # floors (real images against real ones): below, a swing is of the size that chance gives
RISE = 1.25  # times the best, at the last two checks; StudioGAN's unregularised runs ended at 1.6 to 5 times
RISE_NOISES = 3.5  # of the FID from check to check: scatter alone is no rise (under 0.5 % of simulated healthy runs)
LEARNING_FALL = 0.7  # of the FID half-way: a run that still falls so is not at its end, nor to be judged as if it were


def swinging(checks: Records) -> str | None:
    """A FID that rises and falls again and again."""
    fids, floors = series(checks, "fid"), series(checks, "floor")
    recent = fids.values[len(fids) // 2 :]
    level = MIN_FLOORS * floors.last if len(floors) else 0.0
    count = swings(np.maximum(recent, level), SWING_FACTOR)
    if count < MIN_SWINGS:
        return None
    return (
        f"FID rose and fell {count} times between {figure(recent.min())} and {figure(recent.max())} over the last "
        f"{len(recent)} checks: generator and discriminator oscillate; try lower lr_g and lr_d, lr_decay=linear or a "
        "longer ema_half_life"
    )


def past_its_best(checks: Records, best_step: int | None) -> str | None:
    """A FID that has risen for good since its best."""
    fids = series(checks, "fid")
    if len(fids) < 3 or fids.values.min() <= 0:
        return None
    index = fids.steps.index(best_step) if best_step in fids.steps else int(fids.values.argmin())
    best = float(fids.values[index])
    later = fids.values[min(len(fids) - 3, len(fids) // 3) :]  # past the steep beginning
    rise = float(fids.values[-2:].min()) / best
    if index >= len(fids) - 2 or rise < RISE or np.log(rise) < RISE_NOISES * scatter(np.log(later)):
        return None
    return (
        f"FID was lowest, {figure(best)}, at step {fids.steps[index]:,} and is {figure(fids.last)} at step "
        f"{fids.steps[-1]:,}, {100 * (fids.last / best - 1):.0f} % higher: use the best checkpoint; next time try "
        "fewer steps, lower lr_g and lr_d, or augment=translation"
    )


def still_learning(checks: Records) -> bool:
    """Whether the FID still falls fast, check by check."""
    fids = series(checks, "fid").values
    falls = len(fids) >= 4 and bool((np.diff(fids[-3:]) < 0).all())
    return falls and bool(fids[-1] < LEARNING_FALL * fids[len(fids) // 2 - 1])
