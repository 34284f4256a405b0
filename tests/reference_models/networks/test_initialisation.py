"""Each scheme draws what its paper says; what is not a weight keeps its start."""

import math

import pytest
import torch
from torch import Tensor, nn

from reference_models.configuration.config import CHOICES, Config, ConfigError
from reference_models.networks.builders import discriminator, generator
from reference_models.networks.discriminator_layers import wrap_in_spectral_norm
from reference_models.networks.initialisation import SCHEMES, initialise
from reference_models.networks.layers import ConditionalBatchNorm

LAYERS = {
    "linear": nn.Linear(300, 200),
    "convolution": nn.Conv2d(64, 96, 4, 2, 1),
    "transposed": nn.ConvTranspose2d(96, 64, 4, 2, 1),
}


def drawn(layer: nn.Module, scheme: str) -> Tensor:
    torch.manual_seed(0)
    initialise(layer, scheme)
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.detach()


def test_every_scheme_of_the_configuration_is_there() -> None:
    assert {"default", *SCHEMES} == set(CHOICES["init"])


# the standard error of a variance from n normal draws is √(2 / n): for 60,000 draws 0.6 %


@pytest.mark.parametrize("kind", LAYERS)
def test_normal_draws_with_deviation_0_02(kind: str) -> None:
    weight = drawn(LAYERS[kind], "normal")
    assert float(weight.std()) == pytest.approx(0.02, rel=0.02)
    assert float(weight.mean()) == pytest.approx(0, abs=4 * 0.02 / math.sqrt(weight.numel()))


@pytest.mark.parametrize(("kind", "fans"), [("linear", 500), ("convolution", 16 * 160), ("transposed", 16 * 160)])
def test_xavier_is_uniform_of_variance_two_over_the_sum_of_fans(kind: str, fans: int) -> None:
    weight = drawn(LAYERS[kind], "xavier")
    assert float(weight.var()) == pytest.approx(2 / fans, rel=0.03)
    assert math.sqrt(6 / fans) >= float(weight.abs().max()) > 0.99 * math.sqrt(6 / fans)


@pytest.mark.parametrize(
    "layer", [nn.Linear(2000, 500), nn.Conv2d(64, 64, 4, 2, 1), nn.ConvTranspose2d(64, 64, 4, 2, 1)]
)
def test_he_keeps_the_second_moment_through_leaky_units(layer: nn.Module) -> None:
    """E[leaky(h)²] = E[h²] (1 + 0.2²) / 2 for symmetric h, which the variance of the weights makes up for."""
    drawn(layer, "he")
    generator = torch.Generator().manual_seed(1)
    shape = (64, 2000) if isinstance(layer, nn.Linear) else (8, 64, 64, 64)
    out = layer(nn.functional.leaky_relu(torch.randn(shape, generator=generator), 0.2))
    inside = (
        out if isinstance(layer, nn.Linear) else out[:, :, 1:-1, 1:-1]
    )  # pixels beside the padding sum fewer inputs
    assert float(inside.detach().square().mean()) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("kind", LAYERS)
def test_orthogonal_rows_or_columns_are_orthonormal(kind: str) -> None:
    matrix = drawn(LAYERS[kind], "orthogonal").flatten(1)
    product = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    torch.testing.assert_close(product, torch.eye(len(product)), atol=1e-5, rtol=0)


def test_default_is_what_torch_drew() -> None:
    layer = nn.Linear(5, 5)
    before = layer.weight.detach().clone()
    assert torch.equal(drawn(layer, "default"), before)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_biases_start_at_zero(scheme: str) -> None:
    layer = nn.Conv2d(3, 5, 3)
    drawn(layer, scheme)
    assert layer.bias is not None
    assert torch.equal(layer.bias.detach(), torch.zeros(5))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gains_are_near_one_under_normal_and_one_under_the_others(scheme: str) -> None:
    norms: list[nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm]
    norms = [nn.BatchNorm2d(10_000), nn.GroupNorm(1, 10_000), nn.LayerNorm(10_000)]
    torch.manual_seed(0)
    initialise(nn.ModuleList(norms), scheme)
    for norm in norms:
        assert float(norm.weight.detach().std()) == pytest.approx(0.02 if scheme == "normal" else 0, rel=0.05)
        assert float(norm.weight.detach().mean()) == pytest.approx(1, abs=1e-3)
        assert torch.equal(norm.bias.detach(), torch.zeros(10_000))


def test_class_conditional_gains_follow_those_of_batch_norm() -> None:
    norm = ConditionalBatchNorm(1000, 10)
    torch.manual_seed(0)
    initialise(norm, "normal")
    assert float(norm.gain.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert torch.equal(norm.bias.detach(), torch.zeros(10, 1000))


def test_embeddings_of_classes_stay_standard_normal() -> None:
    embedding = nn.Embedding(100, 100)
    initialise(embedding, "normal")
    assert float(embedding.weight.detach().std()) == pytest.approx(1, rel=0.05)


def test_a_wrapped_layer_is_refused_because_its_weight_would_be_lost() -> None:
    layer = nn.Linear(4, 4)
    wrap_in_spectral_norm(layer)
    with pytest.raises(ConfigError, match="initialise first, then wrap"):
        initialise(layer, "he")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ConfigError, match="init=best is unknown, needed default, xavier, he, orthogonal, normal"):
        initialise(nn.Linear(2, 2), "best")


def test_networks_are_drawn_by_the_scheme_of_their_configuration_also_under_spectral_norm() -> None:
    torch.manual_seed(0)
    config = Config("dcgan", shape=(3, 32, 32), width=32, init="normal", spectral_norm=True, norm_d="none")
    g, d = generator(config), discriminator(config)
    g_weights = torch.cat([m.weight.flatten() for m in g.modules() if isinstance(m, nn.Linear | nn.ConvTranspose2d)])
    wrapped = torch.cat([one.flatten() for name, one in d.named_parameters() if name.endswith("weight.original")])
    for weights in (g_weights, wrapped):
        assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.02)


def test_the_same_seed_draws_the_same_network() -> None:
    config = Config("dcgan", init="orthogonal")
    states = []
    for _ in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            states.append(generator(config).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
