"""A network that runs out of memory: fewer images at a time instead of a failure."""

import warnings

import torch
from torch import Tensor

from ganeval.errors import GanevalError, GanevalWarning
from ganeval.extractors.base import Network, expect

SIGNS = (
    "out of memory",  # CUDA, MPS
    "can't allocate memory",  # the CPU on Linux
    "not enough memory",  # and on Windows
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "Unable to find a valid cuDNN algorithm",  # where none fits into the free memory
)


def is_out_of_memory(error: Exception) -> bool:
    """Whether fewer images at a time may help."""
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


class HalvingNetwork:
    """A network that halves its batch where memory runs out, and keeps to the smaller batch from then on.

    Features change by rounding only. Raises GanevalError where a single image does not fit.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.limit: int | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        results = [self._run(part) for part in images.split(self.limit or max(1, len(images)))]
        if len(results) == 1:
            return results[0]
        probabilities = [part for _, part in results if part is not None]
        return torch.cat([features for features, _ in results]), torch.cat(probabilities) if probabilities else None

    def expect(self, count: int) -> None:
        """Announce so many images."""
        expect(self.network, count)

    def _run(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        try:
            return self.network(images)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(images) == 1:
                size = f"{images.shape[-2]}×{images.shape[-1]}"
                raise GanevalError(
                    f"memory ran out at a single image of {size} on {images.device}: "
                    "free some, or choose another --device"
                ) from error
        # outside of the handler, as the error keeps tensors alive, which are memory too
        if images.device.type == "cuda":
            torch.cuda.empty_cache()
        self.limit = len(images) // 2
        warnings.warn(f"memory ran out at {len(images)} images at a time; {self.limit} from here on", GanevalWarning, 2)
        return self(images)
