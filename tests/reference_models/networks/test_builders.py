"""Generators and discriminators of every size: shapes, ranges, gradients, published parameter counts, independence."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from reference_models.configuration.config import CHOICES, Config, ConfigError
from reference_models.networks.builders import discriminator, generator
from reference_models.networks.layers import MissingLabels

SIZES = (8, 16, 28, 32, 48, 64, 100, 256)
NETS = ("mlp", "conv", "resnet")
NETS_WITH_NORMS = [
    pair for pair in product(NETS, CHOICES["norm_d"]) if pair != ("mlp", "instance")
]  # vectors have no pixels


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def judged(config: Config, network: nn.Module, samples: int, seed: int = 0) -> Tensor:
    shape = (config.shape[0] * config.pack, *config.shape[1:])
    y = torch.arange(samples) % config.classes if config.classes else None
    scores: Tensor = network(normal(seed, samples, *shape).clamp(-1, 1), y)
    return scores


def without_gradient(network: nn.Module, loss: Tensor) -> set[str]:
    """The parameters that a loss does not reach."""
    loss.backward()
    named = network.named_parameters()
    return {name for name, one in named if one.grad is None or not one.grad.isfinite().all() or not one.grad.any()}


# Every size, net and number of channels


@pytest.mark.parametrize(("net", "size", "channels"), list(product(NETS, SIZES, (1, 3))))
def test_images_of_every_size_are_generated_on_minus_one_to_one_and_judged(net: str, size: int, channels: int) -> None:
    config = Config("dcgan", shape=(channels, size, size), net=net, width=4, latent=6)
    g, d = generator(config), discriminator(config)
    pictures = g(normal(0, 2, 6) * 50)
    assert pictures.shape == (2, channels, size, size)
    assert 0 < float(pictures.detach().abs().max()) <= 1
    assert d(pictures).shape == (2,)
    assert d.features(pictures).dim() == 2
    d(pictures).sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in (*g.parameters(), *d.parameters()))


def test_vectors_are_generated_without_bounds_and_judged() -> None:
    config = Config("vanilla", shape=(2,), net="mlp", width=16, latent=4, norm_g="none", norm_d="none", pack=3)
    g, d = generator(config), discriminator(config)
    points = g(normal(0, 6, 4) * 1000)
    assert points.shape == (6, 2)
    assert float(points.detach().abs().max()) > 1
    assert d(points.view(2, 6)).shape == (2,)


@pytest.mark.parametrize("size", [8, 9, 15, 28, 37])
@pytest.mark.parametrize(("net", "norm"), NETS_WITH_NORMS)
def test_every_norm_trains_every_parameter(net: str, size: int, norm: str) -> None:
    config = Config("dcgan", shape=(1, size, size), net=net, width=16, latent=6, norm_g=norm, norm_d=norm)
    torch.manual_seed(0)
    g, d = generator(config), discriminator(config)
    pictures = g(normal(0, 8, 6))
    assert without_gradient(nn.ModuleList([g, d]), d(pictures).square().sum()) == set()


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("condition_g", ["embedding", "batch-norm"])
@pytest.mark.parametrize("condition_d", ["concat", "projection"])
def test_every_condition_trains_every_parameter(net: str, condition_g: str, condition_d: str) -> None:
    conditions = {"condition_g": condition_g, "condition_d": condition_d}
    config = Config("cgan", shape=(3, 12, 12), classes=3, net=net, width=16, latent=6, **conditions)  # type: ignore[arg-type]
    torch.manual_seed(0)
    g, d = generator(config), discriminator(config)
    y = torch.arange(9) % 3
    pictures = g(normal(0, 9, 6), y)
    assert without_gradient(nn.ModuleList([g, d]), d(pictures, y).square().sum()) == set()


@pytest.mark.parametrize("net", NETS)
def test_every_extra_of_the_discriminator_trains_every_parameter(net: str) -> None:
    extras = {"minibatch_discrimination": 3, "minibatch_std": True, "spectral_norm": True, "pack": 2}
    config = Config("dcgan", shape=(3, 12, 12), net=net, width=16, norm_d="none", **extras)  # type: ignore[arg-type]
    torch.manual_seed(0)
    d = discriminator(config)
    assert without_gradient(d, judged(config, d, 5).square().sum()) == set()


# The class


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("condition_g", ["embedding", "batch-norm"])
@pytest.mark.parametrize("condition_d", ["concat", "projection"])
def test_both_networks_depend_on_the_class(net: str, condition_g: str, condition_d: str) -> None:
    conditions = {"condition_g": condition_g, "condition_d": condition_d}
    config = Config("cgan", classes=4, net=net, width=8, norm_d="none", **conditions)  # type: ignore[arg-type]
    torch.manual_seed(0)
    g, d = generator(config), discriminator(config)
    for parameter in g.parameters():  # class-conditional gains start equal
        nn.init.normal_(parameter, std=0.3)
    z, x, one, other = normal(0, 4, 64), normal(1, 4, 1, 8, 8), torch.zeros(4).long(), torch.full((4,), 3)
    assert not torch.allclose(g.eval()(z, one), g(z, other))
    assert not torch.allclose(d(x, one), d(x, other))


def test_networks_with_classes_ask_for_labels_and_those_without_do_not_look() -> None:
    config = Config("cgan", classes=4)
    with pytest.raises(MissingLabels):
        generator(config)(normal(0, 2, 64))
    with pytest.raises(MissingLabels):
        discriminator(config)(normal(0, 2, 1, 8, 8))
    d, x = discriminator(Config("dcgan")), normal(0, 2, 1, 8, 8)
    assert torch.equal(d(x), d(x, torch.tensor([5, 6])))


def test_the_projections_part_of_the_score_is_an_inner_product_with_the_features() -> None:
    d = discriminator(Config("cgan", classes=4, condition_d="projection", norm_d="none"))
    x, y = normal(0, 4, 1, 8, 8), torch.arange(4)
    features = d.features(x)
    assert d.head.projection is not None
    expected = d.head.score(features)[:, 0] + (features * d.head.projection.vectors.weight[y]).sum(1)
    torch.testing.assert_close(d(x, y), expected)


# Published sizes


def test_dcgan_at_64_pixels_has_the_parameters_of_pytorch_examples() -> None:
    """Weights and batch norms as published; biases, which the example leaves out, where no norm follows."""
    config = Config("dcgan", shape=(3, 64, 64), width=64, latent=100)
    kernels = [3 * 64, 64 * 128, 128 * 256, 256 * 512]
    weights, norms = 16 * sum(kernels), 2 * (64 + 128 + 256 + 512)
    assert count(generator(config)) == weights + norms + 100 * 512 * 16 + 3 == 3_576_704 + 3
    assert count(discriminator(config)) == weights + norms - 2 * 64 + 512 * 16 + 64 + 1 == 2_765_568 + 64 + 1


def test_resnet_at_32_pixels_has_the_parameters_of_sngan() -> None:
    """As mimicry's sngan_32.py builds them, less the biases before batch norms, which have no effect."""
    config = Config("wgan-gp", shape=(3, 32, 32), net="resnet", width=128, latent=128, norm_d="none")
    convolution, shortcut = 256 * 256 * 9, 256 * 256 + 256
    blocks = 3 * (2 * convolution + 256 + shortcut + 2 * 2 * 256)
    expected = 129 * 256 * 16 + blocks + 2 * 256 + (256 * 3 * 9 + 3)
    assert count(generator(config)) == expected
    plain, half = 2 * (128 * 128 * 9 + 128), 128 * 128 + 128
    first = (3 * 128 * 9 + 128) + (128 * 128 * 9 + 128) + (3 * 128 + 128)
    assert count(discriminator(config)) == first + (plain + half) + 2 * plain + 129


