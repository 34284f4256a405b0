"""`Config`: everything that decides a run of a reference model. What cannot go together is in validation.py.

Each technique of the literature is one field, set by name (`--set spectral_norm=true`) and independent of the others
wherever mathematics allows.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


def near(name: str, known: Iterable[str]) -> str:
    """The known name nearest to one that is unknown, as a question; empty where none is near.

    >>> near("widht", ("batch_size", "width"))
    "did you mean 'width'? "
    """
    names = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{names[0]}'? " if names else ""


CHOICES: dict[str, tuple[str, ...]] = {  # the values of settings that are names
    "net": ("mlp", "conv", "resnet", "unet"),
    "norm_g": ("batch", "layer", "instance", "none"),
    "norm_d": ("batch", "layer", "instance", "none"),
    "init": ("default", "xavier", "he", "orthogonal", "normal"),
    "condition_g": ("embedding", "batch-norm"),
    "condition_d": ("concat", "projection"),
    "loss": ("non-saturating", "minimax", "least-squares", "hinge", "wasserstein", "f-kl", "f-reverse-kl", "f-js"),
    "augment": ("color", "translation", "cutout"),
    "lr_decay": ("none", "linear"),
    "precision": ("auto", "float32", "bf16"),
}
JOINED = ("augment",)  # may join several names by +
SMOOTHED = ("non-saturating", "minimax", "least-squares")  # the losses that have targets to smooth
PENALTY_SETTINGS = {  # the setting that holds a penalty's weight, by its name in the log and in the draws
    "gradient": "gradient_penalty",
    "r1": "r1",
    "r2": "r2",
    "zero-centred": "zero_centered_penalty",
}


class ConfigError(ValueError):
    """A configuration that cannot be trained: an unknown name, a value out of range, techniques that exclude each
    other."""


@dataclass(frozen=True)
class Config:
    """All settings of a run. Lengths are counted in steps (of the generator) or images, never in seconds.

    `shape` is C, H, W of images or (D,) of vectors; `other_channels` is of the domain that a model translates to;
    `augment` may join several names by `+`. A technique's own name is its weight; a weight, count or rate of 0 turns it
    off. `ema_half_life` is in images. `net` to `embedding_scale` describe the networks of this package; of networks of
    your own only `latent`, `pack`, and `norm_d` beside a penalty are read.

    >>> Config("dcgan").replaced({"loss": "hinge", "spectral_norm": "true"}).spectral_norm
    True
    """

    model: str
    shape: tuple[int, ...] = (1, 8, 8)
    classes: int = 0
    other_channels: int = 0
    seed: int = 0
    # length
    steps: int = 4000
    batch_size: int = 64
    log_every: int = 50
    check_every: int = 500
    # the networks
    net: str = "conv"
    latent: int = 64
    width: int = 32
    blocks: int = 0
    patch_layers: int = 0
    norm_g: str = "batch"
    norm_d: str = "batch"
    spectral_norm: bool = False
    init: str = "default"
    minibatch_discrimination: int = 0
    minibatch_std: bool = False
    pack: int = 1
    condition_g: str = "embedding"
    condition_d: str = "concat"
    embedding_scale: float = 0.15
    # objectives
    loss: str = "non-saturating"
    lambda_adversarial: float = 1.0
    gradient_penalty: float = 0.0
    r1: float = 0.0
    r2: float = 0.0
    zero_centered_penalty: float = 0.0
    feature_matching: float = 0.0
    historical_averaging: float = 0.0
    label_smoothing: float = 0.0
    lambda_cycle: float = 10.0
    lambda_identity: float = 0.5
    pool_size: int = 50
    # input of the discriminator
    flip: bool = False
    augment: str = ""
    instance_noise: float = 0.0
    instance_noise_until: float = 0.5
    # optimisation
    n_critic: int = 1
    pretrain: int = 0
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    lr_decay: str = "linear"
    lr_decay_from: float = 0.5
    clip_weights: float = 0.0
    clip_gradients: float = 0.0
    ema_half_life: int = 500
    ema_ramp: float = 0.1
    precision: str = "auto"

    @property
    def is_vector(self) -> bool:
        """Whether the data are points rather than images."""
        return len(self.shape) == 1

    @property
    def penalties(self) -> dict[str, float]:
        """The weights of the gradient penalties that are on, by their names in the log."""
        weights = {name: getattr(self, setting) for name, setting in PENALTY_SETTINGS.items()}
        return {name: weight for name, weight in weights.items() if weight}

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.augment.split("+")) if self.augment else ()

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The configuration in a JSON object; ConfigError for a key this version does not know, or without a model."""
        values = as_of_today(document)
        if unknown := sorted(set(values) - {item.name for item in fields(cls)}):
            raise ConfigError(
                f"configuration: found the unknown keys {', '.join(unknown)}; written by a later version?"
            )
        if not {"model", "shape"} <= set(document):
            raise ConfigError("configuration: found no model or no shape; needed both")
        return cls(**{**values, "shape": tuple(document["shape"])})

    def replaced(self, changes: Mapping[str, str]) -> Self:
        """With some fields set from text, as `--set` gives them; ConfigError for what has no such field or value."""
        settable = {item.name: item.type for item in fields(self) if item.name not in FIXED}
        values: dict[str, Any] = {}
        for key, text in changes.items():
            if key in FIXED:
                raise ConfigError(f"--set {key}: is no setting: {FIXED[key]}")
            if key not in settable:
                known = f"known: {', '.join(settable)}; `ganeval list settings` explains them"
                names = RENAMED.get(key, ())
                if key == "penalty" and text in PENALTY_SETTINGS:
                    names = (PENALTY_SETTINGS[text],)
                hint = f"did you mean {' or '.join(map(repr, names))}? " if names else near(key, settable)
                raise ConfigError(f"--set {key}: no such setting: {hint}({known})")
            values[key] = _parsed(key, text, settable[key])
        return type(self)(**{**self.__dict__, **values})


