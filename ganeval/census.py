"""What is in a set of pictures: counted while it is decoded, in threads that step back for the network."""

import contextlib
import hashlib
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ganeval.errors import BadImage
from ganeval.images import Images, Picture

NICENESS = 10  # how far decoding steps back where the network runs on the same cores
Result = TypeVar("Result")


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
class Glimpse:
    """What is remembered of a picture once its pixels are gone."""

    index: int
    digest: bytes
    shape: tuple[int, ...]
    format: str
    converted: tuple[str, ...]


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
    digest.update(picture.pixels.data)
    return Glimpse(index, digest.digest(), picture.pixels.shape, picture.format, picture.converted)


def load_pictures(images: Images, indices: Iterable[int]) -> Iterator[tuple[int, Picture | BadImage]]:
    """Pictures by index, one at a time; one that cannot be read is its own error."""
    for index in indices:
        try:
            yield index, images.picture(index)
        except BadImage as bad:
            yield index, bad


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


def _step_back() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
