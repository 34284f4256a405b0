"""Grids of samples as PNG files: the same latents at every check, so that learning can be watched."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganeval.runtime.files import replacing

GRID_WIDTH = 512  # pixels: small images are enlarged, without smoothing, towards a grid of this width
GAP = 2


def grid(pixels: Tensor, columns: int) -> Image.Image:
    """uint8 images (N, C, S, S) in rows of `columns`, enlarged by a whole number."""
    count, channels, side, _ = pixels.shape
    rows = -(-count // columns)
    step = side + GAP
    canvas = np.full((rows * step + GAP, columns * step + GAP, 3), 255, np.uint8)
    for index, image_pixels in enumerate(pixels.expand(-1, 3, -1, -1) if channels == 1 else pixels):
        top, left = GAP + index // columns * step, GAP + index % columns * step
        canvas[top : top + side, left : left + side] = image_pixels.permute(1, 2, 0).numpy()
    scale = max(1, GRID_WIDTH // canvas.shape[1])
    image = Image.fromarray(canvas)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def write_grid(path: Path, pixels: Tensor, columns: int) -> None:
    """The grid as a PNG file."""
    with replacing(path) as partial:
        grid(pixels, columns).save(partial, format="PNG")


def side_by_side(*columns: Tensor) -> Tensor:
    """Images of several sets, one of each set after another; grey ones get three channels where others have them.

    >>> side_by_side(torch.zeros(4, 1, 8, 8), torch.ones(4, 3, 8, 8)).shape
    torch.Size([8, 3, 8, 8])
    """
    channels = max(column.shape[1] for column in columns)
    return torch.stack([column.expand(-1, channels, -1, -1) for column in columns], dim=1).flatten(0, 1)
