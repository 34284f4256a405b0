"""`Config`: everything that decides a run of a reference model, and which of it cannot go together.

Each technique of the literature is one field, set by name (`--set spectral_norm=true`) and independent of the others
wherever mathematics allows; `check` names the reason where it does not.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

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

    `shape` is C, H, W of pictures or (D,) of vectors, `other_channels` those of CycleGAN's second domain; a `penalty` or
    an `augment` may join several names by `+`; a weight, count or rate of 0 turns its technique off. `ema_half_life` is
    in images.

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
        return tuple(name for name in self.penalty.split("+") if name)

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(name for name in self.augment.split("+") if name)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The configuration in a JSON object; ConfigError for a key this version does not know."""
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(document) - known):
            raise ConfigError(
                f"configuration: found the unknown keys {', '.join(unknown)}; written by a later version?"
            )
        return cls(**{**document, "shape": tuple(document["shape"])})

    def replaced(self, changes: Mapping[str, str]) -> Self:
        """With some fields set from text, as `--set` gives them; ConfigError for what has no such field or value."""
        settable = {item.name: item.type for item in fields(self) if item.name not in FIXED}
        values: dict[str, Any] = {}
        for key, text in changes.items():
            if key not in settable:
                near = difflib.get_close_matches(key, settable, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'? " if near else ""
                raise ConfigError(f"--set {key}: no such setting: {hint}(known: {', '.join(settable)})")
            self._check_applies(key)
            values[key] = _parsed(key, text, settable[key])
        return type(self)(**{**self.__dict__, **values})

    def _check_applies(self, key: str) -> None:
        """ConfigError for a setting that this model has no use for."""
        if key in (OF_NOISE if self.model == "cyclegan" else OF_TRANSLATION):
            whose = "models that make pictures from noise" if self.model == "cyclegan" else "cyclegan"
            raise ConfigError(f"--set {key}: is for {whose}, and {self.model} would ignore it")
        if key in OF_CLASSES and not self.classes:
            raise ConfigError(f"--set {key}: is for models that know classes, and {self.model} would ignore it")


OF_NOISE = (  # settings of models that make pictures from noise, and of cyclegan: refused elsewhere, not ignored
    "latent",
    "minibatch_discrimination",
    "minibatch_std",
    "pack",
    "condition_g",
    "condition_d",
    "embedding_scale",
    "feature_matching",
    "historical",
    "pretrain",
)
OF_TRANSLATION = ("cycle", "identity", "pool", "patch_layers", "blocks")
OF_CLASSES = ("condition_g", "condition_d", "embedding_scale")
FIXED = (
    "model",
    "shape",
    "classes",
    "other_channels",
    "seed",
    "steps",
)  # decided by the command and the data, not by --set


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed between two configurations, a line each.

    >>> differences({"batch": 64, "seed": 0}, {"batch": 32, "seed": 0})
    ['batch: was 64, now 32']
    """
    keys = [*old, *(key for key in new if key not in old)]
    changed = [key for key in keys if old.get(key) != new.get(key)]
    return [f"{key}: was {old.get(key, 'absent')}, now {new.get(key, 'absent')}" for key in changed]


def check(config: Config) -> None:
    """ConfigError, with every reason, for a configuration that cannot be trained."""
    reasons = [*_wrong_values(config), *_wrong_pairs(config)]
    if reasons:
        raise ConfigError(f"{config.model}: {'; '.join(reasons)}")


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


def _wrong_values(config: Config) -> Iterator[str]:
    for key, known in _CHOICES.items():
        for value in getattr(config, key).split("+") if key in ("penalty", "augment") else [getattr(config, key)]:
            if value not in known and not (value == "" and key in ("penalty", "augment")):
                near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}? " if near else ""
                yield f"{key}={value} is unknown, {hint}needed {', '.join(known)}"
    for key, (low, high) in _RANGES.items():
        value = getattr(config, key)
        if not low <= value <= high:  # so written that NaN is out of range
            yield f"{key}={value}: needed {low} to {high}"
    if not config.is_vector and config.shape[0] not in (1, 3):
        yield f"pictures of {config.shape[0]} channels: needed 1 or 3"
    if not config.is_vector and not (config.shape[1] == config.shape[2] and 8 <= config.shape[1] <= 256):
        yield f"pictures of {config.shape[1]} x {config.shape[2]}: needed square ones of 8 to 256 pixels"


def _wrong_pairs(config: Config) -> Iterator[str]:
    per_sample = "its norm is taken sample by sample, and batch norm lets the samples of a batch depend on each other"
    if config.penalties and config.norm_d == "batch":
        yield f"norm_d=batch with penalty={config.penalty}: {per_sample}; set norm_d=none or layer"
    if config.penalties and (config.minibatch_discrimination or config.minibatch_std):
        yield f"minibatch layers with penalty={config.penalty}: {per_sample.replace('batch norm lets', 'they let')}"
    if config.spectral_norm and config.clip_weights:
        yield "spectral_norm with clip_weights: both bound the critic's slope, and clipping undoes the normalisation"
    if config.smoothing and config.loss not in SMOOTHED:
        yield f"smoothing with loss={config.loss}: it has no target to smooth; needed {', '.join(SMOOTHED)}"
    if config.pack > 1 and config.classes and config.model == "cgan":
        yield "pack with a conditional model: packed samples would need one class"
    if config.batch % config.pack:
        yield f"batch={config.batch} with pack={config.pack}: needed a multiple"
    if not config.adversarial and not config.feature_matching:
        yield "adversarial=0 without feature_matching: the generator would have nothing to learn from"
    if (config.minibatch_discrimination or config.minibatch_std) and config.batch // config.pack < 2:
        yield "minibatch layers need at least two samples (or packs) in a batch"
    if config.net == "mlp" and "instance" in (config.norm_g, config.norm_d):
        yield "instance norm with net=mlp: it is taken over the pixels of a map, and a perceptron has none"
    if config.is_vector and config.net != "mlp":
        yield f"net={config.net} with vectors: needed mlp"
    if config.is_vector and (config.augment or config.flip):
        yield "augment and flip are for pictures"
    if config.net == "unet" and config.model != "cyclegan":
        yield "net=unet: only cyclegan translates pictures; needed mlp, conv or resnet"
    if config.model == "cyclegan":
        yield from _wrong_for_cyclegan(config)
    elif config.model == "cgan" and config.classes < 2:
        yield "pictures without labels: cgan needs at least two classes"


def _wrong_for_cyclegan(config: Config) -> Iterator[str]:
    if config.net not in ("resnet", "unet"):
        yield f"net={config.net}: cyclegan's generators are resnet or unet"
    if config.is_vector:
        yield "cyclegan translates pictures, not vectors"
    if (config.norm_g, config.norm_d) != ("instance", "instance"):
        yield "norm_g and norm_d: cyclegan's networks have instance norm, as their authors' do"


_CHOICES: dict[str, tuple[str, ...]] = {
    "net": NETS,
    "norm_g": NORMS,
    "norm_d": NORMS,
    "init": INITS,
    "condition_g": CONDITIONS_G,
    "condition_d": CONDITIONS_D,
    "loss": LOSS_NAMES,
    "penalty": PENALTY_NAMES,
    "augment": POLICIES,
    "decay": DECAYS,
    "precision": PRECISIONS,
}
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 10**9),
    "batch": (1, 10**6),
    "log_every": (1, 10**9),
    "check_every": (1, 10**9),
    "latent": (1, 10**5),
    "width": (1, 4096),
    "blocks": (0, 100),
    "patch_layers": (0, 6),
    "minibatch_discrimination": (0, 1000),
    "pack": (1, 64),
    "embedding_scale": (0, 100),
    "adversarial": (0, 1e9),
    "penalty_weight": (0, 1e9),
    "feature_matching": (0, 1e9),
    "historical": (0, 1e9),
    "smoothing": (0, 0.5),
    "cycle": (0, 1e9),
    "identity": (0, 1e9),
    "pool": (0, 10**6),
    "instance_noise": (0, 100),
    "instance_noise_until": (0, 1),
    "critic_moves": (1, 1000),
    "pretrain": (0, 10**6),
    "lr_g": (0, 10),
    "lr_d": (0, 10),
    "beta1": (0, 0.999999),
    "beta2": (0, 0.999999),
    "decay_from": (0, 1),
    "clip_weights": (0, 1e9),
    "clip_gradients": (0, 1e9),
    "ema_half_life": (0, 10**9),
    "ema_ramp": (0, 1),
}
