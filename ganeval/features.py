"""From pictures to features: decoding and resizing in threads beside the network, everything counted on the way."""

import contextlib
import hashlib
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ganeval.decoding import Picture
from ganeval.errors import BadImage, ContentError
from ganeval.extractors.base import Extractor
from ganeval.images import Images
from ganeval.resize import RESIZES
from ganeval.store import Entry, Store, key_of
from ganeval.streams import Stream

Tick = Callable[[str, int, int | None], None]
Result = TypeVar("Result")
NICENESS = 10  # how far decoding steps back where the network runs on the same cores
LARGE = 200  # pixels: networks from this input size on take small batches


@dataclass(frozen=True)
class Facts:
    """What was seen in a set of pictures while it was decoded (the counts of the report's `ImageSet`)."""

    count: int
    fingerprint: str
    shape: tuple[int, int, int] | None
    formats: dict[str, int]
    converted: dict[str, int]
    skipped: tuple[tuple[str, str], ...]
    duplicates: int
    sizes: int


@dataclass(frozen=True)
class Features:
    """What the network made of a set: features (N, D), probabilities (N, C) or None, and which pictures they are of."""

    facts: Facts
    features: Tensor
    probabilities: Tensor | None
    kept: Tensor
    key: str | None


@dataclass(frozen=True)
class Extraction:
    """How pictures become features: the network, the resize before it, and what happens to a bad picture."""

    extractor: Extractor
    resize: str
    on_bad_image: str = "fail"
    batch_size: int | None = None

    @property
    def size(self) -> int:
        """Pictures at a time: enough to keep the network busy, few enough to bound memory."""
        if self.batch_size is not None:
            return self.batch_size
        large = self.extractor.size >= LARGE
        return (128 if large else 2048) if self.extractor.device.type == "cuda" else (32 if large else 512)

    def key(self, images: Images | Stream) -> str | None:
        """The store's key, or None for what cannot be known by its bytes."""
        if isinstance(images, Stream) or not self.extractor.cacheable:
            return None
        identity, precision = self.extractor.identity, self.extractor.precision
        parts = {"bytes": images.bytes_hash(), "extractor": identity, "resize": self.resize, "precision": precision}
        return key_of(kind="features", **parts)


def extract(images: Images | Stream, how: Extraction, store: Store, tick: Tick) -> Features:
    """The features of a set: from the store if they are there, else by decoding each picture once.

    Raises BadImage for the first picture that cannot be read (unless `how` skips them), ContentError for what the
    network refuses or where no picture is left.
    """
    key = how.key(images)
    entry = store.load(key)
    if entry is not None:
        return _restored(entry, key, how)
    collected = Collector(how)
    for batch in _batches(images, how, tick):
        collected.add(batch)
        tick("extract", collected.seen.count, images.count if isinstance(images, Stream) else len(images))
    result = collected.result(images.name, key)
    store.save(key, _entry(result))
    return result


@dataclass(frozen=True)
class Glimpse:
    """What is remembered of a picture once its pixels are gone."""

    index: int
    digest: bytes
    shape: tuple[int, ...]
    format: str
    converted: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """Pictures ready for the network, what was seen of them, and those that could not be read."""

    pixels: Tensor
    seen: list[Glimpse]
    bad: list[BadImage]


class Collector:
    """Takes batches through the network and keeps what comes out; `Evaluator` feeds it from a training loop."""

    def __init__(self, how: Extraction) -> None:
        self.how, self.seen = how, Census()
        self.features: list[Tensor] = []
        self.probabilities: list[Tensor] = []

    def add(self, batch: Batch) -> None:
        """Extract the features of a batch."""
        if batch.bad and self.how.on_bad_image == "fail":
            raise batch.bad[0]
        if batch.seen:
            features, probabilities = self.how.extractor.run(batch.pixels, first=self.seen.count)
            self.features.append(features)
            if probabilities is not None:
                self.probabilities.append(probabilities)
        self.seen.add(batch.seen, batch.bad)

    def result(self, name: str, key: str | None) -> Features:
        """Everything so far. ContentError where no picture was left."""
        if not self.features:
            raise ContentError(f"{name}: found no picture that can be read, needed some")
        probabilities = torch.cat(self.probabilities) if self.probabilities else None
        return Features(self.seen.facts(), torch.cat(self.features), probabilities, torch.tensor(self.seen.kept), key)


