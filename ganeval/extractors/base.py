"""What every extractor is: a network, the image size that it takes, and an identity for the store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.progress import Tick
from ganeval.runtime.devices import precision_context

# float32 N,3,S,S on 0..255 -> features (N,D), and (N,C) probabilities of classes where the network has any
Network = Callable[[Tensor], tuple[Tensor, Tensor | None]]

PRECISIONS = ("float32", "tf32", "bf16")


@dataclass(frozen=True)
class LoadOptions:
    """The options of `open_extractor`, which every loader takes whole."""

    device: torch.device
    precision: str = "float32"
    weights: Path | None = None
    offline: bool = False
    shift_scale: tuple[float, float] = (128.0, 128.0)
    progress: Tick | None = None


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """Turns images into features, and into class probabilities where it has classes.

    `classes` names those classes where they are a data set's own; `input` says how images are normalised.
    """

    name: str
    size: int
    network: Network
    device: torch.device
    layer: str = "features"
    weights: Literal["published", "custom"] = "custom"
    weights_sha256: str = ""
    input: str = "0..255"
    precision: str = "float32"
    classes: tuple[str, ...] | None = None
    cacheable: bool = True

    @property
    def identity(self) -> dict[str, str]:
        """The extractor's part of the store's key: what features depend on besides images, resize and precision."""
        return {"name": self.name, "layer": self.layer, "weights_sha256": self.weights_sha256, "input": self.input}

    def expect(self, count: int | None) -> None:
        """Announce that `run` will get so many images: for many, a network may spend time to become faster."""
        expect(self.network, count or 0)

    def run(self, images: Tensor, *, first: int = 0) -> tuple[Tensor, Tensor | None]:
        """Features (N,D) and probabilities (N,C) or None, float32 on the extractor's device.

        `images` are float32 N,3,S,S on 0..255; `first` is the number of the first one, for the error message.
        Raises ContentError where the network returns a shape that isn't (N,D) or a number that isn't finite.
        """
        if images.dtype != torch.float32 or images.shape[1:] != (3, self.size, self.size):
            raise ValueError(
                f"images: found {images.dtype} {list(images.shape)}, needed float32 N,3,{self.size},{self.size}"
            )
        with torch.inference_mode(), precision_context(self.precision, self.device):
            features, probabilities = self.network(images.to(self.device))
            features = self._check("features", features, len(images), first)
            if probabilities is not None:
                probabilities = self._check("probabilities", probabilities, len(images), first)
        return features, probabilities

    def _check(self, what: str, values: Tensor, count: int, first: int) -> Tensor:
        if values.dim() != 2 or len(values) != count:
            raise ContentError(
                f"extractor '{self.name}': found {what} of shape {list(values.shape)} for {count} images, "
                "needed one row for each image"
            )
        values = values.float().to(self.device)
        if not torch.isfinite(values).all():
            row = int((~torch.isfinite(values).all(dim=1)).nonzero()[0])
            raise ContentError(f"extractor '{self.name}': found {what} that are not finite for image {first + row}")
        return values


def expect(network: Network, count: int) -> None:
    """Announce so many images to a network that has an `expect` of its own."""
    announce: Callable[[int], None] | None = getattr(network, "expect", None)
    if announce is not None:
        announce(count)


def probabilities_of(logits: Tensor) -> Tensor:
    """The softmax of each row, computed in float64 (on the CPU where the device has none), as float32."""
    wide = logits.cpu() if logits.device.type == "mps" else logits
    return torch.softmax(wide.double(), dim=1).float().to(logits.device)
