"""Inception on a CPU in float32 as oneDNN runs it best: a quarter faster than the folded modules, with no compiler.

- A convolution, its batch norm and its ReLU are one kernel; the input's shift and scale are part of the first one.
- An average pool comes after the 1×1 convolution that it feeds, not before: both are linear, and it then has an eighth
  of the channels to average.
- Few images go through at a time where their maps are large. A tensor above 32 MB is given back to the system when it
  is freed, and the next one of its size costs new pages: a seventh of the time.

The kernels are private operators of torch (`torch.ops.mkldnn._convolution_pointwise`), which this file alone calls;
where a torch lacks them, `can_fuse` says so and the modules run instead. Equal to the modules to rounding (4e-6 of the
largest feature was seen).
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Step = Callable[[Tensor], Tensor]

STEM, MIDDLE, REST = 4, 8, 32  # images at a time while maps have up to 147, up to 35 and up to 17 pixels a side

# What each kind of block joins: chains of its layers, `a|b` for two layers side by side
_WIDE = (
    "branch1x1",
    "branch3x3_1 branch3x3_2a|branch3x3_2b",
    "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a|branch3x3dbl_3b",
)
BRANCHES: dict[str, tuple[str, ...]] = {
    "InceptionA": (
        "branch1x1",
        "branch5x5_1 branch5x5_2",
        "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3",
        "branch_pool/average",
    ),
    "InceptionB": ("branch3x3", "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3", "shrink"),
    "InceptionC": (
        "branch1x1",
        "branch7x7_1 branch7x7_2 branch7x7_3",
        "branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 branch7x7dbl_5",
        "branch_pool/average",
    ),
    "InceptionD": (
        "branch3x3_1 branch3x3_2",
        "branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4",
        "shrink",
    ),
    "InceptionE_1": (*_WIDE, "branch_pool/average"),
    "InceptionE_2": (*_WIDE, "largest branch_pool"),
}
POOLS: dict[str, Step] = {
    "shrink": lambda x: F.max_pool2d(x, kernel_size=3, stride=2),
    "largest": lambda x: F.max_pool2d(x, kernel_size=3, stride=1, padding=1),
}


def can_fuse() -> bool:
    """Whether this torch has oneDNN's convolutions with the operation that follows them."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def fused_trunk(module: Any, shift: float, scale: float) -> Step:
    """Images (N,3,299,299) on 0..255 -> pool features (N,2048), of torch-fidelity's Inception; consumes `module`."""
    stem: list[Step] = [lambda x: x.contiguous(memory_format=torch.channels_last)]
    stem += [_first(module.Conv2d_1a_3x3, shift, scale)]
    stem += [_convolution(module.Conv2d_2a_3x3), _convolution(module.Conv2d_2b_3x3), POOLS["shrink"]]
    stem += [_convolution(module.Conv2d_3b_1x1), _convolution(module.Conv2d_4a_3x3), POOLS["shrink"]]
    blocks = {name: _block(layer) for name, layer in module.named_children() if name.startswith("Mixed")}
    middle = [step for name, step in blocks.items() if name < "Mixed_6b"]
    rest = [step for name, step in blocks.items() if name >= "Mixed_6b"]

    def trunk(images: Tensor) -> Tensor:
        maps = _few_at_a_time(_chain(stem), images, STEM)
        maps = _few_at_a_time(_chain(middle), maps, MIDDLE)
        return _few_at_a_time(_chain([*rest, lambda x: x.mean((2, 3))]), maps, REST)

    return trunk


def _block(block: Any) -> Step:
    branches = [_chain([_step(block, name) for name in chain.split()]) for chain in BRANCHES[type(block).__name__]]
    return lambda maps: torch.cat([branch(maps) for branch in branches], 1)


def _step(block: Any, name: str) -> Step:
    if name in POOLS:
        return POOLS[name]
    if name.endswith("/average"):
        convolution = _convolution(getattr(block, name.removesuffix("/average")), relu=False)
        average = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
        return lambda maps: average(convolution(maps)).relu_()
    steps = [_convolution(getattr(block, layer)) for layer in name.split("|")]
    return steps[0] if len(steps) == 1 else lambda maps: torch.cat([step(maps) for step in steps], 1)


def _convolution(block: Any, relu: bool = True) -> Step:
    """A `BasicConv2d` as one kernel."""
    return _kernel(fuse_conv_bn_eval(block.conv, block.bn), relu)


def _first(block: Any, shift: float, scale: float) -> Step:
    """The first convolution, of images that are not shifted and scaled yet; exact, since it pads nothing."""
    layer: Any = fuse_conv_bn_eval(block.conv, block.bn)  # which always has a bias
    layer.weight.data /= scale
    layer.bias.data -= shift * layer.weight.data.sum((1, 2, 3))
    return _kernel(layer, relu=True)


def _kernel(layer: nn.Conv2d, relu: bool) -> Step:
    weight, bias = layer.weight.detach().contiguous(memory_format=torch.channels_last), layer.bias
    geometry = (list(layer.padding), list(layer.stride), list(layer.dilation), 1)
    activation = "relu" if relu else "none"
    run = torch.ops.mkldnn._convolution_pointwise
    return lambda maps: run(maps, weight, bias, *geometry, activation, [], "")


def _chain(steps: Sequence[Step]) -> Step:
    return lambda maps: reduce(lambda x, step: step(x), steps, maps)


def _few_at_a_time(step: Step, maps: Tensor, count: int) -> Tensor:
    return step(maps) if len(maps) <= count else torch.cat([step(part) for part in maps.split(count)])
