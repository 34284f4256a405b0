"""Small classifiers: feature extractors and mode counters for pictures of 8 to 64 pixels, and for any labelled folder.

One residual design for every size, after ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385), with leaky units so that no
feature can die; its features are the globally pooled last layer, as Inception's are. Scoring with a classifier of the data's own
kind follows the stacked-MNIST tables (Metz et al. 2017, https://arxiv.org/abs/1611.02163). One training recipe, seeded;
`ganeval/extractors/digits.safetensors` was made with it from `digits:train` alone.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, leaky_relu, pad

from ganeval.errors import ContentError, UsageError
from ganeval.files import cache_root, replacing
from ganeval.images import Images

RECIPE = 1  # raise it whenever the same data and seed would give other weights
DIGITS = Path(__file__).parent / "digits.safetensors"
SMALLEST, LARGEST = 8, 64

Progress = Callable[[str, int, int | None], None]
Indices = npt.NDArray[np.int64]


class Stage(nn.Module):
    """One convolution that may halve the picture, then one with a way round it."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.enter_norm = nn.BatchNorm2d(outputs)
        self.residual = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.residual_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = leaky_relu(self.enter_norm(self.enter(x)), 0.1)
        return leaky_relu(x + self.residual_norm(self.residual(x)), 0.1)


class Classifier(nn.Module):
    """Features and class logits of pictures: float32 N,3,S,S on 0..255 -> float32 (N,width), (N,classes).

    In `eval()` mode a picture's row does not depend on the other pictures of its batch.

    >>> features, logits = Classifier(size=8, classes=10, width=64).eval()(torch.zeros(2, 3, 8, 8))
    >>> features.shape, logits.shape
    (torch.Size([2, 64]), torch.Size([2, 10]))
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, size: int, classes: int, width: int) -> None:
        super().__init__()
        halvings = max(1, math.ceil(math.log2(size / 8)))
        widths = [width >> (halvings - i) for i in range(halvings + 1)]
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 127.5))
        self.register_buffer("std", torch.full((1, 3, 1, 1), 64.0))
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.Sequential(*(Stage(a, b, 2) for a, b in zip(widths, widths[1:], strict=False)))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = (x - self.mean) / self.std
        x = leaky_relu(self.stem_norm(self.stem(x)), 0.1)
        features = self.stages(x).float().mean((2, 3))
        return features, self.head(features).float()
