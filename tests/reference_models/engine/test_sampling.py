"""Samples: the same for every number asked for, seeded, in the classes' proportions, and of the weights asked for."""

import json
from pathlib import Path

import pytest
import torch
from tiny_models import ScoringWatch, data_of, random_images, tiny
from torch import Tensor, nn

from reference_models import MODELS, CheckpointError, Config, Sampler, build, load_sampler, train
from reference_models.engine.data import to_pixels, to_signed
from reference_models.engine.sampling import BLOCK, eval_mode

NOISE = [name for name in MODELS if name != "cyclegan"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run of each model."""
    folder = tmp_path_factory.mktemp("runs")
    for name in MODELS:
        config = tiny(name, lr_g=1e-2)
        train(build(config), data_of(config), folder / name, watch=ScoringWatch())
    return folder


def sampler_of(model: str, **changes: object) -> Sampler:
    config = tiny(model, **changes)
    return Sampler(build(config).network("g"), config)


@pytest.mark.parametrize("model", NOISE)
def test_the_first_samples_of_a_longer_draw_are_those_of_a_shorter_one(model: str) -> None:
    sampler = sampler_of(model)
    longest, classes = sampler.draw(2 * BLOCK + 7, seed=3)
    assert longest.dtype == torch.uint8
    assert longest.shape == (2 * BLOCK + 7, 1, 8, 8)
    for count in (1, 6, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK):
        some, labels = sampler.draw(count, seed=3)
        assert some.equal(longest[:count])
        assert (labels is None) == (classes is None)
        assert labels is None or classes is None or labels.equal(classes[:count])


def test_blocks_are_the_draw_in_parts() -> None:
    sampler = sampler_of("cgan")
    blocks = list(sampler.blocks(BLOCK + 20, seed=0))
    assert [len(some) for some, _ in blocks] == [BLOCK, 20]
    assert torch.cat([some for some, _ in blocks]).equal(sampler.draw(BLOCK + 20, seed=0)[0])


def test_draws_depend_on_the_seed_alone() -> None:
    sampler = sampler_of("vanilla", width=16)
    torch.manual_seed(1)
    first = sampler.draw(20, seed=0)[0]
    state = torch.get_rng_state()
    assert sampler.draw(20, seed=0)[0].equal(first)
    assert torch.get_rng_state().equal(state)
    assert not sampler.draw(20, seed=1)[0].equal(first)
    assert len(first.flatten(1).unique(dim=0)) == 20


@pytest.mark.parametrize(
    ("counts", "shares"), [(None, (1 / 3, 1 / 3, 1 / 3)), ([6, 3, 1], (0.6, 0.3, 0.1)), ([5, 5], (0.5, 0.5, 0))]
)
def test_classes_come_in_the_proportions_of_the_training_data(
    counts: list[int] | None, shares: tuple[float, ...]
) -> None:
    config = tiny("cgan")
    labels = Sampler(build(config).network("g"), config, counts).draw(6000, seed=0)[1]
    assert labels is not None
    found = torch.bincount(labels, minlength=3) / 6000
    assert found.tolist() == pytest.approx(shares, abs=4 * 0.5 / 6000**0.5)
    assert [share == 0 for share in shares] == (found == 0).tolist()


def test_a_class_that_is_asked_for_is_generated() -> None:
    sampler = sampler_of("cgan", condition_g="batch-norm")
    gains = sampler.network.get_parameter("layers.2.gain")
    nn.init.zeros_(gains)
    z = torch.randn(4, 3)
    with torch.no_grad():
        gains[1] = 1.0  # the other classes know nothing of z any more
    made = [sampler.images(z, torch.full((4,), label)) for label in range(3)]
    assert len(made[1].flatten(1).unique(dim=0)) == 4
    assert len(made[0].flatten(1).unique(dim=0)) == len(made[2].flatten(1).unique(dim=0)) == 1


def test_sampling_is_in_eval_mode_and_changes_nothing() -> None:
    sampler = sampler_of("dcgan")
    network = sampler.network.train()
    network.get_submodule("layers.0").eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    made = sampler.draw(30, seed=0)[0]
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    network.eval()
    assert sampler.draw(30, seed=0)[0].equal(made)


def test_modes_come_back_after_an_error() -> None:
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    with pytest.raises(ZeroDivisionError), eval_mode(network):
        _ = 1 / network[1].training  # it is in eval mode
    assert network[0].training


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^samples: found a count of 0, needed at least 1$"):
        sampler_of("vanilla").draw(0, seed=0)
    with pytest.raises(ValueError, match=r"^images: found none, needed at least 1$"):
        sampler_of("vanilla").translate(torch.zeros(0, 1, 8, 8, dtype=torch.uint8))


# Checkpoints


@pytest.mark.slow
@pytest.mark.parametrize("model", NOISE)
def test_best_and_last_averaged_and_raw_are_four_generators(runs: Path, model: str) -> None:
    made = {}
    for checkpoint in ("best", "last"):
        for raw in (False, True):
            made[checkpoint, raw] = load_sampler(runs / model, checkpoint=checkpoint, raw=raw).draw(20, seed=0)[0]
    different = [first.equal(second) for first in made.values() for second in made.values()]
    assert sum(different) == 4  # each with itself alone


@pytest.mark.parametrize("model", MODELS)
def test_a_loaded_generator_is_the_one_that_was_trained(runs: Path, tmp_path: Path, model: str) -> None:
    config = tiny(model, lr_g=1e-2)
    outcome = train(build(config), data_of(config), runs / model, watch=ScoringWatch())  # finished: only loads
    for raw, networks in ((False, outcome.average.networks), (True, outcome.model.networks)):
        name = outcome.model.generators[0]
        loaded = load_sampler(runs / model, checkpoint="last", raw=raw)
        assert all(map(torch.equal, loaded.network.state_dict().values(), networks[name].state_dict().values()))
        assert not loaded.network.training
        assert not any(weight.requires_grad for weight in loaded.network.parameters())
        assert loaded.config == config


def test_classes_are_drawn_as_the_checkpoint_counted_them(runs: Path) -> None:
    assert load_sampler(runs / "cgan").class_counts == [7, 7, 6]
    assert load_sampler(runs / "vanilla").class_counts is None


def test_translators_are_chosen_by_direction(runs: Path) -> None:
    config, images = tiny("cyclegan"), random_images(tiny("cyclegan"), 9)
    for direction in ("ab", "ba"):
        sampler = load_sampler(runs / "cyclegan", direction=direction)
        expected = to_pixels(sampler.network(to_signed(images)))
        assert int((sampler.translate(images).int() - expected.int()).abs().max()) <= 1  # rounding
    assert (
        not load_sampler(runs / "cyclegan", direction="ba")
        .translate(images)
        .equal(load_sampler(runs / "cyclegan", direction="ab").translate(images))
    )
    with pytest.raises(ValueError, match=r"^direction 'aa': needed ab or ba$"):
        load_sampler(runs / "cyclegan", direction="aa")
    assert config.model == "cyclegan"


class OfItsBatch(nn.Module):
    """Tells in its images how many came with them, as rounding does."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x / len(x) + self.weight


@pytest.mark.parametrize(("size", "count"), [(8, 230), (128, 31)])
def test_a_translation_does_not_depend_on_its_company(size: int, count: int) -> None:
    config = Config("cyclegan", shape=(1, size, size))
    images = random_images(config, count)
    sampler = Sampler(OfItsBatch(), config)
    together = sampler.translate(images)
    assert together.shape == images.shape
    for split in (1, 7, 100):
        assert torch.cat([sampler.translate(part) for part in images.split(split)]).equal(together)


def test_what_cannot_be_sampled_is_reported_in_one_line(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_sampler(tmp_path)
    assert str(caught.value) == f"{tmp_path}: found no best checkpoint (checkpoints are not in git); train it again"
    about = json.loads((runs / "dcgan" / "checkpoints" / "best.json").read_text(encoding="utf-8"))
    weights = (runs / "dcgan" / "checkpoints" / about["file"]).read_bytes()
    wrong = {
        "later": {**about["config"], "future": 1},
        "own": {**about["config"], "model": "mine"},
        "wider": {**about["config"], "width": 5},
        "nonsense": {**about["config"], "shape": [2, 8, 8]},
        "empty": {},
    }
    said = {}
    for name, config in wrong.items():
        folder = tmp_path / name / "checkpoints"
        folder.mkdir(parents=True)
        (folder / about["file"]).write_bytes(weights)
        (folder / "best.json").write_text(json.dumps({**about, "config": config}), encoding="utf-8")
        with pytest.raises(CheckpointError) as found:
            load_sampler(tmp_path / name)
        said[name] = str(found.value).removeprefix(f"{tmp_path / name}: ")
        assert "\n" not in said[name]
    assert said["later"].startswith("holds no run that can be sampled: configuration: found the unknown keys future;")
    assert said["own"].startswith("holds no run that can be sampled: mine: not a reference model")
    assert said["wider"].startswith("its weights are of another network (Error(s) in loading state_dict")
    assert said["nonsense"] == "holds no run that can be sampled: dcgan: images of 2 channels: needed 1 or 3"
    assert said["empty"] == "holds no run that can be sampled: configuration: found no model or no shape; needed both"
