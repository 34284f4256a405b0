"""Five reference GANs and one training loop. Never imports ganeval: data and what watches a run are passed in.

A generator and a discriminator of your own are trained by the same loop:

>>> import tempfile, torch
>>> from torch import nn
>>> from reference_models import Adversarial, Config, Data, train
>>> generator = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
>>> discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
>>> config = Config("mine", latent=8, steps=4, batch_size=16, norm_d="none")
>>> images = torch.zeros(32, 1, 8, 8, dtype=torch.uint8)
>>> train(Adversarial(config, generator, discriminator), Data(images), tempfile.mkdtemp()).step
4

The names below are loaded when first used: a report's configuration is read without torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reference_models.configuration.config import Config as Config
    from reference_models.configuration.config import ConfigError as ConfigError
    from reference_models.configuration.presets import PRESETS as PRESETS
    from reference_models.configuration.presets import configure as configure
    from reference_models.engine.checkpoint import CheckpointError as CheckpointError
    from reference_models.engine.data import Data as Data
    from reference_models.engine.loop import Outcome as Outcome
    from reference_models.engine.loop import Watch as Watch
    from reference_models.engine.loop import train as train
    from reference_models.engine.nan_guard import Divergence as Divergence
    from reference_models.engine.sampling import Sampler as Sampler
    from reference_models.engine.sampling import load_sampler as load_sampler
    from reference_models.models import MODELS as MODELS
    from reference_models.models import build as build
    from reference_models.models import translates as translates
    from reference_models.objectives.adversarial import Adversarial as Adversarial

_NAMES = {  # by the module that has them
    "configuration.config": ("Config", "ConfigError"),
    "configuration.presets": ("PRESETS", "configure"),
    "engine.checkpoint": ("CheckpointError",),
    "engine.data": ("Data",),
    "engine.loop": ("Outcome", "Watch", "train"),
    "engine.nan_guard": ("Divergence",),
    "engine.sampling": ("Sampler", "load_sampler"),
    "models": ("MODELS", "build", "translates"),
    "objectives.adversarial": ("Adversarial",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reference_models' has no attribute '{name}'")
    return getattr(importlib.import_module(f"reference_models.{_HOMES[name]}"), name)
