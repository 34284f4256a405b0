"""Where the weights start: the schemes of the literature by name.

default     what torch draws: uniform on ±1/√fan-in (LeCun et al. 1998, "Efficient BackProp")
xavier      uniform of variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010, "Understanding the difficulty ...")
he          normal of variance 2 / ((1 + 0.2²) fan-in), for LeakyReLU(0.2) (He et al. 2015, arXiv:1502.01852)
orthogonal  orthonormal rows or columns (Saxe et al. 2014, arXiv:1312.6120; Brock et al. 2019, arXiv:1809.11096)
normal      N(0, 0.02), gains of norms N(1, 0.02) (Radford et al. 2016, arXiv:1511.06434, as pytorch/examples has it)

All but `default` start biases at 0. Embeddings of classes keep their N(0, 1), whose scale is a setting of its own.
"""

import math
from collections.abc import Callable

from torch import nn
from torch.nn.utils import parametrize

from reference_models.configuration.config import ConfigError
from reference_models.networks.layers import ConditionalBatchNorm

LEAK = 0.2  # the negative slope of LeakyReLU in discriminators

Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm | nn.LayerNorm


def initialise(module: nn.Module, scheme: str) -> None:
    """Draw the weights of every linear and convolutional layer of a network anew, in place, by the scheme's name.

    The draws are torch's global ones: seed them inside `torch.random.fork_rng`. Wrap layers in a spectral norm
    afterwards: their weight is computed then, and what was drawn would be lost. ConfigError for a name that is unknown
    and for a layer that is wrapped already.

    >>> layer = nn.Linear(3, 3)
    >>> initialise(layer, "orthogonal")
    >>> (layer.weight @ layer.weight.T).detach().round(decimals=4).abs().diag().tolist()
    [1.0, 1.0, 1.0]
    """
    if scheme == "default":
        return
    if scheme not in SCHEMES:
        raise ConfigError(f"init={scheme} is unknown, needed default, {', '.join(SCHEMES)}")
    for layer in module.modules():
        if isinstance(layer, Weighted):
            _initialise_layer(layer, SCHEMES[scheme])
        elif scheme == "normal" and isinstance(layer, Norm) and layer.weight is not None:
            nn.init.normal_(layer.weight, 1.0, 0.02)
        elif scheme == "normal" and isinstance(layer, ConditionalBatchNorm):
            nn.init.normal_(layer.gain, 1.0, 0.02)


def _initialise_layer(layer: Weighted, draw: Callable[[Weighted], object]) -> None:
    if parametrize.is_parametrized(layer, "weight"):
        raise ConfigError("init: found a layer under spectral norm; initialise first, then wrap")
    draw(layer)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _fan_in(layer: Weighted) -> float:
    """How many weighted inputs one output sums: of a transposed convolution, every stride-th tap only."""
    if isinstance(layer, nn.ConvTranspose2d):
        return layer.weight[:, 0].numel() / math.prod(layer.stride)
    return layer.weight[0].numel()


SCHEMES: dict[str, Callable[[Weighted], object]] = {
    "xavier": lambda layer: nn.init.xavier_uniform_(layer.weight),
    "he": lambda layer: nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / ((1 + LEAK**2) * _fan_in(layer)))),
    "orthogonal": lambda layer: nn.init.orthogonal_(layer.weight),
    "normal": lambda layer: nn.init.normal_(layer.weight, 0.0, 0.02),
}
