"""What a training command asks for: a model, its data and settings, how its samples are scored, and the run folder."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganeval.errors import GanevalWarning, UsageError, unknown
from ganeval.evaluation.settings import Settings
from ganeval.extractors import EXTRACTORS, default_extractor
from ganeval.media.base import SampleSet
from ganeval.sources.datasets import is_dataset
from ganeval.sources.opening import Opening
from ganeval.training.data.dataset import OpenSplits, name_of, open_splits
from ganeval.training.data.domains import OpenDomains, open_domains
from ganeval.training.data.splits import ImagesOrPoints, holds_domains, open_set
from reference_models import MODELS, PRESETS


@dataclass(frozen=True)
class DataRequest:
    """The data of a run as they were asked for; `other` is a second source, for a model that `translates`."""

    source: str
    other: str | None
    size: int | None
    opening: Opening
    translates: bool

    def open(self) -> OpenSplits | OpenDomains:
        """The data before their pixels are read: two domains for a model that translates."""
        if self.translates:
            return open_domains(self.source, self.other, self.opening, size=self.size)
        return open_splits(self.source, self.opening, size=self.size)


@dataclass(frozen=True)
class RunRequest:
    """One run as it was asked for; `other` is CycleGAN's second source, `changes` are the settings of `--set`."""

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
    tensorboard: bool = False

    @property
    def name(self) -> str:
        """The run's name in tables and progress bars."""
        return self.folder.name

    @property
    def translates(self) -> bool:
        """Whether the model translates images between two domains."""
        return MODELS[self.model].translates

    @property
    def data(self) -> DataRequest:
        """The part of the request that says what data to train on."""
        opening = Opening(self.data_root, self.offline)
        return DataRequest(self.source, self.other, self.size, opening, self.translates)

    @property
    def scoring(self) -> Settings:
        """How samples are scored; `auto` is the data set's own classifier where there is one."""
        extractor = self.extractor
        if extractor == "auto":
            base = self.source.partition(":")[0]
            own = base in EXTRACTORS and is_dataset(self.source)
            extractor = base if own else default_extractor(self.source)
        return Settings(extractor=extractor, device=self.device, data_root=self.data_root, offline=self.offline)

    def record(self) -> dict[str, Any]:
        """The request as `config.json` records it."""
        return {
            "data": self.source,
            "data_b": self.other,
            "preset": self.preset,
            "set": dict(self.changes),
            "size": self.size,
            "seed": self.seed,
        }


def run_folder(out: Path, source: str, model: str, seed: int) -> Path:
    """The folder of a run: `<data>-<model>-s<seed>` below `out`.

    >>> run_folder(Path("results"), "digits", "wgan-gp", 0).name
    'digits-wgan-gp-s0'
    """
    return out / f"{name_of(source).replace('/', '_').replace(':', '-')}-{model}-s{seed}"


def parse_settings(settings: tuple[str, ...]) -> tuple[dict[str, str], int | None]:
    """`--set key=value ...` as a mapping, and the image size among them, which is the data's and not the model's.

    >>> parse_settings(("loss=hinge", "size=64"))
    ({'loss': 'hinge'}, 64)
    """
    changes: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {setting}: needed key=value")
        if key.strip() in changes:
            raise UsageError(f"--set {key.strip()}: found it twice, needed it once")
        changes[key.strip()] = value.strip()
    size = changes.pop("size", None)
    if size is not None and not size.isdigit():
        raise UsageError(f"--set size={size}: needed a whole number of pixels")
    return changes, None if size is None else int(size)


def requests_for(
    common: RunRequest, models: Sequence[str] | None, seeds: Sequence[int], out: Path
) -> list[list[RunRequest]]:
    """For each model its requests, one for each seed; `common` holds everything else.

    Without a list of models: all that the data can train, with a warning about each of the others.
    """
    names = list(models) if models is not None else suitable_models(common)
    for name in names:
        if name not in MODELS:
            raise unknown("model", name, MODELS)
    if len(set(names)) != len(names) or not names:
        raise UsageError(f"--models: found {', '.join(names) or 'none'}, needed each once")
    return [
        [replace(common, model=name, seed=seed, folder=run_folder(out, common.source, name, seed)) for seed in seeds]
        for name in names
    ]


def suitable_models(common: RunRequest) -> list[str]:
    """The models that the data can train."""
    samples = open_set(common.source, Opening(common.data_root, common.offline))
    unsuitable = {name: reason for name in MODELS if (reason := _unsuitable(name, samples, common.other is not None))}
    for name, reason in unsuitable.items():
        warnings.warn(f"{name} left out: {reason}", GanevalWarning, 2)
    return [name for name in MODELS if name not in unsuitable]


def _unsuitable(name: str, samples: ImagesOrPoints, two_sources: bool) -> str | None:
    """Why these data cannot train a model; None where they can."""
    if not isinstance(samples, SampleSet):
        return None if name in PRESETS["vectors"] else "it needs images, and the data are points"
    if not MODELS[name].translates and (holds_domains(samples) or two_sources):
        return "the data are two domains"
    if MODELS[name].conditional and samples.labels is None:
        return "the images have no labels (a folder for each class gives them)"
    return None
