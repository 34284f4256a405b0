"""`check`: which values a configuration may hold, and which techniques exclude each other, with the reason."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from reference_models.configuration.config import (
    CHOICES,
    JOINED,
    PENALTY_SETTINGS,
    RANGES,
    SMOOTHED,
    Config,
    ConfigError,
    near,
)

OF_NOISE = (  # settings of models that generate from noise, and of those that translate: refused elsewhere, not ignored
    "latent",
    "minibatch_discrimination",
    "minibatch_std",
    "pack",
    "condition_g",
    "condition_d",
    "embedding_scale",
    "feature_matching",
    "historical_averaging",
    "pretrain",
)
OF_TRANSLATION = ("lambda_cycle", "lambda_identity", "pool_size", "patch_layers", "blocks")
OF_CLASSES = ("condition_g", "condition_d", "embedding_scale")
WITHOUT_EFFECT: dict[str, tuple[Callable[[Config], bool], str]] = {
    "instance_noise_until": (lambda config: not config.instance_noise, "without instance_noise"),
    "lr_decay_from": (lambda config: config.lr_decay == "none", "with lr_decay=none"),
    "ema_ramp": (lambda config: not config.ema_half_life, "with ema_half_life=0"),
    "embedding_scale": (lambda config: config.condition_g != "embedding", "with condition_g=batch-norm"),
    "norm_g": (lambda config: config.condition_g == "batch-norm", "with condition_g=batch-norm"),
    "blocks": (lambda config: config.net == "unet", "with net=unet"),
    "lambda_identity": (
        lambda config: not config.lambda_cycle or config.other_channels not in (0, config.shape[0]),
        "with lambda_cycle=0, or between grey and colour",
    ),
}


def ignored(config: Config, key: str, *, translates: bool = False) -> str:
    """Why a setting would change nothing in this configuration; empty where it does.

    >>> from reference_models import Config
    >>> ignored(Config("dcgan", ema_half_life=0), "ema_ramp")
    'has no effect with ema_half_life=0'
    """
    if reason := ignored_by_model(config, key, translates=translates):
        return reason
    useless, why = WITHOUT_EFFECT.get(key, (lambda _: False, ""))
    return f"has no effect {why}" if useless(config) else ""


def check_used(config: Config, changes: Iterable[str], *, translates: bool = False) -> None:
    """ConfigError for a setting among `changes` that this configuration would ignore."""
    for key in changes:
        if reason := ignored(config, key, translates=translates):
            raise ConfigError(f"--set {key}: {reason}")


def ignored_by_model(config: Config, key: str, *, translates: bool = False) -> str:
    """Why a model has no use for a setting; empty where it has."""
    if key in (OF_NOISE if translates else OF_TRANSLATION):
        whose = "models that generate from noise" if translates else "models that translate images"
        return f"is for {whose}, and {config.model} would ignore it"
    if key in OF_CLASSES and not config.classes:
        return f"is for conditional models, and {config.model} would ignore it"
    return ""


def check(config: Config, *, translates: bool = False) -> None:
    """ConfigError, with every reason, for a configuration that cannot be trained.

    `translates`: the model turns images into images, and does not start from noise.

    >>> check(Config("dcgan", batch_size=10, pack=4))
    Traceback (most recent call last):
    reference_models.configuration.config.ConfigError: dcgan: batch_size=10 with pack=4: needed a multiple
    """
    if reasons := list(_wrong_values(config)) or list(_wrong_pairs(config, translates=translates)):
        raise ConfigError(f"{config.model}: {'; '.join(reasons)}")


def _wrong_values(config: Config) -> Iterator[str]:
    for key, known in CHOICES.items():
        value = getattr(config, key)
        names = (value.split("+") if value else []) if key in JOINED else [value]
        for name in names:
            if name not in known:
                yield f"{key}={name} is unknown, {near(str(name), known)}needed {', '.join(known)}"
        if len(set(names)) < len(names):
            yield f"{key}={value}: needed each once"
    integer_settings = {item.name for item in fields(config) if item.type is int}
    for key, (low, high) in RANGES.items():
        value = getattr(config, key)
        if not isinstance(value, int if key in integer_settings else int | float):
            yield f"{key}={value}: needed a {'whole ' if key in integer_settings else ''}number"
        elif not low <= value <= high:  # so written that NaN is out of range
            yield f"{key}={value}: needed {low} to {high}"
    yield from _wrong_shapes(config)


def _wrong_shapes(config: Config) -> Iterator[str]:
    if len(config.shape) not in (1, 3):
        yield f"shape={config.shape}: needed (C, H, W) of images or (D,) of vectors"
    elif config.is_vector:
        return
    elif config.shape[0] not in (1, 3) or config.other_channels not in (0, 1, 3):
        yield f"images of {config.other_channels or config.shape[0]} channels: needed 1 or 3"
    elif not (config.shape[1] == config.shape[2] and 8 <= config.shape[1] <= 256):
        yield f"images of {config.shape[1]} x {config.shape[2]}: needed square ones of 8 to 256 pixels"


def _wrong_pairs(config: Config, *, translates: bool) -> Iterator[str]:
    yield from _wrong_in_a_batch(config)
    if config.spectral_norm and config.clip_weights:
        yield "spectral_norm with clip_weights: both bound the gradient of D, and clipping undoes the normalisation"
    if config.label_smoothing and config.loss not in SMOOTHED:
        yield f"label_smoothing with loss={config.loss}: it has no target to smooth; needed {', '.join(SMOOTHED)}"
    if config.net == "mlp" and "instance" in (config.norm_g, config.norm_d):
        yield "instance norm with net=mlp: it is taken over the pixels of a map, and a perceptron has none"
    if config.is_vector and config.net != "mlp" and not translates:
        yield f"net={config.net} with vectors: needed mlp"
    if config.is_vector and (config.augment or config.flip):
        yield "augment and flip are for images"
    for key in OF_NOISE if translates else OF_TRANSLATION:
        if getattr(config, key) != getattr(Config, key):  # the class holds the defaults
            yield f"{key}={getattr(config, key)} {ignored_by_model(config, key, translates=translates)}"
    yield from (_wrong_for_translation if translates else _wrong_for_noise)(config)


def _wrong_in_a_batch(config: Config) -> Iterator[str]:
    """Techniques that let the samples of a batch depend on each other."""
    per_sample = "a gradient's norm is taken sample by sample, and {} the samples of a batch depend on each other"
    penalties = ", ".join(PENALTY_SETTINGS[name] for name in config.penalties)
    of_batch, packs = config.minibatch_discrimination or config.minibatch_std, config.batch_size // config.pack
    if penalties and config.norm_d == "batch":
        reason = per_sample.format("batch norm lets")
        yield f"norm_d=batch with {penalties}: {reason}; set norm_d=none or layer"
    if penalties and of_batch:
        yield f"minibatch layers with {penalties}: {per_sample.format('they let')}"
    if config.pack > 1 and config.classes:
        yield "pack with a conditional model: packed samples would need one class"
    if config.batch_size % config.pack:
        yield f"batch_size={config.batch_size} with pack={config.pack}: needed a multiple"
    elif of_batch and packs < 2:
        yield "minibatch layers need at least two samples (or packs) in a batch"
    elif config.net == "mlp" and "batch" in (config.norm_g * (config.batch_size < 2), config.norm_d * (packs < 2)):
        sizes = f"batch_size={config.batch_size}, pack={config.pack}"
        yield f"batch norm with {sizes}: needed at least two samples (or packs)"


def _wrong_for_noise(config: Config) -> Iterator[str]:
    if not config.lambda_adversarial and not config.feature_matching:
        yield "lambda_adversarial=0 without feature_matching: the generator would have nothing to learn from"
    if config.net == "unet":
        yield "net=unet: is for models that translate images; needed mlp, conv or resnet"


def _wrong_for_translation(config: Config) -> Iterator[str]:
    if config.net not in ("resnet", "unet"):
        yield f"net={config.net}: translators are resnet or unet"
    if config.is_vector:
        yield f"{config.model} translates images, not vectors"
    if (config.norm_g, config.norm_d) != ("instance", "instance"):
        yield "norm_g and norm_d: translators and their discriminators have instance norm, as published"
