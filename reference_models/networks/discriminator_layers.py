"""Layers of discriminators: minibatch layers, the head that gives the score, spectral norm.

Minibatch discrimination: Salimans et al. 2016, arXiv:1606.03498 (kernels of 5 dimensions, as their code has it).
Minibatch standard deviation: Karras et al. 2018, arXiv:1710.10196. Projection: Miyato and Koyama 2018,
arXiv:1802.05637. Spectral norm: Miyato et al. 2018, arXiv:1802.05957.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.nn.utils.parametrizations import spectral_norm

from reference_models.configuration.config import Config
from reference_models.networks.layers import require_labels

KERNEL_DIMENSIONS = 5


class MinibatchDiscrimination(nn.Module):
    """How near the other samples of the batch are: (N, F) -> (N, kernels), for each kernel sum_j≠i exp(-|M_i - M_j|).

    M = T f with a learned T, |.| the L1 distance over a kernel's dimensions. T is a linear layer, so that every
    initialisation and the spectral norm apply to it.

    >>> MinibatchDiscrimination(6, 3)(torch.ones(4, 6)).tolist()[0]  # three others, all the same
    [3.0, 3.0, 3.0]
    """

    def __init__(self, features: int, kernels: int, dimensions: int = KERNEL_DIMENSIONS) -> None:
        super().__init__()
        self.kernels = kernels
        self.tensor = nn.Linear(features, kernels * dimensions, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        m = self.tensor(features).view(len(features), self.kernels, -1)
        distances: Tensor = (m[:, None] - m[None]).abs().sum(3)
        return (-distances).exp().sum(1) - 1  # a sample is at distance 0 from itself


class MinibatchStd(nn.Module):
    """How much the batch varies: (N, F) -> (N, 1), each feature's standard deviation over the batch, averaged.

    >>> bool(MinibatchStd()(torch.ones(4, 6)).max() < 1e-3)
    True
    """

    def forward(self, features: Tensor) -> Tensor:
        deviation = (features.var(0, correction=0) + 1e-8).sqrt()  # the root has no gradient at 0
        return deviation.mean().expand(len(features), 1)


class Projection(nn.Module):
    """Inner product of the features with a learned vector of the class: (N, F), (N,) -> (N,).

    The vectors are the rows of a linear layer, so that each scheme draws them as it draws the score's own weights.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.vectors = nn.Linear(features, classes, bias=False)

    def forward(self, features: Tensor, y: Tensor) -> Tensor:
        every: Tensor = self.vectors(features)
        return every.gather(1, y[:, None])[:, 0]


class Head(nn.Module):
    """Features (N, F) to raw scores (N,): minibatch layers, a linear score, and the projection on the class."""

    def __init__(self, config: Config, features: int) -> None:
        super().__init__()
        kernels = config.minibatch_discrimination
        self.discrimination = MinibatchDiscrimination(features, kernels) if kernels else None
        self.deviation = MinibatchStd() if config.minibatch_std else None
        self.score = nn.Linear(features + kernels + config.minibatch_std, 1)
        projected = config.classes and config.condition_d == "projection"
        self.projection = Projection(features, config.classes) if projected else None

    def forward(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        of_batch = [layer(features) for layer in (self.discrimination, self.deviation) if layer is not None]
        scores: Tensor = self.score(torch.cat([features, *of_batch], 1))[:, 0]
        return scores if self.projection is None else scores + self.projection(features, require_labels(y))


class ClassPlanes(nn.Module):
    """Images with one plane per class, 1 for the image's own and 0 elsewhere (vectors: one number per class).

    >>> ClassPlanes(3)(torch.zeros(1, 2), torch.tensor([1])).tolist()
    [[0.0, 0.0, 0.0, 1.0, 0.0]]
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        chosen = one_hot(require_labels(y), self.classes).to(x.dtype)
        planes = chosen.view(*chosen.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        return torch.cat([x, planes], 1)


def wrap_in_spectral_norm(module: nn.Module) -> None:
    """Divide every linear, convolutional and embedding weight of a discriminator by its largest singular value, in
    place.

    One power iteration at each training forward pass; initialise the module before.
    """
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding):
            spectral_norm(layer)
