"""What a shorter floating-point format does to features: a few images go through the network in float32 too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganeval.extractors.base import Extractor

COMPARED = 256  # images


@dataclass(frozen=True)
class PrecisionSample:
    """Features (k, D) of a few images: in this run's floating-point format, and in float32."""

    own: Tensor
    float32: Tensor

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "PrecisionSample | None":
        """What the store keeps of them, if it does: none where no image was left to compare."""
        return cls(tensors["own"], tensors["float32"]) if len(tensors.get("float32", ())) else None


class PrecisionComparison:
    """Takes out a few images of those that go by, evenly spread; of a stream of unknown length the first ones."""

    def __init__(self, extractor: Extractor, expected: int | None) -> None:
        self.extractor, self.every = extractor, max(1, -(-(expected or 0) // COMPARED))
        self.indices: list[int] = []
        self.own: list[Tensor] = []
        self.float32: list[Tensor] = []

    def add(self, images: Tensor, features: Tensor, indices: Sequence[int]) -> None:
        """Take in a batch: what goes into the network, what came out, and which images of the set they are."""
        if self.extractor.precision == "float32" or len(self.indices) >= COMPARED:
            return
        chosen = [row for row, index in enumerate(indices) if index % self.every == 0]
        if chosen:
            exact = replace(self.extractor, precision="float32")
            self.own.append(features[chosen])
            self.float32.append(exact.run(images[chosen])[0])
            self.indices += [indices[row] for row in chosen]

    def rows(self) -> dict[str, Tensor]:
        """What was compared, as the store keeps it: nothing in float32."""
        if self.extractor.precision == "float32":
            return {}
        device = self.extractor.device
        return {"own": rows_of(self.own, device), "float32": rows_of(self.float32, device)}


def rows_of(parts: list[Tensor], device: torch.device) -> Tensor:
    """The parts one below the other, if there are any."""
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float32, device=device)
