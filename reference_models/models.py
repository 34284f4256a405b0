"""The five reference models by name, and their weights at the start as a function of the configuration alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from reference_models import cgan, cyclegan, dcgan, vanilla, wgan_gp
from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.validation import check
from reference_models.engine.model import Model
from reference_models.engine.precision import plain_defaults
from reference_models.engine.randomness import generator, seed_global


@dataclass(frozen=True)
class Recipe:
    """One row: how a model is built, what sets it apart from `Config`'s defaults, whom to cite, and what it can do.

    `conditional`: it learns class labels, and generates images of a class asked for. `translates`: it turns images of
    one domain into images of another, where the other models generate from noise. `medium`: what it generates.
    """

    build: Callable[[Config], Model]
    defaults: Mapping[str, Any]
    cite: str
    conditional: bool = False
    translates: bool = False
    medium: str = "image"


MODELS: dict[str, Recipe] = {
    "vanilla": Recipe(vanilla.vanilla, vanilla.DEFAULTS, "Goodfellow et al. 2014, arXiv:1406.2661"),
    "dcgan": Recipe(dcgan.dcgan, dcgan.DEFAULTS, "Radford et al. 2016, arXiv:1511.06434"),
    "wgan-gp": Recipe(wgan_gp.wgan_gp, wgan_gp.DEFAULTS, "Gulrajani et al. 2017, arXiv:1704.00028"),
    "cgan": Recipe(cgan.cgan, cgan.DEFAULTS, "Mirza & Osindero 2014, arXiv:1411.1784", conditional=True),
    "cyclegan": Recipe(cyclegan.cyclegan, cyclegan.DEFAULTS, "Zhu et al. 2017, arXiv:1703.10593", translates=True),
}


@plain_defaults()
def build(config: Config) -> Model:
    """A model with fresh weights, drawn from its seed; the global random state is left as it was.

    Raises ConfigError for a configuration that cannot be trained.

    >>> config = Config("vanilla", net="mlp", norm_d="none", width=4)
    >>> first, again = (build(config).networks["g"](torch.ones(2, 64)) for _ in range(2))
    >>> bool((first == again).all()), first.shape
    (True, torch.Size([2, 1, 8, 8]))
    """
    if config.model not in MODELS:
        raise ConfigError(f"{config.model}: not a reference model ({', '.join(MODELS)}); build its networks yourself")
    recipe = MODELS[config.model]
    check(config, translates=recipe.translates)
    if recipe.conditional and config.classes < 2:
        raise ConfigError(f"{config.model}: found images without class labels; needed at least two classes")
    with torch.random.fork_rng(devices=[]):
        seed_global(generator(config.seed, 0, "weights").initial_seed())
        return recipe.build(config)


def translates(model: str) -> bool:
    """Whether a model of this name translates images; models of your own, which have no row, generate from noise.

    >>> translates("cyclegan"), translates("dcgan"), translates("mine")
    (True, False, False)
    """
    return model in MODELS and MODELS[model].translates
