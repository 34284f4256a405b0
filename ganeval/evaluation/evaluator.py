"""`Evaluator`: scores in a training loop, batch by batch, against a reference made ready once."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, collected, warn_all
from ganeval.evaluation.scorer import Scorer, image_set
from ganeval.evaluation.settings import DEFAULTS, Settings
from ganeval.evaluation.warnings import image_warnings
from ganeval.features.extraction import Collector, prepare
from ganeval.features.feature_set import FeatureSet
from ganeval.reports.report import Report
from ganeval.runtime.devices import metric_device
from ganeval.sources.opening import open_images


class Evaluator:
    """Scores while you train: `update` with batches of generated images as they come, `compute` a report, `reset`.

    The reference is made ready once. Images are uint8 or floats in 0..1, (N, C, H, W) or (N, H, W, C).
    `settings`: every option but `n` and `latent`, as all images are scored; keywords take the place of what it has.

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
    ) -> None:
        for name in ("n", "latent"):
            if getattr(settings, name) is not None:
                raise UsageError(f"{name}: found {getattr(settings, name)}, needed none: an Evaluator takes all images")
        keywords: dict[str, Any] = {
            "metrics": metrics,
            "extractor": extractor,
            "protocol": protocol,
            "seed": seed,
            "device": device,
        }
        self._scorer = Scorer(reference, settings.override(keywords))
        self.reset()

    def update(self, images: Any) -> None:
        """Take in a batch; ContentError for values out of range."""
        source = open_images(images)
        if not source.random_access:
            raise UsageError(f"update: found a {type(images).__name__}, needed an array or tensor of images")
        begun, how = time.perf_counter(), self._scorer.how
        work = partial(prepare, extraction=how, first=self._collected.stop)
        for batch in source.map_batches(work, how.size):
            self._collected.add(batch)
        self._seconds += time.perf_counter() - begun

    def compute(self, name: str = "samples") -> Report:
        """The report on all images since the last `reset`; more may follow."""
        with collected() as said:
            how, collected_so_far = self._scorer.how, self._collected
            entry = collected_so_far.entry(collected_so_far.census, name)
            side = FeatureSet.from_entry(entry, None, metric_device(how.extractor.device))
            warn_all(image_warnings(name, side.facts, {}))
            return self._scorer.report(side, image_set(side.facts, name, "Evaluator"), said, self._seconds)

    def reset(self) -> None:
        """Forget the images, keep the reference."""
        self._scorer.how.extractor.expect(None)
        self._collected, self._seconds = Collector(self._scorer.how), self._scorer.reference_seconds
