"""`ganeval classifier`: train the small classifier of a labelled set once, and say where it is."""

from pathlib import Path

import torch

from ganeval.errors import UsageError
from ganeval.evaluation import Tick
from ganeval.extractors.classifier import classifier_path, load_classifier, save_classifier, train_classifier
from ganeval.images import Images
from ganeval.sources import Source


def trained_classifier(source: Source, path: Path | None, *, seed: int, device: torch.device, tick: Tick) -> str:
    """One line that says where the classifier of these pictures is, and how accurate; trained only if not yet there.

    Raises UsageError for a source without labels or a path that is not `.safetensors`.
    """
    if not isinstance(source, Images):
        raise UsageError(f"{source.name}: found no set of labelled pictures, needed a data set or a folder per class")
    if path is not None and path.suffix != ".safetensors":
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed .safetensors")
    kept = classifier_path(source.bytes_hash(), seed)
    target = path or kept
    known = target if target.is_file() else kept
    if known.is_file():
        found = load_classifier(known)
        if target != known:
            save_classifier(target, found.module, found.metadata)
        return f"{target}: trained before, {found.metadata.accuracy:.1%} right on held-out images"
    network, metadata = train_classifier(source, seed=seed, device=device, progress=tick)
    save_classifier(target, network, metadata)
    return f"{target}: {metadata.accuracy:.1%} right on held-out images"
