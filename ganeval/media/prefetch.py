"""Decoding ahead of the network, in threads that yield to it."""

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

NICENESS = 10  # how far decoding steps back where the network runs on the same cores
Task = TypeVar("Task")
Result = TypeVar("Result")


def ahead(work: Callable[[Task], Result], tasks: Iterable[Task], threads: int, polite: bool) -> Iterator[Result]:
    """The results of `work` on tasks in order, while threads are a few tasks ahead; memory is bounded by those few.

    `polite` threads step back where something more important wants their core (on Linux).
    """
    pool = ThreadPoolExecutor(threads, "decode", initializer=_step_back if polite else None)
    pending: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(work, task))
            if len(pending) > threads + 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _step_back() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            own = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + NICENESS))
