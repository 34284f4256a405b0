"""What a configuration may hold, what excludes what, and the exact words in which that is said."""

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from tiny_models import check_config, tiny

from reference_models import MODELS, Config, ConfigError, build, configure
from reference_models.configuration.config import (
    CHOICES,
    FIXED,
    PENALTY_SETTINGS,
    RANGES,
    RENAMED,
    SMOOTHED,
    differences,
)
from reference_models.configuration.setting_help import explained
from reference_models.configuration.validation import check_used

SETTABLE = {item.name: item.type for item in fields(Config) if item.name not in FIXED}
PER_SAMPLE = (
    "a gradient's norm is taken sample by sample, and batch norm lets the samples of a batch depend on each other"
)


def refusal(config: Config) -> str:
    with pytest.raises(ConfigError) as caught:
        check_config(config)
    return str(caught.value)


def refused_change(config: Config, key: str, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check_used(config.replaced({key: text}), [key], translates=MODELS[config.model].translates)
    return str(caught.value)


def test_every_setting_has_its_values_or_its_range() -> None:
    ranged = {name for name, kind in SETTABLE.items() if kind in (int, float)}
    assert ranged | {"steps", "classes"} == set(RANGES)
    assert {name for name, kind in SETTABLE.items() if kind is str} == set(CHOICES)
    assert {name for name, kind in SETTABLE.items() if kind not in (int, float, str)} == {
        name for name, kind in SETTABLE.items() if kind is bool
    }


def test_every_setting_is_explained_with_its_values_and_its_default() -> None:
    said = explained()
    assert list(said) == list(SETTABLE)
    meanings = {item.name: item.metadata["meaning"] for item in fields(Config) if item.name in SETTABLE}
    for key, text in said.items():
        meaning, facts = text.split("\n")
        assert meaning == meanings[key] != ""
        assert "default: " in facts
    for key, names in CHOICES.items():
        assert all(name in said[key].split("\n")[1] for name in names), key


@pytest.mark.parametrize(
    ("key", "facts"),
    {
        "spectral_norm": "true or false; default: false",
        "lr_g": "number, 0 to 10; default: 0.0002",
        "batch_size": "whole number, 1 to 1,000,000; default: 64 (cyclegan: 8)",
        "gradient_penalty": "number, 0 to 1,000,000,000; default: 0 (wgan-gp: 10)",
        "pool_size": "whole number, 0 to 1,000,000; default: 50; for models that translate",
        "embedding_scale": "number, 0 to 100; default: 0.15; for conditional models; "
        "no effect with condition_g=batch-norm",
    }.items(),
)
def test_the_help_of_a_setting_is_what_the_tables_hold(key: str, facts: str) -> None:
    assert explained()[key].split("\n")[1] == facts


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_trained_by_default(model: str) -> None:
    check_config(tiny(model))


@pytest.mark.parametrize("text", ["true", "True", "1"])
def test_a_switch_is_set_by_text(text: str) -> None:
    assert Config("dcgan").replaced({"spectral_norm": text}).spectral_norm is True
    assert Config("dcgan", spectral_norm=True).replaced({"spectral_norm": "false"}).spectral_norm is False


def test_settings_take_the_type_of_their_field() -> None:
    changed = Config("dcgan").replaced({"batch_size": "32", "lr_g": "1e-3", "r1": "2", "norm_d": "none"})
    assert (changed.batch_size, changed.lr_g, changed.penalties, changed.norm_d) == (32, 1e-3, {"r1": 2.0}, "none")
    assert changed == replace(Config("dcgan"), batch_size=32, lr_g=1e-3, r1=2.0, norm_d="none")


TEXTS = {
    ("spectral_norm", "yes"): "--set spectral_norm=yes: needed true or false",
    ("batch_size", "many"): "--set batch_size=many: needed a whole number",
    ("batch_size", "1.5"): "--set batch_size=1.5: needed a whole number",
    ("lr_g", "fast"): "--set lr_g=fast: needed a number",
    ("instance_noise_until", "1"): "--set instance_noise_until: has no effect without instance_noise",
    ("lambda_cycle", "1"): "--set lambda_cycle: is for models that translate images, and dcgan would ignore it",
    ("pool_size", "1"): "--set pool_size: is for models that translate images, and dcgan would ignore it",
    ("condition_g", "batch-norm"): "--set condition_g: is for conditional models, and dcgan would ignore it",
}


@pytest.mark.parametrize(("key", "text"), TEXTS)
def test_a_setting_that_cannot_be_meant_is_refused_in_words(key: str, text: str) -> None:
    assert refused_change(Config("dcgan"), key, text) == TEXTS[key, text]


@pytest.mark.parametrize("key", ["spectral_nrom", "nonsense"])
def test_an_unknown_setting_is_refused_with_the_known_ones(key: str) -> None:
    hint = "did you mean 'spectral_norm'? " if key == "spectral_nrom" else ""
    said = refused_change(Config("dcgan"), key, "1")
    assert said.startswith(f"--set {key}: no such setting: {hint}")
    assert said.endswith(f"(known: {', '.join(SETTABLE)}; `ganeval list settings` explains them)")


@pytest.mark.parametrize("key", RENAMED)
def test_an_earlier_name_is_answered_with_todays(key: str) -> None:
    said = refused_change(Config("dcgan"), key, "1")
    assert said.startswith(
        f"--set {key}: no such setting: did you mean {' or '.join(map(repr, RENAMED[key]))}? (known: "
    )
    assert set(RENAMED[key]) <= set(SETTABLE)


def test_an_earlier_penalty_is_answered_with_the_setting_of_its_name() -> None:
    for penalty, setting in PENALTY_SETTINGS.items():
        said = refused_change(Config("dcgan"), "penalty", penalty)
        assert said.startswith(f"--set penalty: no such setting: did you mean '{setting}'? (known: ")


GIVEN = {
    "steps": "give --steps",
    "seed": "give --seed",
    "model": "the command names it (train MODEL)",
    "shape": "the data decide it; --set size=N resizes images",
    "classes": "the labels of the data decide them",
    "other_channels": "the images of the second domain decide them",
}


@pytest.mark.parametrize("key", FIXED)
def test_what_is_no_setting_is_refused_with_how_it_is_given(key: str) -> None:
    assert refused_change(Config("dcgan"), key, "1") == f"--set {key}: is no setting: {GIVEN[key]}"


def test_other_settings_without_effect_are_refused() -> None:
    conditional = Config("cgan", classes=10, condition_g="batch-norm")
    translating = Config("cyclegan", net="unet", norm_g="instance", norm_d="instance", other_channels=3)
    said = {
        refused_change(
            conditional, "embedding_scale", "1"
        ): "embedding_scale: has no effect with condition_g=batch-norm",
        refused_change(conditional, "norm_g", "layer"): "norm_g: has no effect with condition_g=batch-norm",
        refused_change(translating, "blocks", "2"): "blocks: has no effect with net=unet",
        refused_change(translating, "lambda_identity", "1"): (
            "lambda_identity: has no effect with lambda_cycle=0, or between grey and colour"
        ),
        refused_change(translating, "latent", "8"): (
            "latent: is for models that generate from noise, and cyclegan would ignore it"
        ),
        refused_change(
            Config("dcgan", lr_decay="none"), "lr_decay_from", "0"
        ): "lr_decay_from: has no effect with lr_decay=none",
        refused_change(
            Config("dcgan", ema_half_life=0), "ema_ramp", "0"
        ): "ema_ramp: has no effect with ema_half_life=0",
    }
    assert [found.removeprefix("--set ") for found in said] == list(said.values())


def test_a_setting_has_effect_beside_what_it_needs() -> None:
    assert Config("dcgan").replaced({"instance_noise": "1", "instance_noise_until": "1"}).instance_noise_until == 1
    assert Config("cgan", classes=2).replaced({"embedding_scale": "1"}).embedding_scale == 1
    assert Config("cyclegan", net="resnet").replaced({"blocks": "2"}).blocks == 2


# Pairs that exclude each other


@pytest.mark.parametrize("model", [name for name in MODELS if name != "cyclegan"])
@pytest.mark.parametrize("penalty", PENALTY_SETTINGS.values())
def test_batch_norm_in_a_discriminator_with_any_penalty_is_refused_for_every_model(model: str, penalty: str) -> None:
    config = tiny(model, norm_d="batch", **{"gradient_penalty": 0.0, penalty: 1.0})
    said = f"{model}: norm_d=batch with {penalty}: {PER_SAMPLE}; set norm_d=none or layer"
    assert refusal(config) == said
    with pytest.raises(ConfigError):
        build(config)
    for norm in ("none", "layer"):
        check_config(replace(config, norm_d=norm))


@pytest.mark.parametrize("loss", CHOICES["loss"])
def test_smoothing_needs_a_loss_with_targets(loss: str) -> None:
    config = tiny("dcgan", loss=loss, label_smoothing=0.1)
    if loss in SMOOTHED:
        check_config(config)
    else:
        needed = "it has no target to smooth; needed non-saturating, minimax, least-squares"
        assert refusal(config) == f"dcgan: label_smoothing with loss={loss}: {needed}"


MINIBATCH = "minibatch layers need at least two samples (or packs) in a batch"
BOTH = "both bound the gradient of D, and clipping undoes the normalisation"
DEPENDENT = "a gradient's norm is taken sample by sample, and they let the samples of a batch depend on each other"
FOR_NOISE = "is for models that generate from noise, and cyclegan would ignore it"
PAIRS: list[tuple[str, dict[str, Any], str]] = [
    ("cgan", {"pack": 2}, "pack with a conditional model: packed samples would need one class"),
    ("dcgan", {"spectral_norm": True, "clip_weights": 0.1}, f"spectral_norm with clip_weights: {BOTH}"),
    ("dcgan", {"pack": 4}, "batch_size=6 with pack=4: needed a multiple"),
    ("dcgan", {"pack": 6, "minibatch_std": True}, MINIBATCH),
    ("dcgan", {"batch_size": 1, "minibatch_discrimination": 4}, MINIBATCH),
    ("vanilla", {"batch_size": 1}, "batch norm with batch_size=1, pack=1: needed at least two samples (or packs)"),
    (
        "vanilla",
        {"batch_size": 2, "pack": 2, "norm_d": "batch"},
        "batch norm with batch_size=2, pack=2: needed at least two samples (or packs)",
    ),
    ("wgan-gp", {"minibatch_std": True}, f"minibatch layers with gradient_penalty: {DEPENDENT}"),
    (
        "dcgan",
        {"lambda_adversarial": 0.0},
        "lambda_adversarial=0 without feature_matching: the generator would have nothing to learn from",
    ),
    (
        "vanilla",
        {"norm_d": "instance"},
        "instance norm with net=mlp: it is taken over the pixels of a map, and a perceptron has none",
    ),
    ("dcgan", {"shape": (2,)}, "net=conv with vectors: needed mlp"),
    ("vanilla", {"shape": (2,), "flip": True}, "augment and flip are for images"),
    ("vanilla", {"shape": (2,), "augment": "color"}, "augment and flip are for images"),
    ("dcgan", {"net": "unet"}, "net=unet: is for models that translate images; needed mlp, conv or resnet"),
    ("dcgan", {"lambda_cycle": 1.0}, "lambda_cycle=1.0 is for models that translate images, and dcgan would ignore it"),
    ("cyclegan", {"net": "conv"}, "net=conv: translators are resnet or unet"),
    ("cyclegan", {"shape": (2,)}, "cyclegan translates images, not vectors"),
    (
        "cyclegan",
        {"norm_d": "batch"},
        "norm_g and norm_d: translators and their discriminators have instance norm, as published",
    ),
    ("cyclegan", {"pack": 2}, f"pack=2 {FOR_NOISE}"),
    ("cyclegan", {"historical_averaging": 0.1}, f"historical_averaging=0.1 {FOR_NOISE}"),
    ("cyclegan", {"pretrain": 5}, f"pretrain=5 {FOR_NOISE}"),
]


@pytest.mark.parametrize(("model", "changes", "reason"), PAIRS, ids=[reason[:50] for _, _, reason in PAIRS])
def test_what_excludes_each_other_is_refused_with_the_reason(model: str, changes: dict[str, Any], reason: str) -> None:
    assert refusal(tiny(model, **changes)) == f"{model}: {reason}"


def test_a_conditional_model_needs_classes() -> None:
    with pytest.raises(ConfigError, match=r"^cgan: found images without class labels; needed at least two classes$"):
        build(tiny("cgan", classes=1))


VALUES: list[tuple[dict[str, Any], str]] = [
    ({"batch_size": 0}, "batch_size=0: needed 1 to 1000000"),
    ({"batch_size": 6.0}, "batch_size=6.0: needed a whole number"),
    ({"lr_g": "fast"}, "lr_g=fast: needed a number"),
    ({"pack": 0}, "pack=0: needed 1 to 64"),
    ({"lr_g": -1.0}, "lr_g=-1.0: needed 0 to 10"),
    ({"lr_d": math.nan}, "lr_d=nan: needed 0 to 10"),
    ({"r2": math.inf}, "r2=inf: needed 0 to 1000000000.0"),
    ({"beta1": 1.0}, "beta1=1.0: needed 0 to 0.999999"),
    ({"label_smoothing": 0.6}, "label_smoothing=0.6: needed 0 to 0.5"),
    ({"loss": "hing"}, f"loss=hing is unknown, did you mean 'hinge'? needed {', '.join(CHOICES['loss'])}"),
    ({"augment": "color+"}, "augment= is unknown, needed color, translation, cutout"),
    ({"augment": "color+color"}, "augment=color+color: needed each once"),
    ({"augment": "colour"}, "augment=colour is unknown, did you mean 'color'? needed color, translation, cutout"),
    ({"shape": (2, 8, 8)}, "images of 2 channels: needed 1 or 3"),
    ({"shape": (1, 8, 9)}, "images of 8 x 9: needed square ones of 8 to 256 pixels"),
    ({"shape": (1, 4, 4)}, "images of 4 x 4: needed square ones of 8 to 256 pixels"),
    ({"shape": (8, 8)}, "shape=(8, 8): needed (C, H, W) of images or (D,) of vectors"),
]


@pytest.mark.parametrize(("changes", "reason"), VALUES, ids=[reason[:40] for _, reason in VALUES])
def test_a_value_out_of_range_is_refused_with_the_range(changes: dict[str, Any], reason: str) -> None:
    assert refusal(tiny("dcgan", **changes)) == f"dcgan: {reason}"


def test_every_reason_is_given_at_once() -> None:
    said = refusal(tiny("dcgan", lr_g=-1.0, batch_size=0))
    assert said == "dcgan: batch_size=0: needed 1 to 1000000; lr_g=-1.0: needed 0 to 10"


# Files


@pytest.mark.parametrize("model", MODELS)
def test_a_configuration_survives_json(model: str) -> None:
    config = tiny(model, lr_g=0.1 + 0.2)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_foreign_configurations_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^configuration: found the unknown keys b, z; written by a later version\?$"
    ):
        Config.from_dict({**Config("dcgan").to_dict(), "z": 1, "b": 2})
    with pytest.raises(ConfigError, match=r"^configuration: found no model or no shape; needed both$"):
        Config.from_dict({"model": "dcgan"})