def test_the_perceptrons_on_mnist_have_the_discriminator_of_pytorch_gan() -> None:
    config = Config("vanilla", shape=(1, 28, 28), net="mlp", width=256, latent=100, norm_g="none", norm_d="none")
    assert count(discriminator(config)) == 785 * 512 + 513 * 256 + 257
    assert count(generator(config)) == 101 * 256 + 257 * 512 + 513 * 1024 + 1025 * 784


# Independence of the samples of a batch


@pytest.mark.parametrize(("net", "norm"), NETS_WITH_NORMS)
def test_only_batch_norm_lets_scores_depend_on_the_other_samples(net: str, norm: str) -> None:
    torch.manual_seed(0)
    d = discriminator(Config("wgan-gp", shape=(1, 16, 16), net=net, width=8, norm_d=norm))
    x, others = normal(0, 4, 1, 16, 16), normal(1, 4, 1, 16, 16) * 3
    apart, together = d(x), d(torch.cat([x, others]))[:4]
    assert torch.allclose(apart, together, atol=1e-5) == (norm != "batch")


@pytest.mark.parametrize(("kernels", "deviation"), [(8, False), (0, True)])
def test_minibatch_layers_let_scores_depend_on_the_other_samples(kernels: int, deviation: bool) -> None:
    torch.manual_seed(0)
    d = discriminator(Config("dcgan", norm_d="none", minibatch_discrimination=kernels, minibatch_std=deviation))
    x, others = normal(0, 4, 1, 8, 8), normal(1, 4, 1, 8, 8) * 3
    assert not torch.allclose(d(x), d(torch.cat([x, others]))[:4], atol=1e-5)
    torch.testing.assert_close(d.features(x), d.features(torch.cat([x, others]))[:4])  # those come before


