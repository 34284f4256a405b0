"""The whole pipeline: images → features → scores → report."""

import copy
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganeval.errors import ContentError, collected, warn_all
from ganeval.evaluation.families import OF_A_MIXTURE, check_sets, choose, possible, score_families
from ganeval.evaluation.gallery import Album, Gallery, Reservoir, album_of, gallery_of
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.opening import extraction, opening
from ganeval.evaluation.settings import DEFAULTS, Settings
from ganeval.evaluation.warnings import image_warnings, score_warnings
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.base import SampleSet
from ganeval.media.census import Facts
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import ImageSet, Protocol, Report
from ganeval.runtime.devices import metric_device
from ganeval.sources.opening import Source, display_name, full_name, open_source
from ganeval.sources.statistics_files import Statistics, check_provenance
from ganeval.sources.subsampling import draw, draw_points
from ganeval.version import __version__

LARGE = 200_000  # images above which FID alone keeps sums: their features would take 1.6 GB


def evaluate(
    samples: Any,
    reference: Any,
    settings: Settings = DEFAULTS,
    *,
    metrics: Sequence[str] | str | None = None,
    extractor: str | Path | Callable[..., Any] | None = None,
    protocol: str | None = None,
    n: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    latent: int | tuple[int, ...] | None = None,
    name: str | None = None,
    tick: Tick = silent,
) -> Report:
    """A report on `samples` against `reference`: every score with its error bar and its provenance.

    Both may be anything that `ganeval score` takes (a path, a data set's name, `module:function`), an array, a tensor,
    an iterable of images or a callable; samples also a `torch.nn.Module` with the size of its `latent` and `n`.
    `settings`: every option; those asked for most can be given by keyword alone, in place of what `settings` has.
    `name`: of the samples in the report. Raises UsageError for what cannot be meant, ContentError for what the images
    or files hold.

    >>> report = evaluate("digits:test", "digits", metrics=["fid"])
    >>> report.reference.count, report.scores["fid"].better
    (1097, 'lower')
    """
    keywords: dict[str, Any] = {"metrics": metrics, "extractor": extractor, "protocol": protocol}
    keywords |= {"n": n, "seed": seed, "device": device, "latent": latent}
    return Scorer(reference, settings.override(keywords), tick).score(samples, name)


@dataclass(frozen=True, eq=False)
class Seen:
    """One set's features, what the report says of its images, and those images where they can be had again."""

    side: FeatureSet
    images: ImageSet
    album: Album | None = None


