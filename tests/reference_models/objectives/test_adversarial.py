"""One generator against one discriminator, of one's own or of this package: the calls and the objectives."""

import ast
import doctest
import importlib
import pkgutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from known_networks import Linear, Scaled, generated_at, own, scores_of
from tiny_models import batch_of, data_of, random_images, tiny
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

import reference_models
from reference_models import Adversarial, Config, ConfigError, Data, Sampler, build, train
from reference_models.configuration.config import CHOICES, PENALTY_SETTINGS
from reference_models.engine.precision import autocast, uses_bfloat16, uses_channels_last
from reference_models.engine.randomness import UpdateContext
from reference_models.objectives.losses import LOSSES

CPU = torch.device("cpu")


@pytest.mark.parametrize("loss", CHOICES["loss"])
def test_each_name_is_its_own_loss_for_both_networks(loss: str) -> None:
    model, discriminator = own(loss=loss)
    context, batch = UpdateContext(0, 3, 1), batch_of(model.config)
    real, fake = scores_of(discriminator, batch.images), scores_of(discriminator, generated_at(context))
    objective = model.objective("d", batch, context)
    assert list(objective.losses) == ["loss"]
    assert objective.losses["loss"].item() == pytest.approx(LOSSES[loss].discriminator(real, fake).item(), rel=1e-5)
    assert objective.logged["real"].item() == pytest.approx(real.mean().item(), rel=1e-5)
    assert objective.logged["fake"].item() == pytest.approx(fake.mean().item(), rel=1e-5)
    move = model.objective("g", batch, context)
    assert list(move.losses) == ["loss"]
    assert move.losses["loss"].item() == pytest.approx(LOSSES[loss].generator(fake).item(), rel=1e-5)


def test_the_original_game_is_binary_cross_entropy() -> None:
    model, discriminator = own(label_smoothing=0.1)
    context, batch = UpdateContext(0, 0), batch_of(model.config)
    real, fake = scores_of(discriminator, batch.images), scores_of(discriminator, generated_at(context))
    at_reals = binary_cross_entropy_with_logits(real, torch.full_like(real, 0.9))  # one-sided smoothing
    expected = at_reals + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    assert model.objective("d", batch, context).losses["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert model.objective("g", batch, context).losses["loss"].item() == pytest.approx(
        softplus(-fake).mean().item(), rel=1e-5
    )


@pytest.mark.parametrize("names", [*PENALTY_SETTINGS, "r1+r2", "gradient+r1+r2+zero-centred"])
def test_penalties_are_weighted_and_added_each_by_its_name(names: str) -> None:
    model, discriminator = own(**{PENALTY_SETTINGS[name]: 7.0 for name in names.split("+")})
    objective = model.objective("d", batch_of(model.config), UpdateContext(0, 0))
    square = discriminator.weight.detach().square().sum().item()  # the gradient of a linear discriminator is its weight
    gradients = {"gradient": (square**0.5 - 1) ** 2, "r1": square / 2, "r2": square / 2, "zero-centred": square}
    assert list(objective.losses) == ["loss", *(f"{name} penalty" for name in names.split("+"))]
    for name in names.split("+"):
        assert objective.losses[f"{name} penalty"].item() == pytest.approx(7 * gradients[name], rel=1e-5)
    assert list(model.objective("g", batch_of(model.config), UpdateContext(0, 0)).losses) == [
        "loss"
    ]  # the discriminator alone pays


def test_the_discriminator_learns_from_images_without_a_graph() -> None:
    model, discriminator = own()
    model.objective("d", batch_of(model.config), UpdateContext(0, 0))
    assert [seen.requires_grad for seen in discriminator.seen] == [False, False]
    discriminator.seen.clear()
    model.objective("g", batch_of(model.config), UpdateContext(0, 0))
    assert [seen.requires_grad for seen in discriminator.seen] == [True]


def test_every_update_draws_its_own_latents() -> None:
    model, discriminator = own()
    for step in (0, 1):
        for move in (0, 1):
            model.objective("g", batch_of(model.config), UpdateContext(0, step, move))
    assert len({float(seen.detach().double().sum()) for seen in discriminator.seen}) == 4


def test_feature_matching_alone_is_the_distance_of_mean_features() -> None:
    model, discriminator = own(feature_matching=3.0, lambda_adversarial=0.0)
    context, batch = UpdateContext(0, 0), batch_of(model.config)
    objective = model.objective("g", batch, context)
    gap = batch.images.flatten(1).mean(0) - generated_at(context).flatten(1).mean(0)  # its features are the pixels
    assert list(objective.losses) == ["feature matching"]
    assert objective.losses["feature matching"].item() == pytest.approx(3 * gap.square().sum().item(), rel=1e-5)
    objective.losses["feature matching"].backward()
    assert model.network("g").get_parameter("weight").grad is not None
    assert discriminator.weight.grad is None


