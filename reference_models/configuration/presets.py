"""The presets: for each kind of data the settings that differ from a model's own defaults (docs/reproducing.md)."""

from collections.abc import Mapping
from typing import Any

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check_used
from reference_models.models import MODELS

# digits: 8 x 8, one thread, seconds a model; chosen on the selection split
_DIGITS: dict[str, dict[str, Any]] = {
    "vanilla": {"steps": 6000, "check_every": 600, "latent": 16},
    "dcgan": {"steps": 4000, "check_every": 400},
    "wgan-gp": {"steps": 1700, "check_every": 170, "latent": 16, "n_critic": 3, "lr_g": 1e-3, "lr_d": 1e-3},
    "cgan": {"steps": 2400, "check_every": 240},
    "cyclegan": {"steps": 1200, "check_every": 200, "lr_g": 5e-4, "lr_d": 5e-4},
}

# MNIST: 28 x 28 grey; after the papers' own sizes
_MNIST_COMMON: dict[str, Any] = {"latent": 64, "ema_half_life": 5000, "check_every": 1000}
_MNIST: dict[str, dict[str, Any]] = {
    "vanilla": {**_MNIST_COMMON, "steps": 50_000, "width": 512},
    "dcgan": {**_MNIST_COMMON, "steps": 25_000},
    "wgan-gp": {
        **_MNIST_COMMON,
        "steps": 12_000,
        "check_every": 500,
        "net": "resnet",
        "width": 16,
        "norm_d": "layer",
        "n_critic": 1,
        "lr_g": 1e-3,
        "lr_d": 1e-3,
        "ema_half_life": 128_000,
    },
    "cgan": {**_MNIST_COMMON, "steps": 25_000},
    "cyclegan": {"steps": 20_000, "width": 32, "check_every": 1000},
}

# CIFAR-10: 32 x 32 colour; after gan-collections and mimicry, at half their width: docs/reproducing.md has theirs
_CIFAR10_COMMON: dict[str, Any] = {
    "flip": True,
    "steps": 100_000,
    "check_every": 2000,
    "latent": 128,
    "batch_size": 128,
    "ema_half_life": 50_000,
}
_CIFAR10: dict[str, dict[str, Any]] = {
    "vanilla": {**_CIFAR10_COMMON, "width": 1024},
    "dcgan": {**_CIFAR10_COMMON, "width": 64, "beta2": 0.9, "lr_decay_from": 0.0},
    "wgan-gp": {**_CIFAR10_COMMON, "width": 64, "n_critic": 1, "lr_decay_from": 0.0},
    "cgan": {
        **_CIFAR10_COMMON,
        "width": 64,
        "loss": "hinge",
        "norm_d": "none",
        "spectral_norm": True,
        "condition_g": "batch-norm",
        "condition_d": "projection",
        "n_critic": 5,
        "beta1": 0.0,
        "beta2": 0.9,
        "lr_decay_from": 0.0,
    },
    "cyclegan": {"flip": True, "steps": 100_000, "width": 32, "batch_size": 4, "check_every": 2000},
}

# larger images: CycleGAN as its authors train it, one image at a time
_LARGE: dict[str, dict[str, Any]] = {
    **_CIFAR10,
    "cyclegan": {"flip": True, "steps": 200_000, "width": 64, "batch_size": 1, "check_every": 5000},
}

# points in the plane: perceptrons as PacGAN's and the WGAN-GP paper's toy studies
_VECTORS_COMMON: dict[str, Any] = {"net": "mlp", "width": 128, "latent": 2, "batch_size": 256, "norm_g": "none"}
_VECTORS: dict[str, dict[str, Any]] = {
    "vanilla": {**_VECTORS_COMMON, "steps": 20_000, "check_every": 2000},
    "wgan-gp": {**_VECTORS_COMMON, "steps": 10_000, "n_critic": 5, "lr_g": 5e-4, "lr_d": 5e-4, "check_every": 1000},
}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "digits": _DIGITS,
    "mnist": _MNIST,
    "cifar10": _CIFAR10,
    "large": _LARGE,
    "vectors": _VECTORS,
}


def preset_for(shape: tuple[int, ...]) -> str:
    """The preset of data that has none of its own name: by shape.

    >>> preset_for((1, 28, 28)), preset_for((3, 128, 128)), preset_for((2,))
    ('mnist', 'large', 'vectors')
    """
    if len(shape) == 1:
        return "vectors"
    if shape[1] <= 16:
        return "digits"
    if shape[1] > 48:
        return "large"
    return "mnist" if shape[0] == 1 else "cifar10"


def configure(
    model: str,
    shape: tuple[int, ...],
    *,
    classes: int = 0,
    other_channels: int = 0,
    preset: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    changes: Mapping[str, str] | None = None,
) -> Config:
    """The configuration of a model on data of this shape: its defaults, the preset's, then `changes` as text.

    A preset that is chosen by the shape mirrors no images (`flip`): they may be digits, which a named preset excludes.
    Raises ConfigError for an unknown model or preset, a model that the preset lacks, or an unknown setting.
    """
    if model not in MODELS:
        raise ConfigError(f"{model}: no such model (known: {', '.join(MODELS)})")
    name = preset or preset_for(shape)
    if name not in PRESETS:
        raise ConfigError(f"--preset {name}: no such preset (known: {', '.join(PRESETS)})")
    if model not in PRESETS[name]:
        raise ConfigError(f"{model}: the preset {name} has no such model (it has {', '.join(PRESETS[name])})")
    values = {**MODELS[model].defaults, **PRESETS[name][model]}
    if preset is None:
        values.pop("flip", None)  # digits, letters and maps have the shapes of photographs
    if MODELS[model].translates and (changes or {}).get("loss", values["loss"]) != values["loss"]:
        del values["lambda_adversarial"]  # which takes back the half of least squares alone
    known = classes if MODELS[model].conditional else 0
    config = Config(model, shape, known, other_channels, seed, **values).replaced(changes or {})
    check_used(config, changes or {}, translates=MODELS[model].translates)
    return config if steps is None else with_steps(config, steps, changes or {})


def with_steps(config: Config, steps: int, changes: Mapping[str, str]) -> Config:
    """With another budget; logs and checks keep their share of it, unless they were set."""
    values = {**config.__dict__, "steps": steps}
    if "check_every" not in changes:
        values["check_every"] = max(1, min(config.check_every, steps // 4))
    if "log_every" not in changes:
        values["log_every"] = max(1, min(config.log_every, values["check_every"] // 2))
    return Config(**values)
