"""What excites a layer: gradient ascent against closed forms, and what is stored and refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from torch import Tensor, nn
from training_runs import load_domains

from ganeval.errors import ContentError, UsageError
from ganeval.training.final_scores import FinishedRun
from ganeval.training.insight.activation import CHANNELS, STARTS, default_layer, store_activation, write_activation
from ganeval.training.insight.ascent import Probe, ascend, layers_of, on_sphere
from ganeval.training.run_request import RunRequest
from reference_models import MODELS, Config, Sampler, build, configure, load_sampler

Orders = Callable[..., RunRequest]
Carried = Callable[..., FinishedRun]


def normal(count: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


# the ascent


def test_a_linear_layer_is_raised_to_the_most_that_it_has_on_the_sphere() -> None:
    layer = nn.Linear(16, 6)
    with torch.no_grad():
        layer.weight.copy_(normal(6, 16))
    channels = torch.tensor([4, 0, 2])
    found = ascend(layer, normal(3, 16, 1), channels, on_sphere)
    most = 4 * layer.weight[channels].norm(dim=1) + layer.bias[channels]  # at sqrt(16) times the weight's direction
    assert (found.reached <= most + 1e-4).all()
    torch.testing.assert_close(found.reached.float(), most.detach(), rtol=1e-3, atol=0)
    torch.testing.assert_close(found.after.norm(dim=1), torch.full((3,), 4.0))
    directions = nn.functional.cosine_similarity(found.after, layer.weight[channels])
    assert directions.min() > 0.999


def test_start_and_reached_are_the_activations_of_what_is_given_back() -> None:
    network = nn.Sequential(nn.Linear(8, 12), nn.Tanh(), nn.Linear(12, 5), nn.ReLU())
    channels = torch.tensor([1, 3, 4])
    found = ascend(network, normal(3, 8), channels, on_sphere)
    for inputs, activity in ((found.before, found.start), (found.after, found.reached)):
        with torch.no_grad():
            torch.testing.assert_close(network(inputs)[torch.arange(3), channels].double(), activity)
    assert (found.reached >= found.start).all()
    torch.testing.assert_close(found.before, on_sphere(normal(3, 8)))


def test_inputs_that_cannot_be_raised_stay_the_same() -> None:
    found = ascend(lambda z: 0 * z, normal(2, 4), torch.tensor([0, 1]), on_sphere)
    assert found.reached.tolist() == found.start.tolist() == [0, 0]


def test_no_weight_is_touched_nor_given_a_gradient() -> None:
    network = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
    before = [weight.detach().clone() for weight in network.parameters()]
    ascend(Probe(network, network[1]), normal(2, 8), torch.tensor([0, 1]), on_sphere)
    for weight, was in zip(network.parameters(), before, strict=True):
        assert torch.equal(weight, was)
        assert weight.grad is None
    assert not network[1]._forward_hooks, "nobody listens any longer"


def test_a_probe_gives_the_mean_of_a_map_or_its_peak() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten())
    given = normal(5, 36).reshape(5, 1, 6, 6)
    maps = network[1](network[0](given))
    torch.testing.assert_close(Probe(network, network[1])(given), maps.mean((2, 3)))
    torch.testing.assert_close(Probe(network, network[1], peak=True)(given), maps.amax((2, 3)))
    torch.testing.assert_close(Probe(network, network[2])(given), network(given))


# layers


@pytest.mark.parametrize(
    ("model", "shape", "changes", "blocks"),
    [
        ("vanilla", (1, 8, 8), {}, 2),
        ("vanilla", (2,), {}, 3),
        ("dcgan", (1, 8, 8), {}, 2),
        ("dcgan", (3, 32, 32), {"net": "resnet"}, 4),
        ("cyclegan", (1, 16, 16), {}, 8),
        ("cyclegan", (1, 16, 16), {"net": "unet"}, 2),
    ],
)
def test_layers_are_named_in_the_order_in_which_they_work(
    model: str, shape: tuple[int, ...], changes: dict[str, str], blocks: int
) -> None:
    built = build(configure(model, shape, changes=changes))
    network = built.network(built.generators[0]).eval()
    layers = layers_of(network)
    assert list(layers) == [f"block{number}" for number in range(1, blocks + 1)]
    seen: list[str] = []
    for name, layer in layers.items():
        layer.register_forward_hook(lambda *_, name=name: seen.append(name))
    given = normal(2, built.config.latent) if model != "cyclegan" else torch.zeros(2, *shape)
    with torch.no_grad():
        network(given)
    assert seen == list(layers)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_layer_in_the_middle(model: str) -> None:
    built = build(configure(model, (1, 16, 16), classes=3 * (model == "cgan")))
    sampler = Sampler(built.network(built.generators[0]), built.config)
    names = list(layers_of(sampler.network))
    assert default_layer(sampler) == names[len(names) // 2]


# what is stored


def test_the_channels_that_vary_most_are_raised_from_the_best_of_a_few_starts(tmp_path: Path) -> None:
    torch.manual_seed(5)
    config = configure("dcgan", (1, 8, 8))
    sampler = Sampler(build(config).network("g").eval().requires_grad_(False), config)
    path = write_activation(tmp_path, sampler, "block1")
    assert path == tmp_path / "learning" / "activation-block1.npz"
    found = arrays(path)
    pool = on_sphere(torch.randn(200, config.latent, generator=torch.Generator().manual_seed(4)))
    with torch.no_grad():
        active = Probe(sampler.network, layers_of(sampler.network)["block1"])(pool).numpy()
    assert found["channels"].tolist() == np.argsort(-active.std(0), kind="stable")[:CHANNELS].tolist()
    np.testing.assert_allclose(found["start"], active[:STARTS, found["channels"]].max(0), rtol=1e-5)
    assert (found["reached"] > active[:, found["channels"]].max(0)).all(), "more than any of two hundred drawn ones"
    best = pool[active[:STARTS, found["channels"]].argmax(0)]
    assert np.array_equal(found["before"][..., 0], sampler.images(best)[:, 0].numpy())
    assert found["pictures"].shape == (CHANNELS, 8, 8, 1)
    assert (str(found["layer"]), str(found["unit"])) == ("block1", "mean of the map")


def test_a_class_stays_that_of_the_start(tmp_path: Path) -> None:
    config = configure("cgan", (1, 8, 8), classes=5)
    network = build(config).network("g").eval().requires_grad_(False)
    found = arrays(write_activation(tmp_path, Sampler(network, config, [0, 4, 4, 0, 4])))
    assert set(found["labels"].tolist()) <= {1, 2, 4}
    assert found["labels"].shape == found["channels"].shape


@pytest.fixture(scope="module")
def trained(
    tiny: Orders, carried_out: Carried, suite_run: tuple[Path, Result], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A run of eight steps of `train-all`'s, or on other data; for reading, and for layers."""
    folder = tmp_path_factory.mktemp("runs")

    def run(model: str, source: str = "digits") -> Path:
        path = folder / f"{source}-{model}-s0"
        if not path.exists():
            if source == "digits":
                shutil.copytree(suite_run[0] / path.name, path)
            else:
                carried_out(tiny(model, path, source))
        return path

    return run


