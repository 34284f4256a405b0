"""Processes of their own: what a worker says comes home, and what ends it is one line."""

import os
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import torch

from ganeval.errors import ContentError, GanevalWarning
from ganeval.training import commands, workers
from ganeval.training.plan import TrainingPlan, validate
from ganeval.training.run_request import RunRequest
from reference_models import Config

Plans = Callable[..., TrainingPlan]


@pytest.fixture
def plan_for(tiny: Callable[..., RunRequest], tmp_path: Path) -> Plans:
    """A plan that nobody carries out."""

    def plan(model: str, device: str = "cpu") -> TrainingPlan:
        return TrainingPlan(tiny(model, tmp_path), Config(model), torch.device(device))

    return plan


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

    def submit(self, work: Any, plan: TrainingPlan) -> Future:
        return Future(BrokenProcessPool("terminated abruptly"))

    def shutdown(self, **_: Any) -> None:
        pass


def test_a_killed_worker_is_one_line_for_its_plan(plan_for: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(workers, "as_completed", list)
    plan = plan_for("vanilla")
    ((returned, line),) = workers.in_processes([plan], 1, 1, lambda *_: None)
    assert returned == plan
    assert line == "the worker was killed (out of memory?); run the same command again to resume"


def test_the_other_plans_of_a_broken_pool_are_carried_out_alone(
    plan_for: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnceBroken(Pool):
        """The first pool is broken by one worker's death; of the later ones, that worker's again."""

        pools = 0

        def __init__(self, *_: Any) -> None:
            super().__init__()
            type(self).pools += 1
            self.first = type(self).pools == 1

        def submit(self, work: Any, plan: TrainingPlan) -> Future:
            broken = self.first or plan.request.model == "dcgan"
            return super().submit(work, plan) if broken else Future(plan.request.model)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", OnceBroken)
    monkeypatch.setattr(workers, "as_completed", list)
    plans = [plan_for(model) for model in ("vanilla", "dcgan", "cgan")]
    results = {plan.request.model: result for plan, result in workers.in_processes(plans, 2, 1, lambda *_: None)}
    assert (results["vanilla"], results["cgan"]) == ("vanilla", "cgan")
    assert str(results["dcgan"]).startswith("the worker was killed")


def test_a_plan_can_be_sent_to_a_worker_and_holds_no_data(tmp_path: Path) -> None:
    plan = validate(RunRequest("cyclegan", "digits", tmp_path))
    sent = pickle.dumps(plan)
    assert pickle.loads(sent) == plan
    assert len(sent) < 10_000


def test_warnings_and_progress_of_a_worker_come_back(plan_for: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(plan: TrainingPlan, tick: Any) -> Any:
        warnings.warn("twice", GanevalWarning, 2)
        warnings.warn("twice", GanevalWarning, 2)
        tick("training", 3, 9)
        raise ContentError("what was found")

    said: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(workers, "_outbox", said)
    monkeypatch.setattr(workers, "carry_out", carry_out)
    assert workers._in_worker(plan_for("vanilla")) == "what was found"
    told = [said.get() for _ in range(3)]
    assert told == [(GanevalWarning, "twice"), (GanevalWarning, "twice"), ("training", 3, 9)]


def test_warnings_and_progress_of_workers_reach_the_parent() -> None:
    outbox: SimpleQueue[Any] = SimpleQueue()
    ticks: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stop = workers._listen(outbox, lambda *said: ticks.append(said))
        for said in ((GanevalWarning, "mind"), (DeprecationWarning, "not ours"), ("dcgan: d/loss 1.2", 5, 10)):
            outbox.put(said)
        stop()
    assert ticks == [("dcgan: d/loss 1.2", 5, 10)]
    assert [(one.category, str(one.message)) for one in caught] == [(GanevalWarning, "mind")]


def test_a_process_for_each_core_but_one_for_a_gpu(plan_for: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [plan_for("vanilla")] * 5
    assert commands.cores() == len(os.sched_getaffinity(0))
    for count, expected in ((1, 1), (2, 2), (64, 5)):
        monkeypatch.setattr(commands, "cores", lambda count=count: count)
        assert commands.processes_for(plans) == expected
    assert commands.processes_for([plan_for("vanilla", "cuda")] * 5) == 1
