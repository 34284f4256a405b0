"""Networks made faster for many images: folded, compiled where it pays, and equal to what they were."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from inception_weights import varied_images
from random_networks import clip_state, torch_fidelity_clip
from safetensors.torch import save_file
from torch import Tensor, nn
from torch._inductor.utils import run_and_get_code
from torch.utils.flop_counter import FlopCounterMode
from torch_fidelity.feature_extractor_clip import CLIPVisual

from ganeval.extractors import acceleration, compilation, open_extractor
from ganeval.extractors.acceleration import RUNS, AcceleratedNetwork
from ganeval.extractors.base import Extractor, LoadOptions, Network
from ganeval.extractors.classifier import Classifier, ClassifierMetadata, save_classifier
from ganeval.extractors.inception import BareInception, inception_network
from ganeval.extractors.loading import fold_batch_norms
from ganeval.extractors.out_of_memory import HalvingNetwork
from ganeval.extractors.published import CLIP
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.progress import silent

CPU = torch.device("cpu")
SIDE, INTO, OUT = 10, 3, 5
OPERATIONS = 2 * INTO * OUT * 9 * SIDE**2  # of one image in a convolution of 3 × 3: a product and a sum each


LAYER = nn.Sequential(nn.Conv2d(INTO, OUT, 3, padding=1)).requires_grad_(False)
IMAGES = torch.ones(4, INTO, SIDE, SIDE)


def convolution(images: Tensor) -> tuple[Tensor, None]:
    return LAYER(images).flatten(1), None


@pytest.fixture
def thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling is worth a thousand images a thread, on a machine that can."""
    monkeypatch.setitem(compilation.PAYS_FROM, "cpu", 1000 * OPERATIONS)
    monkeypatch.setattr(compilation, "can_compile", lambda _: True)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread", "thousand")
@pytest.mark.parametrize(("count", "pays"), [(0, False), (999, False), (1000, True), (10**6, True)])
def test_compiling_pays_from_so_many_images_on(count, pays):
    assert compilation.compilation_pays(convolution, LAYER, IMAGES, count) is pays


