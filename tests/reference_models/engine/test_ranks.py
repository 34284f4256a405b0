"""Several processes train as one: really started, with torchrun's variables, over gloo."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from launching import SCRIPTS, run_ranks
from ranked_runs import AGAIN, BATCH_NORM, IDLE, OF_THREE, RUNS, STOP, run
from tiny_models import data_of, differing, tensors_at, tiny
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from reference_models import Adversarial, CheckpointError, Config, ConfigError, build, train
from reference_models.engine.checkpoint import strip_prefix
from reference_models.engine.randomness import WHOLE, BatchPart, Draw, UpdateContext
from reference_models.engine.ranks import ALONE, average_gradients, average_over_ranks, synchronise_batch_norm

# Sums over parts of a batch are rounded otherwise than over all of it: 3e-7 in twelve steps, in CycleGAN 1e-5.
# A rank that drew, took or averaged anything otherwise than one process does would be off by 1e-3 and more.
LOSSES = {"rel": 1e-4, "abs": 1e-5}
WEIGHTS = 2e-6
IMAGES = 1e-4


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The folder of ranked_runs.py with so many processes, started once."""
    folders: dict[int, Path] = {}

    def start(world: int) -> Path:
        if world not in folders:
            folders[world] = tmp_path_factory.mktemp(f"of-{world}")
            done = run_ranks(world, SCRIPTS / "ranked_runs.py", str(folders[world]))
            assert [one.returncode for one in done] == [0] * world, [one.stderr[-600:] for one in done]
        return folders[world]

    return start


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a run that one process trained."""
    folder = tmp_path_factory.mktemp("alone")

    def trained(name: str) -> Path:
        if not (folder / name).is_dir():
            run(RUNS[name], folder / name, ALONE)
        return folder / name

    return trained


def logged(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def weights_of(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in tensors.items() if key.startswith(("networks.", "average.", "state."))}


@torch.no_grad()
def scored(config: Config, tensors: dict[str, Tensor], name: str, images: Tensor | None) -> Tensor:
    """What a network of a checkpoint makes of images."""
    network = build(config).network(name)
    network.load_state_dict(strip_prefix(tensors, f"networks.{name}."))
    made: Tensor = network(images)
    return made


EACH = [(2, name) for name in RUNS] + [(3, name) for name in OF_THREE]


@pytest.mark.torchrun
@pytest.mark.slow
@pytest.mark.parametrize(("world", "name"), EACH)
def test_several_processes_have_the_losses_of_one(
    started: Callable[[int], Path], alone: Callable[[str], Path], world: int, name: str
) -> None:
    found, needed = logged(started(world) / name), logged(alone(name))
    assert len(found) == len(needed) == 12  # at steps 2, 3, 4, 6 and so on, and of four checks
    for record, expected in zip(found, needed, strict=True):
        assert record.get("check", record) == pytest.approx(expected.get("check", expected), **LOSSES)


@pytest.mark.torchrun
@pytest.mark.parametrize(("world", "name"), [one for one in EACH if RUNS[one[1]].model != "cyclegan"])
def test_several_processes_have_the_weights_of_one(
    started: Callable[[int], Path], alone: Callable[[str], Path], world: int, name: str
) -> None:
    found, needed = weights_of(tensors_at(started(world) / name, "last")), weights_of(tensors_at(alone(name), "last"))
    assert set(found) == set(needed)
    for key, value in needed.items():
        torch.testing.assert_close(found[key], value, rtol=WEIGHTS, atol=WEIGHTS, msg=key)


@pytest.mark.torchrun
@pytest.mark.parametrize(("world", "name"), [one for one in EACH if RUNS[one[1]].model == "cyclegan"])
def test_several_processes_translate_as_one(
    started: Callable[[int], Path], alone: Callable[[str], Path], world: int, name: str
) -> None:
    """Not the weights: biases before an instance norm have no gradient but rounding, which Adam takes for one."""
    tensors = [tensors_at(folder, "last") for folder in (started(world) / name, alone(name))]
    batch = data_of(RUNS[name]).batch(0, 12, seed=0)
    for network, images in (("ab", batch.images), ("ba", batch.other), ("da", batch.images), ("db", batch.other)):
        found, needed = (scored(RUNS[name], one, network, images) for one in tensors)
        torch.testing.assert_close(found, needed, rtol=IMAGES, atol=IMAGES, msg=network)
    for key in {key for key in tensors[1] if key.startswith("state.")}:  # the pools hold the whole batch's images
        torch.testing.assert_close(tensors[0][key], tensors[1][key], rtol=IMAGES, atol=IMAGES, msg=key)
    assert any(key.startswith("state.pool") for key in tensors[0]) == bool(RUNS[name].pool_size)


@pytest.mark.torchrun
@pytest.mark.parametrize(("world", "name"), [*EACH, (2, "batch norm")])
def test_all_ranks_end_with_the_same_weights_and_statistics(
    started: Callable[[int], Path], world: int, name: str
) -> None:
    ended = [torch.load(started(world) / f"{name} {rank}.pt", weights_only=True) for rank in range(world)]
    written = tensors_at(started(world) / name, "last")
    assert ended[0]
    for one in ended:
        assert differing(ended[0], one) == set()
    raw = {key.removeprefix("raw."): value for key, value in ended[0].items() if key.startswith("raw.")}
    of_file = {key.removeprefix("networks."): v for key, v in written.items() if key.startswith("networks.")}
    assert differing(raw, of_file) == set()


@pytest.mark.torchrun
@pytest.mark.parametrize("name", AGAIN)
def test_an_interrupted_run_of_two_processes_ends_as_one_that_was_not(
    started: Callable[[int], Path], name: str
) -> None:
    straight, again = started(2) / name, started(2) / "again" / name
    for checkpoint in ("last", "best"):
        assert differing(tensors_at(straight, checkpoint), tensors_at(again, checkpoint)) == set()
    assert logged(straight) == logged(again)
    assert STOP % AGAIN[name].check_every  # it had to go back to a checkpoint


@pytest.mark.torchrun
def test_batch_norm_on_a_cpu_has_the_mean_of_the_ranks_statistics_in_the_raw_and_the_averaged_generator(
    started: Callable[[int], Path],
) -> None:
    tensors = tensors_at(started(2) / "batch norm", "last")
    names = [key.removeprefix("networks.g.") for key in tensors if key.startswith("networks.g.") and "running" in key]
    assert names
    for name in names:
        assert tensors[f"networks.g.{name}"].equal(tensors[f"average.g.{name}"])


@pytest.mark.torchrun
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are told by /proc")
def test_no_thread_that_exchanged_anything_is_left_when_ranks_part(started: Callable[[int], Path]) -> None:
    """One that lets go of a tensor while the interpreter ends aborts its process, though all its work is done."""
    for rank in (0, 1):
        assert int((started(2) / f"workers {rank}.txt").read_text(encoding="utf-8")) <= IDLE


@pytest.mark.torchrun
def test_a_loss_that_is_no_number_on_one_rank_stops_all_of_them(started: Callable[[int], Path]) -> None:
    for rank in (0, 1):
        error = (started(2) / f"diverged {rank}.txt").read_text(encoding="utf-8")
        assert error == "6 Divergence(step=6, name='g/loss', last_good=3)"
    assert logged(started(2) / "diverged")[-1] == {"step": 6, "diverged": "g/loss", "last_good": 3}


@pytest.mark.torchrun
def test_ranks_with_other_data_are_refused(started: Callable[[int], Path]) -> None:
    data = [data_of(RUNS["vanilla"], 20 + rank).fingerprint()[:12] for rank in (0, 1)]
    for rank in (0, 1):
        error = (started(2) / f"refused {rank}.txt").read_text(encoding="utf-8")
        assert error == (
            f"{started(2) / 'refused'}: rank 1 has another training data than rank 0 ({data[1]} and {data[0]}); needed "
            "the same on all, and a folder that all of them see"
        )


@pytest.mark.torchrun
def test_ranks_that_begin_with_other_weights_are_refused(started: Callable[[int], Path]) -> None:
    for rank in (0, 1):
        error = (started(2) / f"other weights {rank}.txt").read_text(encoding="utf-8")
        assert error.startswith(f"{started(2) / 'other weights'}: rank 1 has another set of weights than rank 0 (")


@pytest.mark.torchrun
def test_a_run_goes_on_with_as_many_processes_as_before_and_is_read_by_any_when_done(
    started: Callable[[int], Path], tmp_path: Path
) -> None:
    done = started(2) / "vanilla"
    again = train(build(RUNS["vanilla"]), data_of(RUNS["vanilla"]), done)
    assert (again.step, again.processes) == (12, 2)
    (tmp_path / "checkpoints").mkdir()
    for path in (done / "checkpoints").iterdir():
        (tmp_path / "checkpoints" / path.name).write_bytes(path.read_bytes())
    last = tmp_path / "checkpoints" / "last.json"
    last.write_text(json.dumps({**json.loads(last.read_text(encoding="utf-8")), "step": 9}), encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        train(build(RUNS["vanilla"]), data_of(RUNS["vanilla"]), tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: found a run of 2 processes at step 9, now 1; they would not resume it exactly; "
        "start 2 (torchrun --nproc-per-node), or give another folder"
    )


REFUSED: dict[str, tuple[Config, int, str]] = {
    "a batch": (
        tiny("vanilla", batch_size=10),
        4,
        "vanilla: batch_size=10 on 4 processes: needed a multiple of 4, .* try batch_size=8",
    ),
    "a batch of packs": (
        tiny("dcgan", batch_size=12, pack=2),
        4,
        r"dcgan: batch_size=12 with pack=2 on 4 processes: needed a multiple of 8, .* try batch_size=16",
    ),
    "discrimination": (
        tiny("dcgan", batch_size=12, minibatch_discrimination=2),
        2,
        "minibatch_discrimination compares",
    ),
    "deviation": (tiny("dcgan", batch_size=12, minibatch_std=True), 2, "minibatch_std compares"),
    "one sample each": (
        tiny("vanilla", batch_size=2),
        2,
        "vanilla: batch_size=2 on 2 processes, 1 each: vanilla: batch norm with batch_size=1, .* at least two samples",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_train_as_one_process_does_is_refused(name: str) -> None:
    config, world, reason = REFUSED[name]
    model = build(config)
    model.check_split(1)
    with pytest.raises(ConfigError, match=reason) as caught:
        model.check_split(world)
    assert "\n" not in str(caught.value)


def test_dropout_is_refused() -> None:
    config = replace(tiny("vanilla"), model="mine")
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Dropout(0.5), nn.Flatten(0))
    with pytest.raises(ConfigError, match="dropout draws its masks for the samples of one process"):
        Adversarial(config, nn.Linear(3, 64), discriminator).check_split(2)


class SecondRank:
    """Rank 1 of 2, beside a first rank whose values are all twice its own."""

    rank, world = 1, 2

    def total(self, values: Tensor) -> Tensor:
        return 3 * values

    def gather_rows(self, rows: Tensor) -> Tensor:
        return torch.cat([2 * rows, rows])

    def gather(self, value: Any) -> list[Any]:
        return [value, value]


RANK_1 = SecondRank()


def test_a_rank_draws_its_rows_of_the_whole_batchs_draws() -> None:
    draws = [Draw(torch.Generator().manual_seed(0), part) for part in (WHOLE, UpdateContext(0, 0, ranks=RANK_1).part)]
    assert draws[1].normal(3, 2).equal(draws[0].normal(6, 2)[3:])
    assert draws[1].uniform(2).equal(draws[0].uniform(4)[2:])
    assert draws[1].integers(0, 9, 2, 3).equal(draws[0].integers(0, 9, 4, 3)[2:])


def test_a_rank_gets_its_rows_of_a_batch_flipped_as_one_process_flips_them() -> None:
    config = tiny("cyclegan", batch_size=8)
    whole, half = (data_of(config).batch(5, 8, seed=1, flip=True, part=part) for part in (WHOLE, BatchPart(1, 2)))
    assert half.images.equal(whole.images[4:])
    assert half.other is not None
    assert whole.other is not None
    assert half.other.equal(whole.other[4:])


def test_what_layers_draw_differs_between_ranks_and_is_one_process_own_on_the_first() -> None:
    drawn = []
    with torch.random.fork_rng():
        for ranks in (ALONE, RANK_1):
            UpdateContext(0, 1, 2, ranks=ranks).seed_layers()
            drawn.append(torch.rand(1).item())
    assert drawn[0] != drawn[1]


def test_a_mean_over_ranks_has_the_gradient_of_a_ranks_own_value() -> None:
    value = torch.tensor([2.0], requires_grad=True)
    mean = UpdateContext(0, 0, ranks=RANK_1).mean(value)
    assert mean.item() == 3.0  # of 2 and 4
    mean.square().sum().backward()
    assert value.grad is not None
    assert value.grad.item() == 6.0  # twice the mean, not twice its own


def test_gradients_and_losses_are_averaged_by_one_exchange() -> None:
    class Counting(SecondRank):
        exchanges = 0

        def total(self, values: Tensor) -> Tensor:
            self.exchanges += 1
            return super().total(values)

    layer, frozen, ranks = nn.Conv2d(2, 2, 3), nn.Parameter(torch.zeros(1)), Counting()
    layer.to(memory_format=torch.channels_last)
    layer(torch.ones(1, 2, 5, 5)).sum().backward()
    assert layer.weight.grad is not None
    before = layer.weight.grad.clone()
    found = average_gradients(
        ranks, [*layer.parameters(), frozen], {"loss": torch.tensor(2.0), "bad": torch.tensor(torch.nan)}
    )
    assert ranks.exchanges == 1
    assert found["loss"].item() == 3.0
    assert found["bad"].isnan()
    assert layer.weight.grad.equal(1.5 * before)
    assert frozen.grad is None


def test_buffers_are_levelled_and_alone_nothing_changes() -> None:
    model = build(BATCH_NORM)
    norm = next(layer for layer in model.networks.modules() if isinstance(layer, _BatchNorm))
    before = norm.get_buffer("running_var").clone()
    statistics = [buffer for buffer in model.networks.buffers() if buffer.is_floating_point()]
    average_over_ranks(ALONE, statistics)
    average_over_ranks(ALONE, [])
    assert norm.get_buffer("running_var").equal(before)
    average_over_ranks(RANK_1, statistics)
    assert norm.get_buffer("running_var").equal(1.5 * before)


def test_batch_norm_is_synchronised_on_cuda_alone_with_the_same_weights_by_the_same_names() -> None:
    model = build(BATCH_NORM)
    before, weights = model.networks.state_dict(), list(model.networks.parameters())
    images = data_of(BATCH_NORM).batch(0, 4, seed=0).images
    scored = model.networks.eval()["d"](images)
    for world, device in ((1, "cuda"), (2, "cpu")):
        synchronise_batch_norm(model.networks, world, torch.device(device))
        assert not any(isinstance(layer, nn.SyncBatchNorm) for layer in model.networks.modules())
    synchronise_batch_norm(model.networks, 2, torch.device("cuda"))
    norms = [layer for layer in model.networks.modules() if isinstance(layer, _BatchNorm)]
    assert len(norms) == 3
    assert all(isinstance(layer, nn.SyncBatchNorm) for layer in norms)
    assert differing(model.networks.state_dict(), before) == set()
    assert [id(weight) for weight in model.networks.parameters()] == [id(weight) for weight in weights]
    assert model.networks.eval()["d"](images).equal(scored)  # the first rank samples and judges by itself
