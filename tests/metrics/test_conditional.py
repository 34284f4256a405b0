"""Label accuracy and recall within classes on sets whose value is known."""

import pytest
import torch
from toy_features import normal

from ganeval.metrics.conditional import class_recall, intra_class_recall, label_accuracy
from ganeval.metrics.estimate import proportion
from ganeval.metrics.neighbours import recall


def test_label_accuracy_is_a_share_with_its_binomial_error() -> None:
    probabilities, labels = torch.eye(4).repeat(25, 1), torch.arange(100) % 4
    labels[:75] = (labels[:75] + 1) % 4
    assert label_accuracy(probabilities, labels) == proportion(0.25, 100)
    assert proportion(0.25, 100).error == pytest.approx((0.25 * 0.75 / 100) ** 0.5)
    assert proportion(1.0, 10).error == proportion(0.0, 10).error == pytest.approx(0.098)  # Wilson: up to ± 0.19


def test_class_recall_is_recall_within_each_class() -> None:
    real, fake = normal(0, 120, 4), normal(1, 90, 4, 0.3)
    real_labels, fake_labels = torch.arange(120) % 3, torch.arange(90) % 3
    expected = {
        label: pytest.approx(recall(real[real_labels == label], fake[fake_labels == label])) for label in range(3)
    }
    assert class_recall(real, real_labels, fake, fake_labels) == expected
    estimate = intra_class_recall(real, real_labels, fake, fake_labels)
    assert estimate is not None
    assert estimate.value == pytest.approx(sum(estimate.more["classes"].values()) / 3)


def test_classes_with_fewer_than_eight_images_have_no_recall() -> None:
    features, labels = normal(0, 30, 4), torch.tensor([0] * 23 + [1] * 7)
    assert class_recall(features, labels, features, labels) == {0: 1.0}
    assert intra_class_recall(features[:7], labels[:7], features, labels) is None


def test_one_image_over_and_over_in_each_class_has_no_recall_where_mode_counts_are_perfect() -> None:
    labels = torch.arange(80) % 2
    real = normal(0, 80, 4) + 20 * labels[:, None]
    collapsed = real[:2][labels]
    assert max(class_recall(real, labels, collapsed, labels).values()) < 0.05
