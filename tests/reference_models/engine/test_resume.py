"""N steps straight equal k steps, SIGKILL, resume to N: weights, optimisers, averages, pools, best so far and log."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from killed_runs import KILLS, RUNS
from launching import SCRIPTS
from tiny_models import ScoringWatch, data_of, differing, random_images, tensors_at, tiny
from torch import nn

from reference_models import MODELS, Adversarial, CheckpointError, Config, Data, Watch, build, train
from reference_models.configuration.config import PENALTY_SETTINGS, RENAMED
from reference_models.engine.ema import Average
from reference_models.engine.model import Model
from reference_models.engine.resuming import changed_since


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """All runs of killed_runs.py, and how often each was killed."""
    folder = tmp_path_factory.mktemp("runs")
    script = SCRIPTS / "killed_runs.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return folder, json.loads(done.stdout)


def logged(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def said(folder: Path, name: str) -> dict[str, Any]:
    document = json.loads((folder / "checkpoints" / f"{name}.json").read_text(encoding="utf-8"))
    document["config"] = Config.from_dict(document["config"])  # a best checkpoint may be from before a change of names
    return {key: value for key, value in document.items() if key != "seconds"}


def assert_equal_runs(first: Path, second: Path) -> None:
    for name in ("last", "best"):
        assert differing(tensors_at(first, name), tensors_at(second, name)) == set()
        assert said(first, name) == said(second, name)
    assert logged(first) == logged(second)
    files = [{path.name for path in (one / "checkpoints").iterdir()} for one in (first, second)]
    assert files[0] == files[1]  # nothing is left lying of what a killed process was writing


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(
    killed: tuple[Path, dict[str, Any]], name: str
) -> None:
    folder, told = killed
    assert told[name] >= 1, "no attempt was killed"
    assert_equal_runs(folder / "straight" / name, folder / "killed" / name)


@pytest.mark.slow
def test_the_kills_hit(killed: tuple[Path, dict[str, Any]]) -> None:
    assert sum(killed[1][name] for name in RUNS) > len(RUNS) * KILLS / 2


@pytest.mark.slow
def test_a_run_killed_before_any_file_is_renamed_or_deleted_ends_as_one_that_was_not(
    killed: tuple[Path, dict[str, Any]],
) -> None:
    folder, moments = killed[0], killed[1]["writing"]
    # the log is renamed; 4 checks write weights and rename 2 files of the last, 2 of them of the best; each but the
    # first deletes one
    assert moments - 1 == 1 + (4 * 3 + 3) + (2 * 3 + 1)
    for number in range(1, moments + 1):
        assert_equal_runs(folder / "straight" / "vanilla", folder / "writing" / str(number))


@pytest.mark.slow
def test_what_is_compared_holds_every_kind_of_state(killed: tuple[Path, dict[str, Any]]) -> None:
    last = {name: set(tensors_at(killed[0] / "straight" / name, "last")) for name in RUNS}
    assert {"state.pool a", "state.pool b"} <= last["cyclegan"]
    assert {"state.g.count", "state.d.0"} <= last["every switch"]
    for name in RUNS:
        assert {key.partition(".")[0] for key in last[name]} >= {"networks", "average", "optimiser"}
    assert any(key.endswith("parametrizations.weight.0._u") for key in last["colour"])
    assert any(key.endswith("running_mean") for key in last["dcgan"])


@pytest.mark.slow
def test_the_best_checkpoint_is_not_the_last_one(killed: tuple[Path, dict[str, Any]]) -> None:
    folder = killed[0] / "killed" / "dcgan"
    assert said(folder, "best")["step"] == said(folder, "last")["best"]["step"] == 6
    assert differing(tensors_at(folder, "best"), tensors_at(folder, "last"))


@pytest.mark.slow
def test_another_process_with_another_hash_seed_trains_the_same(
    killed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    torch.rand(3)  # nor does the global random state matter
    train(build(RUNS["dcgan"]), data_of(RUNS["dcgan"]), tmp_path, watch=ScoringWatch())
    assert_equal_runs(killed[0] / "straight" / "dcgan", tmp_path)


class Interrupting(ScoringWatch):
    """Ends the process's work, as Ctrl-C does, at one logging interval."""

    def __init__(self, step: int) -> None:
        self.step = step

    def logged(self, record: Any, steps: int) -> None:
        if record["step"] == self.step:
            raise KeyboardInterrupt


