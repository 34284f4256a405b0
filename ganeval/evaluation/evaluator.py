"""`Evaluator`: scores in a training loop, batch by batch, against a reference made ready once."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, collected, warn_all
from ganeval.evaluation.scorer import Scorer, image_set, side_of
from ganeval.evaluation.settings import Settings
from ganeval.evaluation.warnings import image_warnings
from ganeval.features.extraction import Collector, prepare
from ganeval.media.base import SampleSet
from ganeval.media.prefetch import load_pictures
from ganeval.reports.report import Report
from ganeval.sources.opening import open_source


class Evaluator:
    """Scores while you train: `update` with batches of generated images as they come, `compute` a report, `reset`.

    The reference is made ready once. Images are uint8 or floats in 0..1, (N, C, H, W) or (N, H, W, C).

    >>> import torch
    >>> evaluator = Evaluator("digits", metrics=["fid"])
    >>> evaluator.update(torch.rand(50, 1, 8, 8))
    >>> evaluator.compute().samples.count
    50
    """

    def __init__(
        self,
        reference: Any,
        *,
        metrics: Sequence[str] | str | None = None,
        extractor: Any = "auto",
        protocol: str = "tf1",
        weights: str | Path | None = None,
        device: str = "auto",
        seed: int = 2020,
        data_root: str | Path | None = None,
    ) -> None:
        settings = Settings(
            metrics=metrics,
            extractor=extractor,
            protocol=protocol,
            weights=Path(weights) if weights is not None else None,
            device=device,
            seed=seed,
            data_root=Path(data_root) if data_root is not None else None,
        )
        self._scorer = Scorer(reference, settings)
        self.reset()

    def update(self, images: Any) -> None:
        """Take in a batch; ContentError for values out of range."""
        source = open_source(images)
        if not isinstance(source, SampleSet):
            raise UsageError(f"update: found a {type(images).__name__}, needed an array or tensor of images")
        begun, how, first = time.perf_counter(), self._scorer.how, self._collected.seen.count
        for start in range(0, len(source), how.size):
            indices = range(start, min(start + how.size, len(source)))
            pictures = ((first + index, picture) for index, picture in load_pictures(source, indices))
            self._collected.add(prepare(pictures, how))
        self._seconds += time.perf_counter() - begun

    def compute(self, name: str = "samples") -> Report:
        """The report on all images since the last `reset`; more may follow."""
        with collected() as said:
            found = self._collected.result(name, None)
            warn_all(image_warnings(name, found.facts, {}))
            return self._scorer.report(
                side_of(found, None), image_set(found.facts, name, "Evaluator"), said, self._seconds
            )

    def reset(self) -> None:
        """Forget the images, keep the reference."""
        self._scorer.how.extractor.expect(None)
        self._collected, self._seconds = Collector(self._scorer.how), self._scorer.reference_seconds
