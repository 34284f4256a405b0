"""The loop by a model that only counts: who moves when, at which rate, what is written, kept and left alone."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import FIDS, ScoringWatch, data_of, differing, every_switch, random_images, tensors_at, tiny
from torch import nn

from reference_models import MODELS, CheckpointError, Config, ConfigError, Data, Watch, build, train
from reference_models.engine.data import TrainingBatch
from reference_models.engine.ema import Average
from reference_models.engine.log import append, forget_after
from reference_models.engine.loop import Run
from reference_models.engine.model import Model, Objective, ParameterGroup
from reference_models.engine.optimisers import rate_at
from reference_models.engine.randomness import UpdateContext


class Counting(Model):
    """Two single weights; network "one" moves twice a step, "two" once."""

    generators = ("two",)

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.networks = nn.ModuleDict({name: nn.Linear(1, 1, bias=False) for name in ("one", "two")})
        for network in self.networks.values():
            nn.init.ones_(network.get_parameter("weight"))
        self.groups = {"one": ParameterGroup(("one",), config.lr_d), "two": ParameterGroup(("two",), config.lr_g)}
        self.seen: list[tuple[str, UpdateContext, list[float]]] = []

    def updates(self, step: int) -> tuple[str, ...]:
        return ("one", "one", "two")

    def objective(self, group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        self.seen.append((group, context, batch.images.flatten().tolist()))
        weight = self.networks[group].get_parameter("weight").sum()
        return Objective({"up": 3 * weight, "down": -1 * weight}, {"watched": torch.tensor(float(context.step))})


def counting(steps: int = 10, **changes: Any) -> Config:
    base: dict[str, Any] = {"shape": (1,), "batch_size": 4, "log_every": 4, "check_every": 5, "lr_decay": "none"}
    return Config("counting", steps=steps, **{**base, **changes})


def numbers() -> Data:
    return Data(torch.arange(10, dtype=torch.float32)[:, None])


def running(model: Model, data: Data, folder: Path) -> Run:
    return Run(model, data, folder, Watch(), torch.device("cpu"), "")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_updates_alternate_each_on_the_next_batch(tmp_path: Path) -> None:
    model = Counting(counting(steps=3))
    train(model, numbers(), tmp_path)
    assert [group for group, _, _ in model.seen] == ["one", "one", "two"] * 3
    assert [(context.step, context.update) for _, context, _ in model.seen] == [
        (step, update) for step in range(3) for update in range(3)
    ]
    batches = [numbers().batch(number, 4, seed=0).images.flatten().tolist() for number in range(9)]
    assert [batch for _, _, batch in model.seen] == batches


def test_an_update_minimises_the_sum_of_its_losses(tmp_path: Path) -> None:
    model = Counting(counting(steps=1, lr_d=0.25))
    outcome = train(model, numbers(), tmp_path)
    # the gradient is 3 - 1 at each update; Adam's first moves are of the learning rate, whatever the gradient
    weight = outcome.model.network("one").get_parameter("weight").item()
    assert weight == pytest.approx(1 - 2 * 0.25, abs=1e-6)


def test_the_log_has_the_means_of_each_interval_and_the_checks(tmp_path: Path) -> None:
    train(Counting(counting()), numbers(), tmp_path, watch=ScoringWatch())
    found = lines(tmp_path)
    assert [record["step"] for record in found] == [4, 5, 5, 8, 10, 10]
    means = [record for record in found if "check" not in record]
    keys = {"step", "images", "seconds", *(f"{who}/{what}" for who in ("one", "two") for what in ("up", "down"))}
    assert all(set(record) == keys | {"one/watched", "two/watched"} for record in means)
    assert [record["one/watched"] for record in means] == [1.5, 4.0, 6.0, 8.5]  # of steps 0-3, 4, 5-7 and 8-9
    assert [record["images"] for record in means] == [16, 20, 32, 40]
    assert [set(record) for record in found if "check" in record] == [{"step", "check"}] * 2


def test_checkpoints_say_what_they_are(tmp_path: Path) -> None:
    config = tiny("cgan")
    data = data_of(config)
    outcome = train(build(config), data, tmp_path, watch=ScoringWatch())
    for name, step in (("last", 12), ("best", 6)):
        about = json.loads((tmp_path / "checkpoints" / f"{name}.json").read_text(encoding="utf-8"))
        assert set(about) == {
            *("file", "step", "drawn", "seconds", "best", "ranks", "config", "class_counts", "data_sha256", "versions")
        }
        assert about["step"] == step
        assert about["drawn"] == 2 * step
        assert about["config"] == config.to_dict()
        assert about["class_counts"] == [7, 7, 6]
        assert about["data_sha256"] == data.fingerprint()
        assert about["versions"]["torch"] == torch.__version__
        assert about["best"]["step"] == 6
        assert about["best"] == outcome.best


def test_weights_in_the_best_checkpoint_are_those_of_its_step(tmp_path: Path) -> None:
    class Keeping(ScoringWatch):
        kept: Mapping[str, torch.Tensor] = {}

        def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
            if step == 6:
                raw, mean = model.network("g").state_dict(), average.networks["g"].state_dict()
                both = {"networks.g": raw, "average.g": mean}
                self.kept = {f"{at}.{key}": v.clone() for at, state in both.items() for key, v in state.items()}
            return super().checked(step, model, average)

    config, watch = tiny("dcgan"), Keeping()
    train(build(config), data_of(config), tmp_path, watch=watch)
    assert differing(tensors_at(tmp_path, "best"), watch.kept) == set()


class Scored(Watch):
    """Gives these scores, one after the other."""

    def __init__(self, *scores: dict[str, Any]) -> None:
        self.scores = list(scores)

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        return self.scores.pop(0)


SCORES: dict[str, tuple[list[dict[str, Any]], int]] = {
    "the lowest": ([{"fid": 2.0}, {"fid": 1.0}, {"fid": 3.0}], 2),
    "the first of equals": ([{"fid": 2.0}, {"fid": 1.0}, {"fid": 1.0}], 2),
    "the latest where none is known": ([{}, {}, {}], 3),
    "a known one before unknown ones": ([{}, {"fid": 2.0}, {}], 2),
    "a known one before those that failed": ([{"fid": 2.0}, {"fid": None}, {"fid": float("nan")}], 1),
    "any number before none": ([{"fid": float("inf")}, {"precision": 0.5}, {"fid": 9.0}], 3),
}


@pytest.mark.parametrize("name", SCORES)
def test_the_best_check_is(tmp_path: Path, name: str) -> None:
    scores, best = SCORES[name]
    outcome = train(Counting(counting(steps=3, check_every=1)), numbers(), tmp_path, watch=Scored(*scores))
    assert outcome.best is not None
    assert outcome.best["step"] == best
    about = json.loads((tmp_path / "checkpoints" / "best.json").read_text(encoding="utf-8"))
    assert about["step"] == best


def test_a_score_that_is_no_number_is_written_as_none(tmp_path: Path) -> None:
    train(Counting(counting(steps=1)), numbers(), tmp_path, watch=Scored({"fid": float("nan"), "recall": 0.5}))
    assert lines(tmp_path)[-1] == {"step": 1, "check": {"fid": None, "recall": 0.5}}


def test_a_watch_hears_every_interval_and_every_check(tmp_path: Path) -> None:
    class Hearing(ScoringWatch):
        def __init__(self) -> None:
            self.heard: list[tuple[int, int]] = []
            self.checks: list[int] = []

        def logged(self, record: Mapping[str, Any], steps: int) -> None:
            self.heard.append((record["step"], steps))

        def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
            self.checks.append(step)
            assert not average.networks.training
            assert model.networks.training
            return super().checked(step, model, average)

    watch = Hearing()
    outcome = train(Counting(counting()), numbers(), tmp_path, watch=watch)
    assert watch.heard == [(4, 10), (5, 10), (8, 10), (10, 10)]
    assert watch.checks == [5, 10]
    assert outcome.model.networks.training  # ScoringWatch left it in eval mode


def test_averages_follow_the_half_life_in_images(tmp_path: Path) -> None:
    for batch, steps in ((4, 1), (2, 2)):  # 4 images either way, which is the half-life
        config = counting(steps=steps, batch_size=batch, ema_half_life=4, ema_ramp=0.0, lr_g=0.0)
        model = Counting(config)
        run = running(model, numbers(), tmp_path / str(batch))
        nn.init.constant_(model.network("two").get_parameter("weight"), 3.0)
        outcome = run.finish()
        assert outcome.average.networks["two"].get_parameter("weight").item() == pytest.approx(
            2.0
        )  # 1 to 3, half of it


def test_learning_rates_are_each_groups_own_and_fall_linearly(tmp_path: Path) -> None:
    config = counting(lr_decay="linear", lr_decay_from=0.5, lr_g=1.0, lr_d=0.5)
    run = running(Counting(config), numbers(), tmp_path)
    rates = []
    for step in range(10):
        run._step(step)
        rates.append(tuple(run.optimisers[group].param_groups[0]["lr"] for group in ("one", "two")))
    shares = [1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]
    assert rates == [(pytest.approx(0.5 * share), pytest.approx(share)) for share in shares]


def test_rates_at_the_ends() -> None:
    assert [rate_at(counting(lr_decay="none"), 2.0, step) for step in (0, 9)] == [2.0, 2.0]
    assert [rate_at(counting(lr_decay="linear", lr_decay_from=0.0), 2.0, step) for step in (0, 5, 9)] == [2.0, 1.0, 0.2]
    assert rate_at(counting(lr_decay="linear", lr_decay_from=1.0), 2.0, 9) == 2.0


@pytest.mark.parametrize("name", [*MODELS, "every switch"])
def test_the_global_random_states_are_left_alone(tmp_path: Path, name: str) -> None:
    config = every_switch() if name == "every switch" else tiny(name)

    def states() -> list[str]:
        return [str(torch.get_rng_state().tolist()), str(np.random.get_state()), str(random.getstate())]

    before = states()
    train(build(config), data_of(config), tmp_path)
    assert states() == before


@pytest.mark.parametrize("model", MODELS)
def test_weights_at_the_start_depend_on_the_seed_alone(model: str) -> None:
    torch.manual_seed(1)
    first = build(tiny(model)).networks.state_dict()
    torch.manual_seed(2)
    assert differing(build(tiny(model)).networks.state_dict(), first) == set()
    assert differing(build(tiny(model, seed=1)).networks.state_dict(), first)


@pytest.mark.parametrize("model", MODELS)
def test_an_update_reaches_the_weights_of_its_group_alone(tmp_path: Path, model: str) -> None:
    config = tiny(model)
    trained = build(config)
    run = running(trained, data_of(config), tmp_path)
    run._step(0)  # CycleGAN's discriminators see what was made before
    for mover in trained.groups:
        other = next(group for group in trained.groups if group != mover)
        for weight in trained.networks.parameters():
            weight.grad = None
        before = [weight.detach().clone() for weight in run.weights[other]]
        run._update(mover, UpdateContext(0, 1, 0))
        assert any(weight.grad is not None and bool(weight.grad.any()) for weight in run.weights[mover])
        assert all(weight.grad is None for weight in run.weights[other])
        assert all(map(torch.equal, before, run.weights[other]))


def test_a_frozen_network_is_not_updated(tmp_path: Path) -> None:
    model = Counting(counting(steps=2))
    extra = nn.Linear(1, 1).requires_grad_(False)
    model.networks["two"] = nn.ModuleDict({"free": model.networks["two"], "frozen": extra})
    model.objective = lambda group, batch, context: Objective(  # type: ignore[method-assign]
        {"loss": sum(weight.sum() for weight in model.parameters_of(group)) * torch.ones(())}
    )
    before = extra.weight.clone()
    train(model, numbers(), tmp_path)
    assert extra.weight.equal(before)


def test_data_that_do_not_fit_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    config = tiny("vanilla")
    with pytest.raises(ConfigError, match=r"^data: found samples of \(1, 16, 16\), needed \(1, 8, 8\)$"):
        train(build(config), Data(random_images(tiny("vanilla", shape=(1, 16, 16)))), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_not_overwritten(tmp_path: Path) -> None:
    config = tiny("vanilla")
    train(build(config), data_of(config), tmp_path)
    file = tmp_path / "checkpoints" / "last-00000012.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    for _ in range(2):
        with pytest.raises(CheckpointError, match="missing or damaged"):
            train(build(config), data_of(config), tmp_path)


def test_a_log_without_a_checkpoint_is_begun_anew(tmp_path: Path) -> None:
    append(tmp_path / "log.jsonl", {"step": 3, "old": True})
    train(Counting(counting()), numbers(), tmp_path)
    assert not any("old" in record for record in lines(tmp_path))


def test_whole_lines_of_earlier_steps_are_kept_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    kept = ['{"step": 1, "é": 0.1}', '{"check": {}, "step":2}']
    torn = ['{"step": 3}', '{"step": 2', "7", "null", '{"images": 4}', '{"step": "1"}']
    log.write_text("\n".join([*torn[:3], *kept, *torn[3:]]), encoding="utf-8")
    forget_after(log, 2)
    assert log.read_text(encoding="utf-8").splitlines() == kept


def test_the_scores_of_these_tests_have_their_best_before_the_end() -> None:
    assert min(FIDS, key=lambda step: FIDS[step]) < max(FIDS)
