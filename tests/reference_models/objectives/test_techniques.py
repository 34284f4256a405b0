"""Each technique of the literature, switched on by its setting, does in a run what its paper says."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from known_networks import Linear, own
from tiny_models import batch_of, data_of, tiny
from torch import Tensor, nn
from torch.nn.utils import parametrize

from reference_models import Adversarial, Config, Watch, build, train
from reference_models.engine.loop import Run
from reference_models.engine.model import Model
from reference_models.engine.randomness import Draw, UpdateContext
from reference_models.objectives.augmentation import augmented
from reference_models.objectives.discriminator_input import discriminator_input, join_packs, noise_at
from reference_models.objectives.historical_averaging import History

CPU = torch.device("cpu")


def running(model: Model, folder: Path) -> Run:
    return Run(model, data_of(model.config), folder, Watch(), CPU, "")


class Recording(Adversarial):
    """Remembers each network's weights, and the norm of the gradient that moved them, at the start and after moves."""

    past: dict[str, list[list[Tensor]]]
    gradients: dict[str, list[float]]

    def after_update(self, group: str) -> None:
        super().after_update(group)
        weights = self.parameters_of(group)
        self.past[group].append([weight.detach().clone() for weight in weights])
        found = [weight.grad.flatten() for weight in weights if weight.grad is not None]
        self.gradients[group].append(float(torch.cat(found).norm()))


def recording(config: Config) -> Recording:
    networks = build(config).networks
    model = Recording(config, networks["g"], networks["d"])
    model.past = {group: [[weight.detach().clone() for weight in model.parameters_of(group)]] for group in "dg"}
    model.gradients = {group: [] for group in "dg"}
    return model


# How networks move


def test_the_discriminator_is_updated_n_critic_times_and_more_before_the_first_step(tmp_path: Path) -> None:
    model = recording(tiny("vanilla", n_critic=3, pretrain=4, steps=2))
    assert [model.updates(step) for step in (0, 1)] == [("d",) * 7 + ("g",), ("d",) * 3 + ("g",)]
    run = running(model, tmp_path)
    run.finish()
    assert (len(model.gradients["d"]), len(model.gradients["g"])) == (7 + 3, 2)
    assert run.progress.drawn == 12  # a batch for each update


def test_two_time_scales_are_two_learning_rates(tmp_path: Path) -> None:
    model = recording(tiny("vanilla", lr_d=1e-2, lr_g=1e-4, beta1=0.0, steps=1))
    running(model, tmp_path).finish()
    for group, rate in (("d", 1e-2), ("g", 1e-4)):
        first, second = model.past[group]
        after_update = max(float((new - old).abs().max()) for old, new in zip(first, second, strict=True))
        assert after_update == pytest.approx(rate, rel=1e-2)  # Adam's first move is the rate times the gradient's sign


def test_weights_are_clipped_after_every_update_of_the_discriminator_alone(tmp_path: Path) -> None:
    model = recording(tiny("vanilla", clip_weights=0.01, n_critic=2, steps=4, lr_d=0.1))
    running(model, tmp_path).finish()
    bounds = [max(float(weight.abs().max()) for weight in weights) for weights in model.past["d"]]
    assert bounds[0] > 0.01
    assert bounds[1:] == [pytest.approx(0.01, rel=1e-6)] * 8
    assert max(float(weight.abs().max()) for weight in model.past["g"][-1]) > 0.01


def test_gradients_are_clipped_in_their_norm(tmp_path: Path) -> None:
    free, bound = (recording(tiny("vanilla", clip_gradients=limit, steps=4)) for limit in (0.0, 1e-4))
    for name, model in (("free", free), ("bound", bound)):
        running(model, tmp_path / name).finish()
    for group in "dg":
        assert min(free.gradients[group]) > 1e-4
        assert bound.gradients[group] == [pytest.approx(1e-4, rel=1e-2)] * 4


def test_averages_of_the_generator_follow_it_and_raw_weights_are_kept(tmp_path: Path) -> None:
    model = recording(tiny("vanilla", steps=3, ema_half_life=6, ema_ramp=0.0))  # a batch is a half-life
    run = running(model, tmp_path)
    outcome = run.finish()
    first, *later = model.past["g"]
    expected = first
    for weights in later:
        expected = [(mean + weight) / 2 for mean, weight in zip(expected, weights, strict=True)]
    for mean, found in zip(expected, outcome.average.networks["g"].parameters(), strict=True):
        assert found.allclose(mean, atol=1e-7)
    assert all(map(torch.equal, model.parameters_of("g"), later[-1]))
    for name, buffer in model.network("g").named_buffers():
        assert outcome.average.networks["g"].get_buffer(name).equal(buffer)