RECORDED = sorted((Path(__file__).parents[3] / "results" / "recorded").glob("*-s0/config.json"))


@pytest.mark.parametrize("path", RECORDED, ids=[path.parent.name for path in RECORDED])
def test_the_configuration_of_a_recorded_run_is_read_as_todays(path: Path) -> None:
    config = Config.from_dict(json.loads(path.read_text(encoding="utf-8"))["config"])
    sizes = {"classes": config.classes, "other_channels": config.other_channels, "steps": config.steps}
    assert config == configure(config.model, config.shape, **sizes, seed=config.seed)


def test_penalties_of_an_earlier_version_are_read_each_with_the_weight_that_all_had() -> None:
    before = {"model": "dcgan", "shape": [1, 8, 8], "penalty": "r1+zero-centred", "penalty_weight": 3.0, "batch": 7}
    config = Config.from_dict(before)
    assert config == Config("dcgan", r1=3.0, zero_centered_penalty=3.0, batch_size=7)
    assert list(config.penalties.items()) == [("r1", 3.0), ("zero-centred", 3.0)]
    with pytest.raises(ConfigError, match=r"^configuration: found the unknown keys nonsense; "):
        Config.from_dict({**before, "penalty": "nonsense"})


def test_differences_name_both_sides() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ["b: was 2, now 3", "c: was absent, now 4"]
    assert differences({"a": 1}, {"a": 1}) == []
