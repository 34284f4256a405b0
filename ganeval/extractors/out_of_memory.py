"""Networks that meet the end of memory: fewer pictures at a time instead of a failure."""

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
    "Unable to find a valid cuDNN algorithm",  # where none has the room that it needs
)


def is_lack_of_memory(error: Exception) -> bool:
    """Whether fewer pictures at a time may help."""
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


class Fitting:
    """A network that takes half as many pictures where memory runs out, and no more than that from then on.

    Features change by rounding only. Raises GanevalError where a single picture does not fit.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.most: int | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        parts = [self._fitted(part) for part in pictures.split(self.most or max(1, len(pictures)))]
        if len(parts) == 1:
            return parts[0]
        probabilities = [some for _, some in parts if some is not None]
        return torch.cat([features for features, _ in parts]), torch.cat(probabilities) if probabilities else None

    def expect(self, count: int) -> None:
        """That many pictures are to come."""
        expect(self.network, count)

    def _fitted(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        try:
            return self.network(pictures)
        except RuntimeError as error:
            if not is_lack_of_memory(error):
                raise
            if len(pictures) == 1:
                size = f"{pictures.shape[-2]}×{pictures.shape[-1]}"
                raise GanevalError(
                    f"memory ran out at a single picture of {size} on {pictures.device}: "
                    f"free some, or choose another --device"
                ) from error
        # outside of the handler, as what it holds on to is memory too
        if pictures.device.type == "cuda":
            torch.cuda.empty_cache()
        self.most = len(pictures) // 2
        warnings.warn(
            f"memory ran out at {len(pictures)} pictures at a time; {self.most} from here on", GanevalWarning, 2
        )
        return self(pictures)
