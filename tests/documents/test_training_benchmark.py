"""benchmarks/training.py runs; its plain loop is the same recipe as ours, and its pictures are those of the data."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from reference_models.engine.data import to_signed

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("training")


@pytest.mark.usefixtures("one_thread")
def test_the_quick_benchmark_fills_its_tables(
    training: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(training, "HERE", tmp_path)
    monkeypatch.setattr(training, "LOOPS", training.LOOPS[-2:])
    (tmp_path / "results.md").write_text(
        f"# Against its peers\n\nkept\n\n{training.HEADING}\n\nold\n", encoding="utf-8"
    )
    section = training.main(["--quick", "--write"])
    written = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert written == f"# Against its peers\n\nkept\n\n{section}"
    assert [section.count(name) for name in ("| wgan-gp, 8 px |", "| cgan, 8 px |", "| dcgan, 8 px |")] == [1, 1, 1]
    found = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert all(rate > 0 for rates in found["loops"]["cgan, 8 px"].values() for rate in rates)
    assert set(found["layouts"]["dcgan, 8 px"]) == set(training.VARIANTS)


def test_the_recorded_loop_is_half_as_fast_again_as_the_plain_one_at_32_pixels() -> None:
    recorded = json.loads((BENCHMARKS / "training.json").read_text(encoding="utf-8"))["loops"]
    large = {name: rates for name, rates in recorded.items() if name.endswith("32 px")}
    assert set(large) == {"dcgan, 32 px", "wgan-gp, 32 px"}
    for rates in large.values():
        best = {name: max(found) for name, found in rates.items()}
        assert best.pop("ganeval") >= 1.5 * max(best.values())


@pytest.mark.usefixtures("one_thread")
def test_the_plain_loop_moves_each_player_as_often_as_ours(training: ModuleType) -> None:
    case = training.quickened(training.LOOPS[-2:-1])[0]
    loop = training.PlainLoop(case.config("float32"), *training.pictures(case), 0)
    assert len(loop.step(1)) == 3 + 1  # what the model's moves are: three of the critic, one of the generator
    assert loop.config.penalties == {"gradient": 10.0}
    counts = {
        optimiser.state[weight]["step"].item() for optimiser in (loop.optimiser_d,) for weight in loop.d.parameters()
    }
    assert counts == {3}


@pytest.mark.usefixtures("training")  # the benchmarks can be imported
def test_a_picture_taken_singly_is_the_one_that_our_batches_hold() -> None:
    pixels, labels = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8), torch.arange(4)
    data = importlib.import_module("plain_loop").OneByOne(pixels, labels, False)
    assert len(data) == 4
    torch.testing.assert_close(torch.stack([data[index][0] for index in range(4)]), to_signed(pixels))
    assert [int(data[index][1]) for index in range(4)] == [0, 1, 2, 3]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The benchmark sets the number of threads: put it back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
