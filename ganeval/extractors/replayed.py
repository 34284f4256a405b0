"""A network on CUDA as one recorded graph: a few hundred kernels are started by one call instead of one by one."""

from collections import Counter
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from ganeval.devices import arithmetic_now
from ganeval.extractors.base import Network

RUNS = 2  # of a size of batch before it is recorded: the last batch of a set hardly ever comes twice


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


class Replayed:
    """A network that is recorded for the first kind of batch that keeps coming, and run as it is on any other.

    One graph, as each holds memory of its own. A kind is a size in one arithmetic. A graph that memory runs out with,
    or that cannot be recorded, is given up.
    """

    def __init__(self, network: Network, record: Callable[[Network, Tensor], Network] = recorded) -> None:
        self.network, self.record = network, record
        self.seen = Counter[Hashable]()
        self.kind: Hashable = None
        self.graph: Network | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        kind = (pictures.shape, arithmetic_now(pictures.device))
        try:
            if self.graph is None and self._keeps_coming(kind):
                self.kind, self.graph = kind, self._recorded(pictures)
            return (self.graph if self.graph is not None and kind == self.kind else self.network)(pictures)
        except RuntimeError:
            self.graph = None
            self.seen.clear()
            raise

    def _keeps_coming(self, kind: Hashable) -> bool:
        self.seen[kind] += 1
        return self.seen[kind] == RUNS + 1

    def _recorded(self, pictures: Tensor) -> Network | None:
        try:
            return self.record(self.network, pictures)
        except RuntimeError:  # whatever it is, the network itself says it better
            return None
