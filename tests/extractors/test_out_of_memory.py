"""Memory that runs out: fewer images at a time, the same features, and one line of error where one is too many."""

import re
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganeval.errors import GanevalError, GanevalWarning
from ganeval.extractors import open_extractor
from ganeval.extractors.out_of_memory import SIGNS, HalvingNetwork
from ganeval.features import extraction
from ganeval.features.extraction import Extraction
from ganeval.runtime import devices
from ganeval.runtime.devices import free_memory

CPU = torch.device("cpu")
GIGABYTE = 2**30


class Cramped:
    """A network for which `room` images are too many, as torch says it."""

    def __init__(self, room: int, says: str = SIGNS[0]) -> None:
        self.room, self.says = room, says
        self.seen: list[int] = []

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        self.seen.append(len(images))
        if len(images) > self.room:
            raise RuntimeError(f"CUDA {self.says}. Tried to allocate 2.00 GiB")
        return images.flatten(1)[:, :2], images.flatten(1)[:, :1]


@pytest.mark.parametrize("says", SIGNS)
def test_images_that_do_not_fit_are_halved_and_stay_so(says: str) -> None:
    network = Cramped(5, says)
    fitting, images = HalvingNetwork(network), torch.rand(23, 3, 2, 2)
    with pytest.warns(GanevalWarning, match="memory ran out at 23 images at a time; 11 from here on"):
        found, probabilities = fitting(images)
    torch.testing.assert_close(found, images.flatten(1)[:, :2], rtol=0, atol=0)
    assert probabilities is not None
    torch.testing.assert_close(probabilities, images.flatten(1)[:, :1], rtol=0, atol=0)
    network.seen.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitting(images)
    assert max(network.seen) <= 5  # it has learned


def test_a_single_image_that_does_not_fit_is_one_line() -> None:
    said = "memory ran out at a single image of 2×2 on cpu: free some, or choose another --device"
    with pytest.warns(GanevalWarning), pytest.raises(GanevalError, match=re.escape(said)):
        HalvingNetwork(Cramped(0))(torch.rand(2, 3, 2, 2))


def test_other_errors_are_not_taken_for_memory() -> None:
    def broken(images: Tensor) -> tuple[Tensor, None]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        HalvingNetwork(broken)(torch.rand(2, 3, 2, 2))


def test_a_real_lack_of_memory_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert any(sign in str(caught.value) for sign in SIGNS)


def test_every_extractor_meets_the_end_of_memory() -> None:
    assert isinstance(open_extractor("digits", device=CPU).network, HalvingNetwork)
    room = 2

    def own(images: Tensor) -> Tensor:
        if len(images) > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return images.flatten(1)

    extractor = open_extractor(own, device=CPU)
    with pytest.warns(GanevalWarning, match="2 from here on"):
        extraction, _ = extractor.run(torch.ones(8, 3, *[extractor.size] * 2))
    assert len(extraction) == 8


@pytest.mark.parametrize(("free", "size"), [(100 * GIGABYTE, 534), (None, 534), (32 * 2**20, 341), (0, 1)])
def test_the_batch_is_what_free_memory_allows(free: int | None, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 32 MB a fourth, by the 24,576 bytes that a image of 768 bytes takes on its way; 64 KB each are enough."""
    monkeypatch.setattr(extraction, "free_memory", lambda device: free)
    extractor = open_extractor("digits", device=CPU)
    assert extractor.size == 8
    assert Extraction(extractor, "tf1-bilinear").size == size
    assert Extraction(extractor, "tf1-bilinear", batch_size=7).size == 7


def test_free_memory_is_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "meminfo"
    described.write_text("MemTotal:       24689764 kB\nMemAvailable:   21036408 kB\n")
    monkeypatch.setattr(devices, "MEMORY", described)
    assert free_memory(CPU) == 21036408 * 1024
    described.unlink()
    assert free_memory(CPU) is None
