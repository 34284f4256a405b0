"""`ganeval classifier`: train the small classifier of a labelled set once, and say where it is."""

from pathlib import Path

import torch

from ganeval.errors import ContentError, UsageError
from ganeval.extractors.classifier import classifier_path, load_classifier, save_classifier
from ganeval.extractors.classifier_training import train_classifier
from ganeval.media.base import SampleSet
from ganeval.progress import Tick
from ganeval.sources.opening import Source


def trained_classifier(source: Source, path: Path | None, *, seed: int, device: torch.device, tick: Tick) -> str:
    """One line that says where the classifier of these pictures is, and how accurate; trained only if not yet there.

    Raises UsageError for a source without labels or a path that is not `.safetensors`.
    """
    if not isinstance(source, SampleSet):
        raise UsageError(f"{source.name}: found no set of labelled pictures, needed a data set or a folder per class")
    if path is not None and path.suffix != ".safetensors":
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed .safetensors")
    kept = classifier_path(source.bytes_hash(), seed)
    if path is not None and path.is_file():
        _check_same(path, source, seed)
    known = next((file for file in (path, kept) if file is not None and file.is_file()), None)
    if known is not None:
        found = load_classifier(known)
        network, metadata, when = found.module, found.metadata, "trained before, "
    else:
        network, metadata = train_classifier(source, seed=seed, device=device, progress=tick)
        when = ""
    for target in {kept, path or kept} - {known}:
        save_classifier(target, network, metadata)
    return f"{path or kept}: {when}{metadata.accuracy:.1%} right on held-out images"


def _check_same(path: Path, source: SampleSet, seed: int) -> None:
    """ContentError where a file is there already and holds anything but the classifier asked for."""
    metadata = load_classifier(path).metadata
    if metadata.data_sha256 != source.bytes_hash():
        raise ContentError(
            f"{path}: holds the classifier of other pictures ({metadata.source}); delete it or give another -o"
        )
    if metadata.seed != seed:
        raise ContentError(f"{path}: holds the classifier of seed {metadata.seed}; delete it or give another -o")
