"""From what a user asks of `train` and `train-all` to orders: which models, which seeds, which folders."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganeval.errors import GanevalWarning, UsageError, unknown
from ganeval.images import Images
from ganeval.mixtures import is_mixture
from ganeval.sources import Opening
from ganeval.suite.orders import Order, run_folder
from ganeval.suite.partition import held_in, holds_domains
from reference_models import MODELS, PRESETS


@dataclass(frozen=True)
class Wish:
    """The flags of `train-all` that are not an order's own."""

    models: Sequence[str] | None
    seeds: Sequence[int]
    out: Path


def orders_for(wish: Wish, common: Order) -> list[Order]:
    """An order for each model and seed; `common` holds everything else.

    Without a list of models those are taken that the data can train; the others are warned about.
    """
    models = list(wish.models) if wish.models is not None else _possible(common)
    for model in models:
        if model not in MODELS:
            raise unknown("model", model, MODELS)
    if len(set(models)) != len(models) or not models:
        raise UsageError(f"--models: found {', '.join(models) or 'none'}, needed each once")
    return [
        replace(common, model=model, seed=seed, folder=run_folder(wish.out, common.source, model, seed))
        for model in models
        for seed in wish.seeds
    ]


def _possible(common: Order) -> list[str]:
    """The models that the data can train."""
    left_out = {model: reason for model in MODELS if (reason := _impossible(model, common))}
    for model, reason in left_out.items():
        warnings.warn(f"{model} left out: {reason}", GanevalWarning, 2)
    return [model for model in MODELS if model not in left_out]


def _impossible(model: str, common: Order) -> str | None:
    if is_mixture(common.source):
        return None if model in PRESETS["vectors"] else "it is for pictures, and these are points"
    held = held_in(common.source, Opening(common.data_root, common.offline))
    if not isinstance(held, Images):
        return None if model in PRESETS["vectors"] else "it is for pictures, and these are points"
    if model != "cyclegan" and (holds_domains(held) or common.other is not None):
        return "the data are two domains"
    if model == "cgan" and held.labels is None:
        return "the pictures have no labels (one folder per class gives them)"
    return None
