"""Recipes: every one can be built, and a budget keeps its shares."""

import pytest
import torch
from tiny_models import check_config

from reference_models import MODELS, PRESETS, Config, ConfigError, build, configure
from reference_models.configuration.config import FIXED
from reference_models.configuration.presets import preset_for, with_steps

SHAPES = {"digits": (1, 8, 8), "mnist": (1, 28, 28), "cifar10": (3, 32, 32), "large": (3, 64, 64), "vectors": (2,)}
ROWS = [(preset, model) for preset, models in PRESETS.items() for model in models]


def chosen(preset: str, model: str, **changes: str) -> Config:
    return configure(model, SHAPES[preset], classes=10, preset=preset, changes=changes)


def test_every_preset_has_a_shape_here() -> None:
    assert set(PRESETS) == set(SHAPES)


@pytest.mark.parametrize(("preset", "model"), ROWS)
def test_every_recipe_is_one_that_can_be_trained(preset: str, model: str) -> None:
    config = chosen(preset, model)
    check_config(config)
    assert config.model == model
    assert config.shape == SHAPES[preset]
    assert config.classes == (10 if model == "cgan" else 0)
    small = {"width": "4"}  # the widths of the papers take a while
    made = build(chosen(preset, model, **small))
    assert all(bool(weight.isfinite().all()) for weight in made.networks.parameters())


@pytest.mark.parametrize(("preset", "model"), ROWS)
def test_a_recipe_overrides_the_model_and_changes_override_both(preset: str, model: str) -> None:
    config = chosen(preset, model)
    expected = {**MODELS[model].defaults, **PRESETS[preset][model]}
    assert {key: getattr(config, key) for key in expected} == expected
    assert set(PRESETS[preset][model]) - {"steps"} <= set(Config.__dataclass_fields__) - set(FIXED)
    assert chosen(preset, model, batch_size="12").batch_size == 12


@pytest.mark.parametrize("size", [8, 16, 28, 32, 48, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_every_size_have_a_recipe(size: int, channels: int) -> None:
    assert preset_for((channels, size, size)) in PRESETS
    for model in MODELS:
        check_config(configure(model, (channels, size, size), classes=10))


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 28, 28), (3, 28, 28), (3, 32, 32), (3, 64, 64), (1, 256, 256)])
@pytest.mark.parametrize("model", MODELS)
def test_images_are_mirrored_only_by_a_preset_that_is_named(model: str, shape: tuple[int, ...]) -> None:
    assert not configure(model, shape, classes=10).flip  # they may be digits
    assert configure(model, shape, classes=10, changes={"flip": "true"}).flip
    assert [name for name in PRESETS if model in PRESETS[name] and chosen(name, model).flip] == ["cifar10", "large"]


def test_wgan_gp_has_no_batch_norm_in_its_discriminator_and_its_penalty_anywhere() -> None:
    for preset, models in PRESETS.items():
        if "wgan-gp" in models:
            config = chosen(preset, "wgan-gp")
            assert config.norm_d != "batch"
            assert config.penalties == {"gradient": 10.0}
            assert config.loss == "wasserstein"


def test_a_resnet_is_one_setting_away() -> None:
    for model in ("dcgan", "wgan-gp", "cgan"):
        config = chosen("cifar10", model, net="resnet", width="4")
        made = build(config).networks["g"](torch.zeros(2, config.latent), torch.zeros(2).long())
        assert made.shape == (2, 3, 32, 32)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100, 10**6])
def test_a_budget_keeps_checks_and_logs_within_it(steps: int) -> None:
    for preset, model in ROWS:
        config = configure(model, SHAPES[preset], classes=10, preset=preset, steps=steps)
        check_config(config)
        assert config.steps == steps
        assert 1 <= config.log_every <= max(1, config.check_every) <= max(1, steps)
        assert config.check_every <= max(1, steps // 4)


def test_a_budget_leaves_what_was_set() -> None:
    config = chosen("digits", "dcgan", check_every="7", log_every="3")
    assert with_steps(config, 10, {"check_every": "7"}).check_every == 7
    assert with_steps(config, 10, {"log_every": "3"}).log_every == 3


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"^stylegan: no such model \(known: vanilla, dcgan, wgan-gp, cgan, cyclegan\)$"
    ):
        configure("stylegan", (1, 8, 8))
    with pytest.raises(ConfigError, match=r"^--preset imagenet: no such preset \(known: digits, "):
        configure("dcgan", (1, 8, 8), preset="imagenet")
    with pytest.raises(ConfigError, match=r"^cyclegan: the preset vectors has no such model \(it has "):
        configure("cyclegan", (2,))
    with pytest.raises(ConfigError, match=r"^--set depth: no such setting"):
        configure("dcgan", (1, 8, 8), changes={"depth": "3"})


def test_only_least_squares_has_its_half_taken_back() -> None:
    assert configure("cyclegan", (1, 16, 16)).lambda_adversarial == 2.0
    assert configure("cyclegan", (1, 16, 16), changes={"loss": "hinge"}).lambda_adversarial == 1.0
