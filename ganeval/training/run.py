"""One run: its plan loaded, then trained in its folder."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from ganeval.errors import ContentError, GanevalWarning
from ganeval.evaluation.opening import extraction
from ganeval.features.extraction import Extraction
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.runtime.distributed import threads_of_rank
from ganeval.training.checks.measures import SelectionScorer
from ganeval.training.checks.subjects import GeneratorSubject, Subject, TranslatorSubject
from ganeval.training.checks.watch import TrainingWatch
from ganeval.training.data.dataset import Splits
from ganeval.training.data.domains import DIRECTIONS, Domains
from ganeval.training.plan import TrainingPlan, config_for
from ganeval.training.run_lock import alone_in, begin
from ganeval.training.run_request import DataRequest, RunRequest
from reference_models import CheckpointError, Config, ConfigError, Data, Outcome, build, train
from reference_models.engine.model import Model
from reference_models.networks.layers import has_batch_norm

SMALL = 16  # pixels; up to here one thread is as fast as two, and never stalls


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan with its data in memory; the third of RunRequest → TrainingPlan → Prepared → the loop's Run.

    `splits`: the images, of domain A where a model translates; `domains`: both domains then.

    Without an `extraction` no image is scored, neither while training nor at the end.
    """

    request: RunRequest
    config: Config
    device: torch.device
    splits: Splits
    domains: Domains | None
    extraction: Extraction | None

    @property
    def data(self) -> Data:
        """The training images, with the labels that a conditional model learns."""
        other = None if self.domains is None else self.domains.b.train.pixels
        return Data(self.splits.train.pixels, self.splits.train.labels if self.config.classes else None, other)

    @property
    def extractor(self) -> str | None:
        """The name of the extractor and its weights, as `config.json` records them."""
        if self.extraction is None:
            return None
        extractor = self.extraction.extractor
        return f"{extractor.name} {extractor.weights_sha256}".strip()

    @property
    def scored(self) -> bool:
        """Whether samples can be scored: points need no extractor."""
        return self.extraction is not None or self.config.is_vector

    @property
    def fingerprint(self) -> str:
        """The sha256 of all pixels and labels."""
        return self.domains.fingerprint if self.domains else self.splits.fingerprint


def open_extraction(plan: TrainingPlan, tick: Tick) -> Extraction | None:
    """How images become features, None for points; MissingWeights where the extractor's weights are not here."""
    return None if plan.config.is_vector else extraction(plan.request.source, plan.request.scoring, tick)


@lru_cache(maxsize=2)  # `train-all` reads them for the yardsticks, and to compare them with those of runs it resumes
def read_data(data: DataRequest, tick: Tick) -> Splits | Domains:
    """The data in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)  # `validate` opened them as well, and warned
        opened = data.open()
    return opened.read(tick)


def load(plan: TrainingPlan, extraction: Extraction | None, tick: Tick) -> Prepared:
    """A plan with its data in memory; without an `extraction` the run is not scored."""
    request, data = plan.request, read_data(plan.request.data, tick)
    if isinstance(data, Domains):
        return Prepared(request, config_for(request, data.a, data.b), plan.device, data.a, data, extraction)
    return Prepared(request, config_for(request, data), plan.device, data, None, extraction)


@contextlib.contextmanager
def checkpoint_errors() -> Iterator[None]:
    """What is wrong with a checkpoint, as the ContentError that it is to a user."""
    try:
        yield
    except (CheckpointError, ConfigError) as error:
        raise ContentError(str(error)) from error


@checkpoint_errors()
def train_run(prepared: Prepared, tick: Tick, ranks: Ranks = ALONE) -> Outcome:
    """Train, or resume what the folder holds; UsageError where it holds another run, ContentError for a damaged one.

    Of several `ranks` the first alone writes there, scores and reports to `tick`.
    """
    first = ranks.rank == 0
    with alone_in(prepared.request.folder) if first else contextlib.nullcontext():
        small = prepared.config.is_vector or prepared.splits.shape[-1] <= SMALL
        torch.set_num_threads(1 if small else threads_of_rank(ranks))
        model = build(prepared.config)
        watch = _begin_watch(prepared, tick) if first else None
        if first:
            warn_of_batch_norm(model, prepared.device, ranks.world)
        return train(
            model,
            prepared.data,
            prepared.request.folder,
            watch=watch,
            device=prepared.device,
            fingerprint=prepared.fingerprint,
            ranks=ranks,
        )


def _begin_watch(prepared: Prepared, tick: Tick) -> TrainingWatch:
    """The watch of a run whose folder is ready for it."""
    request = prepared.request
    about = {**request.record(), "classes": prepared.splits.classes}
    begin(request.folder, prepared.config, prepared.fingerprint, prepared.extractor, about)
    subject = subject_of(prepared)
    return TrainingWatch(request.name, request.folder, subject, tick, tensorboard=request.tensorboard)


def subject_of(prepared: Prepared) -> Subject:
    """What is scored and shown of this run while it trains."""
    config, extraction, splits = prepared.config, prepared.extraction, prepared.splits
    if prepared.domains is None:
        scorer = SelectionScorer(splits.selection, splits.train, extraction) if prepared.scored else None
        labels = prepared.data.labels
        return GeneratorSubject(config, splits, scorer, None if labels is None else torch.bincount(labels).tolist())
    scorers = {}
    for direction in DIRECTIONS.values() if prepared.scored else ():
        target = prepared.domains.target(direction)
        scorers[direction] = SelectionScorer(target.selection, target.train, extraction)
    return TranslatorSubject(config, prepared.domains, scorers)


def warn_of_batch_norm(model: Model, device: torch.device, world: int) -> None:
    """Warn where batch norm makes several processes train otherwise than one: torch synchronises it on CUDA only."""
    if world > 1 and device.type != "cuda" and has_batch_norm(model.networks):
        batch = model.config.batch_size
        warnings.warn(
            f"batch norm on a CPU is not synchronised: each of {world} processes normalises its own {batch // world} "
            f"of {batch} samples, so losses differ from those of one process; norm_g and norm_d choose another norm",
            GanevalWarning,
            2,
        )
