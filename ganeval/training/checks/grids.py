"""Grids of samples as PNG files: the same latents at every check, so that learning can be watched."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganeval.runtime.files import replacing

TARGET = 512  # pixels: small pictures are enlarged, without smoothing, towards a grid of this width
GAP = 2


def grid(pixels: Tensor, columns: int) -> Image.Image:
    """uint8 pictures (N, C, S, S) in rows of `columns`, enlarged by a whole number."""
    count, channels, side, _ = pixels.shape
    rows = -(-count // columns)
    step = side + GAP
    canvas = np.full((rows * step + GAP, columns * step + GAP, 3), 255, np.uint8)
    for index, picture in enumerate(pixels.expand(-1, 3, -1, -1) if channels == 1 else pixels):
        top, left = GAP + index // columns * step, GAP + index % columns * step
        canvas[top : top + side, left : left + side] = picture.permute(1, 2, 0).numpy()
    scale = max(1, TARGET // canvas.shape[1])
    image = Image.fromarray(canvas)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def write_grid(path: Path, pixels: Tensor, columns: int) -> None:
    """The grid as a PNG file."""
    with replacing(path) as partial:
        grid(pixels, columns).save(partial, format="PNG")


def side_by_side(*columns: Tensor) -> Tensor:
    """Pictures of several sets, one of each set after another; grey ones get three channels where others have them.

    >>> side_by_side(torch.zeros(4, 1, 8, 8), torch.ones(4, 3, 8, 8)).shape
    torch.Size([8, 3, 8, 8])
    """
    channels = max(one.shape[1] for one in columns)
    return torch.stack([one.expand(-1, channels, -1, -1) for one in columns], dim=1).flatten(0, 1)
