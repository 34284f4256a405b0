"""`ganeval classifier`: train the small classifier of a labelled set once, and report where it is."""

from pathlib import Path

import torch

from ganeval.errors import ContentError, UsageError
from ganeval.extractors.classifier import classifier_path, load_classifier, save_classifier
from ganeval.extractors.classifier_training import train_classifier
from ganeval.media.base import SampleSet
from ganeval.progress import Tick
from ganeval.sources.opening import Source


def ensure_classifier(source: Source, path: Path | None, *, seed: int, device: torch.device, tick: Tick) -> str:
    """One line with the path and accuracy of the classifier of these images; trained only if it is not there yet.

    Raises UsageError for a source without labels or a path that is not `.safetensors`, ContentError where `path` holds
    the classifier of other images or of another seed.
    """
    if not isinstance(source, SampleSet) or not source.random_access:
        raise UsageError(f"{source.name}: found no set of labelled images, needed a data set or a folder per class")
    if path is not None and path.suffix != ".safetensors":
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed .safetensors")
    data_sha256 = source.bytes_hash()
    cached = classifier_path(data_sha256, seed)
    if path is not None and path.is_file():
        present = load_classifier(path).metadata
        if present.data_sha256 != data_sha256 or present.seed != seed:
            same_images = present.data_sha256 == data_sha256
            other = f"seed {present.seed}" if same_images else f"other images ({present.source})"
            raise ContentError(f"{path}: holds the classifier of {other}; delete it or give another -o")
    trained = next((file for file in (path, cached) if file is not None and file.is_file()), None)
    if trained is not None:
        classifier = load_classifier(trained)
        network, metadata = classifier.module, classifier.metadata
    else:
        network, metadata = train_classifier(source, seed=seed, device=device, progress=tick)
    for target in {cached, path or cached} - {trained}:
        save_classifier(target, network, metadata)
    note = "trained before, " if trained is not None else ""
    return f"{path or cached}: {note}{metadata.accuracy:.1%} accuracy on held-out images"
