"""What a critic is shown of a picture: augmented, under noise, packed. Real and made pictures are treated alike."""

from torch import Tensor

from reference_models.configuration.config import Config
from reference_models.engine.randomness import Moment
from reference_models.objectives.augmentation import augmented


def shown(images: Tensor, config: Config, now: Moment, name: str) -> Tensor:
    """The pictures (or vectors) as the critic sees them; `name` keeps the draws of real and made ones apart."""
    if config.policies:
        images = augmented(images, config.policies, now.draw(f"augment {name}"))
    spread = noise_at(config, now.step)
    if spread:
        images = images + spread * now.draw(f"noise {name}").normal(*images.shape)
    return packed(images, config.pack)


def noise_at(config: Config, step: int) -> float:
    """The standard deviation of instance noise at a step: falls linearly to 0 (Sønderby et al. 2017, arXiv:1610.04490).

    >>> noise_at(Config("dcgan", steps=100, instance_noise=0.2, instance_noise_until=0.5), 25)
    0.1
    """
    end = config.instance_noise_until * config.steps
    return config.instance_noise * max(0.0, 1 - step / end) if end else 0.0


def packed(images: Tensor, pack: int) -> Tensor:
    """Every `pack` samples joined along their channels (PacGAN, Lin et al. 2018, arXiv:1712.04086).

    >>> import torch
    >>> packed(torch.zeros(6, 3, 8, 8), 2).shape
    torch.Size([3, 6, 8, 8])
    """
    return images if pack == 1 else images.reshape(len(images) // pack, -1, *images.shape[2:])
