"""`FeatureSet`: what everything downstream sees of a set, whether its images were decoded or a file was read."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.features.extraction import Collector, Extraction, batches_of
from ganeval.features.joining import check_ranks_agree, hash_of, joined, load_entry, part_of
from ganeval.features.precision_effect import PrecisionSample
from ganeval.features.running_moments import MomentCollector, check_enough, draw
from ganeval.features.store import Entry, Store
from ganeval.media.base import SampleSet
from ganeval.media.census import Facts
from ganeval.metrics.moments import Moments, moments
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.sources.statistics_files import Array, Statistics


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features (N, D) of a set, what else the metrics need of it, and what is known about it.

    `features`: all of them; with `moments`, a few drawn at random (k, D); None where a file has moments alone.
    `probabilities` (N, C) where the network has classes; `labels` (N,) and `classes` where the set has them.
    `centres` (K, D) and `sigma`: of the mixture that points were drawn from. `indices`: which images of the set the
    rows are. `precision_sample`: a few features in a shorter floating-point format and in float32. `key`: the name of
    their entry in the store; what is computed from them is stored by it. None where they were not stored.
    """

    features: Tensor | None
    probabilities: Tensor | None = None
    labels: Tensor | None = None
    classes: tuple[str, ...] | None = None
    moments: Moments | None = None
    centres: Tensor | None = None
    sigma: float | None = None
    indices: Tensor | None = None
    precision_sample: PrecisionSample | None = None
    facts: Facts = field(default_factory=lambda: Facts(None, ""))  # of bare features nothing is known
    key: str | None = None

    @property
    def count(self) -> int | None:
        """How many images or points, where known."""
        if self.moments is not None:
            return self.moments.count
        return len(self.features) if self.features is not None else None

    @classmethod
    def from_samples(
        cls,
        samples: SampleSet,
        extraction: Extraction,
        store: Store,
        tick: Tick,
        *,
        sums: bool = False,
        ranks: Ranks = ALONE,
    ) -> "FeatureSet":
        """The features of a set: from the store if they are there, else by decoding each image once.

        With `sums` no more than the moments and a few features are kept, in memory that does not grow with the set.
        Each of `ranks` extracts its part, and gets the whole.
        Raises BadImage for the first image that cannot be read (unless `extraction` skips them), ContentError for what
        the network refuses, for fewer images than are needed, or where ranks do not see the same set.
        """
        check_ranks_agree(samples, extraction.extractor, ranks)
        shelf = ranks.from_first(lambda: extraction.shelf(samples) if store.root is not None else None)
        if (known := _stored(samples, extraction, store, shelf, sums, ranks)) is not None:
            return known
        part = part_of(samples, ranks)
        collector = (MomentCollector if sums else Collector)(extraction, samples.count, part, shared=ranks.world > 1)
        for batch in batches_of(samples, extraction, part, tick):
            collector.add(batch)
            tick("extract", collector.census.count, samples.count if part is None else len(part))
        (entry, census), key = joined(collector, samples.name, ranks), None
        if shelf is not None and not census.skipped:
            # of the bytes that were decoded: a file that has changed on the way is stored as what was seen of it
            key = extraction.key(shelf, samples.published_hash or census.stored_hash, sums=sums)
            if ranks.rank == 0:
                store.save(key, entry)
        return cls.from_entry(entry, samples, extraction.metric_device, key)

    @classmethod
    def from_entry(
        cls, entry: Entry, samples: SampleSet | None, device: torch.device, key: str | None = None
    ) -> "FeatureSet":
        """A set from what the store keeps of it; labels and classes are those of the `samples`."""
        facts, tensors = dict(entry.facts), {name: tensor.to(device) for name, tensor in entry.tensors.items()}
        facts["shape"] = None if facts["shape"] is None else tuple(facts["shape"])
        facts["skipped"] = tuple(facts["skipped"])  # JSON has lists
        sums, indices = None, entry.tensors.get("indices")
        if "mean" in tensors:
            sums = Moments(facts["count"], tensors["mean"], tensors["covariance"])
        labels = samples.labels if samples is not None and indices is not None else None
        return cls(
            tensors["features"],
            tensors.get("probabilities"),
            None if labels is None else torch.from_numpy(labels)[indices],
            samples.classes if samples is not None else None,
            sums,
            indices=indices,
            precision_sample=PrecisionSample.from_tensors(tensors),
            facts=Facts(**facts),
            key=key,
        )

    @classmethod
    def from_moments(cls, mean: Array, covariance: Array, count: int | None, device: torch.device) -> "FeatureSet":
        """A set of which the mean (D,) and covariance (D, D) are known, and perhaps the count."""
        return cls(None, moments=Moments(count, _on(device, mean).double(), _on(device, covariance).double()))

    @classmethod
    def from_file(cls, source: Statistics, device: torch.device) -> "FeatureSet":
        """A set from the arrays of a statistics file, or from points. ContentError where there are none of use."""
        count = source.provenance.get("count") if source.features is None else source.count
        facts = Facts(count, source.fingerprint)
        if source.features is None:
            if source.mean is None or source.covariance is None:
                raise ContentError(f"{source.name}: found neither features nor statistics, needed either")
            return replace(cls.from_moments(source.mean, source.covariance, count, device), facts=facts)
        return cls(
            _on(device, source.features).float(),
            None if source.probabilities is None else _on(device, source.probabilities),
            None if source.labels is None else torch.from_numpy(source.labels).long(),
            source.classes,
            centres=None if source.centres is None else _on(device, source.centres),
            sigma=source.sigma,
            facts=facts,
        )

    def summed(self, name: str) -> "FeatureSet":
        """The same set by its moments and a few of its features; ContentError for fewer than two images."""
        features = self.features
        if features is None or self.moments is not None:
            return self
        check_enough(name, len(features))
        few = features[draw(len(features)).to(features.device)]
        return FeatureSet(few, moments=moments(features), precision_sample=self.precision_sample, facts=self.facts)


def _stored(
    samples: SampleSet, extraction: Extraction, store: Store, shelf: str | None, sums: bool, ranks: Ranks
) -> FeatureSet | None:
    """What the store keeps of a set. The set is read for its hash only where its shelf is not empty."""
    if shelf is None or not ranks.from_first(lambda: store.has_any(shelf)):
        return None
    bytes_hash = hash_of(samples, ranks)
    for of_sums in (False, True) if sums else (False,):
        key = extraction.key(shelf, bytes_hash, sums=of_sums)
        if (entry := load_entry(store, key, ranks)) is not None:
            known = FeatureSet.from_entry(entry, samples, extraction.metric_device, key)
            return known.summed(samples.name) if sums else known
    return None


def _on(device: torch.device, array: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)
