"""The scores of a run while it trains, against the selection split: the test split is for the report alone."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.features.extraction import Extraction
from ganeval.features.resize import RESIZES
from ganeval.metrics.frechet import fid
from ganeval.metrics.neighbours import overlap, precision_recall
from ganeval.reports.scores import METRICS
from ganeval.runtime.devices import metric_device
from ganeval.training.data.dataset import Split

SPREAD_SAMPLES = 500  # samples whose distances from one another are measured
MIN_OF_CLASS = 8
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


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """The features of a set, and its labels where there are any."""

    features: Tensor
    labels: Tensor | None


class SelectionScorer:
    """Scores samples against the selection split, and against as many images of the training split.

    `extraction` makes features; points need none. Its scores are those that `verdicts` reads.
    """

    def __init__(self, selection: Split, train: Split, extraction: Extraction | None) -> None:
        chosen = np.random.RandomState(2020).permutation(len(train.pixels))[: len(selection.pixels)]
        self.extraction = extraction
        self.selection = LabelledFeatures(features_of(selection.pixels, extraction), selection.labels)
        self.train = features_of(train.pixels[np.sort(chosen)], extraction)
        self.floor = self.fid(self.train)
        self.distance = mean_distance(self.selection.features)

    def score(self, pixels: Tensor, labels: Tensor | None = None) -> dict[str, Any]:
        """The scores of samples: FID (to selection and training split), precision, recall, spread, recall by class."""
        fake, real = features_of(pixels, self.extraction), self.selection.features
        scores: dict[str, Any] = {"spread": mean_distance(fake) / self.distance if self.distance else None}
        if self.extraction is not None:  # two moments say nothing of points on a ring
            scores |= {"fid": self.fid(fake), "floor": self.floor}
            if len(real) >= MIN_SELECTION:
                scores["fid_train"] = float(fid(self.train, fake)["fid"].value)
        if min(len(fake), len(real)) >= METRICS["pr"].fewest_samples():
            scores |= precision_and_recall(real, fake)
        if labels is not None and self.selection.labels is not None:
            scores["class_recall"] = class_recall(self.selection, LabelledFeatures(fake, labels))
        return scores

    def fid(self, features: Tensor) -> float:
        """The Fréchet distance of features from those of the selection split."""
        return float(fid(self.selection.features, features)["fid"].value)


def precision_and_recall(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Precision and recall. Duplicates and ties are left to the report's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        estimates = precision_recall(overlap(real, fake))
    return {name: float(estimates[name].value) for name in ("precision", "recall")}


def class_recall(real: LabelledFeatures, fake: LabelledFeatures) -> dict[str, float]:
    """The recall within each class that has eight images or more in both sets: what mode counts cannot see."""
    if real.labels is None or fake.labels is None:
        return {}
    recalls = {}
    for label in real.labels.unique().tolist():
        reals, fakes = real.features[real.labels == label], fake.features[fake.labels == label]
        if min(len(reals), len(fakes)) >= MIN_OF_CLASS:
            recalls[str(label)] = precision_and_recall(reals, fakes)["recall"]
    return recalls


def mean_distance(features: Tensor) -> float:
    """The mean distance between two of the first 500 samples: 0 where all are one image."""
    first = features[:SPREAD_SAMPLES].double()
    return float(torch.pdist(first).mean()) if len(first) > 1 else 0.0


def critic_gap(scores: Mapping[str, Tensor | None]) -> float | None:
    """The generalisation gap of the discriminator, of its scores (N,) of `real`, `held_out` and `made` images.

    0 if held-out images score like training images, 1 if they score like generated ones; None where it tells
    training images and generated ones not apart.
    """
    real, held_out, fake = (scores.get(name) for name in ("real", "held_out", "made"))
    if real is None or held_out is None or fake is None:
        return None
    means = [float(values.double().mean()) for values in (real, held_out, fake)]
    difference = means[0] - means[2]
    return (means[0] - means[1]) / difference if difference > 1e-6 and np.isfinite(means).all() else None
