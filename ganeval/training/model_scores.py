"""The scores of a trained model that need more than images: class labels, translations, a classifier.

GAN-train: Ravuri & Vinyals 2019 (arXiv:1905.10887) and Shmelkov et al. 2018 (arXiv:1807.09499), whose GAN-test is the
label accuracy here. What CycleGAN's authors call an FCN score is `labels_kept`, by a small classifier.
"""

import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganeval.errors import ContentError, GanevalWarning
from ganeval.extractors.classifier import Classifier, classifier_path, load_classifier, save_classifier
from ganeval.extractors.classifier_training import accuracy, train_classifier
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.base import SampleSet
from ganeval.metrics import conditional
from ganeval.metrics.conditional import label_accuracy
from ganeval.metrics.estimate import Estimate, proportion
from ganeval.progress import Tick, silent
from ganeval.reports.report import Score
from ganeval.training.checks.measures import features_of
from ganeval.training.data.dataset import Split

Judge = Callable[[SampleSet], float]  # the share of labelled images that a classifier gets right


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
            "label_accuracy": score_of(proportion(judge(samples), len(samples)), "higher"),
            "gan_train": score_of(proportion(accuracy(student, test), len(test)), "higher"),
            "gan_train_real": score_of(proportion(judge(test), len(test)), "higher"),
        }
    except ContentError as reason:
        warnings.warn(f"label accuracy and GAN-train left out: {reason}", GanevalWarning, 2)
        return {}


def judge_of(extraction: Extraction | None, classes: tuple[str, ...] | None) -> Judge | None:
    """The extractor as a classifier of real images, where its classes are these: it was trained on such already."""
    if extraction is None or classes is None or extraction.extractor.classes != classes:
        return None

    def judge(images: SampleSet) -> float:
        features = FeatureSet.from_samples(images, extraction, Store(None), silent)
        if features.probabilities is None or images.labels is None:
            raise ContentError(f"{images.name}: found no labels or no class probabilities, needed both")
        return label_accuracy(features.probabilities.cpu(), torch.tensor(images.labels)).value

    return judge


def intra_class_recall(test: Split, pixels: Tensor, labels: Tensor, extraction: Extraction) -> dict[str, Score]:
    """The mean recall within a class, higher is better, and each class's own under `classes`; none without classes."""
    if test.labels is None:
        return {}
    real, fake = features_of(test.pixels, extraction), features_of(pixels, extraction)
    estimate = conditional.intra_class_recall(real, test.labels, fake, labels)
    if estimate is None:
        return {}
    recalls = estimate.more["classes"]
    by_class = {test.classes[label] if test.classes else str(label): recall for label, recall in recalls.items()}
    return {"intra_class_recall": score_of(replace(estimate, more={"classes": by_class}), "higher")}


def labels_kept(fake: SampleSet, train: SampleSet, tick: Tick = silent) -> dict[str, Score]:
    """The share of translations that a classifier of the target domain gives their source's class: higher is better.

    None, and a warning, where a class has too few images for a classifier.
    """
    try:
        return {"labels_kept": score_of(proportion(accuracy(classifier_of(train, tick), fake), len(fake)), "higher")}
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


def score_of(estimate: Estimate, better: str) -> Score:
    """The score of an estimate; `better`: "lower" or "higher"."""
    return Score(better=better, **asdict(estimate))
