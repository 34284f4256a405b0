"""Sets too large to keep: the sums of their features, and a few features drawn for the error bar.

Memory does not grow with the number of pictures (of several ranks each holds 32 bytes of its own, for the fingerprint).
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.features.extraction import Extraction, batches_of, census_of_all, expected, restored, stored
from ganeval.features.precision_effect import Comparison, Exact
from ganeval.features.store import Entry, Store, key_of
from ganeval.media.base import SampleSet
from ganeval.media.census import Census, Facts
from ganeval.media.streams import Stream
from ganeval.metrics.frechet_error import ERROR_POINTS
from ganeval.metrics.moments import Moments, MomentSum, moments
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.runtime.devices import metric_device

MIXING = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15)  # of splitmix64 (Steele et al. 2014)


@dataclass(frozen=True)
class Summed:
    """A set by its moments: what its pictures are, and some features (k, D), k at most 4,096, drawn at random."""

    facts: Facts
    moments: Moments
    drawn: Tensor
    exact: Exact | None = None


def summed(images: SampleSet | Stream, how: Extraction, store: Store, tick: Tick) -> Summed:
    """The sums of a set: from the store, where its features or its sums are, else by decoding each picture once.

    Raises what `extract` raises, and ContentError for fewer than two pictures.
    """
    key, entry = stored(images, how, store)
    if entry is not None:
        known = restored(entry, key, how)
        features = known.features.to(metric_device(known.features.device))
        _check_enough(images, len(features))
        drawn = features[drawn_of(np.arange(len(features)))]
        return Summed(known.facts, moments(features, how.ranks), drawn, known.exact)
    own = key_of(kind="sums", features=key) if key is not None else None
    kept = store.load(own, how.ranks)
    if kept is not None:
        return _of_entry(kept, metric_device(how.extractor.device))
    found = _summed_by_first(images, how, tick) if isinstance(images, Stream) else _summed(images, how, tick)
    if own is not None and not found.facts.skipped and how.key(images) == key and how.ranks.rank == 0:
        store.save(own, _entry(found))
    return found


def _summed_by_first(images: Stream, how: Extraction, tick: Tick) -> Summed:
    """What rank 0 makes of a stream, which runs there alone, on every rank."""
    ranks = how.ranks
    entry = _entry(_summed(images, replace(how, ranks=ALONE), tick)) if ranks.rank == 0 else None
    facts, tensors = ranks.first(None if entry is None else entry.facts), None if entry is None else entry.tensors
    shared = ranks.tensors_of_first(tensors)
    if facts is None or shared is None:
        raise ContentError(f"{images.name}: rank 0 has told nothing of it")
    return _of_entry(Entry(shared, facts), metric_device(how.extractor.device))


def _summed(images: SampleSet | Stream, how: Extraction, tick: Tick) -> Summed:
    ranks, device = how.ranks, metric_device(how.extractor.device)
    census, total, few, digests = Census(keeping=False), MomentSum(), Few(), bytearray()
    first = 0 if isinstance(images, Stream) else ranks.part(len(images)).start
    compared = Comparison(how.extractor, ranks, images.count if isinstance(images, Stream) else len(images))
    for batch in batches_of(images, how, tick):
        if batch.bad and how.on_bad_image == "fail":
            raise batch.bad[0]
        if batch.seen:
            features = how.extractor.run(batch.pixels, first=census.count)[0].to(device)
            compared.add(batch.pixels, features, [glimpse.index for glimpse in batch.seen])
            total.add(features)
            few.add(features, np.arange(census.count, census.count + len(features)) + first)
        census.add(batch.seen, batch.bad)
        if ranks.world > 1:
            digests += b"".join(glimpse.digest for glimpse in batch.seen)
        tick("extract", census.count, expected(images, how))
    facts = census_of_all(census, ranks).facts()
    _check_enough(images, facts.count)
    if ranks.world > 1:
        facts = replace(facts, fingerprint=f"sha256:{ranks.digested(digests)}")
    width = max(ranks.everyone(few.width))
    if not census.count:  # no picture was left for this rank
        nothing = torch.empty(0, width, device=device)
        total.add(nothing)
        few.add(nothing, np.arange(0))
    return Summed(facts, total.moments(ranks), few.of_all(ranks), compared.result())


class Few:
    """Features drawn from those that go by: the ones with the least priorities, which depend on their numbers alone.

    So a set gives the same ones in whatever batches, and on however many ranks, it comes.
    """

    def __init__(self) -> None:
        self.features, self.priorities = torch.empty(0, 0), np.empty(0, np.uint64)

    @property
    def width(self) -> int:
        """How many features each has; 0 as long as there are none."""
        return self.features.shape[1]

    def add(self, features: Tensor, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        """Take in features (N, D) with their numbers in the set."""
        new = _priorities(numbers)
        if len(self.priorities) == ERROR_POINTS and new.min() > self.priorities.max():
            return  # as nearly always once many have gone by
        priorities = np.concatenate([self.priorities, new])
        rows = torch.cat([self.features, features]) if len(self.priorities) else features
        chosen = np.sort(np.argsort(priorities, kind="stable")[:ERROR_POINTS])
        self.priorities, self.features = priorities[chosen], rows[torch.from_numpy(chosen).to(rows.device)]

    def of_all(self, ranks: Ranks) -> Tensor:
        """The features of the least priorities over all ranks."""
        if ranks.world == 1:
            return self.features
        device = self.features.device
        signed = torch.from_numpy(self.priorities.view(np.int64).copy()).to(device)
        features, joined = ranks.joined(self.features), ranks.joined(signed).cpu().numpy().view(np.uint64)
        chosen = np.sort(np.argsort(joined, kind="stable")[:ERROR_POINTS])
        return features[torch.from_numpy(chosen).to(device)]


def drawn_of(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tensor:
    """The rows that `Few` keeps of features that are all there."""
    return torch.from_numpy(np.sort(np.argsort(_priorities(numbers), kind="stable")[:ERROR_POINTS]))


def _priorities(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A number that looks random for each number."""
    first, second, step = (np.uint64(value) for value in MIXING)
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * step
    mixed = (mixed ^ (mixed >> np.uint64(30))) * first
    mixed = (mixed ^ (mixed >> np.uint64(27))) * second
    return mixed ^ (mixed >> np.uint64(31))


def _check_enough(images: SampleSet | Stream, count: int) -> None:
    if count < 2:
        raise ContentError(f"{images.name}: found {count} images, needed at least 2 for statistics")


def _entry(found: Summed) -> Entry:
    tensors = {"mean": found.moments.mean, "covariance": found.moments.covariance, "drawn": found.drawn}
    return Entry(tensors | (found.exact.tensors() if found.exact else {}), asdict(found.facts))


def _of_entry(entry: Entry, device: torch.device) -> Summed:
    facts = {**entry.facts, "shape": None if entry.facts["shape"] is None else tuple(entry.facts["shape"])}
    mean, covariance, drawn = (entry.tensors[name].to(device) for name in ("mean", "covariance", "drawn"))
    known = Moments(facts["count"], mean, covariance)
    return Summed(Facts(**{**facts, "skipped": ()}), known, drawn, Exact.of(entry.tensors, device))