class InterruptingCheck(ScoringWatch):
    """The same, in the middle of a check."""

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        if step == 9:
            raise KeyboardInterrupt
        return super().checked(step, model, average)


def own_networks(config: Config) -> Adversarial:
    """Networks that draw from the global random state, hold tied weights, and some that do not move."""
    torch.manual_seed(0)
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    frozen = nn.Linear(64, 16).requires_grad_(False)
    generator = nn.Sequential(first, nn.Dropout(0.5), second, nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    discriminator = nn.Sequential(nn.Flatten(), frozen, nn.Dropout(0.5), nn.Linear(16, 1), nn.Flatten(0))
    return Adversarial(config, generator, discriminator)


@pytest.mark.parametrize("watch", [Interrupting(8), InterruptingCheck()])
def test_networks_of_ones_own_with_dropout_and_tied_weights_resume_exactly(tmp_path: Path, watch: Watch) -> None:
    config = replace(tiny("vanilla"), model="mine", latent=4)
    train(own_networks(config), data_of(config), tmp_path / "straight", watch=ScoringWatch())
    with pytest.raises(KeyboardInterrupt):
        train(own_networks(config), data_of(config), tmp_path / "stopped", watch=watch)
    torch.manual_seed(77)
    train(own_networks(config), data_of(config), tmp_path / "stopped", watch=ScoringWatch())
    assert_equal_runs(tmp_path / "straight", tmp_path / "stopped")


def test_a_log_that_was_cut_off_in_a_line_goes_on_whole(tmp_path: Path) -> None:
    config = tiny("vanilla")
    train(build(config), data_of(config), tmp_path / "straight", watch=ScoringWatch())
    with pytest.raises(KeyboardInterrupt):
        train(build(config), data_of(config), tmp_path / "stopped", watch=Interrupting(8))
    with (tmp_path / "stopped" / "log.jsonl").open("ab") as log:
        log.write(b'{"step": 8, "ima\xc3')
    train(build(config), data_of(config), tmp_path / "stopped", watch=ScoringWatch())
    assert_equal_runs(tmp_path / "straight", tmp_path / "stopped")


def test_the_same_command_on_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    config = tiny("vanilla")
    first = train(build(config), data_of(config), tmp_path, watch=ScoringWatch())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = train(build(config), data_of(config), tmp_path, watch=ScoringWatch())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert (again.step, again.seconds, again.best) == (first.step, first.seconds, first.best)
    assert differing(again.model.networks.state_dict(), first.model.networks.state_dict()) == set()
    assert differing(again.average.networks.state_dict(), first.average.networks.state_dict()) == set()


def test_a_best_checkpoint_that_is_newer_than_the_last_keeps_its_score(tmp_path: Path) -> None:
    class Scored(ScoringWatch):
        def __init__(self, fid: float) -> None:
            self.fid = fid

        def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
            return {"fid": self.fid if step == 6 else 5.0}

    config = tiny("vanilla", steps=6)
    train(build(config), data_of(config), tmp_path, watch=Scored(1.0))
    last = tmp_path / "checkpoints" / "last.json"
    with pytest.raises(KeyboardInterrupt):
        train(build(config), data_of(config), tmp_path / "early", watch=Interrupting(4))
    for file in (tmp_path / "early" / "checkpoints").glob(
        "last*"
    ):  # killed between the best of step 6 and the last of step 6
        file.replace(last.with_name(file.name))
    # another device may not score as the first did: what is said of the best checkpoint stays true of its file
    assert train(build(config), data_of(config), tmp_path, watch=Scored(2.0)).best == {"step": 6, "fid": 1.0}
    assert said(tmp_path, "best")["best"] == said(tmp_path, "last")["best"] == {"step": 6, "fid": 1.0}


CHANGES: dict[str, tuple[Any, str]] = {
    "batch_size": (4, "batch_size: was 6, now 4"),
    "seed": (1, "seed: was 0, now 1"),
    "steps": (24, "steps: was 12, now 24"),
    "r1": (1.0, "r1: was 0.0, now 1.0"),
}


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_configuration_is_refused_with_the_difference(tmp_path: Path, key: str) -> None:
    config = tiny("vanilla")
    train(build(config), data_of(config), tmp_path)
    value, difference = CHANGES[key]
    changed: Config = replace(config, **{key: value})
    with pytest.raises(CheckpointError) as caught:
        train(build(changed), data_of(changed), tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: holds a run of another configuration ({difference}); give another folder, or delete this one"
    )


def with_earlier_names(folder: Path) -> None:
    """Rewrite the headers of a run's checkpoints as an earlier version wrote them."""
    names = {names[0]: earlier for earlier, names in RENAMED.items() if len(names) == 1}
    for path in (folder / "checkpoints").glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        config = {names.get(key, key): value for key, value in document["config"].items()}
        weights = {name: config.pop(setting) for name, setting in PENALTY_SETTINGS.items()}
        config["penalty"] = "+".join(name for name, weight in weights.items() if weight)
        config["penalty_weight"] = max(weights.values()) or 10.0
        path.write_text(json.dumps({**document, "config": config}), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_begun_under_earlier_names_of_settings_resumes_exactly(tmp_path: Path, model: str) -> None:
    config = tiny(model, n_critic=2)
    train(build(config), data_of(config), tmp_path / "straight", watch=ScoringWatch())
    with pytest.raises(KeyboardInterrupt):
        train(build(config), data_of(config), tmp_path / "stopped", watch=Interrupting(8))
    with_earlier_names(tmp_path / "stopped")
    assert '"critic_moves": 2' in (tmp_path / "stopped" / "checkpoints" / "last.json").read_text(encoding="utf-8")
    train(build(config), data_of(config), tmp_path / "stopped", watch=ScoringWatch())
    assert_equal_runs(tmp_path / "straight", tmp_path / "stopped")


def test_a_run_begun_under_earlier_names_with_other_values_is_refused_in_todays_names(tmp_path: Path) -> None:
    config = tiny("wgan-gp", gradient_penalty=3.0)
    train(build(config), data_of(config), tmp_path)
    with_earlier_names(tmp_path)
    changed = replace(config, gradient_penalty=0.0, r1=3.0, n_critic=7)
    with pytest.raises(CheckpointError) as caught:
        train(build(changed), data_of(changed), tmp_path)
    differences = "gradient_penalty: was 3.0, now 0.0; r1: was 0.0, now 3.0; n_critic: was 5, now 7"
    assert str(caught.value) == (
        f"{tmp_path}: holds a run of another configuration ({differences}); give another folder, or delete this one"
    )


def test_other_data_are_refused(tmp_path: Path) -> None:
    config = tiny("vanilla")
    train(build(config), data_of(config), tmp_path)
    with pytest.raises(CheckpointError) as caught:
        train(build(config), Data(random_images(config, seed=5)), tmp_path)
    reason = "holds a run of another configuration (the training data: other samples)"
    assert str(caught.value) == f"{tmp_path}: {reason}; give another folder, or delete this one"
    train(build(replace(config, seed=1)), data_of(config), tmp_path / "named", fingerprint="one")
    with pytest.raises(CheckpointError, match="the training data: other samples"):
        train(build(replace(config, seed=1)), data_of(config), tmp_path / "named", fingerprint="another")


def test_networks_of_ones_own_that_changed_are_refused_in_one_line(tmp_path: Path) -> None:
    config = replace(tiny("vanilla"), model="mine", latent=4)
    train(own_networks(config), data_of(config), tmp_path)
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    with pytest.raises(CheckpointError, match="its weights are of another network") as caught:
        train(Adversarial(config, own_networks(config).network("g"), discriminator), data_of(config), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_setting_that_an_earlier_version_lacked_was_at_its_default() -> None:
    config = tiny("vanilla")
    document = {"config": config.to_dict(), "data_sha256": "samples"}
    del document["config"]["ema_ramp"]
    assert changed_since(document, config, "samples") == []
    assert changed_since(document, replace(config, ema_ramp=0.5), "samples") == ["ema_ramp: was 0.1, now 0.5"]
