"""Scores from Python: `evaluate` for sets that are there, `Evaluator` batch by batch in a training loop."""

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ganeval.errors import GanevalWarning, UsageError, collected, warn_all
from ganeval.evaluation.provenance import describe_images
from ganeval.evaluation.scorer import ExtractedSet, Scorer
from ganeval.evaluation.settings import DEFAULTS, Settings
from ganeval.evaluation.warnings import image_warnings
from ganeval.features.extraction import Collector, preparation
from ganeval.features.feature_set import FeatureSet
from ganeval.features.joining import joined
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import Report
from ganeval.runtime.distributed import own_device, world_of_caller
from ganeval.sources.opening import Opening, open_images


def evaluate(
    samples: Any,
    reference: Any,
    settings: Settings = DEFAULTS,
    *,
    metrics: Sequence[str] | str | None = None,
    extractor: str | Path | Callable[..., Any] | None = None,
    protocol: str | None = None,
    n: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    latent: int | tuple[int, ...] | None = None,
    name: str | None = None,
    tick: Tick = silent,
) -> Report:
    """A report on `samples` against `reference`: every score with its error bar and its provenance.

    Both may be anything that `ganeval score` takes (a path, a data set's name, `module:function`), an array, a tensor,
    an iterable of images or a callable; samples also a `torch.nn.Module` with the size of its `latent` and `n`.
    `settings`: every option; those asked for most can be given by keyword alone, in place of what `settings` has.
    `name`: of the samples in the report. Raises UsageError for what cannot be meant, ContentError for what the images
    or files hold.

    >>> report = evaluate("digits:test", "digits", metrics=["fid"])
    >>> report.reference.count, report.scores["fid"].better
    (1097, 'lower')
    """
    keywords = {"metrics": metrics, "extractor": extractor, "protocol": protocol, "n": n, "seed": seed}
    settings = settings.override({**keywords, "device": device, "latent": latent})
    return Scorer(reference, settings, tick).score(samples, name)


class Evaluator:
    """Scores while you train: `update` with batches of generated images as they come, `compute` a report, `reset`.

    The reference is made ready once. Images are uint8 or floats in 0..1, (N, C, H, W) or (N, H, W, C).
    `settings`: every option but `n` and `latent`, as all images are scored; keywords take the place of what it has.
    `ranks`: the processes of a training on several (`ranks_of_torchrun`), each of which updates with its own images:
    all call `compute`, and get one report on the images of all. Without, each scores its own.

    >>> import torch
    >>> evaluator = Evaluator("digits", metrics=["fid"])
    >>> evaluator.update(torch.rand(50, 1, 8, 8))
    >>> evaluator.compute().samples.count
    50
    """

    def __init__(
        self,
        reference: Any,
        settings: Settings = DEFAULTS,
        *,
        metrics: Sequence[str] | str | None = None,
        extractor: str | Path | Callable[..., Any] | None = None,
        protocol: str | None = None,
        seed: int | None = None,
        device: str | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        for name in ("n", "latent"):
            if getattr(settings, name) is not None:
                raise UsageError(f"{name}: found {getattr(settings, name)}, needed none: an Evaluator takes all images")
        keywords = {"metrics": metrics, "extractor": extractor, "protocol": protocol, "seed": seed, "device": device}
        settings = settings.override(keywords)
        if ranks.world > 1:
            settings = settings.override({"device": own_device(settings.device)})
        elif (world := world_of_caller()) > 1:
            text = f"Evaluator: scores the images of this process alone, of {world}; to join them pass "
            warnings.warn(text + "ranks=ranks, after `with ganeval.ranks_of_torchrun() as ranks:`", GanevalWarning, 2)
        self._scorer = Scorer(reference, settings, ranks=ranks)
        self.reset()

    def update(self, images: Any) -> None:
        """Take in a batch; ContentError for values out of range."""
        source = open_images(images, Opening(channels=self._scorer.settings.channels))
        if not (source.random_access or isinstance(images, list | tuple | dict)):
            raise UsageError(f"update: found a {type(images).__name__}, needed an array or tensor of images")
        start, extraction = time.perf_counter(), self._scorer.extraction
        for batch in source.map_batches(preparation(extraction, self._collector.stop), extraction.size):
            self._collector.add(batch)
        self._seconds += time.perf_counter() - start

    def compute(self, name: str = "samples") -> Report:
        """The report on all images since the last `reset`; more may follow. With `ranks`, the same one on each."""
        ranks = self._scorer.ranks
        with collected() as texts:
            entry, _ = joined(self._collector, name, ranks)
            features = FeatureSet.from_entry(entry, None, self._scorer.extraction.metric_device)
            warn_all(image_warnings(name, features.facts, {}))
            samples = ExtractedSet(features, describe_images(features.facts, name, "Evaluator"))
            return ranks.broadcast(self._scorer.report(samples, texts, self._seconds))  # the first has the scores

    def __reduce__(self) -> NoReturn:
        raise UsageError("an Evaluator cannot be pickled: make one in each process")

    def reset(self) -> None:
        """Forget the images, keep the reference."""
        self._scorer.extraction.extractor.expect(None)
        shared = self._scorer.ranks.world > 1
        self._collector, self._seconds = Collector(self._scorer.extraction, shared=shared), self._scorer.seconds
