"""Spread and generalisation gap by hand."""

import math

import pytest
import torch

from ganeval.metrics.training_checks import generalisation_gap, mean_distance


def test_mean_distance_of_two_points_is_their_distance() -> None:
    assert mean_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0]])) == 5
    assert mean_distance(torch.tensor([[0.0], [0.0], [3.0]])) == 2
    assert mean_distance(torch.zeros(1, 2)) == 0


@pytest.mark.parametrize(
    ("real", "held_out", "fake", "gap"),
    [(2.0, 2.0, 0.0, 0.0), (2.0, 0.0, 0.0, 1.0), (2.0, 1.5, 0.0, 0.25), (2.0, 3.0, 0.0, -0.5),
     (1.0, 1.0, 1.0, None), (0.0, 1.0, 2.0, None), (math.inf, 1.0, 0.0, None), (2.0, math.nan, 0.0, None)],
)  # fmt: skip
def test_gap_is_where_held_out_scores_lie_between_real_and_fake(
    real: float, held_out: float, fake: float, gap: float | None
) -> None:
    found = generalisation_gap(torch.full((5,), real), torch.full((3,), held_out), torch.full((9,), fake))
    assert found == (None if gap is None else pytest.approx(gap))
