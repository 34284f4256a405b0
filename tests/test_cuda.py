"""What is done for CUDA, as far as it can be seen without one; and with one, the same values as on the CPU."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from inception_weights import varied_pictures, write_inception_weights
from torch import Tensor

from ganeval import features
from ganeval.extractors import open_extractor
from ganeval.extractors.base import Network
from ganeval.extractors.replayed import RUNS, Replayed
from ganeval.features import Extraction, extract
from ganeval.images import array_images
from ganeval.progress import silent
from ganeval.store import Store

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def doubled(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
    return 2 * pictures.flatten(1), None


def test_a_size_that_keeps_coming_is_recorded_once_and_any_other_runs_as_it_is() -> None:
    recorded: list[torch.Size] = []

    def record(network: Network, pictures: Tensor) -> Network:
        recorded.append(pictures.shape)
        return lambda given: (3 * given.flatten(1), None)  # told apart from the network itself

    network, large, small = Replayed(doubled, record), torch.ones(4, 1), torch.ones(2, 1)
    factors = [float(network(pictures)[0][0]) for pictures in [large] * (RUNS + 2) + [small]]
    assert factors == [2.0] * RUNS + [3.0, 3.0] + [2.0]
    assert recorded == [large.shape]


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
    batch = features._decoded(images, range(3), how, silent, "the main stream")  # type: ignore[arg-type]
    assert asked == ["begun", "left", "synchronised", "read on the main stream"]
    assert len(batch.seen) == 3


@needs_cuda
@pytest.mark.parametrize("batch_size", [None, 3])
def test_inception_on_cuda_is_inception_on_the_cpu(tmp_path: Path, batch_size: int | None) -> None:
    """1e-5 of the largest feature, recorded or not, whatever the batch."""
    weights = tmp_path / "weights.pth"
    write_inception_weights(weights)
    images = array_images(varied_pictures(20, 40, seed=5).permute(0, 2, 3, 1).numpy())
    found = []
    for device in ("cpu", "cuda"):
        extractor = open_extractor("inception", device=torch.device(device), weights=weights)
        how = Extraction(extractor, "tf1-bilinear", batch_size=batch_size)
        found.append(extract(images, how, Store(None), silent).features.cpu())
    assert float((found[0] - found[1]).abs().max()) <= 1e-5 * float(found[0].abs().max())
