"""`verdicts`: a diagnosis of a training run from its log, in words.

Losses show networks that have stopped learning (`loss_symptoms`); checks show a FID that oscillates or has risen
(`fid_symptoms`) and samples that lack diversity or are copies (`sample_symptoms`): by recall and distances rather than
by counts of classes, as ten images hit all ten classes. The limits stand there, each with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganeval.training.diagnosis.fid_symptoms import past_its_best, swinging
from ganeval.training.diagnosis.loss_symptoms import critic_winning, frozen, growing_swings
from ganeval.training.diagnosis.sample_symptoms import collapsed, memorising, nothing_learned, overfitting
from ganeval.training.diagnosis.series import Records, figure, number, series, step_of
from reference_models import Divergence


@dataclass(frozen=True)
class Verdict:
    """A name, and a sentence that begins with it: the figures, what they mean, which `--set` may help."""

    name: str
    sentence: str


def verdicts(
    losses: Sequence[Mapping[str, Any]],
    checks: Sequence[Mapping[str, Any]],
    *,
    divergence: Divergence | None = None,
    loss: str = "non-saturating",
    best_step: int | None = None,
) -> list[Verdict]:
    """The diagnosis of a run, worst first; `healthy` alone where nothing is wrong. Never empty.

    `losses` are the log's records, each a mean over an interval (`step`, `d/...`, `g/...`); `checks` its scores while
    training (`step`, `fid`, `fid_train`, `floor`, `recall`, `precision`, `spread`, `class_recall`, `critic_gap`).
    Values that are absent, null or not finite are ignored. `loss` is the configuration's; `best_step` the best
    checkpoint's, by default that of the lowest FID.

    >>> collapse = verdicts([], [{"step": 50, "recall": 0.4}, {"step": 100, "recall": 0.02, "precision": 0.7}])
    >>> [verdict.name for verdict in collapse]
    ['mode collapse']
    """
    collapse = collapsed(checks, losses, best_step)
    # worst first: what ended the run or its learning, what spoils the samples, what the best checkpoint escapes
    symptoms = {
        "diverged": _diverged(divergence),
        "frozen loss": frozen(losses),
        "mode collapse": collapse,
        "nothing learned": nothing_learned(checks) if collapse is None else None,  # one verdict is enough
        "critic winning": critic_winning(losses, loss),
        "memorising": memorising(checks),
        "overfitting": overfitting(checks, best_step),
        "oscillation": swinging(checks) or growing_swings(losses, loss),
        "past its best": past_its_best(checks, best_step),
    }
    judgement = [Verdict(name, f"{name}: {sentence}") for name, sentence in symptoms.items() if sentence is not None]
    return judgement or [Verdict("healthy", f"healthy: {_healthy(losses, checks)}")]


def _diverged(divergence: Divergence | None) -> str | None:
    if divergence is None:
        return None
    good = divergence.last_good
    left = "there is no good checkpoint" if good is None else f"the last good checkpoint is of step {good:,}"
    return (
        f"{divergence.name} was not finite at step {divergence.step:,} and the run was stopped; {left}; "
        "try lower lr_g and lr_d or clip_gradients=1"
    )


def _healthy(losses: Records, checks: Records) -> str:
    """The figures of the last check, or that there is little to judge by."""
    if not checks:
        evidence = f"{len(losses):,} intervals of losses" if losses else "no losses either"
        return f"no alarm, but little to judge by: no checks, {evidence}"
    names = {"fid": "FID", "recall": "recall", "precision": "precision", "spread": "spread"}
    names["critic_gap"] = "generalisation gap"
    values = [(name, number(checks[-1].get(key))) for key, name in names.items()]
    figures = [f"{name} {figure(value)}" for name, value in values if value is not None]
    fids, step = series(checks, "fid"), step_of(checks[-1])
    if figures and fids.steps and fids.steps[-1] == step and len(fids) > 1:
        figures[0] += f" (best {figure(float(fids.values.min()))})"
    return f"no alarm at step {step:,}{': ' if figures else ''}{', '.join(figures)}"
