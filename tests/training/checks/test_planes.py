"""The critic's decision boundary: where a known critic has it, and what is kept of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganeval.training.checks.planes import FAKE_SIDE, REAL_SIDE, axes, scores_at, write_plane
from reference_models import Adversarial, Config


class Slope(nn.Module):
    """Scores a point (or a pack of them) by its first coordinate."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x[:, 0]


def model(pack: int = 1) -> Adversarial:
    config = Config("mine", shape=(2,), net="mlp", norm_d="none", norm_g="none", latent=2, pack=pack)
    return Adversarial(config, nn.Linear(2, 2), Slope())


REAL = torch.tensor([[1.0, -1.0], [1.0, 1.0], [3.0, 0.0]])
MADE = torch.tensor([[1.0, 0.0], [2.0, 0.5]])
BOUNDARY = (5 / 3 + 1.5) / 2


def test_the_boundary_is_half_way_between_the_mean_scores(tmp_path: Path) -> None:
    write_plane(tmp_path / "plane.png", model(), REAL, MADE)
    with np.load(tmp_path / "plane.npz") as kept:
        assert kept["boundary"] == pytest.approx(BOUNDARY, rel=1e-6)  # scores are float32
        np.testing.assert_allclose(kept["scores"], np.broadcast_to(kept["x"], (len(kept["y"]), len(kept["x"]))))
        assert kept["real"].shape == (3, 2)
        assert kept["made"].shape == (2, 2)


def test_the_image_shows_the_real_side_where_scores_are_higher(tmp_path: Path) -> None:
    write_plane(tmp_path / "plane.png", model(), REAL, MADE)
    pixels = np.asarray(Image.open(tmp_path / "plane.png"))
    x, _ = axes(REAL)
    first_real = int(np.argmax(x > BOUNDARY)) * (pixels.shape[1] // len(x))
    top = pixels[2]
    assert (top[first_real + 2 :] == REAL_SIDE).all()
    assert (top[: first_real - 2] == FAKE_SIDE).all()


def test_a_discriminator_of_packs_is_shown_copies_of_a_point() -> None:
    assert scores_at(model(pack=2), REAL).tolist() == [1.0, 1.0, 3.0]
