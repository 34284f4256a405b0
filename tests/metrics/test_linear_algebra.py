"""Products by oneDNN's private operator, which a later torch may drop, and by torch's own."""

import pytest
import torch

from ganeval.metrics import linear_algebra


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="needs a torch with oneDNN")
def test_torch_has_the_operator() -> None:
    """It was there in torch 2.4 to 2.15. Where it is gone products are right and slower: look for its successor."""
    assert linear_algebra.ONEDNN_LINEAR is not None


@pytest.mark.parametrize("fast", [True, False], ids=["onednn", "torch"])
def test_products_are_those_of_float64_with_the_operator_and_without(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(linear_algebra, "ONEDNN_LINEAR", None)
    left, right, bias = torch.randn(7, 33), torch.randn(5, 33), torch.randn(5)
    exact = left.double() @ right.double().T
    torch.testing.assert_close(linear_algebra.product32(left, right).double(), exact, rtol=1e-5, atol=1e-5)
    found = linear_algebra.product32(left, right, bias).double()
    torch.testing.assert_close(found, exact + bias, rtol=1e-5, atol=1e-5)