def test_feature_matching_beside_the_adversarial_loss_is_added() -> None:
    model, _ = own(feature_matching=3.0, lambda_adversarial=0.25)
    plain, _ = own()
    batch, context = batch_of(model.config), UpdateContext(0, 0)
    both, alone = model.objective("g", batch, context).losses, plain.objective("g", batch, context).losses
    assert list(both) == ["loss", "feature matching"]
    assert both["loss"].item() == pytest.approx(0.25 * alone["loss"].item())


def test_feature_matching_needs_a_discriminator_with_features() -> None:
    config = Config("mine", feature_matching=1.0)
    with pytest.raises(ConfigError, match=r"^feature_matching: Flatten has no method features\(images\)$"):
        Adversarial(config, nn.Identity(), nn.Flatten(0))


def test_what_cannot_be_trained_is_refused_with_own_networks_too() -> None:
    with pytest.raises(ConfigError, match=r"^mine: norm_d=batch with r1: "):
        Adversarial(Config("mine", r1=1.0), Scaled(1, 8, 8), Linear(1, 8, 8))
    with pytest.raises(
        ConfigError, match=r"^mine: not a reference model \(vanilla, dcgan, .*build its networks yourself"
    ):
        build(Config("mine"))


class Asked(nn.Module):
    """Remembers with how many arguments it was called."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.calls = inner, list[int]()

    def forward(self, *given: Tensor) -> Tensor:
        self.calls.append(len(given))
        made: Tensor = self.inner(given[0])
        return made


@pytest.mark.parametrize(("classes", "arguments"), [(0, {1}), (3, {2})])
def test_own_networks_get_labels_where_the_configuration_has_classes(
    tmp_path: Path, classes: int, arguments: set[int]
) -> None:
    config = Config("mine", latent=64, batch_size=6, norm_d="none", steps=2, classes=classes)
    networks = Asked(Scaled(1, 8, 8)), Asked(Linear(1, 8, 8))
    labelled = Data(random_images(config), torch.arange(20) % 3)  # labels are there in both cases
    outcome = train(Adversarial(config, *networks), labelled, tmp_path)
    assert {call for network in networks for call in network.calls} == arguments
    made, labels = Sampler(outcome.average.networks["g"], config).draw(5, seed=0)
    assert made.shape == (5, 1, 8, 8)
    assert (labels is None) == (classes == 0)


@pytest.mark.parametrize(("pack", "scores"), [(1, 6), (2, 3), (3, 2)])
def test_the_discriminator_gives_one_score_for_each_image_or_pack(pack: int, scores: int) -> None:
    model, _ = own(pack=pack)
    judged = model.discriminator_scores(Data(random_images(model.config)).batch(0, 6, seed=0))
    assert judged.shape == (scores,)


def test_vectors_are_played_for_as_well(tmp_path: Path) -> None:
    config = tiny("vanilla", shape=(2,), norm_g="none", pack=3)
    outcome = train(build(config), data_of(config), tmp_path)
    assert outcome.divergence is None
    points, _ = Sampler(outcome.average.networks["g"], config).draw(7, seed=0)
    assert points.shape == (7, 2)
    assert points.dtype == torch.float32


def perceptron(outputs: int) -> nn.Sequential:
    layers = nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, outputs)
    return nn.Sequential(*layers)


@pytest.mark.slow
def test_a_generator_and_a_discriminator_of_ones_own_find_a_ring(tmp_path: Path) -> None:
    angle = 2 * torch.pi * torch.rand(2000, generator=torch.Generator().manual_seed(0))
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator, discriminator = perceptron(2), nn.Sequential(perceptron(1), nn.Flatten(0))
    config = Config("ring", shape=(2,), net="mlp", latent=2, steps=400, r1=1.0, norm_d="none")
    config = replace(config, lr_g=2e-3, lr_d=2e-3, beta1=0.0, beta2=0.99)
    outcome = train(Adversarial(config, generator, discriminator), Data(ring), tmp_path)
    points, _ = Sampler(outcome.average.networks["g"], config).draw(400, seed=0)
    assert float((points.norm(dim=1) - 1).abs().median()) < 0.1
    eighths = (torch.atan2(points[:, 1], points[:, 0]) * 4 / torch.pi + 4).long()
    assert int(torch.bincount(eighths, minlength=8)[:8].min()) > 20  # of 50: all around


# Precision and layout


@pytest.mark.parametrize("model", reference_models.MODELS)
@pytest.mark.parametrize("r1", [0.0, 1.0])
def test_every_model_trains_in_bfloat16_at_32_pixels(tmp_path: Path, model: str, r1: float) -> None:
    changes: dict[str, Any] = {"r1": r1} | ({"norm_d": "layer"} if r1 and model in ("dcgan", "cgan") else {})
    config = tiny(model, shape=(3, 32, 32), steps=2, batch_size=2, precision="bf16", **changes)
    trained = build(config)
    kinds: set[torch.dtype] = set()
    for module in trained.networks.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda module, given, made: kinds.add(made.dtype))
    before = [weight.detach().clone() for weight in trained.networks.parameters()]
    outcome = train(trained, data_of(config, 6), tmp_path)
    assert outcome.divergence is None
    assert kinds == {torch.bfloat16}
    after_update = [not old.equal(new) for old, new in zip(before, trained.networks.parameters(), strict=True)]
    assert sum(after_update) > 0.8 * len(after_update)
    assert all(weight.dtype == torch.float32 for weight in trained.networks.parameters())


def test_bfloat16_gradients_are_those_of_float32_within_its_digits() -> None:
    gradients = []
    for precision in ("float32", "bf16"):
        config = tiny("wgan-gp", shape=(3, 32, 32), precision=precision, width=4)
        model = build(config)
        with autocast(config, CPU):
            losses = model.objective("d", batch_of(config), UpdateContext(0, 0)).losses
        torch.stack(list(losses.values())).sum().backward(inputs=model.parameters_of("d"))
        found = [weight.grad for weight in model.parameters_of("d") if weight.grad is not None]
        gradients.append(torch.cat([gradient.flatten() for gradient in found]))
    assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 0.05


def test_where_short_arithmetic_and_the_other_layout_are_chosen() -> None:
    large, small = tiny("dcgan", shape=(3, 32, 32)), tiny("dcgan")
    assert not uses_bfloat16(small, CPU)
    assert not uses_channels_last(small, CPU)
    assert uses_channels_last(large, CPU)
    assert not uses_bfloat16(tiny("vanilla", shape=(3, 32, 32)), CPU)
    assert not uses_bfloat16(tiny("vanilla", shape=(2,)), CPU)
    assert not uses_channels_last(tiny("vanilla", shape=(2,)), torch.device("cuda"))
    assert uses_channels_last(small, torch.device("cuda"))
    assert uses_bfloat16(tiny("dcgan", precision="bf16"), CPU)
    assert not uses_bfloat16(tiny("dcgan", shape=(3, 32, 32), precision="float32"), CPU)


@pytest.mark.parametrize("in_hardware", [True, False])
def test_at_16_pixels_the_models_that_gain_are_those_measured_to(
    monkeypatch: pytest.MonkeyPatch, in_hardware: bool
) -> None:
    monkeypatch.setattr("reference_models.engine.precision.bfloat16_pays", lambda device: in_hardware)
    sides = {"dcgan": 16, "wgan-gp": 16, "cgan": 16, "cyclegan": 17}  # docs/reproducing.md has the figures
    for model, first in sides.items():
        for side in (8, 15, 16, 17, 28):
            config = tiny(model, shape=(1, side, side))
            assert uses_bfloat16(config, CPU) == (in_hardware and side >= first)
            assert uses_channels_last(config, CPU) == (side >= first)


# The package

PACKAGE = Path(reference_models.__file__).parent
MODULES = sorted(f"reference_models.{one.name}" for one in pkgutil.iter_modules([str(PACKAGE)]))


def test_nothing_but_torch_numpy_and_safetensors_is_imported() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) <= {"torch", "numpy", "safetensors", "reference_models"}


@pytest.mark.parametrize("name", ["reference_models", *MODULES])
def test_examples(name: str) -> None:
    for one in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        assert doctest.DocTestRunner(verbose=False).run(one).failed == 0, one.name


def test_public_names_are_there_and_explained() -> None:
    assert sorted(reference_models.__all__) == sorted(set(reference_models.__all__))
    for name in reference_models.__all__:
        one = getattr(reference_models, name)
        assert not callable(one) or one.__doc__, name


def test_batch_norm_in_a_discriminator_of_ones_own_is_refused_with_a_penalty() -> None:
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    config = Config("mine", latent=4, norm_d="none", gradient_penalty=10.0, loss="wasserstein")
    with pytest.raises(ConfigError, match="gradient_penalty: the discriminator has batch norm"):
        Adversarial(config, nn.Linear(4, 64), discriminator)
