"""`Config`: everything that decides a run of a reference model. What cannot go together is in validation.py.

Each technique of the literature is one field, set by name (`--set spectral_norm=true`) and independent of the others
wherever mathematics allows.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


def near(name: str, known: Iterable[str]) -> str:
    """The known name nearest to one that is unknown, as a question; empty where none is near.

    >>> near("widht", ("batch_size", "width"))
    "did you mean 'width'? "
    """
    names = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{names[0]}'? " if names else ""


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


def setting(default: Any, meaning: str, low: float = 0, high: float = 1, *, choices: tuple[str, ...] = ()) -> Any:
    """A field of `Config`: its default, what it means, with a paper's first author and year, and its range or names."""
    return field(default=default, metadata={"meaning": meaning, "range": (low, high), "choices": choices})


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
    classes: int = setting(0, "number of class labels; 0: without labels", 0, 10**6)
    other_channels: int = 0
    seed: int = 0
    # length
    steps: int = setting(4000, "updates of G", 1, 10**9)
    batch_size: int = setting(64, "samples per update", 1, 10**6)
    log_every: int = setting(50, "steps between two lines of the log", 1, 10**9)
    check_every: int = setting(500, "steps between two checks on the selection split, each with a checkpoint", 1, 10**9)
    # the networks
    net: str = setting(
        "conv",
        "architecture of G and D: fully connected (mlp), DCGAN's convolutions (Radford 2016), residual blocks "
        "(Gulrajani 2017), or for a translator a U-Net (Ronneberger 2015)",
        choices=("mlp", "conv", "resnet", "unet"),
    )
    latent: int = setting(64, "length of the latent vector z", 1, 10**5)
    width: int = setting(32, "base number of channels or units; deeper layers have multiples of it", 1, 4096)
    blocks: int = setting(
        0,
        "residual blocks of a translator (Zhu 2017); 0: by image size, 3 below 64 pixels, 6 below 256, then 9",
        0,
        100,
    )
    patch_layers: int = setting(
        0, "downsamplings of a PatchGAN discriminator (Isola 2017); 0: by image size, 3 from 32 pixels on", 0, 6
    )
    norm_g: str = setting(
        "batch",
        "normalisation layers of G: batch (Ioffe 2015), layer (Ba 2016), instance (Ulyanov 2016)",
        choices=("batch", "layer", "instance", "none"),
    )
    norm_d: str = setting(
        "batch",
        "normalisation layers of D, as norm_g; batch norm cannot go with a gradient penalty",
        choices=("batch", "layer", "instance", "none"),
    )
    spectral_norm: bool = setting(False, "spectral normalisation of D's weights (Miyato 2018)")
    init: str = setting(
        "default",
        "weight initialisation: torch's default, xavier (Glorot 2010), he (He 2015), orthogonal (Saxe 2014), normal "
        "N(0, 0.02) (Radford 2016)",
        choices=("default", "xavier", "he", "orthogonal", "normal"),
    )
    minibatch_discrimination: int = setting(
        0, "number of minibatch discrimination kernels in D (Salimans 2016); 0: none", 0, 1000
    )
    minibatch_std: bool = setting(False, "minibatch standard deviation as a feature of D (Karras 2018)")
    pack: int = setting(
        1, "samples that D judges jointly (PacGAN: Lin 2018); divides batch_size; not for conditional models", 1, 64
    )
    condition_g: str = setting(
        "embedding",
        "class conditioning of G: an embedding concatenated with z (Mirza 2014), or conditional batch norm "
        "(Dumoulin 2017)",
        choices=("embedding", "batch-norm"),
    )
    condition_d: str = setting(
        "concat",
        "class conditioning of D: one-hot planes concatenated with the image (Mirza 2014), or projection (Miyato 2018)",
        choices=("concat", "projection"),
    )
    embedding_scale: float = setting(
        0.15, "factor on G's N(0, 1) class embedding; at 1 each class loses its diversity", 0, 100
    )
    # objectives
    loss: str = setting(
        "non-saturating",
        "adversarial loss of G and D: non-saturating or minimax (Goodfellow 2014), least-squares (Mao 2017), hinge "
        "(Lim 2017), wasserstein (Arjovsky 2017), an f-divergence (Nowozin 2016)",
        choices=("non-saturating", "minimax", "least-squares", "hinge", "wasserstein", "f-kl", "f-reverse-kl", "f-js"),
    )
    lambda_adversarial: float = setting(1.0, "weight of G's adversarial loss", 0, 1e9)
    gradient_penalty: float = setting(
        0.0, "weight of WGAN-GP's penalty on D's gradient norm between real and fake (Gulrajani 2017)", 0, 1e9
    )
    r1: float = setting(
        0.0, "weight of the R1 penalty, half the squared gradient of D at real samples (Mescheder 2018)", 0, 1e9
    )
    r2: float = setting(
        0.0, "weight of the R2 penalty, half the squared gradient of D at fake samples (Mescheder 2018)", 0, 1e9
    )
    zero_centered_penalty: float = setting(
        0.0, "weight of the squared gradient of D between real and fake samples (Thanh-Tung 2019)", 0, 1e9
    )
    feature_matching: float = setting(
        0.0, "weight of the squared distance between D's mean features of real and fake (Salimans 2016)", 0, 1e9
    )
    historical_averaging: float = setting(
        0.0, "weight of the squared distance of G's and D's parameters from their mean so far (Salimans 2016)", 0, 1e9
    )
    label_smoothing: float = setting(
        0.0, "one-sided label smoothing: D's target for real samples is 1 minus this (Salimans 2016)", 0, 0.5
    )
    lambda_cycle: float = setting(10.0, "weight of the L1 cycle-consistency loss (Zhu 2017)", 0, 1e9)
    lambda_identity: float = setting(
        0.5, "weight of the L1 identity loss, as a share of lambda_cycle (Zhu 2017)", 0, 1e9
    )
    pool_size: int = setting(
        50,
        "size of the pool of earlier translations from which D's fakes are drawn (Shrivastava 2017); 0: none",
        0,
        10**6,
    )
    # input of the discriminator
    flip: bool = setting(False, "random horizontal flips of the training images")
    augment: str = setting(
        "",
        "differentiable augmentation of D's real and fake inputs (DiffAugment: Zhao 2020)",
        choices=("color", "translation", "cutout"),
    )
    instance_noise: float = setting(0.0, "standard deviation of Gaussian noise on D's inputs (Sønderby 2017)", 0, 100)
    instance_noise_until: float = setting(0.5, "share of the run over which instance noise falls linearly to 0", 0, 1)
    # optimisation
    n_critic: int = setting(1, "updates of D per update of G (Goodfellow 2014)", 1, 1000)
    pretrain: int = setting(0, "additional updates of D before the first step", 0, 10**6)
    lr_g: float = setting(2e-4, "Adam learning rate of G (Kingma 2015)", 0, 10)
    lr_d: float = setting(2e-4, "Adam learning rate of D; a rate other than lr_g is TTUR (Heusel 2017)", 0, 10)
    beta1: float = setting(0.5, "Adam beta1", 0, 0.999999)
    beta2: float = setting(0.999, "Adam beta2", 0, 0.999999)
    lr_decay: str = setting(
        "linear", "learning rate schedule: constant, or linear decay to 0", choices=("none", "linear")
    )
    lr_decay_from: float = setting(0.5, "share of the run after which the learning rates decay", 0, 1)
    clip_weights: float = setting(0.0, "bound on the absolute value of D's weights (Arjovsky 2017); 0: none", 0, 1e9)
    clip_gradients: float = setting(0.0, "largest gradient norm of G and of D; 0: no clipping", 0, 1e9)
    ema_half_life: int = setting(
        500, "half-life of the moving average of G's weights, in images (Yazıcı 2019); 0: no average", 0, 10**9
    )
    ema_ramp: float = setting(
        0.1, "upper bound of that half-life, as a share of the images seen so far (Karras 2020)", 0, 1
    )
    precision: str = setting(
        "auto",
        "floating-point format of the networks; auto: bf16 where it is faster",
        choices=("auto", "float32", "bf16"),
    )

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


CHOICES: dict[str, tuple[str, ...]] = {  # the values of settings that are names
    item.name: item.metadata["choices"] for item in fields(Config) if item.metadata.get("choices")
}
RANGES: dict[str, tuple[float, float]] = {
    item.name: item.metadata["range"] for item in fields(Config) if item.metadata and item.type in (int, float)
}
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
