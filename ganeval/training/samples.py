"""Samples of a trained model, ready to be scored on the test split and shown beside the training images."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganeval.errors import GanevalWarning
from ganeval.evaluation.gallery import FILE, write_gallery
from ganeval.evaluation.scorer import Scorer
from ganeval.progress import Tick
from ganeval.reports.report import Report
from ganeval.reports.scores import METRICS
from ganeval.sources.datasets import DATASETS, is_dataset
from ganeval.sources.mixtures import MIXTURES, SPLITS, is_mixture
from ganeval.sources.statistics_files import Statistics
from ganeval.training.data.dataset import Split
from ganeval.training.data.domains import FORTH, Direction, Domains
from ganeval.training.insight.stored_arrays import GALLERY_BACK
from ganeval.training.run import Prepared
from ganeval.training.run_request import RunRequest
from reference_models import Sampler, load_sampler

SEED = 2020
MAX_SCORED = 10_000  # images that are scored by default
LARGE_SIDE = 128  # pixels from which an extractor is a large network: fifty times a small classifier's work an image
MAX_NEIGHBOURS = 10_000  # training images that a large network searches without a GPU for those nearest to samples
PUBLISHED_COUNTS = {  # of samples whose modes published tables count: as many as the test split has
    **dict.fromkeys(MIXTURES, SPLITS["test"][0]),
    **{name: len(row.classes) * row.per_triple["test"] for name, row in DATASETS.items() if row.per_triple},
}


@dataclass(frozen=True, eq=False)
class FinalSamples:
    """Samples of the best averaged generator, their scorer, and the training images to show beside them.

    `gallery` is the file of what is shown.
    """

    name: str
    samples: Split
    scorer: Scorer
    train: Split
    gallery: Path


def score_final(final: FinalSamples) -> Report:
    """The report of samples; their gallery is written, each image beside the training image nearest to it."""
    beside = _neighbours(final.train, final.scorer).images() if final.samples.pixels.ndim == 4 else None
    report, gallery = final.scorer.score_and_show(final.samples.as_set(), final.name, beside=beside)
    write_gallery(final.gallery, gallery)
    return report


def _neighbours(train: Split, scorer: Scorer) -> Split:
    """The training images, or 10,000 drawn at random where extracting all would take longer than to score."""
    extractor = scorer.extraction.extractor
    slow = extractor.device.type == "cpu" and extractor.size >= LARGE_SIDE
    if not slow or len(train) <= MAX_NEIGHBOURS:
        return train
    chosen = np.sort(np.random.RandomState(SEED).permutation(len(train))[:MAX_NEIGHBOURS])
    return replace(train.take(chosen), name=f"{MAX_NEIGHBOURS:,} of {train.name}")


def generated(prepared: Prepared, tick: Tick) -> FinalSamples:
    """Samples of a model that generates from noise."""
    request, splits = prepared.request, prepared.splits
    count = scored_count(request, splits.train)
    scorer = scorer_of(request, reference_of(request, splits.test), min(count, len(splits.test)), tick)
    pixels, labels = sampler_of(prepared).draw(count, SEED)
    samples = Split(pixels, labels, str(request.folder), splits.classes if labels is not None else None)
    return FinalSamples(request.name, samples, scorer, splits.train, request.folder / FILE)


def translations(prepared: Prepared, domains: Domains, direction: Direction, tick: Tick) -> FinalSamples:
    """Translations of all test images in one direction."""
    request, source, target = prepared.request, domains.source(direction), domains.target(direction)
    reference = target.test
    if domains.truth and direction == FORTH and reference.classes is not None:
        # outlines are no class that a classifier of images knows: under other names, modes are voted on
        reference = replace(reference, classes=tuple(f"{domains.names[1]} of {name}" for name in reference.classes))
    smaller = min(len(source.test), len(target.test))
    scorer = scorer_of(request, reference.images(), smaller, tick, without=("is",))  # its network knows no outlines
    pixels = sampler_of(prepared, direction=direction).translate(source.test.pixels)
    samples = Split(pixels, source.test.labels, str(request.folder), source.classes)
    name = f"{request.name} {domains.arrow(direction)}"
    gallery = request.folder / (FILE if direction == FORTH else GALLERY_BACK)
    return FinalSamples(name, samples, scorer, target.train, gallery)


def scored_count(request: RunRequest, train: Split) -> int:
    """The number of images that are scored of each model, of real images and of noise."""
    return request.count or min(len(train), PUBLISHED_COUNTS.get(request.source.partition(":")[0], MAX_SCORED))


def reference_of(request: RunRequest, test: Split) -> Any:
    """The reference of a report: the test split of a named data set as anyone can open it, else the images."""
    base = request.source.partition(":")[0]
    if request.size is None and (is_dataset(base) or is_mixture(base)):
        return f"{base}:test"
    return test.as_set()


def scorer_of(request: RunRequest, reference: Any, count: int, tick: Tick, *, without: Sequence[str] = ()) -> Scorer:
    """The scorer of a request's samples, with the metrics for which the smaller set has enough images.

    The others are left out with a warning: nobody asked for them by name.
    """
    settings = request.scoring
    if isinstance(reference, Statistics):  # a user's own points, which record themselves what their features are
        settings = replace(settings, extractor="auto")
    scorer = Scorer(reference, settings, tick)
    few = [name for name in scorer.families if METRICS[name].fewest_samples() > count]
    if few:
        needed = METRICS[few[0]].fewest_samples()
        text = f"{', '.join(few)} left out: found {count} images in the smaller set, needed {needed}"
        warnings.warn(text, GanevalWarning, 2)
    return scorer.without(*few, *without)


def sampler_of(
    prepared: Prepared, checkpoint: str = "best", *, raw: bool = False, direction: Direction = FORTH
) -> Sampler:
    """A generator of a trained run, averaged or raw; CheckpointError where its checkpoint is missing or damaged."""
    folder, device = prepared.request.folder, str(prepared.device)
    return load_sampler(folder, checkpoint=checkpoint, raw=raw, direction=direction.name, device=device)
