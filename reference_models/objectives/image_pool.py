"""The pool of earlier translations that CycleGAN's discriminators see: Shrivastava et al. 2017, arXiv:1612.07828."""

import torch
from torch import Tensor


class ImagePool:
    """Earlier images, one of which replaces a new one half of the time, and gives its place in the pool to it.

    The slots of a batch are distinct, so that a batch is exchanged at once.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: Tensor | None = None

    def exchange(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """As many images as were given: while the pool fills the new ones, then each old or new at random."""
        images = images.contiguous()  # whatever the translator's layout: a resumed pool has this one
        if not self.size:
            return images
        count = 0 if self.images is None else len(self.images)
        free = min(self.size - count, len(images))
        if free:
            first = images[:free].clone()
            self.images = first if self.images is None else torch.cat([self.images, first])
        late = images[free:][: self.size]
        if self.images is None or not len(late):
            return images
        slots = torch.randperm(self.size, generator=generator, device=images.device)[: len(late)]
        swap = torch.rand(len(late), 1, 1, 1, generator=generator, device=images.device) < 0.5
        old = self.images[slots]
        self.images[slots] = torch.where(swap, late, old)
        rest = images[free + len(late) :]
        return torch.cat([images[:free], torch.where(swap, old, late), rest])
