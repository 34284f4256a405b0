"""`Config`: everything that decides a run of a reference model. What cannot go together is in combinations.py.

Each technique of the literature is one field, set by name (`--set spectral_norm=true`) and independent of the others
wherever mathematics allows.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


def near(name: str, known: Iterable[str]) -> str:
    """The known name that may have been meant, as a question; empty where none is near.

    >>> near("bacth", ("batch", "width"))
    "did you mean 'batch'? "
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{found[0]}'? " if found else ""


NETS = ("mlp", "conv", "resnet", "unet")
NORMS = ("batch", "layer", "instance", "none")
INITS = ("default", "xavier", "he", "orthogonal", "normal")
CONDITIONS_G = ("embedding", "batch-norm")
CONDITIONS_D = ("concat", "projection")
DECAYS = ("none", "linear")
PRECISIONS = ("auto", "float32", "bf16")
LOSS_NAMES = (
    "non-saturating",
    "minimax",
    "least-squares",
    "hinge",
    "wasserstein",
    "f-kl",
    "f-reverse-kl",
    "f-js",
)
SMOOTHED = ("non-saturating", "minimax", "least-squares")  # the losses that have targets to smooth
PENALTY_NAMES = ("gradient", "r1", "r2", "zero-centred")
POLICIES = ("color", "translation", "cutout")


class ConfigError(ValueError):
    """What cannot be meant: an unknown name, a value out of range, techniques that exclude each other."""


@dataclass(frozen=True)
class Config:
    """What a run is made of. Lengths are counted in steps (of the generator) or images, never in seconds.

    `shape` is C, H, W of pictures or (D,) of vectors; `other_channels` is of CycleGAN's second domain; a `penalty` or
    an `augment` may join several names by `+`; a weight, count or rate of 0 turns its technique off. `ema_half_life` is
    in images. `net` to `embedding_scale` describe the networks of this package; of networks of your own only `latent`,
    `pack`, and `norm_d` beside a penalty are looked at.

    >>> Config("dcgan").replaced({"loss": "hinge", "spectral_norm": "true"}).spectral_norm
    True
    """

    model: str
    shape: tuple[int, ...] = (1, 8, 8)
    classes: int = 0
    other_channels: int = 0
    seed: int = 0
    # how long
    steps: int = 4000
    batch: int = 64
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
    # what each player minimises
    loss: str = "non-saturating"
    adversarial: float = 1.0
    penalty: str = ""
    penalty_weight: float = 10.0
    feature_matching: float = 0.0
    historical: float = 0.0
    smoothing: float = 0.0
    cycle: float = 10.0
    identity: float = 0.5
    pool: int = 50
    # what the critic is shown
    flip: bool = False
    augment: str = ""
    instance_noise: float = 0.0
    instance_noise_until: float = 0.5
    # how they move
    critic_moves: int = 1
    pretrain: int = 0
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    decay: str = "linear"
    decay_from: float = 0.5
    clip_weights: float = 0.0
    clip_gradients: float = 0.0
    ema_half_life: int = 500
    ema_ramp: float = 0.1
    precision: str = "auto"

    @property
    def is_vector(self) -> bool:
        """Whether the data are points rather than pictures."""
        return len(self.shape) == 1

    @property
    def penalties(self) -> tuple[str, ...]:
        return tuple(self.penalty.split("+")) if self.penalty else ()

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.augment.split("+")) if self.augment else ()

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The configuration in a JSON object; ConfigError for a key this version does not know, or without a model."""
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(document) - known):
            raise ConfigError(
                f"configuration: found the unknown keys {', '.join(unknown)}; written by a later version?"
            )
        if not {"model", "shape"} <= set(document):
            raise ConfigError("configuration: found no model or no shape; needed both")
        return cls(**{**document, "shape": tuple(document["shape"])})

    def replaced(self, changes: Mapping[str, str]) -> Self:
        """With some fields set from text, as `--set` gives them; ConfigError for what has no such field or value."""
        settable = {item.name: item.type for item in fields(self) if item.name not in FIXED}
        values: dict[str, Any] = {}
        for key, text in changes.items():
            if key in FIXED:
                raise ConfigError(f"--set {key}: is no setting: {FIXED[key]}")
            if key not in settable:
                known = f"known: {', '.join(settable)}; `ganeval list settings` explains them"
                raise ConfigError(f"--set {key}: no such setting: {near(key, settable)}({known})")
            values[key] = _parsed(key, text, settable[key])
        return type(self)(**{**self.__dict__, **values})


FIXED = {  # decided by the command and the data, not by --set: how each is given
    "model": "the command names it (train MODEL)",
    "shape": "the data decide it; --set size=N resizes pictures",
    "classes": "the labels of the data decide them",
    "other_channels": "the pictures of the second domain decide them",
    "seed": "give --seed",
    "steps": "give --steps",
}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed between two configurations, a line each.

    >>> differences({"batch": 64, "seed": 0}, {"batch": 32, "seed": 0})
    ['batch: was 64, now 32']
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
