"""Reference statistics for others: `ganeval features`. pytorch-fid, TTUR and ADM read `mu` and `sigma` of the file."""

from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown, warn_all
from ganeval.evaluation.opening import extraction, opening
from ganeval.evaluation.settings import Settings
from ganeval.evaluation.warnings import image_warnings
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.progress import Tick
from ganeval.sources.opening import open_images
from ganeval.sources.statistics_files import SUFFIXES, write_statistics
from ganeval.sources.subsampling import draw

KINDS = ("statistics", "features")


def publish(source: Any, path: Path, settings: Settings, kind: str, tick: Tick) -> int:
    """Write the statistics (mu, sigma) or the features of a source to a file, and return the number of its images.

    Statistics are summed up block by block: memory does not grow with the number of images.
    Raises UsageError for an unknown kind or a path that is neither `.npz` nor `.pt`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed {' or '.join(SUFFIXES)}")
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    images = open_images(source, opening(settings, settings.n))
    pipeline, store = extraction(source, settings, tick), Store.of(settings.cache)
    images = pipeline.decoded(draw(images, settings.n, settings.seed))
    features = FeatureSet.from_samples(images, pipeline, store, tick, sums=kind == "statistics")
    warn_all(image_warnings(images.name, features.facts, images.ignored))
    if features.moments is None:
        tensors = {"features": features.features, "probabilities": features.probabilities, "labels": features.labels}
    else:
        tensors = {"mu": features.moments.mean, "sigma": features.moments.covariance}
    arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items() if tensor is not None}
    facts = {"count": features.count, "fingerprint": features.facts.fingerprint}
    classes = features.classes if "labels" in arrays else None
    write_statistics(path, arrays, {**pipeline.provenance, **facts, "classes": classes})
    return features.count or 0
