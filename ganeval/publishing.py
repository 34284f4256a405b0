"""Reference statistics for others: `ganeval features`. pytorch-fid, TTUR and ADM read `mu` and `sigma` of the file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown
from ganeval.evaluation import Settings, Tick, draw, extraction, made_by
from ganeval.features import extract, summed
from ganeval.sources import full_name, open_source
from ganeval.statistics import SUFFIXES, Array, Statistics, write_statistics
from ganeval.store import Store

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
    images, how = draw(source, settings.n, settings.seed), extraction(full_name(given), settings, tick)
    store = Store.of(settings.cache)
    arrays: dict[str, Array] = {}
    if kind == "statistics":
        facts, total = summed(images, how, store, tick)
        arrays = {"mu": total.mean.cpu().numpy(), "sigma": total.covariance.cpu().numpy()}
    else:
        found = extract(images, how, store, tick)
        facts, arrays = found.facts, {"features": found.features.cpu().numpy()}
        if found.probabilities is not None:
            arrays["probabilities"] = found.probabilities.cpu().numpy()
    made = {**made_by(how.extractor, how.resize), "count": facts.count, "fingerprint": facts.fingerprint}
    write_statistics(path, arrays, {**made, "images": asdict(facts)})
    return facts.count
