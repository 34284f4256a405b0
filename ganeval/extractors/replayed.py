"""A network on CUDA as one recorded graph: a few hundred kernels are started by one call instead of one by one."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from ganeval.extractors.base import Network

RUNS = 2  # of a size of batch before it is recorded: the last batch of a set hardly ever comes twice


def recorded(network: Network, pictures: Tensor) -> Network:
    """`network` on batches of just this size, as a CUDA graph; what it returns is the caller's to keep."""
    held = pictures.clone()
    here, aside = torch.cuda.current_stream(), torch.cuda.Stream()
    aside.wait_stream(here)
    with torch.cuda.stream(aside):  # kernels are chosen and workspace is taken before, not while recording
        network(held)
    here.wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # decoding threads go on copying to the device
        features, probabilities = network(held)

    def replay(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        held.copy_(pictures)
        graph.replay()
        return features.clone(), None if probabilities is None else probabilities.clone()

    return replay


class Replayed:
    """A network that is recorded for each size of batch that keeps coming, and run as it is on any other."""

    def __init__(self, network: Network, record: Callable[[Network, Tensor], Network] = recorded) -> None:
        self.network, self.record = network, record
        self.seen = Counter[torch.Size]()
        self.graphs: dict[torch.Size, Network] = {}

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        size = pictures.shape
        self.seen[size] += 1
        if self.seen[size] <= RUNS:
            return self.network(pictures)
        if size not in self.graphs:
            self.graphs[size] = self.record(self.network, pictures)
        return self.graphs[size](pictures)
