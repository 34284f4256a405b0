"""One run from an order to a trained model in its folder: data, configuration, training."""

import contextlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from ganeval.errors import ContentError, GanevalWarning, MissingWeights, UsageError, unknown
from ganeval.evaluation.settings import Settings, extraction
from ganeval.extractors import EXTRACTORS, default_extractor
from ganeval.features.extraction import Extraction
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.reports.scores import METRICS
from ganeval.runtime.distributed import LostRank, device_of, threads_beside
from ganeval.sources.datasets import is_dataset
from ganeval.training.checks.measures import Judge
from ganeval.training.checks.subjects import Generated, Subject, Translated
from ganeval.training.checks.watch import TrainingWatch, check_tensorboard
from ganeval.training.data.dataset import Splits, load_splits
from ganeval.training.data.domains import Domains, load_domains
from ganeval.training.run_lock import alone_in, begin
from ganeval.training.run_request import RunRequest, asked_for
from reference_models import (
    PRESETS,
    CheckpointError,
    Config,
    ConfigError,
    Data,
    Outcome,
    Watch,
    build,
    configuration,
    train,
)
from reference_models.engine.data_parallel import batch_norms, check_shares
from reference_models.engine.model import Model


def warn_of_batch_norm(model: Model, device: torch.device, world: int) -> None:
    """Say it where batch norm makes several processes train otherwise than one: torch synchronises it on CUDA only."""
    if world > 1 and device.type != "cuda" and batch_norms(model):
        batch = model.config.batch_size
        warnings.warn(
            f"batch norm on a CPU is not synchronised: each of {world} processes normalises by its own "
            f"{batch // world} of {batch} samples, so losses are not those of one process; norm_g and norm_d choose "
            "another norm",
            GanevalWarning,
            2,
        )


def end_together(ranks: Ranks) -> None:
    """Wait for the others, as the first goes on scoring when training has ended.

    One that fails meanwhile is none of their business: what failed is its own to say, and its exit code decides.
    """
    with contextlib.suppress(LostRank):
        ranks.everyone(None)


SMALL = 16  # pixels; up to here one thread is as fast as two, and never stalls


@dataclass(frozen=True, eq=False)
class Prepared:
    """An order with its data in memory: `material` of the pictures (domain A's), `domains` for CycleGAN alone."""

    order: RunRequest
    config: Config
    material: Splits
    domains: Domains | None
    how: Extraction | None
    device: torch.device
    ranks: Ranks = ALONE

    @property
    def data(self) -> Data:
        train = self.material.train
        other = None if self.domains is None else self.domains.b.train.pixels
        return Data(train.pixels, train.labels if self.config.classes else None, other)

    @property
    def judge(self) -> str | None:
        """The extractor of its checks, weights and all."""
        return None if self.how is None else f"{self.how.extractor.name} {self.how.extractor.weights_sha256}".strip()

    @property
    def scored(self) -> bool:
        """Whether samples can be scored: points need no extractor."""
        return self.how is not None or self.config.is_vector

    @property
    def fingerprint(self) -> str:
        return self.domains.fingerprint if self.domains else self.material.fingerprint


def prepare(order: RunRequest, tick: Tick, *, judged: bool | None = True, ranks: Ranks = ALONE) -> Prepared:
    """Read the data and settle the configuration; nothing is written.

    `judged`: scores are needed; where False, a missing extractor only means that none are taken while training; where
    None, nobody asks for it. `ranks`: those that will train together.
    """
    _check_flags(order)
    domains = domains_of(order, tick) if order.model == "cyclegan" else None
    material = domains.a if domains else splits_for(order, tick)
    _check_extractor(order, material)
    for one in (domains.a, domains.b) if domains else (material,):
        _check_counts(one)
    config = configured(order, material, domains, ranks.world)
    device = device_of(order.device, ranks)
    how = None if config.is_vector or judged is None else _extraction(order, tick, judged)
    return Prepared(order, config, material, domains, how, device, ranks)


def _check_flags(order: RunRequest) -> None:
    """UsageError for flags that would be ignored, or could not be followed at the end."""
    if order.preset is not None and order.preset not in PRESETS:
        raise unknown("preset", order.preset, PRESETS)
    if order.other is not None and order.model != "cyclegan":
        raise UsageError(f"--data-b {order.other}: is for cyclegan, and {order.model} would ignore it")
    if order.tensorboard:
        check_tensorboard()


def _check_extractor(order: RunRequest, material: Splits) -> None:
    """UsageError for a network that points would have no use for."""
    if len(material.shape) == 1 and order.extractor not in ("auto", "points"):
        raise UsageError(f"--extractor {order.extractor}: is for pictures, and {material.name} is points; leave it out")


def _check_counts(material: Splits) -> None:
    """ContentError where too few pictures are held out to say anything of samples."""
    for split in (material.selection, material.test):
        if len(split) < METRICS["fid"].fewest_samples():
            raise ContentError(
                f"{split.name}: found {len(split)} held out of {len(material.train)} that train, needed "
                f"{METRICS['fid'].fewest_samples()} to score against; give more data (20 are enough, 10,000 are good)"
            )


