"""What the suite's tests share: runs of a few steps, `train-all` without processes of its own, planted faults."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import torch
from click.testing import Result
from training_runs import load_domains, load_splits, prepare

from ganeval.progress import Tick, silent
from ganeval.training import commands, workers
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.model_scores import classifier_of
from ganeval.training.plan import TrainingPlan
from ganeval.training.run import Prepared, train_run
from ganeval.training.run_request import RunRequest

TINY = ("--steps", "8", "--set", "check_every=4", "-n", "100")
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Eight-pixel runs set one thread for themselves; other tests get back what they had."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., RunRequest]:
    """An order of eight steps on digits, a hundred samples scored."""

    def order(model: str, folder: Path, source: str = "digits", **more: Any) -> RunRequest:
        asked = {"steps": 8, "count": 100, "changes": {"check_every": "4"}, **more}
        return RunRequest(model, source, folder, **asked)

    return order


@pytest.fixture(scope="session")
def carried_out() -> Callable[..., FinishedRun]:
    """An order from data to report, in this process; `change` alters what was prepared."""

    def carry(order: RunRequest, change: Callable[[Prepared], Prepared] = lambda prepared: prepared) -> FinishedRun:
        prepared = change(prepare(order))
        return finish(prepared, train_run(prepared, silent), silent)

    return carry


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classifiers are trained for a few passes: enough for hand-made pictures."""
    monkeypatch.setattr("ganeval.extractors.classifier_training._epochs", lambda count: 12.0)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """`train-all` carries its orders out in this process, in turn, each as a worker would."""

    def in_turn(
        plans: Sequence[TrainingPlan], processes: int, threads: int, tick: Tick
    ) -> Iterator[tuple[TrainingPlan, FinishedRun | str]]:
        for plan in plans:
            yield plan, workers._in_worker(plan)

    monkeypatch.setattr(workers, "_outbox", SimpleQueue())
    monkeypatch.setattr(commands, "in_processes", in_turn)


@pytest.fixture(scope="session")
def classifiers() -> None:
    """The small classifiers of digits and outlines, kept where the suite looks for them: trained for seconds less."""
    domains = load_domains("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganeval.extractors.classifier_training._epochs", lambda count: 4.0)
        for split in (load_splits("digits").train, domains.a.train, domains.b.train):
            classifier_of(split.images())


@pytest.fixture(scope="session")
def suite_run(run: Run, classifiers: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The results folder and the output of one whole `train-all`, with its worker processes; for reading only."""
    out = tmp_path_factory.mktemp("suite") / "results"
    result = run("train-all", *TINY, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, result


@pytest.fixture(scope="session")
def timeless() -> Callable[[str], list[list[str]]]:
    """The cells of printed tables, without how long training took: two runs take different times."""

    def cells(text: str) -> list[list[str]]:
        rows = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if line.strip()]
        start = next(index for index, row in enumerate(rows) if row[0] == "training")
        return rows[: start + 3] + [row[:7] + row[8:] for row in rows[start + 3 :]]

    return cells
