"""The scores of a run while it trains, against the selection split: the test split is for the report alone."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.features.extraction import Extraction
from ganeval.features.resize import RESIZES
from ganeval.metrics.conditional import class_recall
from ganeval.metrics.frechet import fid
from ganeval.metrics.neighbours import overlap, precision_recall
from ganeval.metrics.training_checks import generalisation_gap, mean_distance
from ganeval.reports.scores import METRICS
from ganeval.runtime.devices import metric_device
from ganeval.training.data.dataset import Split

SPREAD_SAMPLES = 500  # samples whose distances from one another are measured
MIN_SELECTION = 100  # with fewer, being nearer to the training images is chance: the limits of `memorising` need it


def features_of(pixels: Tensor, extraction: Extraction | None) -> Tensor:
    """The features (N, D) of uint8 images (N, C, S, S); points (N, D) are their own."""
    if extraction is None:
        return pixels.double()
    images = pixels.expand(-1, 3, -1, -1).numpy()
    features, device = [], metric_device(extraction.extractor.device)
    for start in range(0, len(images), extraction.size):
        block = list(images[start : start + extraction.size])
        resized = RESIZES[extraction.resize](block, extraction.extractor.size, device)
        features.append(extraction.extractor.run(resized)[0].to(device))
    return torch.cat(features)


class SelectionScorer:
    """Scores samples against the selection split, and against as many images of the training split.

    `extraction` makes features; points need none. Its scores are those that `verdicts` reads.
    """

    def __init__(self, selection: Split, train: Split, extraction: Extraction | None) -> None:
        chosen = np.random.RandomState(2020).permutation(len(train.pixels))[: len(selection.pixels)]
        self.extraction = extraction
        self.selection, self.labels = features_of(selection.pixels, extraction), selection.labels
        self.train = features_of(train.pixels[np.sort(chosen)], extraction)
        self.floor = self.fid(self.train)
        self.distance = mean_distance(self.selection[:SPREAD_SAMPLES])

    def score(self, pixels: Tensor, labels: Tensor | None = None) -> dict[str, Any]:
        """The scores of samples: FID (to selection and training split), precision, recall, spread, recall by class."""
        fake, real = features_of(pixels, self.extraction), self.selection
        distance = mean_distance(fake[:SPREAD_SAMPLES])
        scores: dict[str, Any] = {"spread": distance / self.distance if self.distance else None}
        if self.extraction is not None:  # two moments say nothing of points on a ring
            scores |= {"fid": self.fid(fake), "floor": self.floor}
            if len(real) >= MIN_SELECTION:
                scores["fid_train"] = float(fid(self.train, fake)["fid"].value)
        if min(len(fake), len(real)) >= METRICS["pr"].fewest_samples():
            scores |= precision_and_recall(real, fake)
        if labels is not None and self.labels is not None:
            recalls = class_recall(real, self.labels, fake, labels)
            scores["class_recall"] = {str(label): recall for label, recall in recalls.items()}
        return scores

    def fid(self, features: Tensor) -> float:
        """The Fréchet distance of features from those of the selection split."""
        return float(fid(self.selection, features)["fid"].value)


def precision_and_recall(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Precision and recall. Duplicates and ties are left to the report's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        estimates = precision_recall(overlap(real, fake))
    return {name: float(estimates[name].value) for name in ("precision", "recall")}


def critic_gap(scores: Mapping[str, Tensor | None]) -> float | None:
    """The generalisation gap of the discriminator, of its scores (N,) of `real`, `held_out` and `made` images.

    None where one of them is missing, or where it does not tell training images from generated ones.
    """
    real, held_out, fake = (scores.get(name) for name in ("real", "held_out", "made"))
    return None if real is None or held_out is None or fake is None else generalisation_gap(real, held_out, fake)