# What networks minimise


@pytest.mark.parametrize("group", ["d", "g"])
def test_historical_averaging_is_the_distance_from_the_mean_of_all_past_weights(tmp_path: Path, group: str) -> None:
    config = tiny("vanilla", historical_averaging=0.3, steps=5, lr_d=0.01, lr_g=0.01, n_critic=2)
    model = recording(config)
    running(model, tmp_path).finish()
    assert len(model.past[group]) == (11 if group == "d" else 6)
    means = [torch.stack(several).double().mean(0) for several in zip(*model.past[group], strict=True)]
    context = model.past[group][-1]
    distance = sum(float((weight - mean).square().sum()) for weight, mean in zip(context, means, strict=True))
    loss = model.objective(group, batch_of(config), UpdateContext(0, 5)).losses["historical"]
    assert loss.item() == pytest.approx(0.3 * distance, rel=1e-3)
    assert distance > 0


def test_historical_averaging_draws_weights_back_to_their_mean() -> None:
    model, discriminator = own(historical_averaging=2.0)
    before = discriminator.weight.detach().clone()
    with torch.no_grad():
        discriminator.weight.add_(1.0)
    model.objective("d", batch_of(model.config), UpdateContext(0, 0)).losses["historical"].backward()
    assert discriminator.weight.grad is not None
    assert discriminator.weight.grad.allclose(2.0 * 2 * (discriminator.weight - before).detach())


def test_a_mean_of_the_past_is_taken_back_in_the_layout_of_its_weights() -> None:
    networks = nn.ModuleDict({"d": nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)})
    kept = {name: value.contiguous() for name, value in History(networks).state().items()}  # as a file has it
    history = History(networks)
    history.restore(kept)
    strides = [mean.stride() for mean in history.means["d"]]
    assert strides == [weight.stride() for weight in networks.parameters()]  # else sums differ in their last digits


