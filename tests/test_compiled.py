"""Networks made ready for many pictures: folded, compiled where it is repaid, and equal to what they were."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganeval.extractors import compiled, open_extractor
from ganeval.extractors.base import Extractor, Network, Settings
from ganeval.extractors.classifier import Classifier, Metadata, save_classifier
from ganeval.extractors.fitting import Fitting
from ganeval.extractors.inception import BareInception, inception_network
from ganeval.extractors.loading import folded
from ganeval.extractors.settled import RUNS, Settled
from ganeval.features import Extraction, extract
from ganeval.images import array_images
from ganeval.progress import silent
from ganeval.store import Store

CPU = torch.device("cpu")
SIDE, INTO, OUT = 10, 3, 5
OPERATIONS = 2 * INTO * OUT * 9 * SIDE**2  # of one picture in a convolution of 3 × 3: a product and a sum each


@pytest.fixture
def convolution() -> Network:
    layer = nn.Conv2d(INTO, OUT, 3, padding=1).requires_grad_(False)
    return lambda pictures: (layer(pictures).flatten(1), None)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("coming", "repaid"), [(0, False), (999, False), (1000, True), (10**6, True)])
def test_compiling_is_repaid_by_so_many_pictures(convolution, monkeypatch, coming, repaid):
    monkeypatch.setitem(compiled.REPAID, "cpu", 1000 * OPERATIONS)
    assert compiled.is_repaid(convolution, torch.ones(4, INTO, SIDE, SIDE), coming) is repaid


@pytest.mark.usefixtures("one_thread")
def test_more_threads_need_more_pictures(convolution, monkeypatch):
    """They share the network's work, and hardly the compiler's."""
    monkeypatch.setitem(compiled.REPAID, "cpu", 1000 * OPERATIONS)
    torch.set_num_threads(2)
    found = [compiled.is_repaid(convolution, torch.ones(4, INTO, SIDE, SIDE), count) for count in (1999, 2000)]
    assert found == [False, True]


def test_without_a_compiler_nothing_is_tried(convolution, monkeypatch):
    monkeypatch.setattr(compiled.shutil, "which", lambda _: None)
    assert compiled.is_repaid(convolution, torch.ones(1, INTO, SIDE, SIDE), 10**12) is False


def test_on_other_devices_nothing_is_compiled(convolution):
    pictures = torch.ones(1, INTO, SIDE, SIDE, device="meta")  # stands for MPS
    assert compiled.is_repaid(convolution, pictures, 10**12) is False


def test_where_the_compiler_fails_the_network_goes_on_as_it_is(convolution, monkeypatch):
    def failing(*_: object, **__: object) -> Callable[..., Any]:
        def call(_: Tensor) -> Any:
            raise FileNotFoundError("g++")

        return call

    monkeypatch.setattr(torch, "compile", failing)
    monkeypatch.setitem(compiled.REPAID, "cpu", 1)
    network, pictures = Settled(convolution), torch.randn(4, INTO, SIDE, SIDE)
    network.expect(10**6)
    for _ in range(RUNS + 2):
        assert torch.equal(network(pictures)[0], convolution(pictures)[0])
    assert network.form is None


def test_more_pictures_than_before_are_a_new_question_and_fewer_are_none():
    asked: list[int] = []

    def ready(network: Network, pictures: Tensor, coming: int) -> Network | None:
        asked.append(coming)
        return network

    network, pictures = Settled(lambda given: (given, None), ready), torch.ones(2, 1)
    for count in (5, 3, 7, 7):
        network.expect(count)
        for _ in range(RUNS + 2):
            network(pictures)
    assert asked == [5, 7]


class Listening:
    """A network that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def expect(self, count: int) -> None:
        self.told.append(count)

    def __call__(self, pictures: Tensor) -> tuple[Tensor, None]:
        return pictures.flatten(1), None


def test_a_network_is_told_how_many_pictures_are_to_come():
    network = Listening()
    how = Extraction(extractor_of(Fitting(network), 8), "tf1-bilinear", batch_size=2)
    extract(array_images(np.zeros((7, 8, 8, 3), np.uint8)), how, Store(None), silent)
    assert network.told == [7]
    extractor_of(doubled, 8).expect(7)  # one that does not listen


def doubled(pictures: Tensor) -> tuple[Tensor, None]:
    return 2 * pictures.flatten(1), None


def extractor_of(network: Network, size: int) -> Extractor:
    about: dict[str, Any] = {"layer": "a", "weights": "custom", "weights_sha256": "", "input": "b", "device": CPU}
    return Extractor(name="own", size=size, network=network, cacheable=False, **about)


def lively(module: nn.Module) -> nn.Module:
    """Batch norms that do something, as trained ones do; else folding them would be no test."""
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for value, (low, high) in {norm.running_mean: (-1, 1), norm.running_var: (0.5, 2)}.items():
                value.uniform_(low, high)
            norm.weight.data.uniform_(0.5, 2)
            norm.bias.data.uniform_(-1, 1)
    return module.eval().requires_grad_(False)


@pytest.fixture
def classifier() -> Classifier:
    module = Classifier(size=32, classes=10, width=64)
    lively(module)
    return module


def assert_close(found: Tensor, expected: Tensor) -> None:
    """1e-5 of the largest value: float32 sums in another order; 5e-7 was seen."""
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_a_folded_network_has_no_batch_norm_and_is_the_same(classifier):
    whole = copy.deepcopy(classifier)
    pictures = 255 * torch.rand(6, 3, 32, 32)
    ours = folded(classifier)
    assert not [norm for norm in ours.modules() if isinstance(norm, nn.BatchNorm2d)]
    assert_close(ours(pictures)[0], whole(pictures)[0])


@pytest.mark.skipif(not compiled._can_compile("cpu"), reason="needs a C++ compiler")
def test_a_compiled_classifier_is_the_plain_one(classifier, tmp_path: Path, monkeypatch):
    """Batches of the size that it was compiled for, and a last one of another."""
    about = Metadata(32, 64, tuple("abcdefghij"), "made", "", 0, 0.1, 1)
    save_classifier(tmp_path / "own.safetensors", classifier, about)
    monkeypatch.setitem(compiled.REPAID, "cpu", 1)
    extractor = open_extractor(tmp_path / "own.safetensors", device=CPU)
    extractor.expect(20)
    pictures = (255 * torch.rand(20, 3, 32, 32)).round()
    features, logits = classifier(pictures)
    parts = [extractor.run(part) for part in pictures.split(6)]
    settled = extractor.network.network  # of `Fitting`
    assert settled.form is not None
    assert_close(torch.cat([part for part, _ in parts]), features)
    assert_close(torch.cat([part for _, part in parts if part is not None]), torch.softmax(logits, dim=1))


def test_inception_is_one_graph(monkeypatch):
    """What stands in the way of compiling it whole would stand in CUDA's way too."""
    monkeypatch.setattr("ganeval.extractors.inception.can_fuse", lambda: False)
    module = BareInception().eval().requires_grad_(False)
    network = inception_network(module, Settings(device=CPU))
    assert isinstance(network, Settled)
    traced = torch.compile(network.network, backend="eager", fullgraph=True)
    pictures = 255 * torch.rand(2, 3, 299, 299)
    with torch.inference_mode():
        assert_close(traced(pictures)[0], network.network(pictures)[0])
