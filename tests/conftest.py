"""What all tests share: a cache of their own, no network, the data sets where they are, and a few digits as files."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from ganeval.cli import main
from ganeval.runtime.launch import let_others_run
from ganeval.sources.datasets import open_dataset

# beside an editable install tests/reference_models would pass for the package of that name, as it has no `__init__`;
# last in the path, so that where the package is installed that one is tested
sys.path.append(str(Path(__file__).parents[1]))


def pytest_configure(config: pytest.Config) -> None:
    """No test, doctests included, reads the user's cache or the network, unless it says so itself.

    Of several processes (`-n 2`) each has one thread, as with more they would wait for one another, and whole files, as
    tests of a file share what is slow to make; in their order, as the files with few tests are not the short ones.
    """
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        if config.option.dist == "load":  # nobody has said otherwise
            config.option.dist, config.option.loadscopereorder = "loadfile", False
    let_others_run()
    cache = tempfile.TemporaryDirectory(prefix="ganeval-tests-")
    config.add_cleanup(cache.cleanup)
    os.environ.update(GANEVAL_CACHE=cache.name, GANEVAL_OFFLINE="1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser, starts several processes or simulates is slow, wherever it stands."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if any(item.get_closest_marker(name) for name in ("browser", "torchrun", "montecarlo")):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws is the same every time: no build fails by chance."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of downloaded data sets; a test that needs it is skipped where there is none."""
    root = Path(os.environ.get("GANEVAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not root.is_dir():
        pytest.skip(f"no data sets in {root}; say where they are with GANEVAL_DATA")
    return root


@pytest.fixture(scope="session")
def write_digits() -> Callable[..., Path]:
    """A function that writes `count` digits of the test split, from number `start`, into a folder as grey PNGs."""
    digits = open_dataset("digits:test")

    def write(folder: Path, count: int, start: int = 0) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(start, start + count):
            Image.fromarray(digits.item(index).pixels[0]).save(folder / f"{index:03}.png")
        return folder

    return write


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory, write_digits: Callable[..., Path]) -> Path:
    """60 digits of the test split as PNGs; for reading only."""
    return write_digits(tmp_path_factory.mktemp("pictures") / "digits", 60)


@pytest.fixture(scope="session")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random Inception weights under which features vary: eight seconds once, for all files that need them."""
    from inception_weights import write_inception_weights

    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    write_inception_weights(path)
    return path


@pytest.fixture(scope="session")
def run() -> Callable[..., Result]:
    """`run("check", folder)` is the command, in this process; what a user should never see, an exception, is raised."""
    return lambda *arguments: CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)
