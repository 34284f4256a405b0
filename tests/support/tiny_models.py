"""Models of a few hundred weights with data and a watch, for tests of the loop and of what runs in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from reference_models import MODELS, Config, Data, Watch, translates
from reference_models.configuration.config import CHOICES
from reference_models.configuration.validation import check
from reference_models.engine.data import TrainingBatch
from reference_models.engine.ema import Average
from reference_models.engine.model import Model

TINY: dict[str, Any] = {"width": 2, "latent": 3, "batch_size": 6, "steps": 12, "check_every": 3, "log_every": 2}
OF_TRANSLATION: dict[str, Any] = {key: value for key, value in TINY.items() if key != "latent"} | {
    "blocks": 1,
    "pool_size": 4,
}
FIDS = {3: 5.0, 6: 3.0, 9: 4.0, 12: 3.5}  # the best check is not the last


def tiny(model: str, **changes: Any) -> Config:
    """A configuration of a model that trains in milliseconds."""
    own: dict[str, Any] = OF_TRANSLATION if translates(model) else TINY
    return Config(model, **{**MODELS[model].defaults, **own, "classes": 3 * MODELS[model].conditional, **changes})


def check_config(config: Config) -> None:
    """ConfigError where a reference model cannot be trained so."""
    check(config, translates=MODELS[config.model].translates)


def every_switch() -> Config:
    """All that a model from noise can have at once, and that keeps state or draws."""
    stateful: dict[str, Any] = {"historical_averaging": 0.1, "spectral_norm": True, "minibatch_std": True, "pack": 2}
    inputs: dict[str, Any] = {
        "instance_noise": 0.3,
        "augment": "+".join(CHOICES["augment"]),
        "flip": True,
        "label_smoothing": 0.1,
    }
    updates: dict[str, Any] = {"n_critic": 2, "pretrain": 2, "clip_gradients": 1.0, "feature_matching": 0.5}
    return tiny("dcgan", minibatch_discrimination=2, **stateful, **inputs, **updates)


def translating_switches() -> Config:
    """All that CycleGAN can have at once, in colour, with channels last where the machine does that."""
    inputs: dict[str, Any] = {
        "instance_noise": 0.3,
        "augment": "+".join(CHOICES["augment"]),
        "flip": True,
        "gradient_penalty": 10.0,
    }
    return tiny("cyclegan", shape=(3, 20, 20), n_critic=2, spectral_norm=True, clip_gradients=1.0, **inputs)


def random_images(config: Config, count: int = 20, seed: int = 0, channels: int | None = None) -> Tensor:
    """Random images uint8, or vectors float32, of a configuration's shape."""
    generator = torch.Generator().manual_seed(seed)
    if config.is_vector:
        return torch.randn(count, *config.shape, generator=generator)
    shape = (count, channels or config.shape[0], *config.shape[1:])
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def data_of(config: Config, count: int = 20) -> Data:
    """Random data of all kinds that a configuration needs."""
    labels = torch.arange(count) % config.classes if config.classes else None
    other = random_images(config, count + 3, 1, config.other_channels) if translates(config.model) else None
    return Data(random_images(config, count), labels, other)


def batch_of(config: Config, number: int = 0) -> TrainingBatch:
    """What one update sees."""
    return data_of(config).batch(number, config.batch_size, seed=config.seed)


class ScoringWatch(Watch):
    """Scores each check by its step and, in the digits behind, by its weights."""

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        weights = sum(float(weight.double().sum()) for weight in average.networks.parameters())
        model.networks.eval()  # the loop has to put it back
        return {"fid": FIDS.get(step, 9.0) + 1e-3 * weights, "step": step}


def tensors_at(folder: Path, name: str) -> dict[str, Tensor]:
    """The tensors of a checkpoint."""
    (file,) = (folder / "checkpoints").glob(f"{name}-*.safetensors")
    found: dict[str, Tensor] = load_file(file)
    return found


def differing(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> set[str]:
    """The names of tensors that are not equal bit for bit, or not on both sides."""
    both = set(first) & set(second)
    unequal = {name for name in both if first[name].dtype != second[name].dtype}
    return unequal | (set(first) ^ set(second)) | {name for name in both if not torch.equal(first[name], second[name])}