@pytest.mark.slow
@pytest.mark.parametrize("model", ["vanilla", "cgan", "cyclegan"])
def test_a_layer_of_a_run_is_stored_the_same_every_time(trained: Callable[[str], Path], model: str) -> None:
    run = trained(model)
    first = store_activation(run, "block1").read_bytes()
    assert store_activation(run, "block1").read_bytes() == first
    middle = default_layer(load_sampler(run))
    at_the_end = (run / "learning" / f"activation-{middle}.npz").read_bytes()
    assert store_activation(run).read_bytes() == at_the_end


@pytest.mark.slow
def test_a_translator_shows_the_test_images_that_excite_it_most(trained: Callable[[str], Path]) -> None:
    run = trained("cyclegan")
    found = arrays(store_activation(run, "block2"))
    network = load_sampler(run).network
    pixels = load_domains("digits").a.test.pixels
    pool = pixels[torch.randperm(len(pixels), generator=torch.Generator().manual_seed(4))[:200]]
    with torch.no_grad():
        peaks = network[:7](pool.float() / 127.5 - 1).amax((2, 3)).numpy()  # up to the second ReLU
    for place, channel in enumerate(found["channels"].tolist()):
        np.testing.assert_allclose(found["reached"][place], peaks[:, channel].max(), rtol=1e-4)
        np.testing.assert_allclose(found["start"][place], np.sort(peaks[:, channel])[99], rtol=1e-4)
        held = pool[peaks[:, channel].argmax()].permute(1, 2, 0).numpy()
        assert np.array_equal(found["pictures"][place], held)
    assert str(found["unit"]) == "peak of the map"


# what is refused


@pytest.mark.slow
def test_an_unknown_layer_is_refused_with_the_nearest_one(trained: Callable[[str], Path]) -> None:
    with pytest.raises(UsageError, match=r"unknown layer 'blok2': did you mean 'block2'\? \(known: block1, block2\)"):
        store_activation(trained("vanilla"), "blok2")


@pytest.mark.slow
def test_points_have_no_activations_to_store(trained: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="found a generator of points, needed one of images"):
        store_activation(trained("vanilla", "ring8"))


def test_a_folder_without_a_run_or_checkpoint_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: no such run folder"):
        store_activation(tmp_path / "nowhere")
    with pytest.raises(ContentError, match="found no run of `ganeval train`, needed one with a generator"):
        store_activation(tmp_path)
    recorded = Path(__file__).parents[3] / "results" / "recorded" / "digits-dcgan-s0"
    with pytest.raises(ContentError, match=r"found no best checkpoint \(checkpoints are not in git\); train it again"):
        store_activation(recorded)


def test_a_sphere_has_the_length_of_normal_latents() -> None:
    torch.testing.assert_close(on_sphere(normal(9, 64) * 7).norm(dim=1), torch.full((9,), 8.0))
    assert on_sphere(torch.zeros(1, 4)).isfinite().all()
    assert Config("mine").latent == 64
