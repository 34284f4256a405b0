"""CycleGAN's networks of every size: shapes, ranges, gradients, published parameter counts and receptive fields."""

import pytest
import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config, ConfigError
from reference_models.networks.translation import ResidualBlock, patch_discriminator, translator

SIZES = (8, 9, 16, 28, 32, 48, 64, 100, 256)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def cyclegan(size: int, net: str = "resnet", width: int = 4, channels: int = 1) -> Config:
    return Config("cyclegan", shape=(channels, size, size), net=net, width=width)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("net", ["resnet", "unet"])
@pytest.mark.parametrize(("channels_in", "channels_out"), [(1, 1), (3, 3), (1, 3), (3, 1)])
def test_images_of_every_size_are_translated_and_judged(
    net: str, size: int, channels_in: int, channels_out: int
) -> None:
    g = translator(cyclegan(size, net), channels_in, channels_out)
    d = patch_discriminator(cyclegan(size, net), channels_out)
    pictures = g(normal(0, 2, channels_in, size, size))
    assert pictures.shape == (2, channels_out, size, size)
    assert 0 < float(pictures.detach().abs().max()) <= 1
    scores = d(pictures)
    assert scores.shape[:2] == (2, 1)
    assert scores.shape[2] == scores.shape[3] >= 1


@pytest.mark.parametrize("size", [8, 16, 28, 64])
@pytest.mark.parametrize("net", ["resnet", "unet"])
def test_gradients_reach_every_parameter(net: str, size: int) -> None:
    """A bias before an instance norm has no effect, so its gradient is rounding; all others have one that counts."""
    torch.manual_seed(0)
    config = cyclegan(size, net)
    both = nn.ModuleList([translator(config, 1, 1), patch_discriminator(config, 1)])
    both[1](both[0](normal(0, 2, 1, size, size))).square().mean().backward()
    for name, parameter in both.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        assert bool(parameter.grad.any()) or name.endswith("bias"), name


# Published sizes


def test_at_256_pixels_and_width_64_the_parameters_are_the_published_ones() -> None:
    """junyanz prints 11.378 M for the generator of nine blocks and 2.765 M for the discriminator."""
    config = cyclegan(256, width=64, channels=3)
    convolutions = [
        (3, 64, 49),
        (64, 128, 9),
        (128, 256, 9),
        *[(256, 256, 9)] * 18,
        (256, 128, 9),
        (128, 64, 9),
        (64, 3, 49),
    ]
    expected = sum(a * b * kernel + b for a, b, kernel in convolutions)
    assert count(translator(config, 3, 3)) == expected == 11_378_179
    patches = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    assert count(patch_discriminator(config, 3)) == sum(16 * a * b + b for a, b in patches) == 2_764_737


def test_the_u_net_at_256_pixels_has_the_published_levels() -> None:
    """Eight levels of 64, 128, 256 and five times 512 channels, each way up but the innermost reading twice as many."""
    widths = [64, 128, 256, 512, 512, 512, 512, 512]
    down = sum(16 * a * b + b for a, b in zip([3, *widths], widths, strict=False))
    read = [2 * width for width in widths[:-1]] + [512]
    up = sum(16 * a * b + b for a, b in zip(read, [3, *widths], strict=False))
    assert count(translator(cyclegan(256, "unet", 64, 3), 3, 3)) == down + up


@pytest.mark.parametrize(("size", "blocks"), [(16, 3), (63, 3), (64, 6), (128, 6), (255, 6), (256, 9)])
def test_residual_blocks_follow_the_size(size: int, blocks: int) -> None:
    made = translator(cyclegan(size), 1, 1)
    assert sum(isinstance(layer, ResidualBlock) for layer in made.modules()) == blocks


def test_blocks_can_be_set() -> None:
    made = translator(Config("cyclegan", shape=(1, 16, 16), net="resnet", width=4, blocks=5), 1, 1)
    assert sum(isinstance(layer, ResidualBlock) for layer in made.modules()) == 5


# Patches


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_the_published_patch(layers: int, field: int) -> None:
    """The receptive field, by which input pixels the middle score has a gradient; norms, which see all, taken out."""
    config = Config("cyclegan", shape=(1, 128, 128), width=2, patch_layers=layers)
    kept = [layer for layer in patch_discriminator(config, 1).children() if not isinstance(layer, nn.InstanceNorm2d)]
    picture = normal(0, 1, 1, 128, 128).requires_grad_()
    scores = nn.Sequential(*kept)(picture)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert picture.grad is not None
    seen = picture.grad[0, 0].any(1).nonzero()
    assert int(seen.max() - seen.min()) + 1 == field


def test_the_discriminator_at_256_pixels_gives_the_published_30_by_30_scores() -> None:
    assert patch_discriminator(cyclegan(256), 1)(normal(0, 1, 1, 256, 256)).shape == (1, 1, 30, 30)


def test_the_most_patch_layers_that_fit_are_allowed_and_one_more_is_refused() -> None:
    for size in range(8, 257):
        most = next(n for n in range(7, 0, -1) if size // 2**n >= 3)
        if size in (8, 11, 12, 23, 24, 47, 48):
            allowed = Config("cyclegan", shape=(1, size, size), width=2, patch_layers=most)
            assert patch_discriminator(allowed, 1)(normal(0, 1, 1, size, size)).numel() >= 1
        with pytest.raises(ConfigError, match=f"patch_layers={most + 1} at {size} pixels: needed at most {most}"):
            patch_discriminator(Config("cyclegan", shape=(1, size, size), width=2, patch_layers=most + 1), 1)


def test_images_do_not_depend_on_the_others_of_their_batch() -> None:
    g, d, x = translator(cyclegan(16), 1, 1), patch_discriminator(cyclegan(16), 1), normal(0, 4, 1, 16, 16)
    torch.testing.assert_close(g(x)[:1], g(x[:1]))
    torch.testing.assert_close(d(x)[:1], d(x[:1]))


def test_spectral_norm_wraps_every_convolution_of_the_discriminator() -> None:
    d = patch_discriminator(Config("cyclegan", shape=(1, 16, 16), width=4, spectral_norm=True, init="normal"), 1)
    for _ in range(50):  # power iterations
        d(normal(0, 1, 1, 16, 16))
    for layer in d.modules():
        if isinstance(layer, nn.Conv2d):
            assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1, abs=0.01)


def test_a_net_that_works_from_noise_is_refused() -> None:
    with pytest.raises(ConfigError, match="net=conv: cyclegan's generators are resnet or unet"):
        translator(cyclegan(16, "conv"), 1, 1)
