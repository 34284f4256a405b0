"""Reference statistics for others: `ganeval features`. pytorch-fid, TTUR and ADM read `mu` and `sigma` of the file."""

from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown, warn_all
from ganeval.evaluation.settings import Settings, extraction
from ganeval.evaluation.warnings import image_warnings
from ganeval.features.extraction import decoded, extract
from ganeval.features.running_moments import summed
from ganeval.features.store import Store
from ganeval.progress import Tick
from ganeval.sources.opening import full_name, open_source
from ganeval.sources.statistics_files import SUFFIXES, Array, Statistics, write_statistics
from ganeval.sources.subsampling import draw

KINDS = ("statistics", "features")


def publish(given: Any, path: Path, settings: Settings, kind: str, tick: Tick) -> int:
    """Write the statistics (mu, sigma) or the features of a source to a file; returns how many pictures they are of.

    Statistics are summed up block by block: the features of any number of pictures need not be kept.
    Raises UsageError for an unknown kind or a path that is neither `.npz` nor `.pt`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed {' or '.join(SUFFIXES)}")
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    source = open_source(given, settings.opening(settings.n, pictures=True))
    if isinstance(source, Statistics):
        raise UsageError(f"{source.name}: is a statistics file already, needed pictures")
    how, store = extraction(full_name(given), settings, tick), Store.of(settings.cache)
    images = decoded(draw(source, settings.n, settings.seed), how)
    arrays: dict[str, Array] = {}
    classes: tuple[str, ...] | None = None
    if kind == "statistics":
        sums = summed(images, how, store, tick)
        facts = sums.facts
        arrays = {"mu": sums.moments.mean.cpu().numpy(), "sigma": sums.moments.covariance.cpu().numpy()}
    else:
        found = extract(images, how, store, tick)
        facts, arrays = found.facts, {"features": found.features.cpu().numpy()}
        if found.probabilities is not None:
            arrays["probabilities"] = found.probabilities.cpu().numpy()
        if images.labels is not None and images.classes is not None:
            arrays["labels"] = images.labels[found.kept.numpy()]
            classes = images.classes
    warn_all(image_warnings(images.name, facts, images.ignored))
    about = {"count": facts.count, "fingerprint": facts.fingerprint, "classes": classes}
    write_statistics(path, arrays, {**how.made, **about})
    return facts.count
