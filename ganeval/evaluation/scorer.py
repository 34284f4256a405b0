"""The whole pipeline: open → draw → extract → metric inputs → scores → report."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import torch

from ganeval.errors import collected, warn_all
from ganeval.evaluation.families import MIXTURE_FAMILIES, check_sets, choose, possible, score_families
from ganeval.evaluation.gallery import Album, Gallery, Reservoir, album_of, gallery_of
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.opening import open_reference, open_samples
from ganeval.evaluation.provenance import describe_images, environment, protocol_of
from ganeval.evaluation.settings import Settings
from ganeval.evaluation.warnings import image_warnings, score_warnings
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.base import SampleSet
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import ImageSet, Report, Score
from ganeval.reports.scores import METRICS
from ganeval.runtime.devices import plain_defaults, precision_context
from ganeval.sources.opening import Source, display_name
from ganeval.sources.statistics_files import Statistics, check_provenance
from ganeval.sources.subsampling import draw
from ganeval.version import __version__

MOMENTS_ONLY = 200_000  # images above which FID alone keeps sums: their features would take 1.6 GB


@dataclass(frozen=True, eq=False)
class ExtractedSet:
    """A set's features, its entry in the report, and its images where they can be decoded again."""

    feature_set: FeatureSet
    image_set: ImageSet
    album: Album | None = None


class Scorer:
    """A reference, opened and extracted once, for any number of samples: the whole of a score."""

    def __init__(self, reference: Any, settings: Settings, tick: Tick = silent, ranks: Ranks = ALONE) -> None:
        self.settings, self.tick, self.ranks, self.store = settings, tick, ranks, Store.of(settings.cache)
        with collected() as texts:
            self.families, (source, self.extraction) = ranks.in_turn(
                lambda: (choose(settings.metrics), open_reference(reference, settings, tick))
            )
            start = time.perf_counter()
            self.reference = self._extract(source, reference, settings.ref_n)
        self.seconds, self.warnings = time.perf_counter() - start, texts()
        self.of_points = self.reference.feature_set.centres is not None
        if self.of_points and settings.metrics is None:
            self.families = list(MIXTURE_FAMILIES)

    def only(self, *families: str) -> "Scorer":
        """The same reference, for these families alone."""
        other = copy.copy(self)
        other.families, other.settings = choose(families), replace(self.settings, metrics=families)
        return other

    def without(self, *families: str) -> "Scorer":
        """The same reference, for all of its families but these."""
        other = copy.copy(self)
        other.families = [name for name in self.families if name not in families]
        return other

    def score(self, samples: Any, name: str | None = None) -> Report:
        """The report of one set of samples."""
        return self._score(samples, name)[0]

    def score_and_show(
        self, samples: Any, name: str | None = None, *, beside: SampleSet | None = None
    ) -> tuple[Report, Gallery | None]:
        """The report, and random samples with the nearest images of the reference, or of `beside`, next to them.

        No gallery where samples are points. Of a stream, which passes once, some images are kept while it does.
        """
        report, album = self._score(samples, name, keep_images=True)
        if album is None or self.ranks.rank:  # the first rank alone shows anything
            return report, None
        neighbours = self.reference.album
        if beside is not None:
            features = FeatureSet.from_samples(beside, self.extraction, self.store, self.tick)
            neighbours = album_of(beside.name, features, beside)
        return report, gallery_of(album, neighbours, self.settings.seed)

    def report(self, samples: ExtractedSet, texts: Callable[[], list[str]], extracting: float) -> Report:
        """The report of extracted samples; `texts` gives the warnings so far, `extracting` is in seconds."""
        start, reference, settings = time.perf_counter(), self.reference, self.settings
        classes = self.extraction.extractor.classes
        inputs = MetricInputs(
            reference.feature_set,
            samples.feature_set,
            settings,
            classifier=classes is not None and classes == reference.feature_set.classes,
            store=self.store,
            ranks=self.ranks,
            tick=self.tick,
        )
        families = possible(inputs, self.families, strict=settings.metrics is not None)
        check_sets(inputs, families, (reference.image_set.name, samples.image_set.name))
        scores = scores_by_first_rank(inputs, families)
        seconds = {"extract": extracting, "metrics": time.perf_counter() - start}
        protocol = protocol_of(settings, self.extraction, inputs.precision_effect() if "fid" in scores else None)
        width = inputs.fake_features.shape[1]
        warn_all(score_warnings(samples.image_set, reference.image_set, protocol, width, scores))
        return Report(
            ganeval=__version__,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            samples=samples.image_set,
            reference=reference.image_set,
            protocol=protocol,
            scores=scores,
            warnings=tuple(dict.fromkeys([*self.warnings, *texts()])),
            environment=environment(self.extraction.extractor.device, seconds),
        )

    def _score(self, samples: Any, name: str | None, *, keep_images: bool = False) -> tuple[Report, Album | None]:
        with collected() as texts:
            source = self.ranks.in_turn(lambda: open_samples(samples, self.settings, points=self.of_points))
            if keep_images and isinstance(source, SampleSet) and not source.random_access:
                source = Reservoir(source, self.settings.seed)
            start = time.perf_counter()
            extracted = self._extract(source, samples, self.settings.n, name)
            return self.report(extracted, texts, self.seconds + time.perf_counter() - start), extracted.album

    def _extract(self, source: Source, origin: Any, count: int | None, name: str | None = None) -> ExtractedSet:
        name, seed = name or display_name(origin), self.settings.seed
        if isinstance(source, Statistics):
            source = draw(source, count, seed)
            check_provenance(source, self.extraction.provenance)
            features = FeatureSet.from_file(source, self.extraction.metric_device)
            return ExtractedSet(features, describe_images(features.facts, name, source.name))
        images = self.extraction.decoded(draw(source, count, seed))
        sums = self.families == ["fid"] and (images.count or 0) > MOMENTS_ONLY  # nothing else needs their features
        features = FeatureSet.from_samples(images, self.extraction, self.store, self.tick, sums=sums, ranks=self.ranks)
        warn_all(image_warnings(name, features.facts, images.ignored))
        album = None if sums else album_of(name, features, images)
        return ExtractedSet(features, describe_images(features.facts, name, origin), album)


def scores_by_first_rank(inputs: MetricInputs, families: Sequence[str]) -> dict[str, Score]:
    """The scores of these families; on ranks but the first none, as they take part in the neighbour search alone."""
    if inputs.ranks.rank == 0:
        return score_families(inputs, families)
    if any("overlap" in METRICS[family].needs for family in families):
        with torch.no_grad(), plain_defaults(), precision_context("float32", inputs.fake_features.device):
            inputs.value("overlap")
    return {}
