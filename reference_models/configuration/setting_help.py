"""`MEANINGS`: what each setting of `--set` means, in a fitting order, with a paper's first author and year;
`explained` adds values and defaults.
"""

from dataclasses import fields
from typing import Any

from reference_models.configuration.config import FIXED, Config
from reference_models.configuration.validation import (
    CHOICES,
    JOINED,
    OF_CLASSES,
    OF_NOISE,
    OF_TRANSLATION,
    RANGES,
    WITHOUT_EFFECT,
)
from reference_models.models import MODELS

MEANINGS = {
    # the players
    "net": "layers of both: perceptrons, convolutions (Radford 2016), residual blocks (Gulrajani 2017), "
    "or of a translator a U-Net (Ronneberger 2015)",
    "latent": "length of the noise z",
    "width": "channels or units of a layer; other layers have multiples of it",
    "blocks": "residual blocks of a translator (Zhu 2017); 0: by size, 3 below 64 pixels, 6 below 256, then 9",
    "patch_layers": "halvings in the critic of patches (Isola 2017); 0: by size, 3 from 32 pixels on",
    "norm_g": "norm of the generator: batch (Ioffe 2015), layer (Ba 2016), instance (Ulyanov 2016)",
    "norm_d": "norm of the critic, as norm_g; no batch norm beside a penalty",
    "init": "how weights start: torch's default, xavier (Glorot 2010), he (He 2015), orthogonal "
    "(Saxe 2014), normal N(0, 0.02) (Radford 2016)",
    "condition_g": "how the generator is told the class: an embedding beside z (Mirza 2014), or the class's own "
    "gains and biases of batch norm (Dumoulin 2017)",
    "condition_d": "how the critic is told it: planes beside the picture (Mirza 2014), or a projection (Miyato 2018)",
    "embedding_scale": "factor of the generator's N(0, 1) embedding of the class; at 1 each class loses its diversity",
    # losses
    "loss": "what both minimise: non-saturating or minimax (Goodfellow 2014), least-squares (Mao 2017), "
    "hinge (Lim 2017), wasserstein (Arjovsky 2017), an f-divergence (Nowozin 2016)",
    "adversarial": "weight of the generator's part of that loss",
    "smoothing": "one-sided label smoothing: reals' target is 1 minus this (Salimans 2016); losses with targets",
    "feature_matching": "weight of the squared gap between mean critic features of real and made (Salimans 2016)",
    "cycle": "weight of the way there and back, L1 (Zhu 2017)",
    "identity": "weight, as a share of cycle's, of leaving the target domain's own pictures alone (Zhu 2017)",
    # penalties and bounds
    "penalty": "price on the critic's slope: gradient (Gulrajani 2017), r1, r2 (Mescheder 2018), "
    "zero-centred (Thanh-Tung 2019)",
    "penalty_weight": "weight of each penalty",
    "spectral_norm": "divide the critic's weights by their largest singular value (Miyato 2018)",
    "clip_weights": "bound of each of the critic's weights (Arjovsky 2017); 0: none",
    "historical": "weight of each player's squared distance from its mean past weights (Salimans 2016)",
    # against collapse
    "minibatch_discrimination": "kernels by which the critic compares the samples of a batch (Salimans 2016); 0: none",
    "minibatch_std": "show the critic how much a batch varies (Karras 2018)",
    "pack": "samples that the critic judges together (PacGAN: Lin 2018); divides batch, not with classes",
    "pool": "earlier translations, of which the critic is shown some again (Shrivastava 2017); 0: none",
    # what is shown
    "flip": "mirror training pictures by chance",
    "augment": "change what the critic sees, real or made: color, translation, cutout (DiffAugment: Zhao 2020)",
    "instance_noise": "standard deviation of noise on what the critic sees (Sønderby 2017)",
    "instance_noise_until": "share of the run after which that noise has fallen to 0",
    # how they move
    "batch": "pictures of a move",
    "critic_moves": "moves of the critic in each step of the generator (Goodfellow 2014)",
    "pretrain": "more moves of the critic before the first step",
    "lr_g": "Adam's learning rate of the generator (Kingma 2015)",
    "lr_d": "of the critic; another than lr_g is TTUR (Heusel 2017)",
    "beta1": "Adam's momentum",
    "beta2": "Adam's memory of squared slopes",
    "decay": "learning rates stay, or fall linearly to 0",
    "decay_from": "share of the run from which they fall",
    "clip_gradients": "largest norm of a player's gradient; 0: any",
    "ema_half_life": "images after which half of the averaged generator is new (Yazıcı 2019); 0: no average",
    "ema_ramp": "the half-life is at most this share of the images seen so far (Karras 2020)",
    # how it is run
    "precision": "arithmetic of the networks; auto: bf16 where it is faster",
    "log_every": "steps between two lines of the log",
    "check_every": "steps between two checks on the selection split, each with a checkpoint",
}


def explained() -> dict[str, str]:
    """Every setting: its meaning, and below it its values, defaults by model (presets have more), and what it is for.

    >>> print(explained()["pack"])
    samples that the critic judges together (PacGAN: Lin 2018); divides batch, not with classes
    whole number, 1 to 64; default: 1; not of cyclegan
    """
    kinds = {item.name: item.type for item in fields(Config) if item.name not in FIXED}
    return {
        key: f"{meaning}\n{'; '.join(filter(None, (_values(key, kinds[key]), _default(key), _whose(key))))}"
        for key, meaning in MEANINGS.items()
    }


def _values(key: str, kind: Any) -> str:
    if kind is bool:
        return "true or false"
    if key in CHOICES:
        return ", ".join(CHOICES[key]) + (" (several by +), or nothing" if key in JOINED else "")
    low, high = (f"{bound:,.10g}" for bound in RANGES[key])
    return f"{'whole number' if kind is int else 'number'}, {low} to {high}"


def _default(key: str) -> str:
    """The default, and those of the models that have another."""
    common = getattr(Config, key)
    others = {name: recipe.defaults.get(key, common) for name, recipe in MODELS.items()}
    own = [f"{name}: {_said(value)}" for name, value in others.items() if value != common]
    return f"default: {_said(common)}" + (f" ({', '.join(own)})" if own else "")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value or "nothing"


def _whose(key: str) -> str:
    """The models that it is for, and what it has no effect with."""
    models = {"of cgan": OF_CLASSES, "of cyclegan": OF_TRANSLATION, "not of cyclegan": OF_NOISE}
    whose = next((said for said, keys in models.items() if key in keys), "")
    idle = f"no effect {WITHOUT_EFFECT[key][1]}" if key in WITHOUT_EFFECT else ""
    return "; ".join(filter(None, (whose, idle)))