# Wholes


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_penalty_on_the_gradient_of_the_discriminator_has_a_gradient(net: str, norm: str, wrapped: bool) -> None:
    config = Config("cgan", shape=(1, 12, 12), classes=3, net=net, width=16, norm_d=norm, condition_d="projection")
    torch.manual_seed(0)
    d = discriminator(replace(config, spectral_norm=wrapped))
    x = normal(0, 4, 1, 12, 12).requires_grad_()
    (gradient,) = torch.autograd.grad(d(x, torch.arange(4) % 3).sum(), x, create_graph=True)
    (gradient.flatten(1).norm(dim=1) - 1).square().mean().backward()
    weights = [one for one in d.parameters() if one.dim() > 1]
    assert all(one.grad is not None and one.grad.isfinite().all() and one.grad.any() for one in weights)


def test_under_spectral_norm_the_gradient_of_a_perceptron_is_at_most_one() -> None:
    """Linear layers of norm 1 and leaky units: the scores move no more than the input does."""
    torch.manual_seed(0)
    d = discriminator(Config("dcgan", net="mlp", width=64, norm_d="none", spectral_norm=True, init="he"))
    x, shift = normal(0, 256, 1, 8, 8), normal(1, 256, 1, 8, 8) * 0.1
    for _ in range(50):  # power iterations
        d(x)
    after_update = (d(x + shift) - d(x)).abs()
    assert bool((after_update <= 1.001 * shift.flatten(1).norm(dim=1)).all())


def test_a_net_that_works_from_images_is_refused() -> None:
    for build in (generator, discriminator):
        with pytest.raises(ConfigError, match="net=unet: dcgan works from noise; needed mlp, conv, resnet"):
            build(Config("dcgan", net="unet"))


def test_a_state_dictionary_restores_the_network() -> None:
    config = Config("cgan", shape=(1, 12, 12), classes=3, width=4, spectral_norm=True, norm_d="none")
    torch.manual_seed(0)
    first, second = discriminator(config), discriminator(config)
    second.load_state_dict(first.state_dict())
    assert torch.equal(judged(config, first, 4), judged(config, second, 4))
