"""Layers against their formulas: torch's own norms, loops, singular values."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config, ConfigError
from reference_models.networks.discriminator_layers import (
    ClassPlanes,
    Head,
    MinibatchDiscrimination,
    MinibatchStd,
    Projection,
    wrap_in_spectral_norm,
)
from reference_models.networks.layers import (
    Condition,
    ConditionalBatchNorm,
    ConditionalSequential,
    MissingLabels,
    generator_needs_bias,
    generator_norm,
    map_sizes,
    normalisation,
)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# Norms


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("name", ["batch", "layer", "instance"])
def test_eps_is_torchs_1e_5(name: str, dimensions: int) -> None:
    """PyTorch-GAN writes BatchNorm2d(channels, 0.8), a momentum of Keras that torch reads as eps."""
    if (name, dimensions) != ("instance", 1):
        assert normalisation(name, 8, dimensions=dimensions).eps == 1e-5


def test_layer_norm_of_maps_is_over_all_of_a_sample() -> None:
    h = normal(0, 4, 6, 5, 5)
    torch.testing.assert_close(normalisation("layer", 6)(h), nn.functional.layer_norm(h, (6, 5, 5)))


def test_instance_norm_is_over_each_map() -> None:
    h = normal(0, 4, 6, 5, 5)
    torch.testing.assert_close(normalisation("instance", 6)(h), nn.functional.layer_norm(h, (5, 5)))


@pytest.mark.parametrize("dimensions", [1, 2])
def test_no_norm_changes_nothing(dimensions: int) -> None:
    h = normal(0, 4, 6)
    assert torch.equal(normalisation("none", 6, dimensions=dimensions)(h), h)


def test_instance_norm_of_vectors_and_unknown_norms_are_refused() -> None:
    with pytest.raises(ConfigError, match="net=mlp has none; needed batch, layer or none"):
        normalisation("instance", 6, dimensions=1)
    with pytest.raises(ConfigError, match="norm=spectral is unknown"):
        normalisation("spectral", 6)


# Class-conditional batch norm


@pytest.mark.parametrize("dimensions", [1, 2])
def test_conditional_batch_norm_of_one_class_is_batch_norm(dimensions: int) -> None:
    shape = (16, 6) if dimensions == 1 else (16, 6, 5, 5)
    ours, theirs = ConditionalBatchNorm(6, 1, dimensions=dimensions), normalisation("batch", 6, dimensions=dimensions)
    gain, shift = normal(1, 6), normal(2, 6)
    ours.load_state_dict({"gain": gain[None], "bias": shift[None]}, strict=False)
    theirs.load_state_dict({"weight": gain, "bias": shift}, strict=False)
    y = torch.zeros(16).long()
    for seed in range(3):  # the running statistics move alike as well
        h = normal(seed, *shape) * 3 + 1
        torch.testing.assert_close(ours(h, y), theirs(h))
    h = normal(9, *shape)
    torch.testing.assert_close(ours.eval()(h, y), theirs.eval()(h))


def test_conditional_batch_norm_starts_as_batch_norm_whatever_the_class() -> None:
    h, y = normal(0, 16, 6, 5, 5), torch.arange(16) % 4
    torch.testing.assert_close(ConditionalBatchNorm(6, 4)(h, y), nn.BatchNorm2d(6)(h))


def test_conditional_batch_norm_gives_each_sample_the_gain_and_bias_of_its_class() -> None:
    norm, h, y = ConditionalBatchNorm(3, 2), normal(0, 8, 3, 4, 4), torch.tensor([0, 1] * 4)
    norm.load_state_dict(
        {"gain": torch.tensor([[1.0] * 3, [5.0] * 3]), "bias": torch.tensor([[0.0] * 3, [7.0] * 3])}, False
    )
    plain, out = nn.BatchNorm2d(3)(h), norm(h, y)
    torch.testing.assert_close(out[0::2], plain[0::2])
    torch.testing.assert_close(out[1::2], plain[1::2] * 5 + 7)


def test_conditional_batch_norm_takes_the_generators_norms_where_asked_for() -> None:
    config = Config("cgan", classes=10, condition_g="batch-norm", norm_g="none")
    assert isinstance(generator_norm(config, 4), ConditionalBatchNorm)
    assert not generator_needs_bias(config)
    assert isinstance(generator_norm(Config("dcgan", condition_g="batch-norm"), 4), nn.BatchNorm2d)  # no classes
    assert generator_needs_bias(Config("dcgan", norm_g="none"))


@pytest.mark.parametrize("layer", [ConditionalBatchNorm(3, 2, dimensions=1), Condition(3, 2, 1.0), ClassPlanes(2)])
def test_missing_labels_are_named(layer: nn.Module) -> None:
    with pytest.raises(MissingLabels, match="found no labels, needed one per sample"):
        ConditionalSequential(layer)(normal(0, 4, 3)) if not isinstance(layer, ClassPlanes) else layer(normal(0, 4, 3))


# The class beside z, and beside the image


@pytest.mark.parametrize("scale", [0.0, 0.15, 1.0])
def test_the_embedding_is_standard_normal_times_its_scale(scale: float) -> None:
    torch.manual_seed(0)
    condition, z, y = Condition(64, 200, scale), normal(0, 200, 64), torch.arange(200)
    out = condition(z, y).detach()
    assert torch.equal(out[:, :64], z)
    assert float(out[:, 64:].std()) == pytest.approx(scale, rel=0.03)
    torch.testing.assert_close(out[:, 64:], condition.embedding.weight.detach() * scale)


def test_class_planes_are_one_on_the_samples_own_class() -> None:
    x, y = normal(0, 3, 2, 4, 5), torch.tensor([2, 0, 1])
    out = ClassPlanes(3)(x, y)
    assert torch.equal(out[:, :2], x)
    assert all(
        float(out[i, 2 + c].mean()) == (c == y[i]) == float(out[i, 2 + c].max()) for i in range(3) for c in range(3)
    )


# What looks at the whole batch


def test_minibatch_discrimination_against_its_formula_by_loops() -> None:
    layer, features = MinibatchDiscrimination(7, 4, 3), normal(0, 5, 7)
    tensor = layer.tensor.weight.detach().view(4, 3, 7)  # kernel, dimension, feature
    expected = torch.zeros(5, 4)
    for i in range(5):
        for j in set(range(5)) - {i}:
            for b in range(4):
                gap = sum(abs(float(tensor[b, c] @ (features[i] - features[j]))) for c in range(3))
                expected[i, b] += math.exp(-gap)
    torch.testing.assert_close(layer(features).detach(), expected)


def test_minibatch_discrimination_of_samples_far_apart_is_zero_and_of_copies_the_number_of_others() -> None:
    layer = MinibatchDiscrimination(7, 4)
    torch.testing.assert_close(layer(normal(0, 5, 7) * 1e6), torch.zeros(5, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(layer(normal(0, 1, 7).expand(5, 7)), torch.full((5, 4), 4.0))


def test_minibatch_std_is_the_average_over_features() -> None:
    features = normal(0, 32, 7)
    expected = features.numpy().std(0).mean()
    torch.testing.assert_close(MinibatchStd()(features), torch.full((32, 1), float(expected)))


def test_a_generator_that_repeats_itself_has_minibatch_std_zero_and_finite_gradients() -> None:
    features = normal(0, 1, 7).repeat(8, 1).requires_grad_()
    deviation = MinibatchStd()(features)
    assert float(deviation.detach().max()) == pytest.approx(
        0, abs=1.01e-4
    )  # the root of the 1e-8 that keeps the gradient finite
    deviation.sum().backward()
    assert features.grad is not None
    assert bool(features.grad.isfinite().all())


# The head


def test_projection_is_an_inner_product_with_the_vector_of_the_class() -> None:
    layer, features, y = Projection(7, 3), normal(0, 5, 7), torch.tensor([0, 2, 1, 1, 0])
    expected = [float(features[i] @ layer.vectors.weight.detach()[y[i]]) for i in range(5)]
    torch.testing.assert_close(layer(features, y).detach(), torch.tensor(expected))


def test_the_head_adds_the_projection_to_a_linear_score() -> None:
    head = Head(Config("cgan", classes=3, condition_d="projection"), 7)
    features, y = normal(0, 5, 7), torch.tensor([0, 2, 1, 1, 0])
    assert head.projection is not None
    torch.testing.assert_close(head(features, y), head.score(features)[:, 0] + head.projection(features, y))
    with pytest.raises(MissingLabels):
        head(features)


def test_the_head_sees_the_minibatch_layers_beside_the_features() -> None:
    head, features = Head(Config("dcgan", minibatch_discrimination=4, minibatch_std=True), 7), normal(0, 5, 7)
    assert head.discrimination is not None
    assert head.score.in_features == 7 + 4 + 1
    seen = torch.cat([features, head.discrimination(features), MinibatchStd()(features)], 1)
    torch.testing.assert_close(head(features), head.score(seen)[:, 0])


# Spectral norm


LAYERS = {
    "linear": lambda: nn.Linear(20, 30),
    "convolution": lambda: nn.Conv2d(8, 16, 4, 2, 1),
    "embedding": lambda: nn.Embedding(10, 20),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_spectral_norm_leaves_a_largest_singular_value_of_one(kind: str) -> None:
    layer = LAYERS[kind]()
    wrap_in_spectral_norm(layer)
    for _ in range(1000):  # a power iteration each: how many it takes depends on how near the second value is
        weight = layer.weight
    assert isinstance(weight, Tensor)
    largest = torch.linalg.matrix_norm(weight.detach().flatten(1), 2)
    assert float(largest) == pytest.approx(1, abs=1e-5)


def test_spectral_norm_holds_still_in_evaluation() -> None:
    layer = nn.Linear(20, 30)
    wrap_in_spectral_norm(layer)
    layer.eval()
    assert torch.equal(layer.weight, layer.weight)


# Sizes of maps


def test_maps_halve_at_least_twice_until_two_to_seven_pixels() -> None:
    for size in range(8, 257):
        sizes = map_sizes(size)
        assert sizes[0] == size
        assert len(sizes) >= 3
        assert 2 <= sizes[-1] <= 7
        assert all(large // 2 == small for large, small in pairwise(sizes))
