"""`MEANINGS`: what each setting of `--set` means, in a fitting order, with a paper's first author and year;
`explained` adds values and defaults.
"""

from dataclasses import fields
from typing import Any

from reference_models.configuration.config import CHOICES, FIXED, JOINED, Config
from reference_models.configuration.validation import (
    OF_CLASSES,
    OF_NOISE,
    OF_TRANSLATION,
    RANGES,
    WITHOUT_EFFECT,
)
from reference_models.models import MODELS

MEANINGS = {
    # networks
    "net": "architecture of G and D: fully connected (mlp), DCGAN's convolutions (Radford 2016), residual blocks "
    "(Gulrajani 2017), or for a translator a U-Net (Ronneberger 2015)",
    "latent": "length of the latent vector z",
    "width": "base number of channels or units; deeper layers have multiples of it",
    "blocks": "residual blocks of a translator (Zhu 2017); 0: by image size, 3 below 64 pixels, 6 below 256, then 9",
    "patch_layers": "downsamplings of a PatchGAN discriminator (Isola 2017); 0: by image size, 3 from 32 pixels on",
    "norm_g": "normalisation layers of G: batch (Ioffe 2015), layer (Ba 2016), instance (Ulyanov 2016)",
    "norm_d": "normalisation layers of D, as norm_g; batch norm cannot go with a gradient penalty",
    "init": "weight initialisation: torch's default, xavier (Glorot 2010), he (He 2015), orthogonal "
    "(Saxe 2014), normal N(0, 0.02) (Radford 2016)",
    "condition_g": "class conditioning of G: an embedding concatenated with z (Mirza 2014), or conditional batch norm "
    "(Dumoulin 2017)",
    "condition_d": "class conditioning of D: one-hot planes concatenated with the image (Mirza 2014), or projection "
    "(Miyato 2018)",
    "embedding_scale": "factor on G's N(0, 1) class embedding; at 1 each class loses its diversity",
    # losses
    "loss": "adversarial loss of G and D: non-saturating or minimax (Goodfellow 2014), least-squares (Mao 2017), "
    "hinge (Lim 2017), wasserstein (Arjovsky 2017), an f-divergence (Nowozin 2016)",
    "lambda_adversarial": "weight of G's adversarial loss",
    "label_smoothing": "one-sided label smoothing: D's target for real samples is 1 minus this (Salimans 2016)",
    "feature_matching": "weight of the squared distance between D's mean features of real and fake (Salimans 2016)",
    "lambda_cycle": "weight of the L1 cycle-consistency loss (Zhu 2017)",
    "lambda_identity": "weight of the L1 identity loss, as a share of lambda_cycle (Zhu 2017)",
    # regularisation of D
    "gradient_penalty": "weight of WGAN-GP's penalty on D's gradient norm between real and fake (Gulrajani 2017)",
    "r1": "weight of the R1 penalty, half the squared gradient of D at real samples (Mescheder 2018)",
    "r2": "weight of the R2 penalty, half the squared gradient of D at fake samples (Mescheder 2018)",
    "zero_centered_penalty": "weight of the squared gradient of D between real and fake samples (Thanh-Tung 2019)",
    "spectral_norm": "spectral normalisation of D's weights (Miyato 2018)",
    "clip_weights": "bound on the absolute value of D's weights (Arjovsky 2017); 0: none",
    "historical_averaging": "weight of the squared distance of G's and D's parameters from their mean so far "
    "(Salimans 2016)",
    # against mode collapse
    "minibatch_discrimination": "number of minibatch discrimination kernels in D (Salimans 2016); 0: none",
    "minibatch_std": "minibatch standard deviation as a feature of D (Karras 2018)",
    "pack": "samples that D judges jointly (PacGAN: Lin 2018); divides batch_size; not for conditional models",
    "pool_size": "size of the pool of earlier translations from which D's fakes are drawn (Shrivastava 2017); 0: none",
    # input of D
    "flip": "random horizontal flips of the training images",
    "augment": "differentiable augmentation of D's real and fake inputs (DiffAugment: Zhao 2020)",
    "instance_noise": "standard deviation of Gaussian noise on D's inputs (Sønderby 2017)",
    "instance_noise_until": "share of the run over which instance noise falls linearly to 0",
    # optimisation
    "batch_size": "samples per update",
    "n_critic": "updates of D per update of G (Goodfellow 2014)",
    "pretrain": "additional updates of D before the first step",
    "lr_g": "Adam learning rate of G (Kingma 2015)",
    "lr_d": "Adam learning rate of D; a rate other than lr_g is TTUR (Heusel 2017)",
    "beta1": "Adam beta1",
    "beta2": "Adam beta2",
    "lr_decay": "learning rate schedule: constant, or linear decay to 0",
    "lr_decay_from": "share of the run after which the learning rates decay",
    "clip_gradients": "largest gradient norm of G and of D; 0: no clipping",
    "ema_half_life": "half-life of the moving average of G's weights, in images (Yazıcı 2019); 0: no average",
    "ema_ramp": "upper bound of that half-life, as a share of the images seen so far (Karras 2020)",
    # execution
    "precision": "floating-point format of the networks; auto: bf16 where it is faster",
    "log_every": "steps between two lines of the log",
    "check_every": "steps between two checks on the selection split, each with a checkpoint",
}


def explained() -> dict[str, str]:
    """Every setting: its meaning, and below it its values, defaults by model (presets have more), and what it is for.

    >>> print(explained()["pack"])
    samples that D judges jointly (PacGAN: Lin 2018); divides batch_size; not for conditional models
    whole number, 1 to 64; default: 1; not for models that translate
    """
    kinds = {item.name: item.type for item in fields(Config) if item.name not in FIXED}
    return {
        key: f"{meaning}\n{'; '.join(filter(None, (_values(key, kinds[key]), _default(key), _scope(key))))}"
        for key, meaning in MEANINGS.items()
    }


def _values(key: str, kind: Any) -> str:
    if kind is bool:
        return "true or false"
    if key in CHOICES:
        return ", ".join(CHOICES[key]) + (" (several joined by +), or nothing" if key in JOINED else "")
    low, high = (f"{bound:,.10g}" for bound in RANGES[key])
    return f"{'whole number' if kind is int else 'number'}, {low} to {high}"


def _default(key: str) -> str:
    """The default, and those of the models that have another."""
    common = getattr(Config, key)
    defaults = {name: recipe.defaults.get(key, common) for name, recipe in MODELS.items()}
    others = [f"{name}: {_as_text(value)}" for name, value in defaults.items() if value != common]
    return f"default: {_as_text(common)}" + (f" ({', '.join(others)})" if others else "")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value or "nothing"


def _scope(key: str) -> str:
    """The models that a setting is for, and with what it has no effect."""
    scopes = {
        "for conditional models": OF_CLASSES,
        "for models that translate": OF_TRANSLATION,
        "not for models that translate": OF_NOISE,
    }
    scope = next((text for text, keys in scopes.items() if key in keys), "")
    unused = f"no effect {WITHOUT_EFFECT[key][1]}" if key in WITHOUT_EFFECT else ""
    return "; ".join(filter(None, (scope, unused)))
