"""Feature extractors: `open_extractor` makes one ready to run, by its name in the table or your own.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganeval.errors import UsageError, unknown
from ganeval.extractors.table import EXTRACTORS, load
from ganeval.extractors.weights import weights_status
from ganeval.progress import Tick
from ganeval.runtime.files import cache_root

if TYPE_CHECKING:
    import torch

    from ganeval.extractors.base import Extractor

__all__ = ["EXTRACTORS", "default_extractor", "extractor_status", "open_extractor"]


def open_extractor(
    name: str | Path | Callable[..., Any],
    *,
    device: torch.device,
    weights: Path | None = None,
    precision: str = "float32",
    offline: bool = False,
    shift_scale: tuple[float, float] = (128.0, 128.0),
    progress: Tick | None = None,
) -> Extractor:
    """An extractor ready to run: a name of `EXTRACTORS`, a `.safetensors` file of `ganeval classifier`, or your own.

    Your own is `module:function`, a callable or an `nn.Module`: float32 N,3,S,S on 0..255 -> features (N,D), or
    features and probabilities (N,C). `shift_scale` is Inception's input: (x - shift) / scale.
    Raises UsageError for an unknown name or an option that does not apply, MissingWeights for weights that are absent
    and cannot be downloaded, ContentError for a file that holds something else.
    """
    from ganeval.extractors.base import PRECISIONS, LoadOptions
    from ganeval.extractors.custom import classifier_file, custom
    from ganeval.extractors.out_of_memory import HalvingNetwork

    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if precision == "tf32" and device.type != "cuda":
        raise UsageError(f"--precision tf32 needs a CUDA device, and this is {device.type}: use float32 or bf16")
    if not isinstance(name, str | Path) and not callable(name):
        raise UsageError(f"extractor: found a {type(name).__name__}, needed a name, a file or a callable")
    target = str(name) if isinstance(name, str | Path) else name
    row = EXTRACTORS.get(target) if isinstance(target, str) else None
    is_file = isinstance(target, str) and target.endswith(".safetensors")
    if isinstance(target, str) and row is None and not is_file and ":" not in target:
        raise unknown("extractor", target, EXTRACTORS)
    if weights is not None and (row is None or row.weights is None):
        raise UsageError(
            f"extractor '{name}' takes no --weights: only networks with published weights do, such as inception"
        )
    options = LoadOptions(device, precision, weights, offline, shift_scale, progress)
    if row is not None:
        extractor = load(str(target), options)
    elif is_file:
        extractor = classifier_file(Path(str(target)), options, name=Path(str(target)).stem)
    else:
        extractor = custom(target, options)
    return replace(extractor, network=HalvingNetwork(extractor.network))


def default_extractor(reference_name: str) -> str:
    """The extractor that `auto` stands for: it depends on the reference alone, never on the network.

    >>> default_extractor("digits:train"), default_extractor("cifar10:train")
    ('digits', 'inception')
    """
    dataset = reference_name.split(":")[0]
    return next((name for name, row in EXTRACTORS.items() if dataset in row.default_for), "inception")


def extractor_status(name: str) -> str:
    """Whether an extractor's weights are on this machine, in one line for `ganeval list`."""
    row = EXTRACTORS[name]
    if row.weights is not None:
        return weights_status(name)
    if row.trained_on is None:
        return "in the package" if row.medium == "image" else "needs no weights"
    if any((cache_root() / "classifiers").glob("*")):  # first, as the next line imports torch
        from ganeval.extractors.classifier import dataset_classifier_path

        if dataset_classifier_path(row.trained_on).is_file():
            return "trained"
    return f"absent: `ganeval classifier {row.trained_on}` trains it"
