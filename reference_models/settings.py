"""Which settings a configuration has a use for: what would be ignored is refused, with the reason."""

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_models.config import Config

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
WITHOUT_EFFECT: dict[str, tuple[Callable[["Config"], bool], str]] = {
    "penalty_weight": (lambda config: not config.penalty, "without a penalty"),
    "instance_noise_until": (lambda config: not config.instance_noise, "without instance_noise"),
    "decay_from": (lambda config: config.decay == "none", "with decay=none"),
    "ema_ramp": (lambda config: not config.ema_half_life, "with ema_half_life=0"),
    "embedding_scale": (lambda config: config.condition_g != "embedding", "with condition_g=batch-norm"),
    "norm_g": (lambda config: config.condition_g == "batch-norm", "with condition_g=batch-norm"),
    "blocks": (lambda config: config.net == "unet", "with net=unet"),
    "identity": (lambda config: not config.cycle or _unlike(config), "with cycle=0, or between grey and colour"),
}


def _unlike(config: "Config") -> bool:
    return config.other_channels not in (0, config.shape[0])


def ignored(config: "Config", key: str) -> str:
    """Why a setting would change nothing in this configuration; empty where it does.

    >>> from reference_models import Config
    >>> ignored(Config("dcgan"), "penalty_weight")
    'has no effect without a penalty'
    """
    if reason := ignored_by_model(config, key):
        return reason
    useless, why = WITHOUT_EFFECT.get(key, (lambda _: False, ""))
    return f"has no effect {why}" if useless(config) else ""


def ignored_by_model(config: "Config", key: str) -> str:
    """Why a model has no use for a setting; empty where it has."""
    if key in (OF_NOISE if config.model == "cyclegan" else OF_TRANSLATION):
        whose = "models that make pictures from noise" if config.model == "cyclegan" else "cyclegan"
        return f"is for {whose}, and {config.model} would ignore it"
    if key in OF_CLASSES and not config.classes:
        return f"is for models that know classes, and {config.model} would ignore it"
    return ""


def near(name: str, known: Iterable[str]) -> str:
    """The known name that may have been meant, as a question; empty where none is near.

    >>> near("bacth", ("batch", "width"))
    "did you mean 'batch'? "
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{found[0]}'? " if found else ""
