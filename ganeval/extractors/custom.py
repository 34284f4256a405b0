"""Extractors that are no published network: a small classifier's file, the user's own code, and points.

A user's function, `module:function`, a callable or an `nn.Module`, gets float32 N,3,S,S on 0..255 and returns features
(N,D), or features and probabilities (N,C). Its attributes `size` (S, default 299) and `classes` (names, for mode
counts) are optional. The data that such a function reads can't be hashed, so its features are never cached.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganeval.errors import ContentError, MissingWeights, UsageError
from ganeval.extractors.acceleration import AcceleratedNetwork
from ganeval.extractors.base import Extractor, LoadOptions, Network, probabilities_of
from ganeval.extractors.classifier import DIGITS, dataset_classifier_path, load_classifier
from ganeval.extractors.loading import fold_batch_norms, memory_layout
from ganeval.extractors.out_of_memory import is_out_of_memory
from ganeval.runtime.devices import borrowed
from ganeval.sources.user_code import import_function

FOLDED_ABOVE = 16  # pixels a side: up to here folding gains nothing
TOLERANCE = 1e-3  # how far from 1 a row of probabilities may sum


def shipped_classifier(name: str, options: LoadOptions) -> Extractor:
    """The classifier whose weights ship with ganeval."""
    return classifier_file(DIGITS, options, name=name, published=True)


def trained_classifier(name: str, options: LoadOptions) -> Extractor:
    """The classifier that `ganeval classifier NAME` trained on this machine; MissingWeights where it has not yet."""
    path = dataset_classifier_path(name)
    if not path.is_file():
        raise MissingWeights(
            f"no classifier for {name} here: run `ganeval classifier {name}` (once; about five minutes on two cores)"
        )
    return classifier_file(path, options, name=name)


def classifier_file(path: Path, options: LoadOptions, *, name: str, published: bool = False) -> Extractor:
    """An Extractor around a small classifier that `ganeval classifier` trained, or that ships with ganeval."""
    classifier = load_classifier(path)
    large = classifier.metadata.size > FOLDED_ABOVE
    layout = memory_layout(options) if large else torch.contiguous_format
    module = fold_batch_norms(classifier.module) if large else classifier.module
    module.to(options.device).to(memory_format=layout)

    def network(images: Tensor) -> tuple[Tensor, Tensor | None]:
        features, logits = module(images.contiguous(memory_format=layout))
        return features, probabilities_of(logits)

    return Extractor(
        name=name,
        size=classifier.metadata.size,
        network=AcceleratedNetwork(network, module),
        weights="published" if published else "custom",
        weights_sha256=classifier.sha256,
        device=options.device,
        precision=options.precision,
        classes=classifier.metadata.classes,
    )


def points(name: str, options: LoadOptions) -> Extractor:
    """An Extractor without a network: points are their own features, and images are refused."""

    def network(_: Tensor) -> tuple[Tensor, Tensor | None]:
        raise ContentError(
            f"extractor '{name}': found images, needed points: an array (N, D), a .npy or .npz of floats, "
            "ring8 or grid25"
        )

    return Extractor(
        name=name,
        layer="coordinates",
        size=1,
        network=network,
        weights="published",
        input="as they are",
        device=options.device,
        precision=options.precision,
        cacheable=False,
    )


def custom(target: str | Callable[..., Any], options: LoadOptions) -> Extractor:
    """An Extractor around a user's function: float32 N,3,S,S on 0..255 -> (N,D), or (N,D) and (N,C) probabilities.

    Raises UsageError where `module:function` cannot be imported; ContentError, when run, for results of another form.
    """
    function = import_function(target) if isinstance(target, str) else target
    named = function if hasattr(function, "__qualname__") else type(function)
    name = target if isinstance(target, str) else f"{named.__module__}:{named.__qualname__}"
    size, classes = getattr(function, "size", 299), getattr(function, "classes", None)
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"extractor '{name}': its attribute `size` is {size!r}, needed a whole number of pixels")
    return Extractor(
        name=name,
        size=size,
        network=_checked_network(name, function, options.device),
        device=options.device,
        precision=options.precision,
        classes=None if classes is None else tuple(map(str, classes)),
        cacheable=False,
    )


def _checked_network(name: str, function: Callable[..., Any], device: torch.device) -> Network:
    def network(images: Tensor) -> tuple[Tensor, Tensor | None]:
        try:
            if isinstance(function, nn.Module):
                with borrowed(function, device) as module:
                    result = module(images)
            else:
                result = function(images)
        except Exception as error:  # the user's code may raise anything; the cause stays attached
            if is_out_of_memory(error):
                raise  # `HalvingNetwork` takes fewer images
            raise ContentError(f"extractor '{name}' failed: {type(error).__name__}: {error}") from error
        if not isinstance(result, tuple | list):
            return _tensor(name, result), None
        if len(result) != 2:
            raise ContentError(
                f"extractor '{name}': found {len(result)} results, needed features, or features and probabilities"
            )
        features, probabilities = (_tensor(name, part) for part in result)
        _check_probabilities(name, probabilities, getattr(function, "classes", None))
        return features, probabilities

    return network


def _tensor(name: str, value: Any) -> Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ContentError(f"extractor '{name}': found a {type(value).__name__}, needed a tensor (N,D)") from error


def _check_probabilities(name: str, probabilities: Tensor, classes: Any) -> None:
    """Raise ContentError unless the rows are non-negative and sum to 1, one number for each class."""
    off = (probabilities.float().sum(dim=-1) - 1).abs().max() if probabilities.numel() else 0.0
    if off > TOLERANCE or (probabilities < 0).any():
        raise ContentError(
            f"extractor '{name}': found probabilities that are no distribution (their sums are up to {off:.2g} from "
            "1), needed the softmax, not logits"
        )
    if classes is not None and probabilities.shape[-1] != len(classes):
        raise ContentError(
            f"extractor '{name}': found {probabilities.shape[-1]} probabilities, needed one for each of its "
            f"{len(classes)} classes"
        )
