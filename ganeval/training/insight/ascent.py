"""Activation maximisation: the inputs that raise the mean activation of a layer's channels as far as it goes.

Erhan et al. 2009 (Visualizing higher-layer features of a deep network); Mordvintsev et al. 2015 (Inceptionism).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reference_models.networks.builders import Generator
from reference_models.networks.resnet import UpBlock
from reference_models.networks.translation import ResidualBlock, Skip

STEPS, RATE = 100, 0.1  # of Adam; the rate falls to 0
BLOCKS = (nn.ReLU, UpBlock, ResidualBlock, Skip)  # what ends a block of layers

Keep = Callable[[Tensor], Tensor]
Activation = Callable[[Tensor], Tensor]


def layers_of(generator: nn.Module) -> dict[str, nn.Module]:
    """The layers of a generator by name, from its input on: `block1`, `block2` and so on.

    A block is a residual block, a level of a U-Net, or what ends in a ReLU; its name means its last layer.

    >>> list(layers_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Tanh())))
    ['block1', 'block2']
    """
    layers = generator.layers if isinstance(generator, Generator) else generator
    ends = [layer for layer in layers.children() if isinstance(layer, BLOCKS)]
    return {f"block{number}": layer for number, layer in enumerate(ends, 1)}


@dataclass(frozen=True)
class Probe:
    """A layer of a network in `eval()` mode as a function of the network's input, and of its class labels.

    It gives the activation of each channel, (N, C): of maps (N, C, H, W) the mean, or the `peak`; vectors (N, C) are
    their own.
    """

    network: nn.Module
    layer: nn.Module
    labels: Tensor | None = None
    peak: bool = False

    def __call__(self, inputs: Tensor) -> Tensor:
        outputs: list[Tensor] = []
        with self.layer.register_forward_hook(lambda module, given, output: outputs.append(output)):
            self.network(inputs, *(() if self.labels is None else (self.labels,)))
        active = outputs[-1].float()
        if active.ndim == 2:
            return active
        return active.amax((2, 3)) if self.peak else active.mean((2, 3))


@dataclass(frozen=True, eq=False)
class Ascent:
    """Inputs (c, ...) before and after, and how active their channels are then, float64 (c,)."""

    before: Tensor
    after: Tensor
    start: Tensor
    reached: Tensor


def ascend(activation: Activation, starts: Tensor, channels: Tensor, keep: Keep) -> Ascent:
    """The inputs that gradient ascent from `starts` (c, ...) reaches: for input i `channels[i]` of `activation` rises.

    The best on the way is taken, so none is less active than its start; `keep` says where inputs may lie. Weights are
    not touched.

    >>> ascent = ascend(lambda z: z, torch.tensor([[3.0, 4.0]]), torch.tensor([0]), on_sphere)
    >>> round(float(ascent.start), 3), round(float(ascent.reached), 3)
    (0.849, 1.414)
    """
    rows = torch.arange(len(channels), device=channels.device)
    before = keep(starts.detach())
    inputs = before.clone().requires_grad_()
    adam = torch.optim.Adam([inputs], RATE)
    slowing = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS)
    best, scores = before.clone(), []
    for _ in range(STEPS + 1):
        active = activation(keep(inputs))[rows, channels]  # through `keep`: its gradient is along the sphere
        scores.append(active.detach().double())
        better = scores[-1] >= torch.stack(scores).amax(0)
        best[better] = inputs.detach()[better]
        (inputs.grad,) = torch.autograd.grad(active.sum().neg(), inputs)
        adam.step()
        slowing.step()
        inputs.data = keep(inputs.data)
    return Ascent(before, best, scores[0], torch.stack(scores).amax(0))


def on_sphere(latents: Tensor) -> Tensor:
    """Latents (N, D) with the length that normal ones typically have, sqrt(D)."""
    length: Tensor = latents.norm(dim=1, keepdim=True).clamp(min=1e-12)
    moved: Tensor = latents * (latents.shape[1] ** 0.5 / length)
    return moved
