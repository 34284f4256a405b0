"""A user's own network: a file from `ganeval classifier`, `module:function`, a Python callable, or an `nn.Module`.

A function or module is called with float32 N,3,S,S on 0..255 and returns features (N,D), or features and probabilities
(N,C). Its attributes `size` (S, default 299) and `classes` (names, for mode counts) are optional. What such a function
reads can't be hashed, so its features are never cached.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganeval.errors import ContentError, UsageError
from ganeval.extractors.acceleration import settled
from ganeval.extractors.base import Extractor, Network, Settings, probabilities_of
from ganeval.extractors.loading import folded, layout_of
from ganeval.extractors.out_of_memory import is_lack_of_memory
from ganeval.sources.user_code import import_function


def points(name: str, settings: Settings) -> Extractor:
    """An Extractor that stands for none: points are their own features, and pictures are refused."""

    def network(_: Tensor) -> tuple[Tensor, Tensor | None]:
        raise ContentError(
            f"extractor '{name}': found pictures, needed points: an array (N, D), a .npy or .npz of floats, "
            "ring8 or grid25"
        )

    return Extractor(
        name=name,
        layer="coordinates",
        size=1,
        network=network,
        weights="published",
        weights_sha256="",
        input="as they are",
        device=settings.device,
        precision=settings.precision,
        cacheable=False,
    )


SMALL = 16  # pixels a side: up to here nothing is won by folding
TOLERANCE = 1e-3  # how far from 1 a row of probabilities may sum


def custom(target: str | Callable[..., Any], settings: Settings) -> Extractor:
    """An Extractor around a user's function: float32 N,3,S,S on 0..255 -> (N,D), or (N,D) and (N,C) probabilities.

    Raises UsageError where `module:function` cannot be imported; ContentError, when run, for what the function gives.
    """
    function = import_function(target) if isinstance(target, str) else target
    name = target if isinstance(target, str) else _name(function)
    if isinstance(function, nn.Module):
        function = function.to(settings.device).eval()
    classes = getattr(function, "classes", None)
    return Extractor(
        name=name,
        layer="features",
        size=_size(name, function),
        network=_network(name, function),
        weights="custom",
        weights_sha256="",
        input="0..255",
        device=settings.device,
        precision=settings.precision,
        classes=tuple(str(one) for one in classes) if classes is not None else None,
        cacheable=False,
    )


def classifier_file(path: Path, settings: Settings, *, name: str, published: bool = False) -> Extractor:
    """An Extractor around a small classifier that `ganeval classifier` trained, or that ships with ganeval."""
    from ganeval.extractors.classifier import load_classifier  # with the data sets: not for those who bring a function

    loaded = load_classifier(path)
    large = loaded.size > SMALL
    layout = layout_of(settings) if large else torch.contiguous_format
    classify = (folded(loaded.module) if large else loaded.module).to(settings.device).to(memory_format=layout)

    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        features, logits = classify(pictures.contiguous(memory_format=layout))
        return features, probabilities_of(logits)

    return Extractor(
        name=name,
        layer="features",
        size=loaded.size,
        network=settled(network, classify),
        weights="published" if published else "custom",
        weights_sha256=loaded.sha256,
        input="0..255",
        device=settings.device,
        precision=settings.precision,
        classes=loaded.classes,
    )


def _name(function: Callable[..., Any]) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def _size(name: str, function: Callable[..., Any]) -> int:
    size = getattr(function, "size", 299)
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"extractor '{name}': its attribute `size` is {size!r}, needed a whole number of pixels")
    return size


def _network(name: str, function: Callable[..., Any]) -> Network:
    def network(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        try:
            given = function(pictures)
        except Exception as error:  # the user's code may raise anything; the cause stays attached
            if is_lack_of_memory(error):
                raise  # `Fitting` takes fewer pictures
            raise ContentError(f"extractor '{name}' failed: {type(error).__name__}: {error}") from error
        if not isinstance(given, tuple | list):
            return _tensor(name, given), None
        if len(given) != 2:
            raise ContentError(
                f"extractor '{name}' gave {len(given)} values, needed features, or features and probabilities"
            )
        probabilities = _tensor(name, given[1])
        _check_probabilities(name, probabilities, getattr(function, "classes", None))
        return _tensor(name, given[0]), probabilities

    return network


def _tensor(name: str, value: Any) -> Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ContentError(f"extractor '{name}' gave a {type(value).__name__}, needed a tensor (N,D)") from error


def _check_probabilities(name: str, probabilities: Tensor, classes: Any) -> None:
    """Raise ContentError unless the rows are non-negative and sum to 1, one number for each class."""
    off = (probabilities.float().sum(dim=-1) - 1).abs().max() if probabilities.numel() else torch.tensor(0.0)
    if off > TOLERANCE or (probabilities < 0).any():
        raise ContentError(
            f"extractor '{name}' gave probabilities that are no distribution (their sums are up to {off:.2g} from 1): "
            "return the softmax, not logits"
        )
    if classes is not None and probabilities.shape[-1] != len(classes):
        raise ContentError(
            f"extractor '{name}' gave {probabilities.shape[-1]} probabilities for its {len(classes)} classes"
        )