class Census:
    """Counts what goes by: formats, conversions, sizes, exact duplicates, and the fingerprint of the pixels in order.

    The fingerprint is the sha256 of the sha256 digests of each picture's shape and pixels, so that threads can hash.
    """

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.skipped: list[tuple[str, str]] = []
        self._fingerprint = hashlib.sha256()
        self._shapes, self._formats, self._converted = Counter[tuple[int, ...]](), Counter[str](), Counter[str]()
        self._digests: set[bytes] = set()

    @property
    def count(self) -> int:
        """Pictures so far."""
        return len(self.kept)

    def add(self, seen: Sequence[Glimpse], bad: Sequence[BadImage]) -> None:
        """Count these pictures."""
        self.skipped += [(image.name, image.reason) for image in bad]
        for glimpse in seen:
            self.kept.append(glimpse.index)
            self._fingerprint.update(glimpse.digest)
            self._digests.add(glimpse.digest)
            self._shapes[glimpse.shape] += 1
            self._formats[glimpse.format] += 1
            self._converted.update(glimpse.converted)

    def facts(self) -> Facts:
        """What was counted."""
        shape = next(iter(self._shapes)) if len(self._shapes) == 1 else None
        return Facts(
            count=self.count,
            fingerprint=f"sha256:{self._fingerprint.hexdigest()}",
            shape=None if shape is None else (shape[0], shape[1], shape[2]),
            formats=dict(sorted(self._formats.items())),
            converted=dict(sorted(self._converted.items())),
            skipped=tuple(self.skipped),
            duplicates=self.count - len(self._digests),
            sizes=len(self._shapes),
        )


def look(index: int, picture: Picture) -> Glimpse:
    """What to remember of a picture; two pictures have one digest only if their pixels are the same."""
    digest = hashlib.sha256(repr(picture.pixels.shape).encode())
    digest.update(np.ascontiguousarray(picture.pixels))
    return Glimpse(index, digest.digest(), picture.pixels.shape, picture.format, picture.converted)


def load(images: Images, indices: Iterable[int]) -> list[tuple[int, Picture | BadImage]]:
    """Pictures by index; one that cannot be read is its own error."""
    loaded: list[tuple[int, Picture | BadImage]] = []
    for index in indices:
        try:
            loaded.append((index, images.picture(index)))
        except BadImage as bad:
            loaded.append((index, bad))
    return loaded


def prepare(pictures: Sequence[tuple[int, Picture | BadImage]], how: Extraction) -> Batch:
    """Resize the pictures of a batch for the network, and note what they are."""
    good = [(index, picture) for index, picture in pictures if isinstance(picture, Picture)]
    pixels = [picture.pixels for _, picture in good]
    resized = RESIZES[how.resize](pixels, how.extractor.size, how.extractor.device) if good else torch.empty(0)
    bad = [picture for _, picture in pictures if isinstance(picture, BadImage)]
    return Batch(resized, [look(index, picture) for index, picture in good], bad)


def ahead(tasks: Iterable[Callable[[], Result]], threads: int, polite: bool) -> Iterator[Result]:
    """The results of tasks in order, while threads work a few tasks ahead; memory is bounded by those few.

    `polite` threads step back where something more important wants their core (on Linux).
    """
    pool = ThreadPoolExecutor(threads, "decode", initializer=_step_back if polite else None)
    pending: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(task))
            if len(pending) > threads + 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def decoding_threads() -> int:
    """As many threads as this process may use cores, eight at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores)


def _batches(images: Images | Stream, how: Extraction, tick: Tick) -> Iterator[Batch]:
    if isinstance(images, Stream):  # a user's code: run it here, in order, not in a thread
        start = 0
        for pictures in images.batches(how.size):
            yield prepare(list(enumerate(pictures, start)), how)
            start += len(pictures)
        return
    chosen = (range(start, min(start + how.size, len(images))) for start in range(0, len(images), how.size))
    tasks = (partial(_decoded, images, indices, how, tick) for indices in chosen)
    yield from ahead(tasks, decoding_threads(), polite=how.extractor.device.type == "cpu")


def _decoded(images: Images, indices: range, how: Extraction, tick: Tick) -> Batch:
    batch = prepare(load(images, indices), how)
    tick("decode", indices.stop, len(images))
    return batch


def _step_back() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _entry(result: Features) -> Entry:
    tensors = {"features": result.features, "kept": result.kept}
    if result.probabilities is not None:
        tensors["probabilities"] = result.probabilities
    return Entry(tensors, asdict(result.facts))


def _restored(entry: Entry, key: str | None, how: Extraction) -> Features:
    facts, device = dict(entry.facts), how.extractor.device
    facts["shape"] = None if facts["shape"] is None else tuple(facts["shape"])
    facts["skipped"] = tuple((name, reason) for name, reason in facts["skipped"])
    if facts["skipped"] and how.on_bad_image == "fail":
        raise BadImage(*facts["skipped"][0])
    features, probabilities = entry.tensors["features"].to(device), entry.tensors.get("probabilities")
    if probabilities is not None:
        probabilities = probabilities.to(device)
    return Features(Facts(**facts), features, probabilities, entry.tensors["kept"], key)
