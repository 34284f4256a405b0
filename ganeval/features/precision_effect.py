"""What a shorter arithmetic does to features: a few pictures of a set go through the network in float32 too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganeval.extractors.base import Extractor
from ganeval.metrics.ranks import Ranks

COMPARED = 256  # pictures


@dataclass(frozen=True)
class Exact:
    """Features (k, D) of a few pictures: as this run made them, and in float32."""

    own: Tensor
    exact: Tensor

    @classmethod
    def of(cls, kept: Mapping[str, Tensor], device: torch.device) -> "Exact | None":
        """What the store has kept of them, if it has."""
        return cls(kept["own"].to(device), kept["exact"].to(device)) if "exact" in kept else None

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Both, on a device."""
        return self.own.to(device), self.exact.to(device)

    def tensors(self) -> dict[str, Tensor]:
        """What the store keeps of them."""
        return {"own": self.own, "exact": self.exact}


class Comparison:
    """Takes out a few pictures of those that go by, evenly spread; of a stream of unknown length the first ones."""

    def __init__(self, extractor: Extractor, ranks: Ranks, expected: int | None) -> None:
        self.extractor, self.ranks, self.every = extractor, ranks, max(1, -(-(expected or 0) // COMPARED))
        self.indices: list[int] = []
        self.own: list[Tensor] = []
        self.exact: list[Tensor] = []

    def add(self, pictures: Tensor, features: Tensor, indices: Sequence[int]) -> None:
        """Take in a batch: what goes into the network, what came out, and which pictures of the set they are."""
        if self.extractor.precision == "float32" or len(self.indices) >= COMPARED:
            return
        chosen = [row for row, index in enumerate(indices) if index % self.every == 0]
        if chosen:
            exact = replace(self.extractor, precision="float32")
            self.own.append(features[chosen])
            self.exact.append(exact.run(pictures[chosen])[0])
            self.indices += [indices[row] for row in chosen]

    def result(self) -> Exact | None:
        """What all ranks have compared."""
        if self.extractor.precision == "float32":
            return None
        device = self.extractor.device
        own, exact = (self.ranks.joined(rows_of(parts, device)) for parts in (self.own, self.exact))
        return Exact(own, exact) if len(own) else None


def rows_of(parts: list[Tensor], device: torch.device) -> Tensor:
    """The parts one below the other, if there are any."""
    return torch.cat(parts) if parts else torch.empty(0, device=device)
