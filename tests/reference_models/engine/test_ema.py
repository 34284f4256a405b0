"""The average of generators: half-lives in images, copied buffers, and nothing that touches the raw ones."""

import copy

import pytest
import torch
from torch import nn

from reference_models.engine.ema import Average, decay


def set_to(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(value)


@pytest.mark.parametrize("batch", [1, 4, 50, 100, 500])
def test_after_a_half_life_of_images_half_is_left_whatever_the_batch(batch: int) -> None:
    network = nn.Linear(2, 2).double()
    set_to(network, 0.0)
    average = Average({"g": network})
    set_to(network, 1.0)
    for step in range(500 // batch):
        average.update(decay(batch, 500, (step + 1) * batch, ramp=0.0))
    assert average.networks["g"].get_parameter("weight")[0, 0].item() == pytest.approx(0.5, rel=1e-12)


def test_early_on_the_half_life_is_a_share_of_what_was_seen() -> None:
    assert decay(10, half_life=10_000, seen=100, ramp=0.1) == 0.5
    assert decay(10, half_life=10, seen=10**9, ramp=0.1) == 0.5
    assert decay(10, half_life=10, seen=10, ramp=0.0) == 0.5
    assert decay(10, half_life=0, seen=100, ramp=0.1) == 0.0  # no averaging


def test_without_a_half_life_the_average_is_the_network() -> None:
    network = nn.Linear(3, 3)
    average = Average({"g": network})
    set_to(network, 0.3)
    average.update(decay(4, 0, 4, 0.1))
    assert average.networks["g"].get_parameter("weight").equal(network.weight)


def test_buffers_are_copied_and_weights_averaged() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = Average({"g": network})
    before = copy.deepcopy(average.networks["g"])
    for _ in range(3):
        network(torch.randn(8, 2))
    set_to(network, 2.0)
    average.update(0.75)
    for (name, old), new in zip(before.named_parameters(), average.networks["g"].parameters(), strict=True):
        assert new.allclose(0.75 * old + 0.25 * 2.0), name
    for name, buffer in network.named_buffers():
        assert average.networks["g"].get_buffer(name).equal(buffer), name
    assert average.networks["g"].get_buffer("1.num_batches_tracked") == 3


def test_the_raw_networks_are_left_as_they_are() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = Average({"g": network})
    set_to(network, 2.0)
    before = copy.deepcopy(network.state_dict())
    average.update(0.5)
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert network.training
    assert all(weight.requires_grad for weight in network.parameters())
    assert not average.networks.training
    assert not any(weight.requires_grad for weight in average.networks.parameters())
    own = {weight.data_ptr() for weight in average.networks.parameters()}
    assert own.isdisjoint(weight.data_ptr() for weight in network.parameters())
