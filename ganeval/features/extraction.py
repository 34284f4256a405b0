"""From pictures to features: decoding and resizing in threads beside the network, everything counted on the way."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import BadImage, ContentError
from ganeval.extractors.base import Extractor
from ganeval.features.feature_set import Features
from ganeval.features.precision_effect import Comparison, Exact, rows_of
from ganeval.features.rank_consistency import check_alike, hash_of
from ganeval.features.resize import RESIZES
from ganeval.features.store import Entry, Store, key_of
from ganeval.media.base import SampleSet
from ganeval.media.census import Census, Facts, Glimpse, look
from ganeval.media.images.decoding import DecodedImage
from ganeval.media.images.nvjpeg import decoder_on
from ganeval.media.prefetch import ahead, decoding_threads, load_pictures
from ganeval.media.streams import Stream
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.runtime.devices import free_memory, metric_device

Array = np.ndarray[Any, Any]
CPU_BATCH, CUDA_BATCH = 35 * 10**6, 280 * 10**6  # bytes of resized pictures at a time: 32 and 256 for Inception
WITHIN = 32  # how many times its own bytes a picture takes on its way through a network
SHARE = 4  # the part of free memory that is used: a fourth
HELD = 2**25  # bytes of pictures that a thread holds in their own size


@dataclass(frozen=True)
class Extraction:
    """How pictures become features: the network, the resize before it, and what happens to a bad picture."""

    extractor: Extractor
    resize: str
    on_bad_image: str = "fail"
    batch_size: int | None = None
    ranks: Ranks = ALONE
    decoder: str = "pillow"

    @property
    def size(self) -> int:
        """Pictures at a time: enough to keep the network busy, few enough for the memory that is free."""
        if self.batch_size is not None:
            return self.batch_size
        return self._fits

    @cached_property
    def _fits(self) -> int:
        device, picture = self.extractor.device, 12 * self.extractor.size**2
        memory = CUDA_BATCH if device.type == "cuda" else CPU_BATCH
        free = free_memory(device)
        least = memory if free is None else min(memory, free // (SHARE * WITHIN))
        return max(1, min(least // picture, memory // 2**16))

    @property
    def made(self) -> dict[str, str]:
        """What a statistics file records of how it was made, and what must agree for it to be a reference."""
        identity = {key: str(value) for key, value in self.extractor.identity.items() if key != "name"}
        made = {"extractor": self.extractor.name, **identity, "resize": self.resize}
        return {**made, "precision": self.extractor.precision, "decoder": self.decoder}

    def key(self, images: SampleSet | Stream) -> str | None:
        """The store's key, or None for what cannot be known by its bytes; all ranks ask for it together."""
        if isinstance(images, Stream) or not self.extractor.cacheable:
            return None
        identity, precision = self.extractor.identity, self.extractor.precision
        parts = {
            "bytes": hash_of(images, self.ranks),
            "extractor": identity,
            "resize": self.resize,
            "precision": precision,
        }
        if self.decoder != "pillow":
            parts["decoder"] = self.decoder
        return key_of(kind="features", **parts)


def extract(images: SampleSet | Stream, how: Extraction, store: Store, tick: Tick) -> Features:
    """The features of a set: from the store if they are there, else by decoding each picture once.

    Raises BadImage for the first picture that cannot be read (unless `how` skips them), ContentError for what the
    network refuses or where no picture is left.
    """
    key, entry = stored(images, how, store)
    if entry is not None:
        return restored(entry, key, how)
    collected = Collector(how, len(images) if isinstance(images, SampleSet) else images.count)
    for batch in batches_of(images, how, tick):
        collected.add(batch)
        tick("extract", collected.seen.count, expected(images, how))
    result = collected.result(images.name, key)
    if key is None or result.facts.skipped or how.key(images) != key:
        return replace(result, key=None)
    if how.ranks.rank == 0:
        store.save(key, _entry(result))
    return result


def stored(images: SampleSet | Stream, how: Extraction, store: Store) -> tuple[str | None, Entry | None]:
    """The store's key of a set and what is kept there. ContentError where the ranks do not see the same."""
    check_alike(images, how.extractor, how.ranks)
    key = how.key(images) if store.root is not None else None
    return key, store.load(key, how.ranks)


def expected(images: SampleSet | Stream, how: Extraction) -> int | None:
    """How many pictures this rank will see."""
    return images.count if isinstance(images, Stream) else len(how.ranks.part(len(images)))


@dataclass(frozen=True)
class Batch:
    """Pictures ready for the network, what was seen of them, and those that could not be read."""

    pixels: Tensor
    seen: list[Glimpse]
    bad: list[BadImage]


