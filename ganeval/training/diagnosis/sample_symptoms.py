"""Symptoms in the samples of a run's checks: collapse, copies of the training set, a discriminator that memorised it.

Each function returns the sentence of a verdict after its name, or None; none judges a run by its first check. The
evidence behind the limits: trial runs on digits with 200 selection images and 1,000 samples (vanilla, DCGAN, WGAN-GP,
cGAN; trained on 32 images; with class embeddings of N(0, 1); with z set to 0), and published recall on CIFAR-10.
"""

import re
from collections.abc import Mapping
from typing import Any

from ganeval.training.diagnosis.fid_symptoms import past_its_best, still_learning
from ganeval.training.diagnosis.series import Records, figure, number, series, step_of

LOW_RECALL = 0.1  # z at 0 gave 0.00, healthy runs 0.86 to 0.96; healthy DCGANs have 0.21 on CIFAR-10
LOW_PRECISION = 0.1  # below it the samples are nowhere in the data, which is no collapse
LOW_CLASS_RECALL = 0.3  # mean over classes; N(0, 1) embeddings gave 0.08 to 0.11, a healthy cGAN 0.70 to 0.74
LOST_CLASS = (
    0.1  # recall of one class; healthy ones had 0.30 or more; chance with 20 images and recall 0.5: once in 50,000
)
SMALL_SPREAD = 0.5  # of the mean distance of real images; z at 0 gave 0.00, healthy runs 0.83 to 1.01
OVERFITTED_GAP = 0.75  # of the discriminator; 1.5 to 2.0 on 32 images; healthy runs whose FID still fell reached 0.51
OVERFITTING_GAP = 0.5  # where the FID has risen, too: a vanilla GAN at lr 5e-4 had 0.60, FID at 1.5 times its best
SUSTAINED_CHECKS = 3  # checks in a row, for a gap is a ratio of small differences
COPY_FLOORS = 0.2  # of the floor: samples as good as real ones never came below it in 600 draws of 100 or 200
NEARER_SHARE = 0.4  # of the FID, by which training images are nearer; on 32 images 0.55, healthy runs under 0.25
MIN_FLOORS = 1.5  # floors; where the FID is lower, even as good as real samples may be nearer by chance


def collapsed(checks: Records, losses: Records, best_step: int | None) -> str | None:
    """Samples with too little diversity: at the last check, or at the best one."""
    if len(checks) < 2 or still_learning(checks):
        return None
    best = _at(checks[1:], best_step)
    for place, check in (("", checks[-1]), (", the best checkpoint", best)):
        if check is not None and (signs := _signs_of_collapse(check)):
            return f"{', '.join(signs)} at step {step_of(check):,}{place}: {_remedy(check, losses)}"
    return None


def nothing_learned(checks: Records) -> str | None:
    """Samples that are far from the data, and come no nearer."""
    if len(checks) < 2 or still_learning(checks):
        return None
    recall, precision = (number(checks[-1].get(key)) for key in ("recall", "precision"))
    if recall is None or precision is None or recall >= LOW_RECALL or precision >= LOW_PRECISION:
        return None
    return (
        f"precision {precision:.2f} and recall {recall:.2f} at step {step_of(checks[-1]):,}: the samples are far "
        "from the data; try more steps, other lr_g and lr_d or another width"
    )


def _at(checks: Records, step: int | None) -> Mapping[str, Any] | None:
    """The check at a step; without a step, the one with the lowest FID."""
    if step is not None:
        return next((check for check in checks if check.get("step") == step), None)
    scored = [(fid, index) for index, check in enumerate(checks) if (fid := number(check.get("fid"))) is not None]
    return checks[min(scored)[1]] if scored else None


def _signs_of_collapse(check: Mapping[str, Any]) -> list[str]:
    recall, precision, spread = (number(check.get(key)) for key in ("recall", "precision", "spread"))
    signs = []
    if recall is not None and recall < LOW_RECALL and (precision is None or precision >= LOW_PRECISION):
        signs.append(f"recall {recall:.2f}" + (f" while precision is {precision:.2f}" if precision is not None else ""))
    by_class = _by_class(check)
    if by_class:
        worst = min(by_class, key=by_class.__getitem__)
        mean = sum(by_class.values()) / len(by_class)
        if mean < LOW_CLASS_RECALL or by_class[worst] < LOST_CLASS:
            signs.append(f"recall within classes {mean:.2f} on average and {by_class[worst]:.2f} in class {worst}")
    if spread is not None and spread < SMALL_SPREAD:
        signs.append(f"mean distance between samples {spread:.2f} of that between real images")
    return signs


def _by_class(check: Mapping[str, Any]) -> dict[str, float]:
    recalls = check.get("class_recall")
    pairs = recalls.items() if isinstance(recalls, Mapping) else ()
    return {str(name): recall for name, value in pairs if (recall := number(value)) is not None}


def _remedy(check: Mapping[str, Any], losses: Records) -> str:
    """What a collapse means, and settings against it that this kind of model has."""
    keys = {key for record in losses for key in record}
    if "g/ab" in keys:
        return "many images have one translation; try a larger cycle or identity, or a lower lr_d"
    if _by_class(check):
        return "many z give one image of a class; try condition_g=batch-norm, embedding_scale=0.15 or a lower lr_d"
    if any(re.match("d/(gradient|r1|r2|zero-centred)", key) for key in keys):  # these exclude minibatch_std
        return "many z give one image; try pack=2, a larger n_critic or a lower lr_g"
    return "many z give one image; try minibatch_std=true, pack=2 or a lower lr_d"


def memorising(checks: Records) -> str | None:
    """Samples much nearer to the training images than to held-out ones of the same kind, at the last two checks."""
    known = [(step_of(check), *fids) for check in checks[1:] if (fids := _distances(check)) is not None]
    copies = [
        train < COPY_FLOORS * floor or (held > MIN_FLOORS * floor and held - train > NEARER_SHARE * held)
        for _, held, train, floor in known[-2:]
    ]
    if not copies or not all(copies):
        return None
    step, held, train, floor = known[-1]
    return (
        f"FID {figure(train)} to training images but {figure(held)} to held-out ones at step {step:,}, where the FID "
        f"between both kinds of real images is {figure(floor)}: the samples copy the training set; try "
        "augment=translation, a smaller width or more data"
    )


def _distances(check: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """FID to held-out and to training images, and the floor: of one direction, where CycleGAN's `fid` is of both."""
    held, train = number(check.get("fid_ab" if "fid_ab" in check else "fid")), number(check.get("fid_train"))
    floor = number(check.get("floor"))
    return None if held is None or train is None or floor is None else (held, train, floor)


def overfitting(checks: Records, best_step: int | None) -> str | None:
    """A discriminator that has memorised the training images, and scores held-out ones like generated ones."""
    gaps = series(checks[1:], "critic_gap")
    recent = gaps.values[-SUSTAINED_CHECKS:]
    least = OVERFITTED_GAP if past_its_best(checks, best_step) is None else OVERFITTING_GAP
    if len(recent) < 2 or recent.min() <= least:
        return None
    return (
        f"generalisation gap of the discriminator {figure(gaps.last)} at step {gaps.steps[-1]:,}, at least "
        f"{figure(recent.min())} at the last {len(recent)} checks (0: held-out images score like training images, 1: "
        "like generated ones): it has memorised the training set; try augment=translation, a smaller width or fewer "
        "steps"
    )
