"""One thread for all of these tests, and the package itself instead of this folder, which has its name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

# beside an editable install this folder would pass for the package, as one without an `__init__`; last in the path, so
# that where the package is installed that one is tested
sys.path.append(str(Path(__file__).parents[2]))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny models are slower on two, and rounding depends on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
