"""Scores that need more than pictures, on hand-made cases whose value is known, and a judge's measures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from training_runs import load_splits

from ganeval.errors import GanevalWarning
from ganeval.evaluation.opening import extraction
from ganeval.evaluation.settings import Settings
from ganeval.features.extraction import Extraction
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.metrics.frechet import fid
from ganeval.progress import silent
from ganeval.training.checks.grids import grid, side_by_side, write_grid
from ganeval.training.checks.measures import (
    MIN_SELECTION,
    SelectionScorer,
    critic_gap,
    features_of,
)
from ganeval.training.data.dataset import Split, Splits
from ganeval.training.model_scores import conditional_scores, intra_class_recall, labels_kept

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def how() -> Extraction:
    return extraction("digits", Settings(extractor="digits"), silent)


@pytest.fixture(scope="module")
def digits() -> Splits:
    return load_splits("digits")


def flat(values: list[int], side: int = 8) -> torch.Tensor:
    """Pictures of one grey each."""
    return torch.tensor(values, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, side, side)


# classes


def stripes(labels: np.ndarray[Any, Any], seed: int = 0) -> SampleSet:
    """Pictures whose class is where the bright stripe lies, under a little noise."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 40, (len(labels), 8, 8), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label : 2 * label + 2] = 220
    return array_images(pictures, "stripes", labels=labels, classes=("a", "b", "c", "d"))


LABELS = np.tile(np.arange(4), 30)


def test_samples_of_the_right_classes_are_worth_as_much_as_real_ones() -> None:
    found = conditional_scores(stripes(LABELS, 1), stripes(LABELS, 2), stripes(LABELS, 3))
    assert {name: score.value for name, score in found.items()} == {
        "label_accuracy": 1.0, "gan_train": 1.0, "gan_train_real": 1.0,
    }  # fmt: skip


def test_samples_whose_classes_are_shifted_are_wrong_both_ways() -> None:
    shifted = stripes(LABELS, 1)
    shifted.labels = (LABELS + 1) % 4
    found = conditional_scores(shifted, stripes(LABELS, 2), stripes(LABELS, 3))
    assert (found["label_accuracy"].value, found["gan_train"].value) == (0.0, 0.0)
    assert found["gan_train_real"].value == 1.0


def test_a_class_too_small_for_a_classifier_leaves_the_scores_out_and_that_is_reported() -> None:
    lonely = stripes(np.array([0, 0, 1]))
    with pytest.warns(
        GanevalWarning, match="label accuracy and GAN-train left out: stripes: found one image of class 'b'"
    ):
        assert conditional_scores(lonely, stripes(LABELS), stripes(LABELS)) == {}
    with pytest.warns(GanevalWarning, match="labels kept left out: stripes: found one image of class 'b'"):
        assert labels_kept(lonely, stripes(LABELS)) == {}