FIXED = {  # decided by the command and the data, not by --set: how each is given
    "model": "the command names it (train MODEL)",
    "shape": "the data decide it; --set size=N resizes images",
    "classes": "the labels of the data decide them",
    "other_channels": "the images of the second domain decide them",
    "seed": "give --seed",
    "steps": "give --steps",
}


RENAMED = {  # the settings of today by the names that they had in earlier versions
    "batch": ("batch_size",),
    "critic_moves": ("n_critic",),
    "adversarial": ("lambda_adversarial",),
    "penalty": tuple(PENALTY_SETTINGS.values()),
    "penalty_weight": tuple(PENALTY_SETTINGS.values()),
    "smoothing": ("label_smoothing",),
    "historical": ("historical_averaging",),
    "cycle": ("lambda_cycle",),
    "identity": ("lambda_identity",),
    "pool": ("pool_size",),
    "decay": ("lr_decay",),
    "decay_from": ("lr_decay_from",),
}


def as_of_today(document: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as JSON holds it, as this version writes it: settings that were not there have their default.

    Earlier versions had other names, those of penalties joined by `+`, and one weight for all of them.

    >>> config = as_of_today({"model": "wgan-gp", "batch": 8, "penalty": "gradient", "penalty_weight": 10.0})
    >>> config["batch_size"], config["gradient_penalty"], config["n_critic"]
    (8, 10.0, 1)
    """
    names = [name for name in str(document.get("penalty", "")).split("+") if name]
    weights = {PENALTY_SETTINGS.get(name, name): document.get("penalty_weight", 10.0) for name in names}
    others = {key: value for key, value in document.items() if key not in ("penalty", "penalty_weight")}
    defaults = Config(str(document.get("model", ""))).to_dict()
    return defaults | {RENAMED.get(key, (key,))[0]: value for key, value in others.items()} | weights


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The differences of two configurations, a line each.

    >>> differences({"batch_size": 64, "seed": 0}, {"batch_size": 32, "seed": 0})
    ['batch_size: was 64, now 32']
    """
    keys = [*old, *(key for key in new if key not in old)]
    changed = [key for key in keys if old.get(key) != new.get(key)]
    return [f"{key}: was {old.get(key, 'absent')}, now {new.get(key, 'absent')}" for key in changed]


def _parsed(key: str, text: str, kind: Any) -> Any:
    """A value from its text: the field's own type decides."""
    if kind is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise ConfigError(f"--set {key}={text}: needed true or false")
        return text.lower() in ("true", "1")
    try:
        return kind(text)
    except ValueError:
        needed = "a whole number" if kind is int else "a number"
        raise ConfigError(f"--set {key}={text}: needed {needed}") from None
