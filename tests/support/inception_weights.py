"""Random Inception weights under which features vary, in the published file's names and shapes.

With PyTorch's default initialisation features are 1e-8 and every implementation "agrees"; here convolutions are
He-initialised, batch norms are calibrated on varied images, and the last layer is orthogonal to the mean feature and
scaled to logits of standard deviation 2.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from ganeval.extractors.inception import BareInception


def varied_images(count: int, size: int, seed: int = 0) -> Tensor:
    """uint8 N,3,S,S: noise of every scale, contrast and brightness, each seeded."""
    generator = torch.Generator().manual_seed(seed)
    images = []
    for _ in range(count):
        grid = int(torch.randint(2, max(3, size // 2), (), generator=generator))
        coarse = torch.randn(1, 3, grid, grid, generator=generator)
        smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")[0]
        contrast, brightness = 20 + 60 * torch.rand(2, generator=generator)
        tint = 40 * torch.randn(3, 1, 1, generator=generator)
        fine = 10 * torch.randn(3, size, size, generator=generator)
        images.append(64 + brightness + tint + contrast * smooth + fine)
    return torch.stack(images).clamp(0, 255).to(torch.uint8)


def write_inception_weights(path: Path, seed: int = 0) -> None:
    """Write a state dict that torch-fidelity, pytorch-fid and ganeval all load; one seed gives one set of weights."""
    generator = torch.Generator().manual_seed(seed)
    module = BareInception()
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            layer.weight.data = _smooth(layer.weight.data)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.register_forward_pre_hook(_calibrate)
    module.to(memory_format=torch.channels_last)  # faster; only now, since random numbers are drawn in memory's order
    with torch.no_grad():
        features, _ = module(varied_images(32, 64, seed))
        mean = features.mean(dim=0)
        weight = torch.randn(1008, 2048, generator=generator)
        weight -= torch.outer(weight @ mean, mean) / mean.square().sum()
        module.fc.weight.copy_(2 * weight / (features @ weight.T).std())
        module.fc.bias.copy_(torch.randn(1008, generator=generator))
    torch.save({key: value.contiguous() for key, value in module.state_dict().items()}, path)


def _smooth(weight: Tensor) -> Tensor:
    """Filters with a third less spatial detail: detail alone makes rounding errors grow twentyfold with depth."""
    spread = weight[0, 0].numel() ** 0.5
    return 0.7 * weight + 0.3 * spread * weight.mean(dim=(2, 3), keepdim=True)


def _calibrate(layer: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
    """Before a batch norm runs: take its running statistics from the very batch that reaches it."""
    variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
    layer.running_mean, layer.running_var = mean, variance.clamp_min(0.1 * float(variance.mean()))
    assert layer.bias is not None
    layer.bias.copy_(0.1 * torch.sin(torch.arange(len(mean))))  # not all zero, so that folding is put to the test