def test_labels_kept_is_the_share_that_still_looks_like_its_class() -> None:
    half = stripes(LABELS, 1)
    half.labels = np.where(np.arange(len(LABELS)) < len(LABELS) // 2, LABELS, (LABELS + 1) % 4)
    assert labels_kept(half, stripes(LABELS, 3))["labels_kept"].value == 0.5


def test_recall_within_a_class_sees_what_counts_of_classes_cannot(digits: Splits, how: Extraction) -> None:
    test = digits.test
    assert test.labels is not None
    first = {int(label): int((test.labels == label).nonzero()[0]) for label in test.labels.unique()}
    one_of_each = test.pixels[[first[int(label)] for label in test.labels]]
    collapsed = intra_class_recall(test, one_of_each, test.labels, how)["intra_class_recall"]
    assert collapsed.value < 0.1
    perfect = intra_class_recall(test, test.pixels, test.labels, how)["intra_class_recall"]
    assert perfect.value == 1.0
    assert set(perfect.more["classes"]) == set("0123456789")
    assert intra_class_recall(Split(test.pixels, None), test.pixels, test.labels, how) == {}


# the judge


def test_samples_as_good_as_real_ones_are_about_the_floor_and_as_spread(digits: Splits, how: Extraction) -> None:
    scorer = SelectionScorer(digits.selection, digits.train, how)
    again = scorer.score(digits.test.pixels, digits.test.labels)
    assert again["fid"] < 3 * scorer.floor
    assert again["spread"] == pytest.approx(1, abs=0.05)
    assert again["recall"] > 0.7
    assert len(again["class_recall"]) == 10
    same = scorer.score(digits.selection.pixels)
    assert same["fid"] == pytest.approx(0, abs=1e-6)
    assert (same["floor"], same["fid_train"]) == pytest.approx((scorer.floor, scorer.floor), rel=1e-6)
    assert (same["precision"], same["recall"], same["spread"]) == (1, 1, 1)
    assert "class_recall" not in same


@pytest.mark.parametrize(("count", "said"), [(MIN_SELECTION - 1, False), (MIN_SELECTION, True)])
def test_few_held_out_images_accuse_no_run_of_copying(digits: Splits, how: Extraction, count: int, said: bool) -> None:
    few = replace(digits.selection, pixels=digits.selection.pixels[:count], labels=None)
    found = SelectionScorer(few, digits.train, how).score(digits.test.pixels[:200])
    assert ("fid_train" in found) is said
    assert found["fid"] > 0


def test_one_image_over_and_over_has_no_spread_and_no_recall(digits: Splits, how: Extraction) -> None:
    scorer = SelectionScorer(digits.selection, digits.train, how)
    found = scorer.score(digits.test.pixels[:1].expand(200, -1, -1, -1))
    assert found["spread"] == pytest.approx(0, abs=1e-6)
    assert found["recall"] < 0.05
    assert found["fid"] > 20 * scorer.floor


def test_the_features_of_checks_are_those_of_a_report_and_the_floor_is_fid(digits: Splits, how: Extraction) -> None:
    few = replaced_train(digits, 200)
    scorer = SelectionScorer(few.selection, few.train, how)
    floor = fid(features_of(few.selection.pixels, how), features_of(few.train.pixels, how))["fid"].value
    assert scorer.floor == pytest.approx(floor, rel=1e-9)
    points = torch.randn(30, 2)
    assert torch.equal(features_of(points, None), points.double())


def replaced_train(material: Splits, count: int) -> Splits:
    return replace(material, train=replace(material.train, pixels=material.train.pixels[:count], labels=None))


def test_points_are_scored_by_precision_recall_and_spread_alone() -> None:
    points = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    scorer = SelectionScorer(Split(points[:100], None), Split(points[100:], None), None)
    assert set(scorer.score(points[:200])) == {"spread", "precision", "recall"}


def test_the_generalisation_gap_needs_scores_of_all_three_sets() -> None:
    scores = {"real": torch.full((5,), 2.0), "held_out": torch.full((3,), 1.5), "made": torch.zeros(9)}
    assert critic_gap(scores) == 0.25
    assert critic_gap({**scores, "made": None}) is None


# grids


def test_a_grid_has_each_image_in_its_place_enlarged_by_a_whole_number(tmp_path: Path) -> None:
    pixels = flat([10, 20, 30, 40, 50])
    write_grid(tmp_path / "a" / "grid.png", pixels, 3)
    with Image.open(tmp_path / "a" / "grid.png") as image:
        shown = np.asarray(image)
    scale = 512 // (3 * 10 + 2)
    assert shown.shape == (scale * (2 * 10 + 2), scale * (3 * 10 + 2), 3)
    middles = [
        shown[scale * (2 + 10 * row + 4), scale * (2 + 10 * column + 4), 0] for row in (0, 1) for column in range(3)
    ]
    assert middles == [10, 20, 30, 40, 50, 255]


def test_large_images_are_not_enlarged_and_colours_stay() -> None:
    picture = torch.zeros(1, 3, 300, 300, dtype=torch.uint8)
    picture[:, 1] = 200
    shown = np.asarray(grid(picture, 1))
    assert shown.shape == (304, 304, 3)
    assert shown[150, 150].tolist() == [0, 200, 0]
    assert side_by_side(picture, flat([9], 300)).shape == (2, 3, 300, 300)
