"""What is not finite is found within a logging interval, by step and name, and without waiting for the device."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import data_of, differing, every_switch, tensors_at, tiny, translating_switches
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from reference_models import MODELS, Adversarial, Config, Divergence, Watch, build, train
from reference_models.engine.data import TrainingBatch
from reference_models.engine.loop import Run
from reference_models.engine.model import Objective
from reference_models.engine.nan_guard import Guard
from reference_models.engine.randomness import UpdateContext
from reference_models.networks import discriminator_layers

NOTHING = nn.ModuleDict()


def values(**named: float) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in named.items()}


def test_means_are_of_the_updates_since_the_last_reading() -> None:
    guard = Guard()
    for step, loss in enumerate([1.0, 2.0, 6.0], 1):
        guard.add("d", values(loss=loss, real=2 * loss), step)
        guard.add("d", values(loss=loss, real=0.0), step)
    guard.add("g", values(loss=5.0), 3)
    assert guard.read(NOTHING, 3) == ({"d/loss": 3.0, "d/real": 3.0, "g/loss": 5.0}, None)
    guard.add("d", values(loss=7.0, real=8.0), 4)
    assert guard.read(NOTHING, 4)[0] == {"d/loss": 7.0, "d/real": 8.0, "g/loss": 0.0}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_the_first_step_and_name_are_kept(bad: float) -> None:
    guard = Guard()
    guard.add("d", values(loss=1.0, penalty=1.0), 1)
    guard.add("g", values(loss=bad), 2)
    guard.add("d", values(loss=bad, penalty=bad), 3)
    guard.add("d", values(loss=1.0, penalty=1.0), 4)
    assert guard.read(NOTHING, 4) == ({}, Divergence(2, "g/loss"))


def test_within_a_step_the_first_update_and_its_first_loss_are_named() -> None:
    guard = Guard()
    guard.add("d", values(loss=1.0, penalty=float("nan"), real=float("nan")), 2)
    guard.add("g", values(loss=float("nan")), 2)
    assert guard.read(NOTHING, 2)[1] == Divergence(2, "d/penalty")


def test_weights_and_statistics_are_looked_at() -> None:
    networks = nn.ModuleDict({"g": nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))})
    guard = Guard()
    guard.add("g", values(loss=1.0), 9)
    assert guard.read(networks, 9) == ({"g/loss": 1.0}, None)
    networks["g"].get_buffer("1.running_var")[1] = torch.inf
    assert guard.read(networks, 12)[1] == Divergence(12, "weight g.1.running_var")


def test_finite_losses_whose_sum_is_not_are_reported_too() -> None:
    guard = Guard()
    for step in (1, 2):
        guard.add("d", values(loss=3e38), step)
    assert guard.read(NOTHING, 2)[1] == Divergence(2, "d/loss")


class Planted(Adversarial):
    """Breaks a loss or a weight at one step."""

    loss_at: int | None = None
    weight_at: int | None = None
    steps_moved = 0

    def objective(self, group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        objective = super().objective(group, batch, context)
        if group == "g" and context.step + 1 == self.loss_at:
            objective.losses["loss"] = objective.losses["loss"] * torch.nan
        return objective

    def after_update(self, group: str) -> None:
        super().after_update(group)
        self.steps_moved += group == "g"
        if group == "g" and self.steps_moved == self.weight_at:
            torch.nn.init.constant_(self.network("d").get_parameter("head.score.weight"), torch.inf)


def planted(config: Config, **where: int) -> Planted:
    networks = build(config).networks
    model = Planted(config, networks["g"], networks["d"])
    for name, step in where.items():
        setattr(model, name, step)
    return model


CONFIG = tiny("vanilla", log_every=3, check_every=6, steps=18)


@pytest.mark.parametrize(("step", "last_good"), [(2, None), (7, 6), (12, 6), (13, 12)])
def test_a_planted_nan_is_found_by_step_and_name_and_never_saved(
    tmp_path: Path, step: int, last_good: int | None
) -> None:
    heard: list[Any] = []

    class Hearing(Watch):
        def logged(self, record: Any, steps: int) -> None:
            heard.append(record)

    outcome = train(planted(CONFIG, loss_at=step), data_of(CONFIG), tmp_path, watch=Hearing())
    assert outcome.divergence == Divergence(step, "g/loss", last_good)
    assert step <= outcome.step <= step + 2  # within the interval
    assert {**heard[-1], "seconds": 0} == {"step": step, "diverged": "g/loss", "last_good": last_good, "seconds": 0}
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1]) == heard[-1]
    if last_good is None:
        assert not (tmp_path / "checkpoints").exists()
        assert outcome.best is None
        return
    assert outcome.best == {"step": last_good}
    straight = tmp_path / "straight"
    stopped_before = Run(planted(CONFIG), data_of(CONFIG), straight, Watch(), torch.device("cpu"), "")
    for number in range(last_good):
        stopped_before._step(number)
    for name in ("last", "best"):
        about = json.loads((tmp_path / "checkpoints" / f"{name}.json").read_text(encoding="utf-8"))
        assert about["step"] == last_good
    assert differing(tensors_at(tmp_path, "last"), stopped_before.state.tensors()) == set()


def test_a_planted_infinity_in_a_weight_is_found_by_its_name(tmp_path: Path) -> None:
    outcome = train(planted(CONFIG, weight_at=9), data_of(CONFIG), tmp_path)
    assert outcome.divergence == Divergence(9, "weight d.head.score.weight", 6)


def test_a_weight_that_breaks_between_readings_shows_in_the_next_loss(tmp_path: Path) -> None:
    outcome = train(planted(CONFIG, weight_at=7), data_of(CONFIG), tmp_path)
    assert outcome.divergence == Divergence(8, "d/loss", 6)


def test_a_run_that_diverged_diverges_again_or_goes_on_if_the_cause_is_gone(tmp_path: Path) -> None:
    for _ in range(2):
        assert train(planted(CONFIG, loss_at=8), data_of(CONFIG), tmp_path).divergence == Divergence(8, "g/loss", 6)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["step"] for record in log] == [3, 6, 8]
    assert train(planted(CONFIG), data_of(CONFIG), tmp_path).divergence is None
    train(planted(CONFIG), data_of(CONFIG), tmp_path / "straight")
    assert differing(tensors_at(tmp_path, "last"), tensors_at(tmp_path / "straight", "last")) == set()


WAITING = {
    "_local_scalar_dense",
    "nonzero",
    "equal",
    "is_nonzero",
    "masked_select",
    "unique_dim",
    "_unique2",
    "bincount",
}


class Waiting(TorchDispatchMode):
    """Notes operations whose result the host has to wait for."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket.__name__ in WAITING:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


