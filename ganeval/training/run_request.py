"""What is asked of a run, and where it is kept: everything that a process of its own needs to carry it out."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganeval.errors import GanevalWarning, UsageError, unknown
from ganeval.media.base import SampleSet
from ganeval.sources.mixtures import is_mixture
from ganeval.sources.opening import Opening
from ganeval.training.data.dataset import name_of
from ganeval.training.data.splits import held_in, holds_domains
from reference_models import MODELS, PRESETS


@dataclass(frozen=True)
class RunRequest:
    """One run: a model on some data, its settings, and how it is scored. `folder` is where it is kept."""

    model: str
    source: str
    folder: Path
    other: str | None = None
    preset: str | None = None
    steps: int | None = None
    seed: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    extractor: str = "auto"
    count: int | None = None
    device: str = "auto"
    data_root: Path | None = None
    offline: bool = False
    threads: int | None = None
    tensorboard: bool = False

    @property
    def name(self) -> str:
        """What tables and progress bars call the run."""
        return self.folder.name


def run_folder(out: Path, source: str, model: str, seed: int) -> Path:
    """Where a run is kept: `<data>-<model>-s<seed>` below `out`.

    >>> run_folder(Path("results"), "digits", "wgan-gp", 0).name
    'digits-wgan-gp-s0'
    """
    return out / f"{name_of(source).replace('/', '_').replace(':', '-')}-{model}-s{seed}"


def parsed(settings: tuple[str, ...]) -> tuple[dict[str, str], int | None]:
    """`--set key=value ...` as a mapping, and the picture size among them, which is the data's and not the model's.

    >>> parsed(("loss=hinge", "size=64"))
    ({'loss': 'hinge'}, 64)
    """
    changes: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {setting}: needed key=value")
        if key.strip() in changes:
            raise UsageError(f"--set {key.strip()}: given twice")
        changes[key.strip()] = value.strip()
    size = changes.pop("size", None)
    if size is not None and not size.isdigit():
        raise UsageError(f"--set size={size}: needed a whole number of pixels")
    return changes, None if size is None else int(size)


def asked_for(order: RunRequest) -> dict[str, Any]:
    """The order as `config.json` records it."""
    return {
        "data": order.source,
        "data_b": order.other,
        "preset": order.preset,
        "set": dict(order.changes),
        "size": order.size,
        "seed": order.seed,
    }


@dataclass(frozen=True)
class Wish:
    """The flags of `train-all` that are not an order's own."""

    models: Sequence[str] | None
    seeds: Sequence[int]
    out: Path


def orders_for(wish: Wish, common: RunRequest) -> list[RunRequest]:
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


def _possible(common: RunRequest) -> list[str]:
    """The models that the data can train."""
    left_out = {model: reason for model in MODELS if (reason := _impossible(model, common))}
    for model, reason in left_out.items():
        warnings.warn(f"{model} left out: {reason}", GanevalWarning, 2)
    return [model for model in MODELS if model not in left_out]


def _impossible(model: str, common: RunRequest) -> str | None:
    if is_mixture(common.source):
        return None if model in PRESETS["vectors"] else "it is for pictures, and these are points"
    held = held_in(common.source, Opening(common.data_root, common.offline))
    if not isinstance(held, SampleSet):
        return None if model in PRESETS["vectors"] else "it is for pictures, and these are points"
    if model != "cyclegan" and (holds_domains(held) or common.other is not None):
        return "the data are two domains"
    if model == "cgan" and held.labels is None:
        return "the pictures have no labels (one folder per class gives them)"
    return None