class Scorer:
    """A reference made ready once, for any number of samples; what `evaluate` and `ganeval score` are made of."""

    def __init__(self, reference: Any, settings: Settings, tick: Tick = silent, ranks: Ranks = ALONE) -> None:
        self.settings, self.tick, self.ranks = settings, tick, ranks
        self.store = Store.of(settings.cache)
        with collected() as said:
            self.families, source, self.how = ranks.in_turn(lambda: _opened(reference, settings, tick, ranks))
            start = time.perf_counter()
            seen = self._seen(source, reference, settings.ref_n, None)
        self.reference, self.reference_set, self.reference_album = seen.side, seen.images, seen.album
        self.reference_seconds, self.reference_warnings = time.perf_counter() - start, said()
        self.of_points = self.reference.centres is not None
        if self.of_points and settings.metrics is None:
            self.families = list(OF_A_MIXTURE)

    def score(self, samples: Any, name: str | None = None) -> Report:
        """The report of one set of samples."""
        return self._scored(samples, name, showing=False)[0]

    def score_and_show(
        self, samples: Any, name: str | None = None, *, beside: Album | None = None
    ) -> tuple[Report, Gallery | None]:
        """The report, and random samples with the nearest images of the reference, or of `beside`, next to them.

        No gallery where samples are points. Of a stream, which passes once, some images are kept while it does.
        """
        report, album = self._scored(samples, name, showing=True)
        if album is None or self.ranks.rank:  # the first rank alone shows anything
            return report, None
        return report, gallery_of(album, beside or self.reference_album, self.settings.seed)

    def album(self, images: SampleSet) -> Album | None:
        """Pictures to show beside samples: their features come from the store, or are extracted now."""
        return album_of(images.name, FeatureSet.from_samples(images, self.how, self.store, self.tick), images)

    def _scored(self, samples: Any, name: str | None, *, showing: bool) -> tuple[Report, Album | None]:
        with collected() as said:
            how = opening(self.settings, self.settings.n, images=True, points=self.of_points)
            source = self.ranks.in_turn(lambda: open_source(samples, how))
            if isinstance(source, Statistics) and source.features is None:
                raise ContentError(
                    f"{source.name}: a statistics file holds no pictures; it can be --ref, not --samples"
                )
            if showing and isinstance(source, SampleSet) and not source.random_access:
                source = Reservoir(source, self.settings.seed)
            start = time.perf_counter()
            seen = self._seen(source, samples, self.settings.n, name)
            seconds = self.reference_seconds + time.perf_counter() - start
            return self.report(seen.side, seen.images, said, seconds), seen.album

    def only(self, *families: str) -> "Scorer":
        """The same reference, for some of the families alone."""
        other = copy.copy(self)
        other.families, other.settings = choose(families), replace(self.settings, metrics=families)
        return other

    def report(self, side: FeatureSet, images: ImageSet, said: Callable[[], list[str]], extracting: float) -> Report:
        """The report of samples whose features are known; `said` gives what was warned about on the way."""
        start = time.perf_counter()
        inputs = self._inputs(side)
        families = possible(inputs, self.families, insisted=self.settings.metrics is not None)
        check_sets(inputs, families, (self.reference_set.name, images.name))
        scores = score_families(inputs, families)
        seconds = {"extract": extracting, "metrics": time.perf_counter() - start}
        protocol = self._protocol()
        if "fid" in families and inputs.ranks.rank == 0:
            effect = inputs.precision_effect()
            protocol = replace(protocol, precision_effect=effect)
            if effect is None and protocol.precision != "float32":
                text = f"fid: what {protocol.precision} has done to it is unknown: the reference has no pictures here"
                warn_all([text])
        warn_all(score_warnings(images, self.reference_set, protocol, inputs.width, families))
        return Report(
            ganeval=__version__,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            samples=images,
            reference=self.reference_set,
            protocol=protocol,
            scores=scores,
            warnings=tuple(dict.fromkeys([*self.reference_warnings, *said()])),
            environment=environment(self.how.extractor.device, seconds),
        )

    def _seen(self, source: Source, given: Any, count: int | None, name: str | None) -> Seen:
        name = name or display_name(given)
        if isinstance(source, Statistics):
            source = draw_points(source, count, self.settings.seed)
            check_provenance(source, self.how.provenance)
            side = FeatureSet.from_file(source, metric_device(self.how.extractor.device))
            return Seen(side, image_set(side.facts, name, source.name))
        images = self.how.decoded(draw(source, count, self.settings.seed))
        large = self.families == ["fid"] and (images.count or 0) > LARGE  # nothing is wanted that sums do not give
        side = FeatureSet.from_samples(images, self.how, self.store, self.tick, sums=large)
        warn_all(image_warnings(name, side.facts, images.ignored))
        return Seen(side, image_set(side.facts, name, given), None if large else album_of(name, side, images))

    def _inputs(self, side: FeatureSet) -> MetricInputs:
        classes = self.how.extractor.classes
        return MetricInputs(
            self.reference,
            side,
            seed=self.settings.seed,
            k_precision_recall=self.settings.k_precision_recall,
            k_density_coverage=self.settings.k_density_coverage,
            classifier=classes is not None and classes == self.reference.classes,
            store=self.store,
            ranks=self.ranks,
            tick=self.tick,
        )

    def _protocol(self) -> Protocol:
        extractor = self.how.extractor
        return Protocol(
            name=self.settings.protocol,
            extractor=extractor.name,
            layer=extractor.layer,
            weights=extractor.weights,
            weights_sha256=extractor.weights_sha256 or None,
            resize=self.how.resize,
            seed=self.settings.seed,
            k_precision_recall=self.settings.k_precision_recall,
            k_density_coverage=self.settings.k_density_coverage,
            precision=extractor.precision,
            decoder=self.how.decoder,
        )


def _opened(reference: Any, settings: Settings, tick: Tick, ranks: Ranks) -> tuple[list[str], Source, Extraction]:
    """The families asked for, the reference, and how its images become features."""
    families, source = choose(settings.metrics), open_source(reference, opening(settings, settings.ref_n))
    return families, source, extraction(reference, settings, tick, source, ranks)


def image_set(found: Facts, name: str, given: Any) -> ImageSet:
    """What the report says of a set of images."""
    facts = asdict(found)
    facts.pop("sizes")
    facts["skipped"] = tuple(f"{picture}: {reason}" for picture, reason in found.skipped)
    return ImageSet(name=name, source=full_name(given), **facts)


def environment(device: torch.device, seconds: dict[str, float]) -> dict[str, Any]:
    """Where and with what a report was made."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    taken = {stage: round(value, 3) for stage, value in seconds.items()}
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    return {**versions, "platform": platform.platform(), "device": gpu, "seconds": taken}
