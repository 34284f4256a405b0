"""Plans carried out in worker processes: progress and warnings come back, and workers end with their parent."""

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

import torch

from ganeval.errors import GanevalError, GanevalWarning
from ganeval.progress import Tick
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.plan import TrainingPlan
from ganeval.training.run import load, open_extraction, train_run

Result = tuple[TrainingPlan, FinishedRun | str]  # a finished run, or the line that says why there is none

_outbox: Any = None  # of a worker process: the queue of its warnings and its progress


def carry_out(plan: TrainingPlan, tick: Tick) -> FinishedRun:
    """One plan from data to report."""
    prepared = load(plan, open_extraction(plan, tick), tick)
    return finish(prepared, train_run(prepared, tick), tick)


def in_processes(plans: Sequence[TrainingPlan], processes: int, threads: int, tick: Tick) -> Iterator[Result]:
    """The results of plans, as they end, from so many processes of so many threads each."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads, and hang
    outbox = context.Queue()
    with contextlib.ExitStack() as stack:
        stack.callback(_listen(outbox, tick))

        def pool(processes: int) -> ProcessPoolExecutor:
            executor = ProcessPoolExecutor(processes, context, _begin, (outbox, threads))
            stack.callback(_stop, executor)
            return executor

        orphans = yield from _results(pool(processes), plans)
        for plan in orphans:  # a process that dies takes its whole pool with it: each plan gets one more of its own
            for _ in (yield from _results(pool(1), [plan])):
                yield plan, "the worker was killed (out of memory?); run the same command again to resume"


def _results(pool: ProcessPoolExecutor, plans: Sequence[TrainingPlan]) -> Generator[Result, None, list[TrainingPlan]]:
    """The results of plans, as they end; returns the plans whose process, or whose pool, died."""
    orphans = []
    futures = {pool.submit(_in_worker, plan): plan for plan in plans}
    for future in as_completed(futures):
        try:
            yield futures[future], future.result()
        except BrokenProcessPool:
            orphans.append(futures[future])
    return orphans


def _begin(outbox: Any, threads: int) -> None:
    """First of all in a worker: it leaves Ctrl-C to its parent, and ends with it."""
    global _outbox
    _outbox = outbox
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End this process when the parent has ended: a killed `train-all` must not go on writing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(plan: TrainingPlan) -> FinishedRun | str:
    """A plan in a worker; its errors go back as text, as not every exception can be pickled."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", GanevalWarning)
        warnings.showwarning = lambda message, category, *_, **__: _outbox.put((category, str(message)))
        try:
            return carry_out(plan, lambda *progress: _outbox.put(progress))
        except GanevalError as error:
            return str(error)
        except OSError as error:  # a full disk, a folder that may not be written
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
        except Exception as error:  # a bug, or the device is out of memory: the other models go on
            traceback.print_exc()
            return f"{type(error).__name__}: {error}"


def _listen(outbox: Any, tick: Tick) -> Callable[[], None]:
    """Pass on the warnings and the progress of workers, until the function returned is called."""

    def listen() -> None:
        while (message := outbox.get()) is not None:
            if len(message) == 2:
                category, text = message
                if issubclass(category, GanevalWarning):
                    warnings.warn(text, category, 2)
            else:
                tick(*message)

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
