"""The input of a discriminator: images augmented, with noise, packed. Real and fake images are treated alike."""

from torch import Tensor

from reference_models.configuration.config import Config
from reference_models.engine.randomness import UpdateContext
from reference_models.objectives.augmentation import augmented


def discriminator_input(images: Tensor, config: Config, context: UpdateContext, name: str) -> Tensor:
    """The images (or vectors) as the discriminator sees them; `name` keeps the draws of real and fake ones apart."""
    if config.policies:
        images = augmented(images, config.policies, context.draw(f"augment {name}"))
    deviation = noise_at(config, context.step)
    if deviation:
        images = images + deviation * context.draw(f"noise {name}").normal(*images.shape)
    return join_packs(images, config.pack)


def noise_at(config: Config, step: int) -> float:
    """The standard deviation of instance noise at a step: falls linearly to 0 (Sønderby et al. 2017, arXiv:1610.04490).

    >>> noise_at(Config("dcgan", steps=100, instance_noise=0.2, instance_noise_until=0.5), 25)
    0.1
    """
    end = config.instance_noise_until * config.steps
    return config.instance_noise * max(0.0, 1 - step / end) if end else 0.0


def join_packs(images: Tensor, pack: int) -> Tensor:
    """Every `pack` samples joined along their channels (PacGAN, Lin et al. 2018, arXiv:1712.04086).

    >>> import torch
    >>> join_packs(torch.zeros(6, 3, 8, 8), 2).shape
    torch.Size([3, 6, 8, 8])
    """
    return images if pack == 1 else images.reshape(len(images) // pack, -1, *images.shape[2:])