def test_spectral_norm_keeps_every_layer_of_the_discriminator_at_gradient_one(tmp_path: Path) -> None:
    config = tiny("dcgan", norm_d="none", spectral_norm=True, steps=60, check_every=60, lr_d=1e-3)
    model = build(config)
    train(model, data_of(config), tmp_path)
    layers = [layer for layer in model.network("d").modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    assert len(layers) >= 3
    for layer in layers:
        assert parametrize.is_parametrized(layer, "weight")
        gradient = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
        assert float(gradient) == pytest.approx(1, abs=0.05)
    assert not any(parametrize.is_parametrized(layer) for layer in model.network("g").modules())


@pytest.mark.parametrize("changes", [{"minibatch_std": True}, {"minibatch_discrimination": 3}])
def test_minibatch_layers_let_the_discriminator_see_that_samples_are_alike(changes: dict[str, Any]) -> None:
    config = tiny("vanilla", norm_d="none", **changes)
    batch = batch_of(config)
    alike = batch.images[:1].expand(6, -1, -1, -1)
    for configuration, differ in ((config, True), (tiny("vanilla", norm_d="none"), False)):
        discriminator = build(configuration).network("d")
        one, same = discriminator(batch.images)[0], discriminator(alike)[0]
        assert bool((one - same).abs() > 1e-5) is differ


# What the discriminator is shown


def test_packing_shows_the_discriminator_several_samples_at_once() -> None:
    model, discriminator = own(pack=3)
    batch, context = batch_of(model.config), UpdateContext(0, 0)
    model.objective("d", batch, context)
    real, fake = discriminator.seen
    assert real.shape == fake.shape == (2, 3, 8, 8)
    assert real.equal(torch.stack([torch.cat(list(batch.images[:3])), torch.cat(list(batch.images[3:]))]))
    discriminator.seen.clear()
    model.objective("g", batch, context)
    assert discriminator.seen[0].equal(fake)
    assert join_packs(torch.arange(12.0).reshape(6, 2), 3).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_the_first_layer_of_a_packed_discriminator_is_as_wide() -> None:
    critics = [build(tiny("dcgan", pack=pack)).network("d").modules() for pack in (1, 2)]
    first = [next(layer for layer in discriminator if isinstance(layer, nn.Conv2d)) for discriminator in critics]
    assert [layer.in_channels for layer in first] == [1, 2]


def test_instance_noise_is_on_real_and_fake_in_both_updates_and_ends_exactly() -> None:
    model, discriminator = own(instance_noise=0.4, instance_noise_until=0.5)
    batch = batch_of(model.config)
    for step in (0, 2, 4, 5, 9):
        context = UpdateContext(0, step)
        clean, _ = own()
        generate = clean.generate(batch, context).detach()
        for group, plain in (("d", [batch.images, generate]), ("g", [generate])):
            discriminator.seen.clear()
            model.objective(group, batch, context)
            noises = [seen.detach() - image for seen, image in zip(discriminator.seen, plain, strict=True)]
            for noise in noises:
                expected = 0.4 * max(0, 1 - step / 5)
                assert noise.std().item() == pytest.approx(expected, rel=0.2)
                assert noise.mean().item() == pytest.approx(0, abs=4 * expected / len(noise.flatten()) ** 0.5)
                assert bool(noise.any()) is (step < 5)
            if group == "d" and step < 5:
                assert not noises[0].allclose(noises[1], atol=1e-3)


def test_noise_falls_linearly_and_is_nothing_afterwards() -> None:
    config = Config("dcgan", steps=100, instance_noise=1.0, instance_noise_until=0.4)
    assert [noise_at(config, step) for step in (0, 10, 20, 39)] == pytest.approx([1, 0.75, 0.5, 0.025])
    assert {noise_at(config, step) for step in range(40, 101)} == {0.0}
    assert noise_at(Config("dcgan", instance_noise=1.0, instance_noise_until=0.0), 0) == 0.0
    assert noise_at(Config("dcgan"), 0) == 0.0
    images = torch.randn(2, 1, 8, 8)
    assert discriminator_input(images, config, UpdateContext(0, 40), "real") is images


def test_augmentation_is_of_real_and_fake_images_in_both_updates_and_reaches_the_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, discriminator = own(augment="translation+cutout", feature_matching=1.0)
    batch, context = batch_of(model.config), UpdateContext(0, 0)
    plain, _ = own()
    generate = plain.generate(batch, context).detach()
    given: list[tuple[Tensor, tuple[str, ...]]] = []
    original = augmented

    def spied(images: Tensor, policies: tuple[str, ...], draw: Draw) -> Tensor:
        given.append((images, policies))
        return original(images, policies, draw)

    monkeypatch.setattr("reference_models.objectives.discriminator_input.augmented", spied)
    model.objective("d", batch, context)
    sum(model.objective("g", batch, context).losses.values(), torch.zeros(())).backward()
    kinds = ["real" if images.detach().equal(batch.images) else "made" for images, _ in given]
    assert sorted(kinds[:2]) == sorted(kinds[2:]) == ["made", "real"]
    assert {policies for _, policies in given} == {("translation", "cutout")}
    assert not any(seen.equal(images) for seen in discriminator.seen for images in (batch.images, generate))
    gradient = model.network("g").get_parameter("weight").grad
    assert gradient is not None
    assert bool(gradient.isfinite())
    assert bool(gradient != 0)


def test_switching_one_technique_on_leaves_the_draws_of_others_as_they_were() -> None:
    batch, context = batch_of(own()[0].config), UpdateContext(0, 0)
    plain, noisy = own(instance_noise=0.4)[1], own(instance_noise=0.4, gradient_penalty=10.0, augment="color")[1]
    for model, discriminator in (
        (own(instance_noise=0.4)[0], plain),
        (own(instance_noise=0.4, gradient_penalty=10.0)[0], noisy),
    ):
        model.networks["d"] = discriminator
        model.objective("d", batch, context)
    assert all(map(torch.equal, plain.seen[:2], noisy.seen[:2]))


# Where weights start

STARTS = {"normal": 0.02, "xavier": None, "he": None, "orthogonal": None, "default": None}


@pytest.mark.parametrize("init", STARTS)
def test_a_model_starts_from_the_configured_scheme(init: str) -> None:
    config = tiny("dcgan", init=init, width=32, batch_size=2)
    layer = [one for one in build(config).network("d").modules() if isinstance(one, nn.Conv2d)][1]
    weight = layer.weight.detach()
    fan_in, fan_out = weight[0].numel(), weight[:, 0].numel()
    spread = {
        "normal": 0.02,
        "xavier": (2 / (fan_in + fan_out)) ** 0.5,
        "he": (2 / (1.04 * fan_in)) ** 0.5,
        "orthogonal": (1 / fan_in) ** 0.5,
        "default": (1 / (3 * fan_in)) ** 0.5,
    }
    assert float(weight.std()) == pytest.approx(spread[init], rel=0.05)


def test_the_linear_discriminator_of_these_tests_is_one() -> None:
    discriminator = Linear(1, 8, 8)
    first, second = torch.randn(2, 3, 1, 8, 8)
    assert discriminator(first + second).allclose(discriminator(first) + discriminator(second), atol=1e-5)
    assert copy.deepcopy(discriminator)(first).equal(discriminator(first))
