"""What is done for CUDA, as far as it can be seen without one; and with one, the same values as on the CPU."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from inception_weights import varied_images
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.extractors import acceleration, open_extractor
from ganeval.extractors.acceleration import RUNS, AcceleratedNetwork
from ganeval.extractors.base import Network
from ganeval.extractors.out_of_memory import HalvingNetwork
from ganeval.features import extraction
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.progress import silent
from ganeval.runtime.devices import precision_context

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def doubled(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
    return 2 * pictures.flatten(1), None


def tripled(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
    return 3 * pictures.flatten(1), None  # told apart from the network itself


@pytest.fixture
def accelerated(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AcceleratedNetwork]:
    """`doubled`, made faster by a function in place of `faster_form`."""

    def replaced(make: Callable[..., Network]) -> AcceleratedNetwork:
        monkeypatch.setattr(acceleration, "faster_form", make)
        return AcceleratedNetwork(doubled, torch.nn.Identity())

    return replaced


def test_a_size_that_keeps_coming_is_recorded_once_and_any_other_runs_as_it_is(accelerated) -> None:
    recorded: list[torch.Size] = []

    def record(network: Network, module: torch.nn.Module, pictures: Tensor, count: int) -> Network:
        recorded.append(pictures.shape)
        return tripled

    network, large, small = accelerated(record), torch.ones(4, 1), torch.ones(2, 1)
    factors = [float(network(pictures)[0][0]) for pictures in [large] * (RUNS + 2) + [small]]
    assert factors == [2.0] * RUNS + [3.0, 3.0] + [2.0]
    assert recorded == [large.shape]


def test_a_graph_is_of_one_arithmetic(accelerated) -> None:
    """What was recorded in float32 must not be replayed for bfloat16, nor the other way about."""
    network, pictures = accelerated(lambda *_: tripled), torch.ones(4, 1)
    for _ in range(RUNS + 1):
        network(pictures)
    assert float(network(pictures)[0][0]) == 3
    with precision_context("bf16", CPU):
        assert [float(network(pictures)[0][0]) for _ in range(RUNS + 2)] == [2] * (RUNS + 2)
    with precision_context("tf32", CPU):
        assert float(network(pictures)[0][0]) == 2
    assert float(network(pictures)[0][0]) == 3


def test_a_graph_that_cannot_be_recorded_is_done_without(accelerated) -> None:
    tried: list[torch.Size] = []

    def record(network: Network, module: torch.nn.Module, pictures: Tensor, count: int) -> Network:
        tried.append(pictures.shape)
        raise RuntimeError("operation not permitted when stream is capturing")

    network = accelerated(record)
    assert [float(network(torch.ones(4, 1))[0][0]) for _ in range(RUNS + 3)] == [2] * (RUNS + 3)
    assert tried == [(4, 1)]


def test_a_graph_goes_where_memory_runs_out_and_the_smaller_batch_gets_its_own(accelerated) -> None:
    room = [8]

    def replay(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        if len(pictures) > room[0]:
            raise RuntimeError("CUDA out of memory")
        return tripled(pictures)

    inner = accelerated(lambda *_: replay)
    network, pictures = HalvingNetwork(inner), torch.ones(8, 1)
    for _ in range(RUNS + 1):
        network(pictures)
    room[0] = 4
    with pytest.warns(GanevalWarning, match="memory ran out at 8 images at a time; 4 from here on"):
        network(pictures)
    assert inner.form is None
    assert [network(pictures)[0].flatten().tolist() for _ in range(RUNS)][-1] == [3.0] * 8


class FakeStream:
    """What a stream is asked for, in order."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def synchronize(self) -> None:
        self.asked.append("synchronised")


def test_pictures_are_prepared_on_a_stream_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    @contextlib.contextmanager
    def stream(_: object) -> Iterator[None]:
        asked.append("begun")
        yield
        asked.append("left")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: FakeStream(asked))
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(Tensor, "record_stream", lambda self, reader: asked.append(f"read on {reader}"))
    how = Extraction(open_extractor("digits", device=CPU), "tf1-bilinear")
    images = array_images(np.zeros((3, 8, 8, 3), np.uint8))
    batch = extraction._prepared_aside(images.items(range(3)), how, 0, "the main stream")  # type: ignore[arg-type]
    assert asked == ["begun", "left", "synchronised", "read on the main stream"]
    assert len(batch.records) == 3


def test_a_training_loop_prepares_its_batches_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever thread prepares a batch, the stream that reads it is that of the thread which runs the network."""
    on_cpu = Extraction(open_extractor("digits", device=CPU), "tf1-bilinear")
    on_cuda = replace(on_cpu, extractor=replace(on_cpu.extractor, device=torch.device("cuda")))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: "the caller's stream")
    monkeypatch.setattr(extraction, "_prepared_aside", lambda items, extraction, first, reader: (items, first, reader))
    assert extraction.preparation(on_cuda, 7)("images") == ("images", 7, "the caller's stream")  # type: ignore[arg-type]
    images = array_images(np.zeros((3, 8, 8, 3), np.uint8))
    assert extraction.preparation(on_cpu, 7)(images.items(range(3))).stop == 10


@pytest.mark.slow
@needs_cuda
@pytest.mark.parametrize("batch_size", [None, 3])
def test_inception_on_cuda_is_inception_on_the_cpu(inception_file: Path, batch_size: int | None) -> None:
    """1e-5 of the largest feature, recorded or not, whatever the batch."""
    images = array_images(varied_images(20, 40, seed=5).permute(0, 2, 3, 1).numpy())
    found = []
    for device in ("cpu", "cuda"):
        extractor = open_extractor("inception", device=torch.device(device), weights=inception_file)
        how = Extraction(extractor, "tf1-bilinear", batch_size=batch_size)
        found.append(FeatureSet.from_samples(images, how, Store(None), silent).features.cpu())
    assert float((found[0] - found[1]).abs().max()) <= 1e-5 * float(found[0].abs().max())


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_a_graph_is_recorded_on_the_device_of_its_pictures() -> None:
    device = torch.device("cuda:1")
    network = AcceleratedNetwork(doubled, torch.nn.Identity())
    for number in range(RUNS + 3):
        pictures = torch.full((4, 1), float(number), device=device)
        assert float(network(pictures)[0][0]) == 2 * number
