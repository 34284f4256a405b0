"""The scores of a trained model that need more than pictures: classes that were asked for, translations, a classifier.

GAN-train: Ravuri & Vinyals 2019 (arXiv:1905.10887) and Shmelkov et al. 2018 (arXiv:1807.09499), whose GAN-test is the
label accuracy here. What CycleGAN's authors call an FCN score is `labels_kept`, by a small classifier.
"""

import math
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import ContentError, GanevalWarning
from ganeval.extractors.classifier import Classifier, classifier_path, load_classifier, save_classifier
from ganeval.extractors.classifier_training import accuracy, train_classifier
from ganeval.features.extraction import Extraction, extract
from ganeval.features.store import Store
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.reports.report import Score
from ganeval.training.checks.measures import Known, class_recall, features_of
from ganeval.training.data.dataset import Split

Judge = Callable[[SampleSet], float]  # the share of labelled pictures that it names rightly


def share(value: float, count: int) -> Score:
    """A share of `count` things, with its binomial error; higher is better."""
    error = math.sqrt(max(0.0, value * (1 - value)) / count)
    return Score(value, "higher", error, error)


def conditional_scores(
    samples: SampleSet, test: SampleSet, train: SampleSet, tick: Tick = silent, *, judge: Judge | None = None
) -> dict[str, Score]:
    """What labelled samples are worth as data: `label_accuracy` and `gan_train`, both higher is better.

    `label_accuracy` (GAN-test): a classifier of real pictures on the samples. `gan_train`: one of the samples on the
    test pictures; `gan_train_real` is what the classifier of real pictures reaches there. That one is `judge`, else
    trained on `train`. None, and a warning, where a class has too few pictures for a classifier.
    """
    try:
        judge = judge or partial(accuracy, classifier_of(train, tick))
        pupil, _ = train_classifier(samples, progress=tick)
        return {
            "label_accuracy": share(judge(samples), len(samples)),
            "gan_train": share(accuracy(pupil, test), len(test)),
            "gan_train_real": share(judge(test), len(test)),
        }
    except ContentError as reason:
        warnings.warn(f"label accuracy and GAN-train left out: {reason}", GanevalWarning, 2)
        return {}


def judge_of(how: Extraction | None, classes: tuple[str, ...] | None) -> Judge | None:
    """The extractor as a judge of classes, where its classes are these; it was trained on real pictures already."""
    if how is None or classes is None or how.extractor.classes != classes:
        return None

    def named_rightly(images: SampleSet) -> float:
        found = extract(images, how, Store(None), silent)
        if found.probabilities is None or images.labels is None:
            raise ContentError(f"{images.name}: found no labels or no class probabilities, needed both")
        return float((found.probabilities.argmax(1).cpu().numpy() == images.labels).mean())

    return named_rightly


def intra_class_recall(test: Split, pixels: Tensor, labels: Tensor, how: Extraction) -> dict[str, Score]:
    """The mean recall within a class, higher is better, and each class's own under `classes`; none without classes."""
    if test.labels is None:
        return {}
    real = Known(features_of(test.pixels, how), test.labels)
    found = class_recall(real, Known(features_of(pixels, how), labels))
    if not found:
        return {}
    names = test.classes or tuple(map(str, range(1 + max(map(int, found)))))
    each = {names[int(label)]: value for label, value in found.items()}
    return {"intra_class_recall": Score(float(np.mean(list(found.values()))), "higher", more={"classes": each})}


def cycle_l1(pixels: Tensor, returned: Tensor) -> Score:
    """The mean absolute difference after there and back, of 0..1: lower is better.

    >>> cycle_l1(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.full((2, 1, 2, 2), 51, dtype=torch.uint8)).value
    0.2
    """
    gaps = (pixels.double() - returned.double()).abs().flatten(1).mean(1) / 255
    return Score(round(float(gaps.mean()), 12), "lower", _standard_error(gaps))


def psnr(truth: Tensor, made: Tensor) -> Score:
    """The mean peak signal-to-noise ratio of pictures (N, C, H, W) to the hidden truth, in dB: higher is better.

    A picture that is exact would be infinite; it counts as half a grey level off.
    """
    squares = (truth.double() - made.double()).square().flatten(1).mean(1).clamp(min=0.25)
    decibels = 10 * torch.log10(255**2 / squares)
    return Score(float(decibels.mean()), "higher", _standard_error(decibels))


def labels_kept(made: SampleSet, train: SampleSet, tick: Tick = silent) -> dict[str, Score]:
    """The share of translations that a classifier of the target domain takes for the class they came from.

    None, and a warning, where a class has too few pictures for a classifier.
    """
    try:
        return {"labels_kept": share(accuracy(classifier_of(train, tick), made), len(made))}
    except ContentError as reason:
        warnings.warn(f"labels kept left out: {reason}", GanevalWarning, 2)
        return {}


def classifier_of(images: SampleSet, tick: Tick = silent) -> Classifier:
    """The small classifier of labelled pictures: trained once, and kept where `ganeval classifier` keeps it."""
    kept: Path = classifier_path(images.bytes_hash())
    if kept.is_file():
        return load_classifier(kept).module
    network, metadata = train_classifier(images, progress=tick)
    save_classifier(kept, network, metadata)
    return network


def _standard_error(values: Tensor) -> float | None:
    return float(values.std() / len(values) ** 0.5) if len(values) > 1 else None