RUNS = {name: tiny(name) for name in MODELS} | {"every switch": every_switch(), "translating": translating_switches()}


@pytest.mark.parametrize("name", RUNS)
def test_no_step_waits_for_the_device(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RUNS[name]
    run = Run(build(config), data_of(config), tmp_path, Watch(), torch.device("cpu"), "")
    asked: list[str] = []
    # on a CPU, and there alone, torch's own reads the labels to check their range
    monkeypatch.setattr(discriminator_layers, "one_hot", lambda y, classes: torch.eye(classes, dtype=torch.int64)[y])
    for method in ("item", "tolist", "__bool__", "__float__", "__int__", "__index__", "cpu", "numpy"):
        original = getattr(torch.Tensor, method)

        def counted(self: Tensor, *others: Any, _original: Any = original, _name: str = method) -> Any:
            asked.append(_name)
            return _original(self, *others)

        monkeypatch.setattr(torch.Tensor, method, counted)
    with Waiting() as waiting:
        for step in range(2):
            run._step(step)
    assert (asked, waiting.found) == ([], [])
    run.guard.read(run.model.networks, 2)
    assert "tolist" in asked  # that is how the counting is known to count


def test_counting_notices_a_wait() -> None:
    with Waiting() as waiting:
        bool(torch.ones(2).sum() > 1)
    assert waiting.found == ["aten._local_scalar_dense.default"]
