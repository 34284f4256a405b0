"""Processes of their own: what a worker says comes home, and what ends it is one line."""

import os
import warnings
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from ganeval.errors import ContentError, GanevalWarning
from ganeval.training import commands, workers
from ganeval.training.run_request import RunRequest

Orders = Callable[..., RunRequest]


class Future:
    """What a pool gives back, done at once."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def result(self) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


class Pool:
    """A pool whose processes were killed."""

    def __init__(self, *_: Any) -> None:
        self._processes: dict[int, Any] = {}

    def submit(self, work: Any, order: RunRequest) -> Future:
        return Future(BrokenProcessPool("terminated abruptly"))

    def shutdown(self, **_: Any) -> None:
        pass


def test_a_worker_that_was_killed_is_one_line_for_its_order(
    tiny: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(workers, "as_completed", list)
    order = tiny("vanilla", tmp_path)
    ((given, said),) = workers.in_processes([order], 1, lambda *_: None)
    assert given == order
    assert said == "its process was killed (was there memory enough?); the same command goes on"


def test_the_other_orders_of_a_broken_pool_go_on_alone(
    tiny: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnceBroken(Pool):
        """The first pool is broken by one worker's death; of the later ones, that worker's again."""

        made = 0

        def __init__(self, *_: Any) -> None:
            super().__init__()
            type(self).made += 1
            self.first = type(self).made == 1

        def submit(self, work: Any, order: RunRequest) -> Future:
            return super().submit(work, order) if self.first or order.model == "dcgan" else Future(order.model)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", OnceBroken)
    monkeypatch.setattr(workers, "as_completed", list)
    orders = [tiny(model, tmp_path) for model in ("vanilla", "dcgan", "cgan")]
    found = {order.model: said for order, said in workers.in_processes(orders, 2, lambda *_: None)}
    assert (found["vanilla"], found["cgan"]) == ("vanilla", "cgan")
    assert str(found["dcgan"]).startswith("its process was killed")


def test_warnings_and_progress_of_a_worker_come_home(
    tiny: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def carry_out(order: RunRequest, tick: Any) -> Any:
        warnings.warn("twice", GanevalWarning, 2)
        warnings.warn("twice", GanevalWarning, 2)
        tick("training", 3, 9)
        raise ContentError("what was found")

    said: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(workers, "_outbox", said)
    monkeypatch.setattr(workers, "carry_out", carry_out)
    assert workers._in_worker(tiny("vanilla", tmp_path)) == "what was found"
    told = [said.get() for _ in range(3)]
    assert told == [(GanevalWarning, "twice"), (GanevalWarning, "twice"), ("training", 3, 9)]


def test_what_workers_say_is_warned_about_and_ticked_in_the_parent() -> None:
    outbox: SimpleQueue[Any] = SimpleQueue()
    ticks: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stop = workers._listening(outbox, lambda *said: ticks.append(said))
        for said in ((GanevalWarning, "mind"), (DeprecationWarning, "not ours"), ("dcgan: d/loss 1.2", 5, 10)):
            outbox.put(said)
        stop()
    assert ticks == [("dcgan: d/loss 1.2", 5, 10)]
    assert [(one.category, str(one.message)) for one in caught] == [(GanevalWarning, "mind")]


def test_a_process_for_each_core_but_one_for_a_gpu(
    tiny: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [tiny("vanilla", tmp_path, device="cpu")] * 5
    assert commands.cores() == len(os.sched_getaffinity(0))
    for count, expected in ((1, 1), (2, 2), (64, 5)):
        monkeypatch.setattr(commands, "cores", lambda count=count: count)
        assert commands.processes_for(orders) == expected
    monkeypatch.setattr(commands, "pick_device", lambda name: type("Device", (), {"type": "cuda"}))
    assert commands.processes_for(orders) == 1
