"""Devices by name, and a precision that no setting of the caller's changes."""

import os
import traceback

import pytest
import torch

from ganeval.errors import UsageError
from ganeval.runtime.devices import metric_device, pick_device, precision_context

CPU = torch.device("cpu")
SETTINGS = (
    "torch.backends.fp32_precision = 'tf32'",
    "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "torch.set_float32_matmul_precision('medium')",
    "torch.backends.cuda.matmul.allow_tf32 = True",
    "torch.backends.cudnn.allow_tf32 = False",
    "pass",
)


def check_switches(setting: str) -> None:
    """The caller's setting is overruled inside `precision_context`, and is as it was after it."""

    def switches() -> list[str]:
        backends = torch.backends
        owners = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul)
        return [owner.fp32_precision for owner in owners]

    exec(setting)
    before = switches()
    with precision_context("float32", CPU):
        assert set(switches()) == {"ieee"}, switches()
    with precision_context("tf32", CPU):
        assert set(switches()) == {"tf32"}, switches()
    assert switches() == before, (switches(), before)


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch: other switches")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_callers_switches_are_overruled_and_restored(setting: str) -> None:
    """In a process of its own, since the switches are the whole process's; forked, as importing torch takes seconds."""
    child = os.fork()
    if child == 0:
        try:
            check_switches(setting)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_float32_products_are_exact_under_the_callers_autocast() -> None:
    rows = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    exact = (rows.double() @ rows.double()).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not torch.allclose((rows @ rows).float(), exact, atol=1e-3)
        with precision_context("float32", CPU):
            assert torch.allclose(rows @ rows, exact, atol=1e-4)


def test_names_of_devices() -> None:
    assert pick_device("cpu") == CPU
    assert pick_device("auto").type in ("cuda", "mps", "cpu")
    for wrong, line in (("cpu:x", "unknown device"), ("gpu", "unknown device"), ("cuda:99", "found no such device")):
        with pytest.raises(UsageError, match=line):
            pick_device(wrong)


def test_mps_has_no_float64_so_metrics_leave_it() -> None:
    assert metric_device(torch.device("mps")) == CPU
    assert metric_device(torch.device("cuda:1")) == torch.device("cuda:1")
