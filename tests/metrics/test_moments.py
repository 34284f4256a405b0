"""Mean and covariance against numpy, in blocks and in any order of blocks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_features import correlated, normal

from ganeval.metrics.moments import MomentSum, moments


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_moments_in_blocks_are_numpys(offset: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganeval.metrics.moments.BLOCK", 7)
    features = correlated(0, 100, 9, offset)
    found, x = moments(features), features.double().numpy()
    assert found.count == 100
    np.testing.assert_allclose(found.mean, x.mean(0), rtol=1e-12, atol=1e-12)
    # |x|² is 1e6 at that offset, of which float64 keeps 16 digits
    np.testing.assert_allclose(found.covariance, np.cov(x, rowvar=False), rtol=1e-9, atol=1e-12 + 1e-16 * offset**2)


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6), width=st.integers(1, 6), seed=st.integers(0, 99))
def test_any_split_gives_the_same_moments(sizes: list[int], width: int, seed: int) -> None:
    features = normal(seed, sum(sizes), width, mean=3.0).double()
    parts, total = MomentSum(), features.numpy()
    for block in features.split(sizes):
        parts.add(block)
    found = parts.moments()
    assert found.count == len(features)
    np.testing.assert_allclose(found.mean, total.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(total, rowvar=False, ddof=1).reshape(width, width), atol=1e-12)


def test_moments_need_two_rows() -> None:
    with pytest.raises(ValueError, match="found 1 rows, needed at least 2"):
        moments(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="found 0 rows, needed at least 2"):
        MomentSum().moments()