def splits_for(order: RunRequest, tick: Tick) -> Splits:
    """The data of an order in memory."""
    return _material(order.source, order.size, order.data_root, order.offline, tick)


def domains_of(order: RunRequest, tick: Tick) -> Domains:
    """Both domains of an order for CycleGAN."""
    return _domains(order.source, order.other, order.size, order.data_root, order.offline, tick)


@lru_cache(maxsize=1)  # `train-all` asks for each model
def _material(source: str, size: int | None, data_root: Path | None, offline: bool, tick: Tick) -> Splits:
    return load_splits(source, size=size, data_root=data_root, offline=offline, tick=tick)


@lru_cache(maxsize=1)
def _domains(
    source: str, other: str | None, size: int | None, data_root: Path | None, offline: bool, tick: Tick
) -> Domains:
    return load_domains(source, other, size=size, data_root=data_root, offline=offline, tick=tick)


def configured(order: RunRequest, material: Splits, domains: Domains | None, world: int = 1) -> Config:
    """The configuration of an order on its data; UsageError for what so many processes cannot train."""
    try:
        config = configuration(
            order.model,
            material.shape,
            classes=len(material.classes or ()) if material.train.labels is not None else 0,
            other_channels=domains.b.shape[0] if domains else 0,
            preset=order.preset or _named_preset(order, material),
            steps=order.steps,
            seed=order.seed,
            changes=order.changes,
        )
        check_shares(build(config), world)  # building refuses what excludes each other, before any time is spent
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return config


def _named_preset(order: RunRequest, material: Splits) -> str | None:
    """The preset that was made for a data set; None where the shape decides, as for a data set beside another."""
    own = is_dataset(order.source) and order.other is None
    return material.name if own and material.name in PRESETS else None


def train_run(prepared: Prepared, tick: Tick) -> Outcome:
    """Train, or go on where the folder says; UsageError where it holds another run, ContentError for a damaged one.

    Of several ranks the first alone writes there, scores and tells `tick`.
    """
    with alone_in(prepared.order.folder) if prepared.ranks.rank == 0 else contextlib.nullcontext():
        return _trained(prepared, tick)


def _trained(prepared: Prepared, tick: Tick) -> Outcome:
    torch.set_num_threads(threads_for(prepared))
    try:
        model = build(prepared.config)
        watch = _begun(prepared, model, tick) if prepared.ranks.rank == 0 else None
        return train(
            model,
            prepared.data,
            prepared.order.folder,
            watch=watch,
            device=prepared.device,
            fingerprint=prepared.fingerprint,
            ranks=prepared.ranks,
        )
    except CheckpointError as error:
        raise ContentError(str(error)) from error


def threads_for(prepared: Prepared) -> int:
    """The threads of this process: those asked for, or its share of the cores."""
    small = prepared.config.is_vector or prepared.material.shape[-1] <= SMALL
    return 1 if small else prepared.order.threads or threads_beside(prepared.ranks)


def _begun(prepared: Prepared, model: Model, tick: Tick) -> Watch:
    """What watches a run whose folder is ready for it."""
    order = prepared.order
    about = {**asked_for(order), "classes": prepared.material.classes}
    begin(order.folder, prepared.config, prepared.fingerprint, prepared.judge, about)
    warn_of_batch_norm(model, prepared.device, prepared.ranks.world)
    return TrainingWatch(order.name, order.folder, subject_of(prepared), tick, tensorboard=order.tensorboard)


def subject_of(prepared: Prepared) -> Subject:
    """What is scored and shown of this run."""
    config, how = prepared.config, prepared.how
    if prepared.domains is not None:
        pair = (prepared.domains.a, prepared.domains.b)
        judges = None
        if prepared.scored:  # the judge of a translation knows the domain it leads to
            judges = (Judge(pair[1].selection, pair[1].train, how), Judge(pair[0].selection, pair[0].train, how))
        return Translated(config, pair, judges)
    material = prepared.material
    judge = Judge(material.selection, material.train, how) if prepared.scored else None
    return Generated(config, material, judge, class_counts(prepared))


def class_counts(prepared: Prepared) -> list[int] | None:
    """How often the training data have each class, for a conditional model."""
    labels = prepared.data.labels
    return None if labels is None else torch.bincount(labels).tolist()


def chosen_extractor(order: RunRequest) -> str:
    """The extractor that `auto` stands for when models are trained: the data's own classifier, if it is a known one."""
    if order.extractor != "auto":
        return order.extractor
    base = order.source.partition(":")[0]
    return base if base in EXTRACTORS and is_dataset(order.source) else default_extractor(order.source)


def settings_of(order: RunRequest) -> Settings:
    """How this order's pictures are scored."""
    return Settings(
        extractor=chosen_extractor(order),
        device=order.device,
        data_root=order.data_root,
        offline=order.offline,
    )


def _extraction(order: RunRequest, tick: Tick, judged: bool) -> Extraction | None:
    try:
        return extraction(order.source, settings_of(order), tick)
    except MissingWeights as reason:
        if judged:
            raise
        warnings.warn(f"no scores while training, nor a best checkpoint: {reason}", GanevalWarning, 2)
        return None
