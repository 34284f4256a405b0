"""From a request to a plan: everything that can be refused is refused here, before an image is decoded for training."""

from dataclasses import dataclass, replace

import torch

from ganeval.errors import ContentError, UsageError, unknown
from ganeval.reports.scores import METRICS
from ganeval.runtime.devices import pick_device
from ganeval.sources.datasets import is_dataset
from ganeval.training.checks.watch import check_tensorboard
from ganeval.training.data.dataset import OpenSplits, Splits
from ganeval.training.data.domains import OpenDomains
from ganeval.training.run_request import RunRequest
from reference_models import MODELS, PRESETS, Config, ConfigError, build, configure


@dataclass(frozen=True)
class TrainingPlan:
    """A request that can be carried out: small enough to be sent to a worker.

    `config` may have three channels where the images, once all are read, turn out to be grey.
    """

    request: RunRequest
    config: Config
    device: torch.device

    def for_seed(self, request: RunRequest) -> "TrainingPlan":
        """The plan of another seed, in its own folder."""
        return replace(self, request=request, config=replace(self.config, seed=request.seed))


def validate(request: RunRequest, processes: int = 1) -> TrainingPlan:
    """The plan of a request, for so many processes that train together; a few images are read, nothing is written.

    Raises UsageError for a request that cannot be meant, ContentError for data that cannot be trained on.
    """
    _check_flags(request)
    data = request.data.open()
    first, second = (data.a, data.b or data.a) if isinstance(data, OpenDomains) else (data, None)
    if len(first.shape) == 1 and request.extractor not in ("auto", "points"):
        raise UsageError(f"--extractor {request.extractor}: is for images, and {first.name} is points; leave it out")
    for splits in (first, second or first):
        _check_counts(splits)
    config = config_for(request, first, second)
    try:
        build(config).check_split(processes)  # building refuses settings that exclude each other
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return TrainingPlan(request, config, pick_device(request.device))


def config_for(request: RunRequest, data: OpenSplits | Splits, other: OpenSplits | Splits | None = None) -> Config:
    """The configuration of a request on its data; `other` is the second domain."""
    own = is_dataset(request.source) and request.other is None and data.name in PRESETS
    try:
        return configure(
            request.model,
            data.shape,
            classes=data.class_count,
            other_channels=other.shape[0] if other else 0,
            preset=request.preset or (data.name if own else None),
            steps=request.steps,
            seed=request.seed,
            changes=request.changes,
        )
    except ConfigError as error:
        raise UsageError(str(error)) from error


def _check_flags(request: RunRequest) -> None:
    """UsageError for flags that would be ignored, or could not be followed at the end."""
    if request.model not in MODELS:
        raise unknown("model", request.model, MODELS)
    if request.preset is not None and request.preset not in PRESETS:
        raise unknown("preset", request.preset, PRESETS)
    if request.other is not None and not request.translates:
        translators = " and ".join(name for name, recipe in MODELS.items() if recipe.translates)
        raise UsageError(f"--data-b {request.other}: is for {translators}, and {request.model} would ignore it")
    if request.tensorboard:
        check_tensorboard()


def _check_counts(data: OpenSplits) -> None:
    """ContentError where too few images are held out to score samples against."""
    counts, needed = data.counts(), METRICS["fid"].fewest_samples()
    for part in ("selection", "test"):
        if counts[part] < needed:
            raise ContentError(
                f"{data.name}:{part}: found {counts[part]} held out of {counts['train']} that train, needed {needed} "
                "to score against; give more data (20 are enough, 10,000 are good)"
            )