class Collector:
    """Takes batches through the network and keeps what comes out; `Evaluator` feeds it from a training loop."""

    def __init__(self, how: Extraction, expected: int | None = None) -> None:
        self.how, self.seen = how, Census()
        self.features: list[Tensor] = []
        self.probabilities: list[Tensor] = []
        self.compared = Comparison(how.extractor, how.ranks, expected)

    def add(self, batch: Batch) -> None:
        """Extract the features of a batch."""
        if batch.bad and self.how.on_bad_image == "fail":
            raise batch.bad[0]
        if batch.seen:
            features, probabilities = self.how.extractor.run(batch.pixels, first=self.seen.count)
            self.features.append(features)
            if probabilities is not None:
                self.probabilities.append(probabilities)
            self.compared.add(batch.pixels, features, [glimpse.index for glimpse in batch.seen])
        self.seen.add(batch.seen, batch.bad)

    def result(self, name: str, key: str | None) -> Features:
        """Everything that the ranks have taken in so far. ContentError where no picture was left."""
        ranks = self.how.ranks
        seen = census_of_all(self.seen, ranks)
        if not seen.count:
            raise ContentError(f"{name}: found no picture that can be read, needed some")
        features = ranks.joined(rows_of(self.features, self.how.extractor.device))
        probabilities = ranks.joined(rows_of(self.probabilities, self.how.extractor.device))
        kept, exact = torch.tensor(seen.kept), self.compared.result()
        return Features(seen.facts(), features, probabilities if len(probabilities) else None, kept, key, exact)


def census_of_all(own: Census, ranks: Ranks) -> Census:
    """What all ranks have counted, in the order of ranks, which is that of the pictures."""
    if ranks.world == 1:
        return own
    whole = Census(own.keeping)
    for part in ranks.everyone(own):
        whole.extend(part)
    return whole


def prepare(pictures: Iterable[tuple[int, DecodedImage | BadImage]], how: Extraction) -> Batch:
    """Resize the pictures of a batch for the network, and note what they are.

    Few are held in their own size at a time, however large they are.
    """
    resized: list[Tensor] = []
    seen: list[Glimpse] = []
    bad: list[BadImage] = []
    waiting: list[Array] = []
    held = 0
    for index, picture in pictures:
        if isinstance(picture, BadImage):
            bad.append(picture)
            continue
        seen.append(look(index, picture))
        waiting.append(picture.pixels)
        held += picture.pixels.nbytes
        if held > HELD:
            resized.append(_resized(waiting, how))
            waiting, held = [], 0
    if waiting:
        resized.append(_resized(waiting, how))
    return Batch(torch.cat(resized) if resized else torch.empty(0), seen, bad)


def _resized(pixels: list[Array], how: Extraction) -> Tensor:
    return RESIZES[how.resize](pixels, how.extractor.size, metric_device(how.extractor.device))


def batches_of(images: SampleSet | Stream, how: Extraction, tick: Tick) -> Iterator[Batch]:
    """This rank's pictures, decoded and resized ahead of the network."""
    how.extractor.expect(expected(images, how))
    if isinstance(images, Stream):  # a user's code: run it here, in order, not in a thread, and by one rank only
        if how.ranks.rank:
            return
        start = 0
        for pictures in images.batches(how.size):
            yield prepare(enumerate(pictures, start), how)
            start += len(pictures)
        return
    part = how.ranks.part(len(images))
    for stage in ("decode", "extract"):
        tick(stage, 0, len(part))  # a new set: its bars begin again
    chosen = (part[start : start + how.size] for start in range(0, len(part), how.size))
    device = how.extractor.device
    reader = torch.cuda.current_stream(device) if device.type == "cuda" else None
    tasks = (partial(_decoded, images, indices, how, tick, reader) for indices in chosen)
    yield from ahead(tasks, decoding_threads(), polite=device.type == "cpu")


def _decoded(
    images: SampleSet, indices: range, how: Extraction, tick: Tick, reader: "torch.cuda.Stream | None" = None
) -> Batch:
    pictures, part = load_pictures(images, indices), how.ranks.part(len(images))
    batch = prepare(pictures, how) if reader is None else _prepared_aside(pictures, how, reader)
    tick("decode", indices.stop - part.start, len(part))
    return batch


def _prepared_aside(
    pictures: Iterable[tuple[int, DecodedImage | BadImage]], how: Extraction, reader: torch.cuda.Stream
) -> Batch:
    """Copied and resized on a stream of its own, beside the network, which reads it on `reader`."""
    stream = torch.cuda.Stream(how.extractor.device)
    with torch.cuda.stream(stream):
        batch = prepare(pictures, how)
    stream.synchronize()  # this thread waits, the network does not
    if batch.seen:
        batch.pixels.record_stream(reader)  # its memory is not given to the next batch while the network reads it
    return batch


def _entry(result: Features) -> Entry:
    tensors = {"features": result.features, "kept": result.kept}
    if result.probabilities is not None:
        tensors["probabilities"] = result.probabilities
    if result.exact is not None:
        tensors |= result.exact.tensors()
    return Entry(tensors, asdict(result.facts))


def restored(entry: Entry, key: str | None, how: Extraction) -> Features:
    """What the store has kept of a set, where the network is."""
    facts, device = dict(entry.facts), how.extractor.device
    facts["shape"] = None if facts["shape"] is None else tuple(facts["shape"])
    facts["skipped"] = ()  # what was skipped is not kept
    features, probabilities = entry.tensors["features"].to(device), entry.tensors.get("probabilities")
    if probabilities is not None:
        probabilities = probabilities.to(device)
    exact = Exact.of(entry.tensors, device)
    return Features(Facts(**facts), features, probabilities, entry.tensors["kept"], key, exact)


def decoded(images: SampleSet | Stream, how: Extraction) -> SampleSet | Stream:
    """The pictures, decoded as asked for; what a stream gives is decoded already."""
    if how.decoder == "pillow" or isinstance(images, Stream):
        return images
    return images.decoded_by(decoder_on(how.extractor.device))
