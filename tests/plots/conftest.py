"""A run with the data of every plot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_runs import make

from ganeval.reports.run_folders import StoredReport


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., StoredReport]:
    """`make_run("name", model="dcgan", shape=[1, 8, 8], classes=0)`: a finished run that has everything."""

    def build(name: str = "mine-s0", fid: float = 1.0, names: list[str] | None = None, **config: Any) -> StoredReport:
        return make(tmp_path / "runs", name, fid, names, config)

    return build
