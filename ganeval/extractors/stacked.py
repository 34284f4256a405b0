"""A small classifier run on each colour by itself: what stacked digits are scored by.

Metz et al. 2017, arXiv:1611.02163: the class of a picture is the triple of its channels' classes.
"""

from dataclasses import replace
from itertools import product

import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor


def on_each_channel(base: Extractor, name: str) -> Extractor:
    """An Extractor that shows red, green and blue to `base` as three grey pictures.

    Features (N, 3 D) are theirs side by side; probabilities (N, C³) are their products, so that the likeliest class is
    the triple of the likeliest classes. It has the weights of `base`, and a name and layer of its own.
    """

    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        greys = pictures.flatten(0, 1)[:, None].expand(-1, 3, -1, -1)
        features, named = zip(*[base.network(part) for part in greys.split(_part(pictures.device))], strict=True)
        probabilities = [part for part in named if part is not None]
        if not probabilities:
            raise ContentError(f"extractor '{base.name}' gave no probabilities, which '{name}' needs")
        red, green, blue = torch.cat(probabilities).unflatten(0, (-1, 3)).unbind(1)
        triples = torch.einsum("nr,ng,nb->nrgb", red, green, blue).flatten(1)
        return torch.cat(features).unflatten(0, (-1, 3)).flatten(1), triples

    classes = tuple("".join(triple) for triple in product(base.classes or (), repeat=3))
    return replace(base, name=name, layer=f"{base.layer} of each channel", network=network, classes=classes)


def _part(device: torch.device) -> int:
    """How many greys at a time: on a CPU few enough that their activations stay in memory that is already mapped."""
    return 128 if device.type == "cpu" else 8192
