"""Devices by name, and arithmetic that no setting of the caller's changes."""

import subprocess
import sys

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
SCRIPT = """
import torch
{setting}
def seen():
    backends = torch.backends
    switches = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul)
    return [switch.fp32_precision for switch in switches]
from ganeval.runtime.devices import precision_context
before = seen()
with precision_context("float32", torch.device("cpu")):
    assert set(seen()) == {{"ieee"}}, seen()
with precision_context("tf32", torch.device("cpu")):
    assert set(seen()) == {{"tf32"}}, seen()
assert seen() == before, (seen(), before)
"""


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch: other switches")
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_callers_switches_are_overruled_and_put_back(setting: str) -> None:
    """In a process of its own: the switches are the whole process's."""
    command = [sys.executable, "-c", SCRIPT.format(setting=setting)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


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
