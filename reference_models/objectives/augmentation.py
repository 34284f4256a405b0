"""DiffAugment: differentiable random changes of every image that the discriminator sees, real or fake.

Zhao et al. 2020, https://arxiv.org/abs/2006.10738, with the ranges of its authors' code. Each image draws its own
changes, from the draw that is passed in. Zero is the middle of an image's range of -1 to 1, hence grey.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reference_models.configuration.config import ConfigError
from reference_models.engine.randomness import Draw

Change = Callable[[Tensor, Draw], Tensor]


def augmented(images: Tensor, policies: tuple[str, ...], draw: Draw) -> Tensor:
    """The images (N, C, H, W), changed by each policy in turn; ConfigError for one that is unknown.

    Differentiable in `images` any number of times; shape, type and device are kept.

    >>> augmented(torch.ones(2, 1, 8, 8), ("translation", "cutout"), Draw(torch.Generator())).amax()
    tensor(1.)
    """
    if unknown := [policy for policy in policies if policy not in CHANGES]:
        raise ConfigError(f"augment={'+'.join(unknown)} is unknown, needed {', '.join(CHANGES)}")
    for policy in policies:
        for change in CHANGES[policy]:
            images = change(images, draw)
    return images


def brightness(images: Tensor, draw: Draw) -> Tensor:
    """Lighter or darker by up to a half."""
    return images + (_share(images, draw) - 0.5)


def saturation(images: Tensor, draw: Draw) -> Tensor:
    """From grey (0 times the colour) to 2 times the colour; grey images stay as they are."""
    return torch.lerp(images.mean(1, keepdim=True), images, 2 * _share(images, draw))


def contrast(images: Tensor, draw: Draw) -> Tensor:
    """From a half to 1.5 times the distance to the image's mean."""
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, _share(images, draw) + 0.5)


def translation(images: Tensor, draw: Draw) -> Tensor:
    """Shifted along each axis by whole pixels, up to an eighth of the side; zeros come in, what leaves is lost."""
    _, channels, height, width = images.shape
    rows = _source(height, images, draw)
    columns = _source(width, images, draw)
    from_outside = _crossed((rows < 0) | (rows >= height), (columns < 0) | (columns >= width), torch.logical_or)
    # one gather over flat pixels: half the time of one an axis, and a third of advanced indexing, forth and back
    pixels = _crossed(rows.clamp(0, height - 1) * width, columns.clamp(0, width - 1), torch.add)
    shifted = images.flatten(2).gather(2, pixels.flatten(2).expand(-1, channels, -1)).view_as(images)
    return shifted.masked_fill(from_outside, 0)


def cutout(images: Tensor, draw: Draw) -> Tensor:
    """With a window of half the side zeroed, centred anywhere in the image and clipped by its border."""
    rows = _in_window(images.shape[2], images, draw)
    columns = _in_window(images.shape[3], images, draw)
    return images.masked_fill(_crossed(rows, columns, torch.logical_and), 0)


CHANGES: dict[str, tuple[Change, ...]] = {
    "color": (brightness, saturation, contrast),
    "translation": (translation,),
    "cutout": (cutout,),
}


def _share(images: Tensor, draw: Draw) -> Tensor:
    """A uniform draw from 0 to 1 for each image, (N, 1, 1, 1)."""
    return draw.uniform(len(images), 1, 1, 1).to(images)


def _whole(low: int, high: int, images: Tensor, draw: Draw) -> Tensor:
    """An integer from low to high, both included, for each image, (N, 1)."""
    return draw.integers(low, high, len(images), 1).to(images.device)


def _source(side: int, images: Tensor, draw: Draw) -> Tensor:
    """Where along an axis each pixel comes from, (N, side), for a shift by up to an eighth."""
    reach = int(side / 8 + 0.5)
    return torch.arange(side, device=images.device) - _whole(-reach, reach, images, draw)


def _in_window(side: int, images: Tensor, draw: Draw) -> Tensor:
    """Which pixels along an axis a window of half the side hides, (N, side)."""
    window = int(side / 2 + 0.5)
    last = side - window % 2  # an even window has its centre between pixels, so one place more
    start = _whole(0, last, images, draw) - window // 2
    place = torch.arange(side, device=images.device) - start
    return (place >= 0) & (place < window)


def _crossed(rows: Tensor, columns: Tensor, by: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """A value for each pixel, (N, 1, H, W), from one of its row and one of its column."""
    return by(rows[:, None, :, None], columns[:, None, None, :])
