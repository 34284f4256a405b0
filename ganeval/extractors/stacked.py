"""A small classifier run on each colour channel by itself: what stacked digits are scored by.

Metz et al. 2017, arXiv:1611.02163: the class of an image is the triple of its channels' classes.
"""

from dataclasses import replace
from itertools import product

import torch
from torch import Tensor

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor, LoadOptions
from ganeval.extractors.table import load


def stacked(name: str, options: LoadOptions) -> Extractor:
    """Of `stacked-NAME`, the classifier NAME, which gets red, green and blue as three grey images.

    Features (N, 3 D) are theirs side by side; probabilities (N, C³) are their products, so that the likeliest class is
    the triple of the likeliest classes. It has the weights of NAME, and a name and layer of its own.
    """
    base = load(name.removeprefix("stacked-"), options)

    def network(images: Tensor) -> tuple[Tensor, Tensor | None]:
        # on a CPU so few at a time that their activations stay in memory that is already mapped
        greys = images.flatten(0, 1)[:, None].expand(-1, 3, -1, -1).split(128 if images.device.type == "cpu" else 8192)
        features, distributions = zip(*map(base.network, greys), strict=True)
        probabilities = [part for part in distributions if part is not None]
        if not probabilities:
            raise ContentError(f"extractor '{base.name}': found no probabilities, which '{name}' needs")
        red, green, blue = torch.cat(probabilities).unflatten(0, (-1, 3)).unbind(1)
        triples = torch.einsum("nr,ng,nb->nrgb", red, green, blue).flatten(1)
        return torch.cat(features).unflatten(0, (-1, 3)).flatten(1), triples

    classes = tuple("".join(triple) for triple in product(base.classes or (), repeat=3))
    return replace(base, name=name, layer=f"{base.layer} of each channel", network=network, classes=classes)
