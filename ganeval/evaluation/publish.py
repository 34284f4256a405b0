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


def publish(given: Any, path: Path, settings: Settings, kind: str, tick: Tick) -> int:
    """Write the statistics (mu, sigma) or the features of a source to a file; returns how many images they are of.

    Statistics are summed up block by block: the features of any number of images need not be kept.
    Raises UsageError for an unknown kind or a path that is neither `.npz` nor `.pt`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed {' or '.join(SUFFIXES)}")
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    source = open_images(given, opening(settings, settings.n))
    how, store = extraction(given, settings, tick), Store.of(settings.cache)
    images = how.decoded(draw(source, settings.n, settings.seed))
    found = FeatureSet.from_samples(images, how, store, tick, sums=kind == "statistics")
    warn_all(image_warnings(images.name, found.facts, images.ignored))
    sums = found.moments
    if sums is None:
        tensors = {"features": found.features, "probabilities": found.probabilities, "labels": found.labels}
    else:
        tensors = {"mu": sums.mean, "sigma": sums.covariance}
    arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items() if tensor is not None}
    about = {"count": found.count, "fingerprint": found.facts.fingerprint}
    classes = found.classes if "labels" in arrays else None
    write_statistics(path, arrays, {**how.provenance, **about, "classes": classes})
    return found.count or 0