@pytest.mark.usefixtures("one_thread", "thousand")
def test_more_threads_need_more_images():
    """They share the network's work, and hardly the compiler's."""
    torch.set_num_threads(2)
    assert [compilation.compilation_pays(convolution, LAYER, IMAGES, count) for count in (1999, 2000)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("name", ["clip-vit-b-32", "clip-rn50"])
def test_operations_are_those_that_torch_counts(name):
    """A tenth: torch counts the attention pool of CLIP's ResNet as well, and less of a transformer's attention."""
    module = CLIPVisual(*CLIP[name]).visual.float().eval()
    image = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        found = compilation.operations(module, module, image)
        with FlopCounterMode(display=False) as counter:
            module(image)
    assert found == pytest.approx(counter.get_total_flops(), rel=0.1)
    assert not any(layer._forward_hooks for layer in module.modules())


@pytest.mark.parametrize("name", ["clip-vit-l-14", "clip-vit-b-16", "clip-rn50", "clip-vit-b-32"])
def test_the_page_says_from_how_many_images_on_two_cores(name):
    with torch.device("meta"):
        module, image = CLIPVisual(*CLIP[name]).visual.eval(), torch.empty(1, 3, 224, 224)
    images = 2 * compilation.PAYS_FROM["cpu"] / compilation.operations(module, module, image)
    page = (Path(__file__).parents[2] / "docs/speed.md").read_text(encoding="utf-8")
    assert f"{float(f'{images:.2g}'):,.0f}" in page


@pytest.mark.usefixtures("one_thread")
def test_without_a_compiler_nothing_is_tried(monkeypatch):
    monkeypatch.setitem(compilation.PAYS_FROM, "cpu", 1)
    monkeypatch.setattr(compilation.shutil, "which", lambda _: "/usr/bin/c++")
    assert compilation.compilation_pays(convolution, LAYER, IMAGES, 1)
    monkeypatch.setattr(compilation.shutil, "which", lambda _: None)
    assert not compilation.compilation_pays(convolution, LAYER, IMAGES, 10**12)


def test_on_other_devices_a_network_runs_as_it_is(monkeypatch):
    monkeypatch.setattr(acceleration, "faster_form", never)
    network = AcceleratedNetwork(convolution_of_nothing, LAYER)
    images = torch.ones(1, INTO, SIDE, SIDE, device="meta")  # stands for MPS
    for _ in range(RUNS + 2):
        assert network(images)[0] is images


def convolution_of_nothing(images: Tensor) -> tuple[Tensor, None]:
    return images, None


def never(*_: object) -> Network:
    raise AssertionError("made faster")


@pytest.mark.usefixtures("thousand")
@pytest.mark.parametrize("fails_at", ["once", "each call"])
def test_where_the_compiler_fails_the_network_goes_on_as_it_is(monkeypatch, fails_at):
    """A machine whose compiler, headers or folders are not there: whatever is raised is no reason not to score."""
    tried: list[str] = []

    def failing(*_: object, **__: object) -> Callable[..., Any]:
        tried.append("compile")
        if fails_at == "once":
            raise NotADirectoryError("/proc/nope")
        return call

    def call(_: Tensor) -> Any:
        raise FileNotFoundError("g++")

    monkeypatch.setattr(torch, "compile", failing)
    network = AcceleratedNetwork(convolution, LAYER)
    network.expect(10**6)
    for _ in range(RUNS + 2):
        assert torch.equal(network(IMAGES)[0], convolution(IMAGES)[0])
    assert tried == ["compile"]
    assert network.form is None


def test_a_form_that_fails_later_is_given_up(monkeypatch):
    def broken(_: Tensor) -> tuple[Tensor, None]:
        raise RuntimeError("a guard that another's code compiled")

    forms: list[Network] = []
    monkeypatch.setattr(acceleration, "faster_form", lambda *_: forms.append(broken) or broken)
    network = AcceleratedNetwork(convolution, LAYER)
    for _ in range(3 * RUNS + 3):
        assert torch.equal(network(IMAGES)[0], convolution(IMAGES)[0])
    assert forms == [broken]


def test_each_set_is_a_question_of_its_own(monkeypatch):
    """So that it goes the same way whether or not its reference was extracted in the same run."""
    counts: list[int] = []

    def ready(network: Network, module: nn.Module, images: Tensor, count: int) -> Network | None:
        counts.append(count)
        return network

    monkeypatch.setattr(acceleration, "faster_form", ready)
    network, images = AcceleratedNetwork(convolution_of_nothing, LAYER), torch.ones(2, 1)
    for count in (5, 3, 7, 7):
        network.expect(count)
        for _ in range(RUNS + 2):
            network(images)
    assert counts == [5, 3, 7, 7]


class Listener:
    """A network that records the counts that it is announced."""

    def __init__(self) -> None:
        self.announced: list[int] = []

    def expect(self, count: int) -> None:
        self.announced.append(count)

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        return images.flatten(1), None


def test_a_network_is_announced_how_many_images_are_to_come():
    network = Listener()
    how = Extraction(extractor_of(HalvingNetwork(network), 8), "tf1-bilinear", batch_size=2)
    FeatureSet.from_samples(array_images(np.zeros((7, 8, 8, 3), np.uint8)), how, Store(None), silent)
    assert network.announced == [7]
    extractor_of(doubled, 8).expect(7)  # one that does not listen


def doubled(images: Tensor) -> tuple[Tensor, None]:
    return 2 * images.flatten(1), None


def extractor_of(network: Network, size: int) -> Extractor:
    return Extractor(name="own", size=size, network=network, device=CPU, cacheable=False)


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
    images = 255 * torch.rand(6, 3, 32, 32)
    ours = fold_batch_norms(classifier)
    assert not [norm for norm in ours.modules() if isinstance(norm, nn.BatchNorm2d)]
    assert_close(ours(images)[0], whole(images)[0])


needs_compiler = pytest.mark.skipif(not compilation.can_compile("cpu"), reason="needs a C++ compiler")


@pytest.mark.slow
@needs_compiler
def test_compiled_classifiers_are_the_plain_ones(tmp_path: Path, monkeypatch):
    """Two of one shape in one process: frozen weights of one must not serve the other. The last batch is a rest."""
    monkeypatch.setitem(compilation.PAYS_FROM, "cpu", 1)
    images = (255 * torch.rand(20, 3, 32, 32)).round()
    for seed in range(2):
        classifier = lively(Classifier(size=32, classes=10, width=64))
        about = ClassifierMetadata(32, 64, tuple("abcdefghij"), "made", "", seed, 0.1, 1)
        save_classifier(tmp_path / f"{seed}.safetensors", classifier, about)
        extractor = open_extractor(tmp_path / f"{seed}.safetensors", device=CPU)
        extractor.expect(20)
        features, logits = classifier(images)
        parts = [extractor.run(part) for part in images.split(6)]
        assert extractor.network.network.form is not None  # `AcceleratedNetwork` in `HalvingNetwork`
        assert_close(torch.cat([part for part, _ in parts]), features)
        assert_close(torch.cat([part for _, part in parts if part is not None]), torch.softmax(logits, dim=1))


@pytest.mark.slow
@needs_compiler
def test_a_compiled_transformer_is_torch_fidelitys_and_its_weights_are_frozen(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(CLIP, "clip-vit-b-32", (32, 64, 2, 128, 16))
    monkeypatch.setitem(compilation.PAYS_FROM, "cpu", 1)
    state, images = clip_state("clip-vit-b-32"), varied_images(4, 64, seed=7)
    save_file(state, tmp_path / "clip.safetensors")
    (expected,) = torch_fidelity_clip("clip-vit-b-32", state)(images)
    extractor = open_extractor("clip-vit-b-32", device=CPU, weights=tmp_path / "clip.safetensors")
    extractor.expect(4)

    def run() -> Tensor:
        return [extractor.run(images.float())[0] for _ in range(RUNS + 1)][-1]

    found, written = run_and_get_code(run)
    assert_close(found, expected)
    assert "_frozen_param" in "".join(written)


@pytest.mark.slow
def test_inception_is_one_graph(monkeypatch):
    """What stands in the way of compiling it whole would stand in CUDA's way too."""
    monkeypatch.setattr("ganeval.extractors.inception.can_fuse", lambda: False)
    module = BareInception().eval().requires_grad_(False)
    network = inception_network(module, LoadOptions(CPU))
    assert isinstance(network, AcceleratedNetwork)
    traced = torch.compile(network.network, backend="eager", fullgraph=True)
    images = 255 * torch.rand(2, 3, 299, 299)
    with torch.inference_mode():
        assert_close(traced(images)[0], network.network(images)[0])
