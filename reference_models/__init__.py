"""Five reference GANs and one training loop. Never imports ganeval: data and what watches a run are passed in.

A generator and a discriminator of your own are trained by the same loop:

>>> import tempfile, torch
>>> from torch import nn
>>> generator = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
>>> discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
>>> config = Config("mine", latent=8, steps=4, batch_size=16, norm_d="none")
>>> images = torch.zeros(32, 1, 8, 8, dtype=torch.uint8)
>>> train(Adversarial(config, generator, discriminator), Data(images), tempfile.mkdtemp()).step
4
"""

from reference_models.configuration.config import Config, ConfigError
from reference_models.configuration.presets import PRESETS, configuration
from reference_models.engine.checkpoint import CheckpointError
from reference_models.engine.data import Data
from reference_models.engine.loop import Outcome, Watch, train
from reference_models.engine.nan_guard import Divergence
from reference_models.engine.sampling import Sampler, load_sampler
from reference_models.models import MODELS, build, translates
from reference_models.objectives.adversarial import Adversarial

__all__ = [
    "MODELS",
    "PRESETS",
    "Adversarial",
    "CheckpointError",
    "Config",
    "ConfigError",
    "Data",
    "Divergence",
    "Outcome",
    "Sampler",
    "Watch",
    "build",
    "configuration",
    "load_sampler",
    "train",
    "translates",
]
