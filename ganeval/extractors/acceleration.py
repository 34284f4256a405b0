"""A network made faster for the batches that keep coming: on CUDA a graph, and compiled where many images come."""

from collections import Counter
from collections.abc import Hashable
from contextlib import suppress

import torch
from torch import Tensor, nn

from ganeval.extractors.base import Network
from ganeval.extractors.compilation import PAYS_FROM, compilation_pays, compile_frozen
from ganeval.extractors.out_of_memory import is_out_of_memory
from ganeval.runtime.devices import current_precision

RUNS = 2  # of a kind of batch before the network is made faster for it: the last batch of a set hardly ever comes twice


class AcceleratedNetwork:
    """A network, whose work is that of `module`, that becomes faster for the first kind of batch that keeps coming.

    It runs unchanged on any other kind: one faster form, as each takes memory of its own. A kind is a shape in one
    precision. A form that fails, or that cannot be made, is given up.
    """

    def __init__(self, network: Network, module: nn.Module) -> None:
        self.network, self.module = network, module
        self.expect(0)

    def expect(self, count: int) -> None:
        """A set of so many images begins: the choice of form starts anew, whatever came before."""
        self.announced, self.runs = count, Counter[Hashable]()
        self.kind: Hashable = None
        self.form: Network | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        if images.device.type not in PAYS_FROM:
            return self.network(images)
        kind = (images.shape, images.stride(), torch.get_num_threads(), current_precision(images.device))
        if self.form is None:
            self.runs[kind] += 1
            if self.runs[kind] == RUNS + 1:
                self.kind = kind
                with suppress(RuntimeError):  # whatever the cause is, the network itself reports it better
                    self.form = faster_form(self.network, self.module, images, self.announced)
        if self.form is None or kind != self.kind:
            return self.network(images)
        try:
            return self.form(images)
        except RuntimeError as error:
            if is_out_of_memory(error):
                self.expect(self.announced)
                raise  # `HalvingNetwork` takes fewer images
            self.form = None  # for this set: its kind has run too often to be made faster again
        return self.network(images)


def faster_form(network: Network, module: nn.Module, images: Tensor, count: int) -> Network | None:
    """`network` for batches like this one, as fast as this device and `count` images to come make it worth."""
    form = compile_frozen(network, images) if compilation_pays(network, module, images, count) else None
    if images.device.type == "cuda":
        with suppress(RuntimeError):
            return cuda_graph(form or network, images)
    return form


def cuda_graph(network: Network, images: Tensor) -> Network:
    """`network` on batches of just this size, as a CUDA graph; the caller owns the tensors that it returns."""
    input_ = images.clone()
    with torch.cuda.device(images.device):  # streams and graphs are of the current device
        current, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(current)
        with torch.cuda.stream(aside):  # kernels are chosen and workspace is taken before, not while recording
            network(input_)
        current.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        try:  # decoding threads go on copying to the device
            with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
                features, probabilities = network(input_)
        finally:
            torch.cuda.set_stream(current)  # a recording that fails leaves the other stream current

    def replay(images: Tensor) -> tuple[Tensor, Tensor | None]:
        input_.copy_(images)
        graph.replay()
        return features.clone(), None if probabilities is None else probabilities.clone()

    return replay
