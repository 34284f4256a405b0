"""Ways between two latents, by closed forms, and the pictures along them."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganeval.training.insight.interpolation import PAIRS, POSITIONS, linear, spherical, write_interpolation
from reference_models import Config, Sampler, build

Way = Callable[[Tensor, Tensor, Tensor], Tensor]
POSITIONS_USED = torch.linspace(0, 1, 9, dtype=torch.float64)


def normal(count: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("way", [linear, spherical])
@pytest.mark.parametrize("width", [1, 2, 64])
def test_a_way_begins_and_ends_exactly_where_it_should(way: Way, width: int) -> None:
    start, end = normal(20, width), normal(20, width, 1)
    found = way(start, end, POSITIONS_USED)
    assert found.shape == (20, 9, width)
    assert found.dtype == start.dtype
    assert torch.equal(found[:, 0], start)
    assert torch.equal(found[:, -1], end)


def test_half_way_along_the_line_is_the_mean() -> None:
    start, end = normal(20, 8), normal(20, 8, 1)
    torch.testing.assert_close(linear(start, end, torch.tensor([0.5]))[:, 0], (start + end) / 2)


def test_the_arc_keeps_the_length_that_both_ends_have_and_goes_at_one_speed() -> None:
    start, end = (3 * nn.functional.normalize(normal(50, 8, seed).double()) for seed in (0, 1))
    found = spherical(start, end, POSITIONS_USED)
    torch.testing.assert_close(found.norm(dim=2), torch.full((50, 9), 3.0, dtype=torch.float64))
    angle = (start * end).sum(1).div(9).arccos()
    steps = nn.functional.cosine_similarity(found[:, :-1], found[:, 1:], dim=2).arccos()
    torch.testing.assert_close(steps, (angle / 8)[:, None].expand(-1, 8), atol=1e-6, rtol=0)


def test_half_way_between_ends_of_other_lengths_has_the_length_of_the_closed_form() -> None:
    start, end = normal(50, 8).double(), 2 * normal(50, 8, 1).double()
    angle = nn.functional.cosine_similarity(start, end).arccos()
    expected = (start + end).norm(dim=1) / (2 * (angle / 2).cos())  # sin(w / 2) / sin w = 1 / (2 cos(w / 2))
    torch.testing.assert_close(spherical(start, end, torch.tensor([0.5]))[:, 0].norm(dim=1), expected)


def test_a_quarter_turn_by_hand() -> None:
    found = spherical(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]]), torch.tensor([1 / 3]))
    torch.testing.assert_close(found[0, 0], torch.tensor([math.sqrt(3), 1.0]))


@pytest.mark.parametrize("end", [[2.0, 0.0], [1.0, 1e-9], [-1.0, 0.0], [-3.0, 1e-9], [1.0, 0.0]])
def test_where_there_is_no_one_arc_the_line_is_taken(end: list[float]) -> None:
    start, last = torch.tensor([[1.0, 0.0]]), torch.tensor([end])
    torch.testing.assert_close(spherical(start, last, POSITIONS_USED), linear(start, last, POSITIONS_USED))


def test_nearly_parallel_latents_leave_no_gap_between_arc_and_line() -> None:
    for angle in (0.9e-4, 1.1e-4):
        end = torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        start = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
        ways = [way(start, end, POSITIONS_USED) for way in (linear, spherical)]
        assert (ways[0] - ways[1]).abs().max() < 1e-8


# what is stored


class Echo(nn.Module):
    """A generator that shows its first two latents in the upper rows, its class in the last."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        made = self.weight * z[:, :2, None, None].clamp(-1, 1).repeat_interleave(4, 2).reshape(-1, 1, 8, 1)
        made = made.repeat(1, 1, 1, 8)
        if labels is not None:
            made[:, :, 7] = (labels / 127.5 - 1)[:, None, None]
        return made


def stored(folder: Path, sampler: Sampler) -> dict[str, np.ndarray]:
    write_interpolation(folder, sampler)
    with np.load(folder / "learning" / "interpolation.npz") as file:
        return {name: file[name] for name in file.files}


def test_both_ways_have_the_same_ends_and_differ_between(tmp_path: Path) -> None:
    found = stored(tmp_path, Sampler(Echo(), Config("mine", latent=5)))
    assert set(found) == {"linear", "spherical", "positions"}
    assert found["linear"].shape == found["spherical"].shape == (PAIRS, POSITIONS, 8, 8, 1)
    assert found["linear"].dtype == np.uint8
    for end in (0, -1):
        assert np.array_equal(found["linear"][:, end], found["spherical"][:, end])
    assert not np.array_equal(found["linear"], found["spherical"])
    assert found["positions"].tolist() == np.linspace(0, 1, POSITIONS).tolist()
    again = stored(tmp_path / "again", Sampler(Echo(), Config("mine", latent=5)))
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_a_row_is_of_one_class_that_was_trained_on(tmp_path: Path) -> None:
    sampler = Sampler(Echo(), Config("mine", latent=5, classes=9), class_counts=[0, 3, 0, 5, 1, 1, 0, 1])
    found = stored(tmp_path, sampler)
    labels = found["labels"].tolist()
    assert len(set(labels)) == len(labels) == PAIRS
    assert set(labels) <= {1, 3, 4, 5, 7}
    for name in ("linear", "spherical"):
        assert (found[name][:, :, 7, :, 0] == found["labels"][:, None, None]).all()


def test_fewer_classes_than_rows_take_turns(tmp_path: Path) -> None:
    labels = stored(tmp_path, Sampler(Echo(), Config("mine", latent=5, classes=2)))["labels"]
    assert sorted(labels.tolist()) == [0, 0, 1, 1]


def test_points_are_stored_as_they_are(tmp_path: Path) -> None:
    config = Config("vanilla", shape=(2,), net="mlp", norm_g="none", norm_d="none", width=4, latent=6)
    network = build(config).network("g")
    found = stored(tmp_path, Sampler(network, config))
    assert (found["linear"].dtype, found["linear"].shape) == (np.float32, (PAIRS, POSITIONS, 2))
    latents = torch.randn(2, PAIRS, 6, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected = network(linear(latents[0], latents[1], torch.tensor([0.5]))[:, 0])
    np.testing.assert_allclose(found["linear"][:, POSITIONS // 2], expected.numpy(), atol=1e-6)
