"""Orders carried out by processes of their own: progress and warnings come back, and they die with their parent."""

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ganeval.errors import GanevalError, GanevalWarning
from ganeval.progress import Tick
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.run import prepare, train_run
from ganeval.training.run_request import RunRequest

_outbox: Any = None  # of a worker process: where it says how far it is


def carry_out(order: RunRequest, tick: Tick) -> FinishedRun:
    """One order from data to report."""
    prepared = prepare(order, tick)
    return finish(prepared, train_run(prepared, tick), tick)


def in_processes(
    orders: Sequence[RunRequest], processes: int, tick: Tick
) -> Iterator[tuple[RunRequest, FinishedRun | str]]:
    """What came of each order, as they end: a finished run, or the line that says why there is none."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads, and hang
    outbox = context.Queue()
    with contextlib.ExitStack() as stack:
        stack.callback(_listening(outbox, tick))
        pool = ProcessPoolExecutor(processes, context, _begin, (outbox,))
        stack.callback(_stop, pool)
        orphans = yield from _carried_out(pool, orders)
        for order in orphans:  # a process that dies takes its whole pool with it: each gets one more of its own
            alone = ProcessPoolExecutor(1, context, _begin, (outbox,))
            stack.callback(_stop, alone)
            for _ in (yield from _carried_out(alone, [order])):
                yield order, "its process was killed (was there memory enough?); the same command goes on"


def _carried_out(
    pool: ProcessPoolExecutor, orders: Sequence[RunRequest]
) -> Generator[tuple[RunRequest, FinishedRun | str], None, list[RunRequest]]:
    """What came of each order as they end; returns those whose process, or whose pool, died."""
    orphans = []
    futures = {pool.submit(_in_worker, order): order for order in orders}
    for future in as_completed(futures):
        try:
            yield futures[future], future.result()
        except BrokenProcessPool:
            orphans.append(futures[future])
    return orphans


def _begin(outbox: Any) -> None:
    """In a worker, first: Ctrl-C is the parent's business, and without a parent nobody wants the work."""
    global _outbox
    _outbox = outbox
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End this process when the parent has ended: a killed `train-all` must not go on writing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(order: RunRequest) -> FinishedRun | str:
    """An order in a worker. Its errors go home as text: not every exception survives the journey."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", GanevalWarning)
        warnings.showwarning = lambda message, category, *_, **__: _outbox.put((category, str(message)))
        try:
            return carry_out(order, lambda *said: _outbox.put(said))
        except GanevalError as error:
            return str(error)
        except OSError as error:  # a full disk, a folder that may not be written
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
        except Exception as error:  # a fault of ours, or of the device's memory: the other models go on
            traceback.print_exc()
            return f"{type(error).__name__}: {error}"


def _listening(outbox: Any, tick: Tick) -> Callable[[], None]:
    """Pass on what workers say, until the function returned is called."""

    def listen() -> None:
        while (said := outbox.get()) is not None:
            if len(said) == 2:
                if issubclass(said[0], GanevalWarning):
                    warnings.warn(said[1], said[0], 2)
            else:
                tick(*said)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()

    def stop() -> None:
        outbox.put(None)
        thread.join(timeout=5)

    return stop


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers, whether they are done or not."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
