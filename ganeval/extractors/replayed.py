"""A network on CUDA as one recorded graph: a few hundred kernels are started by one call instead of one by one."""

import torch
from torch import Tensor

from ganeval.extractors.base import Network


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
