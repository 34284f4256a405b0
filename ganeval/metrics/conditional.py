"""Scores of conditional samples: do they show the class they were generated for, and do they vary within it?

Label accuracy: GAN-test of Shmelkov et al. 2018, arXiv:1807.09499; on real images, by a classifier trained on the
samples, it is GAN-train (theirs too; Ravuri & Vinyals 2019, arXiv:1905.10887, call it CAS). Recall within a class sees
the collapse that mode counts cannot see.
"""

import warnings

from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.metrics.estimate import Estimate, proportion
from ganeval.metrics.neighbours import overlap, precision_recall

MIN_OF_CLASS = 8  # images of a class in both sets, below which recall within it has no meaning


def label_accuracy(probabilities: Tensor, labels: Tensor) -> Estimate:
    """Share of images to which a classifier gives their label, with its binomial error; 0 to 1, higher is better.

    `probabilities` (N, C), `labels` (N,).

    >>> import torch
    >>> label_accuracy(torch.tensor([[0.9, 0.1], [0.4, 0.6]]), torch.tensor([0, 0])).value
    0.5
    """
    return proportion(float((probabilities.argmax(1) == labels).double().mean()), len(labels))


def class_recall(real: Tensor, real_labels: Tensor, fake: Tensor, fake_labels: Tensor) -> dict[int, float]:
    """Recall of each class by its label, between the features of its reals and of its fakes; higher is better.

    `real` (M, D), `fake` (N, D), labels (M,) and (N,). Classes with fewer than eight images in a set are left out. Ties
    and duplicates are not warned about.

    >>> import torch
    >>> real = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    >>> labels = torch.arange(40) % 2
    >>> class_recall(real, labels, torch.where(labels[:, None] == 0, real, 9.0), labels)
    {0: 1.0, 1: 0.0}
    """
    recalls = {}
    for label in real_labels.unique().tolist():
        reals, fakes = real[real_labels == label], fake[fake_labels == label]
        if min(len(reals), len(fakes)) >= MIN_OF_CLASS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GanevalWarning)
                recalls[int(label)] = float(precision_recall(overlap(reals, fakes))["recall"].value)
    return recalls


def intra_class_recall(real: Tensor, real_labels: Tensor, fake: Tensor, fake_labels: Tensor) -> Estimate | None:
    """The mean of `class_recall`, each class in `more`; 0 to 1, higher is better. None where no class is large enough.

    >>> import torch
    >>> real = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    >>> estimate = intra_class_recall(real, torch.zeros(40), real, torch.zeros(40))
    >>> estimate.value, estimate.more
    (1.0, {'classes': {0: 1.0}})
    """
    recalls = class_recall(real, real_labels, fake, fake_labels)
    return Estimate(sum(recalls.values()) / len(recalls), more={"classes": recalls}) if recalls else None
