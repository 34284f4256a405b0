"""Reference statistics for others: `ganeval features`. pytorch-fid, TTUR and ADM read `mu` and `sigma` of the file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown
from ganeval.evaluation import Settings, Tick, draw, extraction, made_by
from ganeval.features import extract, summed
from ganeval.sources import Array, Statistics, open_source, write_statistics
from ganeval.store import Store

KINDS = ("statistics", "features")


def publish(given: Any, path: Path, settings: Settings, kind: str, tick: Tick) -> int:
    """Write the statistics (mu, sigma) or the features of a source to an npz; returns how many pictures they are of.

    Statistics are summed up block by block: the features of any number of pictures need not be kept.
    Raises UsageError for an unknown kind or a path that is not `.npz`.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path}: found the suffix '{path.suffix}', needed .npz")
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    source = open_source(given, settings.opening(settings.n))
    if isinstance(source, Statistics):
        raise UsageError(f"{source.name}: is a statistics file already, needed pictures")
    images, how = draw(source, settings.n, settings.seed), extraction(given, settings, tick)
    arrays: dict[str, Array] = {}
    if kind == "statistics":
        facts, total = summed(images, how, tick)
        arrays = {"mu": total.mean.cpu().numpy(), "sigma": total.covariance.cpu().numpy()}
    else:
        found = extract(images, how, Store.of(settings.cache), tick)
        facts, arrays = found.facts, {"features": found.features.cpu().numpy()}
        if found.probabilities is not None:
            arrays["probabilities"] = found.probabilities.cpu().numpy()
    made = {**made_by(how.extractor, how.resize), "count": facts.count, "fingerprint": facts.fingerprint}
    write_statistics(path, arrays, {**made, "images": asdict(facts)})
    return facts.count
