"""What is measured of a run while it trains: never on the test split, which is for the report alone."""

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

PAIRS = 500  # samples whose distances from one another are measured
FEWEST_OF_A_CLASS = 8
FEWEST_HELD_OUT = 100  # with fewer, being nearer to the training pictures is chance: the limits of `memorising` need it


def features_of(pixels: Tensor, how: Extraction | None) -> Tensor:
    """The features (N, D) of uint8 pictures (N, C, S, S); points (N, D) are their own."""
    if how is None:
        return pixels.double()
    pictures = pixels.expand(-1, 3, -1, -1).numpy()
    found, device = [], metric_device(how.extractor.device)
    for start in range(0, len(pictures), how.size):
        resized = RESIZES[how.resize](list(pictures[start : start + how.size]), how.extractor.size, device)
        found.append(how.extractor.run(resized)[0].to(device))
    return torch.cat(found)


@dataclass(frozen=True, eq=False)
class Known:
    """Real pictures as a judge knows them: features, and classes where there are any."""

    features: Tensor
    labels: Tensor | None


class Judge:
    """Compares samples with the selection split, and with as many pictures of the training split.

    `how` makes features; points need none. All its numbers are those of `verdicts`.
    """

    def __init__(self, selection: Split, train: Split, how: Extraction | None) -> None:
        chosen = np.random.RandomState(2020).permutation(len(train.pixels))[: len(selection.pixels)]
        self.how = how
        self.selection = Known(features_of(selection.pixels, how), selection.labels)
        self.train = features_of(train.pixels[np.sort(chosen)], how)
        self.floor = float(fid(self.selection.features, self.train)["fid"].value)
        self.distance = mean_distance(self.selection.features)

    def judge(self, pixels: Tensor, labels: Tensor | None = None) -> dict[str, Any]:
        """The measures of some samples: FID (selection and training), precision, recall, spread, recall by class."""
        made, real = features_of(pixels, self.how), self.selection.features
        measures: dict[str, Any] = {"spread": mean_distance(made) / self.distance if self.distance else None}
        if self.how is not None:  # two moments say nothing of points on a ring
            measures |= {"fid": self.fid(made), "floor": self.floor}
            if len(real) >= FEWEST_HELD_OUT:
                measures["fid_train"] = float(fid(self.train, made)["fid"].value)
        if min(len(made), len(real)) >= METRICS["pr"].fewest_samples():
            measures |= balls(real, made)
        if labels is not None and self.selection.labels is not None:
            measures["class_recall"] = class_recall(self.selection, Known(made, labels))
        return measures

    def fid(self, features: Tensor) -> float:
        """The Fréchet distance of features from those of the selection split."""
        return float(fid(self.selection.features, features)["fid"].value)


def balls(real: Tensor, made: Tensor) -> dict[str, float]:
    """Precision and recall. Duplicates and ties are the report's to tell, not that of every check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)
        found = precision_recall(overlap(real, made))
    return {name: float(found[name].value) for name in ("precision", "recall")}


def class_recall(real: Known, made: Known) -> dict[str, float]:
    """The recall within each class that has enough pictures on both sides: what mode counts cannot see."""
    if real.labels is None or made.labels is None:
        return {}
    found = {}
    for label in real.labels.unique().tolist():
        reals, fakes = real.features[real.labels == label], made.features[made.labels == label]
        if min(len(reals), len(fakes)) >= FEWEST_OF_A_CLASS:
            found[str(label)] = balls(reals, fakes)["recall"]
    return found


def mean_distance(features: Tensor) -> float:
    """The mean distance between two of the first samples: 0 where all are one picture."""
    some = features[:PAIRS].double()
    return float(torch.pdist(some).mean()) if len(some) > 1 else 0.0


def critic_gap(scores: Mapping[str, Tensor | None]) -> float | None:
    """How far the critic takes held-out pictures for made ones: 0 not at all, 1 quite; None where it tells none apart.

    `scores` of `train`, `selection` and `fake` pictures, (N,).
    """
    train, held, fake = (scores.get(name) for name in ("train", "selection", "fake"))
    if train is None or held is None or fake is None:
        return None
    means = [float(one.double().mean()) for one in (train, held, fake)]
    apart = means[0] - means[2]
    return (means[0] - means[1]) / apart if apart > 1e-6 and np.isfinite(means).all() else None
