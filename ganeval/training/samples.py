"""Samples of a trained model, made ready to be scored on the test split and shown beside the training pictures."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ganeval.errors import ContentError, GanevalWarning
from ganeval.evaluation.gallery import FILE, write_gallery
from ganeval.evaluation.scorer import Scorer
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.progress import Tick
from ganeval.reports.report import Report
from ganeval.reports.scores import METRICS
from ganeval.sources.datasets import DATASETS, is_dataset
from ganeval.sources.mixtures import MIXTURES, SPLITS, is_mixture, points_of
from ganeval.sources.statistics_files import Statistics
from ganeval.training.data.dataset import Split
from ganeval.training.data.domains import Domains
from ganeval.training.insight.stored_arrays import GALLERY_BACK
from ganeval.training.run import Prepared, settings_of
from ganeval.training.run_request import RunRequest
from reference_models import CheckpointError, Sampler, load_sampler

SEED = 2020
MOST = 10_000  # images that are scored where nobody says how many
LARGE = 128  # pixels from which an extractor is a large network: fifty times a small classifier's work for a picture
BESIDE = 10_000  # training pictures that such a one looks through without a GPU for those nearest to samples
PUBLISHED_COUNTS = {  # of samples whose modes published tables count: as many as the test split has
    **dict.fromkeys(MIXTURES, SPLITS["test"][0]),
    **{name: len(row.classes) * row.per_triple["test"] for name, row in DATASETS.items() if row.per_triple},
}


@dataclass(frozen=True, eq=False)
class FinalSamples:
    """Samples of the best averaged generator, what scores them, and the pictures that they were learned from."""

    scorer: Scorer
    name: str
    samples: SampleSet | Statistics
    pixels: Tensor
    labels: Tensor | None
    train: Split
    gallery: Path

    def report(self) -> Report:
        """Their report; some of them, with the training pictures nearest to them, go to `gallery`. Points do not."""
        beside = self.scorer.album(self._learned_from()) if isinstance(self.samples, SampleSet) else None
        report, gallery = self.scorer.score_and_show(self.samples, self.name, beside=beside)
        write_gallery(self.gallery, gallery)
        return report

    def _learned_from(self) -> SampleSet:
        """The training pictures; some drawn of them where to look through all would take longer than to score."""
        images, extractor = self.train.images(), self.scorer.how.extractor
        slow = extractor.device.type == "cpu" and extractor.size >= LARGE
        if not slow or len(images) <= BESIDE:
            return images
        some = images.subset(sorted(np.random.RandomState(SEED).permutation(len(images))[:BESIDE].tolist()))
        some.name = f"{BESIDE:,} of {images.name}"
        return some


def from_noise(prepared: Prepared, tick: Tick) -> FinalSamples:
    """Samples of a generator of noise."""
    order, material = prepared.order, prepared.material
    count = scored_count(order, material.train)
    scorer = scorer_of(order, reference_of(order, material.test), min(count, len(material.test)), tick)
    pixels, labels = sampler_of(prepared).draw(count, SEED)
    samples = as_set(order, pixels, labels, material.classes)
    return FinalSamples(scorer, order.name, samples, pixels, labels, material.train, order.folder / FILE)


def translated(prepared: Prepared, domains: Domains, direction: str, tick: Tick) -> FinalSamples:
    """Translations of all test pictures in one direction."""
    order, forth = prepared.order, direction == "ab"
    source, target = (domains.a, domains.b) if forth else (domains.b, domains.a)
    reference = _domain_reference(target.test, domains, direction)
    fewer = min(len(source.test), len(target.test))
    scorer = scorer_of(order, reference, fewer, tick, without=("is",))  # it knows no outlines
    made, labels = sampler_of(prepared, direction=direction).translate(source.test.pixels), source.test.labels
    samples = array_images(made, str(order.folder), labels=labels, classes=source.classes)
    name = f"{order.name} {'→'.join(domains.names if forth else domains.names[::-1])}"
    return FinalSamples(
        scorer, name, samples, made, labels, target.train, order.folder / (FILE if forth else GALLERY_BACK)
    )


def scored_count(order: RunRequest, train: Split) -> int:
    """How many images of each model, of real pictures and of noise are scored."""
    return order.count or min(len(train), PUBLISHED_COUNTS.get(order.source.partition(":")[0], MOST))


def reference_of(order: RunRequest, test: Split) -> Any:
    """The reference of a report: the test split of a named data set as anyone can open it, else the pictures."""
    base = order.source.partition(":")[0]
    if order.size is None and (is_dataset(base) or is_mixture(base)):
        return f"{base}:test"
    return test.images() if test.pixels.ndim == 4 else points_of(test.pixels, test.name)


def scorer_of(order: RunRequest, reference: Any, count: int, tick: Tick, *, without: Sequence[str] = ()) -> Scorer:
    """What scores an order's samples, by the metrics for which the smaller set has enough pictures.

    The others are left out with a warning: nobody asked for them by name.
    """
    settings = settings_of(order)
    if isinstance(reference, Statistics):  # a user's own points, which say themselves what their features are
        settings = replace(settings, extractor="auto")
    scorer = Scorer(reference, settings, tick)
    few = [name for name in scorer.families if METRICS[name].fewest_samples() > count]
    if few:
        needed = METRICS[few[0]].fewest_samples()
        text = f"{', '.join(few)} left out: {count} images are scored or scored against, needed {needed}"
        warnings.warn(text, GanevalWarning, 2)
    scorer.families = [name for name in scorer.families if name not in (*few, *without)]
    return scorer


def sampler_of(prepared: Prepared, checkpoint: str = "best", *, raw: bool = False, direction: str = "ab") -> Sampler:
    """A generator of a trained run, averaged or raw; ContentError where its checkpoint is missing or damaged."""
    device = str(prepared.device)
    try:
        return load_sampler(prepared.order.folder, checkpoint=checkpoint, raw=raw, direction=direction, device=device)
    except CheckpointError as error:
        raise ContentError(str(error)) from error


def as_set(
    order: RunRequest, pixels: Tensor, labels: Tensor | None, classes: tuple[str, ...] | None
) -> SampleSet | Statistics:
    """Samples as they are scored: pictures, or points as an array."""
    if pixels.ndim == 2:
        return points_of(pixels, str(order.folder))
    return array_images(pixels, str(order.folder), labels=labels, classes=classes if labels is not None else None)


def _domain_reference(test: Split, domains: Domains, direction: str) -> SampleSet:
    """The test pictures of the domain that a direction leads to.

    Outlines are no class that a classifier of pictures knows: theirs go by other names, so that modes are voted on.
    """
    images = test.images()
    if domains.truth and direction == "ab" and images.classes is not None:
        images.classes = tuple(f"{domains.names[1]} of {name}" for name in images.classes)
    return images
