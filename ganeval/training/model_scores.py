"""The scores of a trained model that need more than images: class labels, translations, a classifier.

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
from ganeval.training.checks.measures import LabelledFeatures, class_recall, features_of
from ganeval.training.data.dataset import Split

Judge = Callable[[SampleSet], float]  # the share of labelled images that a classifier gets right


def share(value: float, count: int) -> Score:
    """A share of `count` things, with its binomial error; higher is better."""
    error = math.sqrt(max(0.0, value * (1 - value)) / count)
    return Score(value, "higher", error, error)


def conditional_scores(
    samples: SampleSet, test: SampleSet, train: SampleSet, tick: Tick = silent, *, judge: Judge | None = None
) -> dict[str, Score]:
    """What labelled samples are worth as data: `label_accuracy` and `gan_train`, both higher is better.

    `label_accuracy` (GAN-test): accuracy on the samples of a classifier of real images. `gan_train`: accuracy on the
    test images of a classifier trained on the samples; `gan_train_real` is that of the classifier of real images, which
    is `judge`, else trained on `train`. None, and a warning, where a class has too few images for a classifier.
    """
    try:
        judge = judge or partial(accuracy, classifier_of(train, tick))
        student, _ = train_classifier(samples, progress=tick)
        return {
            "label_accuracy": share(judge(samples), len(samples)),
            "gan_train": share(accuracy(student, test), len(test)),
            "gan_train_real": share(judge(test), len(test)),
        }
    except ContentError as reason:
        warnings.warn(f"label accuracy and GAN-train left out: {reason}", GanevalWarning, 2)
        return {}


def judge_of(extraction: Extraction | None, classes: tuple[str, ...] | None) -> Judge | None:
    """The extractor as a classifier of real images, where its classes are these: it was trained on such already."""
    if extraction is None or classes is None or extraction.extractor.classes != classes:
        return None

    def judge(images: SampleSet) -> float:
        features = extract(images, extraction, Store(None), silent)
        if features.probabilities is None or images.labels is None:
            raise ContentError(f"{images.name}: found no labels or no class probabilities, needed both")
        return float((features.probabilities.argmax(1).cpu().numpy() == images.labels).mean())

    return judge


def intra_class_recall(test: Split, pixels: Tensor, labels: Tensor, extraction: Extraction) -> dict[str, Score]:
    """The mean recall within a class, higher is better, and each class's own under `classes`; none without classes."""
    if test.labels is None:
        return {}
    real = LabelledFeatures(features_of(test.pixels, extraction), test.labels)
    recalls = class_recall(real, LabelledFeatures(features_of(pixels, extraction), labels))
    if not recalls:
        return {}
    names = test.classes or tuple(map(str, range(1 + max(map(int, recalls)))))
    by_class = {names[int(label)]: recall for label, recall in recalls.items()}
    return {"intra_class_recall": Score(float(np.mean(list(recalls.values()))), "higher", more={"classes": by_class})}


def cycle_l1(pixels: Tensor, returned: Tensor) -> Score:
    """The mean absolute difference after there and back, of 0..1: lower is better.

    >>> cycle_l1(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.full((2, 1, 2, 2), 51, dtype=torch.uint8)).value
    0.2
    """
    gaps = (pixels.double() - returned.double()).abs().flatten(1).mean(1) / 255
    return Score(round(float(gaps.mean()), 12), "lower", _standard_error(gaps))


def psnr(truth: Tensor, fake: Tensor) -> Score:
    """The mean peak signal-to-noise ratio of images (N, C, H, W) to the hidden truth, in dB: higher is better.

    An image that is exact would be infinite; it counts as half a grey level off.
    """
    squares = (truth.double() - fake.double()).square().flatten(1).mean(1).clamp(min=0.25)
    decibels = 10 * torch.log10(255**2 / squares)
    return Score(float(decibels.mean()), "higher", _standard_error(decibels))


def labels_kept(fake: SampleSet, train: SampleSet, tick: Tick = silent) -> dict[str, Score]:
    """The share of translations that a classifier of the target domain gives their source's class: higher is better.

    None, and a warning, where a class has too few images for a classifier.
    """
    try:
        return {"labels_kept": share(accuracy(classifier_of(train, tick), fake), len(fake))}
    except ContentError as reason:
        warnings.warn(f"labels kept left out: {reason}", GanevalWarning, 2)
        return {}


def classifier_of(images: SampleSet, tick: Tick = silent) -> Classifier:
    """The small classifier of labelled images: trained once, and cached where `ganeval classifier` caches it."""
    path: Path = classifier_path(images.bytes_hash())
    if path.is_file():
        return load_classifier(path).module
    network, metadata = train_classifier(images, progress=tick)
    save_classifier(path, network, metadata)
    return network


def _standard_error(values: Tensor) -> float | None:
    return float(values.std() / len(values) ** 0.5) if len(values) > 1 else None
