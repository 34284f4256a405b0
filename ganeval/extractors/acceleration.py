"""A network made ready for one kind of batch: on CUDA a recorded graph, and compiled where many pictures come."""

from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial

import torch
from torch import Tensor, nn

from ganeval.extractors.base import Network
from ganeval.extractors.compiled import REPAID, compiled, is_repaid
from ganeval.extractors.out_of_memory import is_lack_of_memory
from ganeval.runtime.devices import arithmetic_now


def recorded(network: Network, pictures: Tensor) -> Network:
    """`network` on batches of just this size, as a CUDA graph; what it returns is the caller's to keep."""
    held = pictures.clone()
    with torch.cuda.device(pictures.device):  # streams and graphs are of the current device
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(here)
        with torch.cuda.stream(aside):  # kernels are chosen and workspace is taken before, not while recording
            network(held)
        here.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        try:  # decoding threads go on copying to the device
            with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
                features, probabilities = network(held)
        finally:
            torch.cuda.set_stream(here)  # which a recording that fails does not go back to

    def replay(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        held.copy_(pictures)
        graph.replay()
        return features.clone(), None if probabilities is None else probabilities.clone()

    return replay


RUNS = 2  # of a kind of batch before it is made ready for: the last batch of a set hardly ever comes twice

# A network, a batch of a kind, how many pictures are to come -> the network for that kind; None where it stays as it is
Ready = Callable[[Network, Tensor, int], Network | None]


def readied(module: nn.Module, network: Network, pictures: Tensor, coming: int) -> Network | None:
    """`network` for batches like this one, as fast as this device and so many pictures make it worth."""
    quick = compiled(network, pictures) if is_repaid(network, module, pictures, coming) else None
    if pictures.device.type == "cuda":
        try:
            return recorded(quick or network, pictures)
        except RuntimeError:
            return quick
    return quick


def settled(network: Network, module: nn.Module) -> "Settled":
    """`network`, whose work is that of `module`, made ready for what keeps coming."""
    return Settled(network, partial(readied, module))


class Settled:
    """A network that is made ready for the first kind of batch that keeps coming, and runs as it is on any other.

    One form, as each holds memory of its own. A kind is a size in one arithmetic. A form that fails, or that cannot be
    made, is given up.
    """

    def __init__(self, network: Network, ready: Ready) -> None:
        self.network, self.ready = network, ready
        self.coming = 0
        self.seen = Counter[Hashable]()
        self.kind: Hashable = None
        self.form: Network | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        if pictures.device.type not in REPAID:
            return self.network(pictures)
        kind = (pictures.shape, pictures.stride(), torch.get_num_threads(), arithmetic_now(pictures.device))
        if self.form is None and self._keeps_coming(kind):
            self.kind, self.form = kind, self._readied(pictures)
        if self.form is None or kind != self.kind:
            return self.network(pictures)
        try:
            return self.form(pictures)
        except RuntimeError as error:
            if is_lack_of_memory(error):
                self._forget()
                raise  # `Fitting` takes fewer pictures
            self.form = None  # for this set: its kind has been seen too often to be made ready for again
        return self.network(pictures)

    def expect(self, count: int) -> None:
        """A set of that many pictures begins, which goes the same way whatever came before it."""
        self.coming = count
        self._forget()

    def _forget(self) -> None:
        self.seen.clear()
        self.kind = self.form = None

    def _keeps_coming(self, kind: Hashable) -> bool:
        self.seen[kind] += 1
        return self.seen[kind] == RUNS + 1

    def _readied(self, pictures: Tensor) -> Network | None:
        try:
            return self.ready(self.network, pictures, self.coming)
        except RuntimeError:  # whatever it is, the network itself says it better
            return None
