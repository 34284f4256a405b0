"""Stacked digits: exact balance, the right digit in each channel, and a classifier that looks at one at a time."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result

import ganeval
from ganeval.errors import ContentError, UsageError
from ganeval.extractors import open_extractor
from ganeval.media.base import SampleSet
from ganeval.sources.datasets import DATASETS, dataset_status, open_dataset, published_hash
from ganeval.sources.stacked_digits import CLASSES, StackedImages, stacked_images

CPU = torch.device("cpu")
GREYS = np.random.default_rng(0).integers(0, 256, (60, 4, 4), np.uint8)
DIGITS = np.arange(60) % 10


def opened(name: str) -> StackedImages:
    images = open_dataset(name)
    assert isinstance(images, StackedImages)
    return images


def pixels_of(images: SampleSet, count: int | None = None) -> np.ndarray:
    """The first `count` images, or all, as uint8 N,3,H,W."""
    return np.stack([images.item(index).pixels for index in range(len(images) if count is None else count)])


@pytest.mark.parametrize(("split", "each"), [("train", 128), ("test", 26)])
def test_every_triple_is_equally_frequent_and_no_picture_twice(split: str, each: int) -> None:
    images = opened(f"stacked-digits:{split}")
    assert len(images) == 1000 * each
    assert images.labels is not None
    assert np.bincount(images.labels).tolist() == [each] * 1000
    assert len({pixels.tobytes() for pixels in pixels_of(images)}) == len(images)
    assert np.abs(np.corrcoef(np.arange(len(images)), images.labels)[0, 1]) < 4 / len(images) ** 0.5  # in no order


def test_classes_are_the_triples_in_order() -> None:
    assert tuple("".join(triple) for triple in product("0123456789", repeat=3)) == CLASSES
    assert open_dataset("stacked-digits").classes == CLASSES


def test_each_channel_is_a_picture_of_the_digit_that_the_class_names() -> None:
    base, images = open_dataset("digits:test"), opened("stacked-digits:test")
    assert base.labels is not None
    assert images.labels is not None
    digit_of = {base.item(i).pixels[0].tobytes(): str(base.labels[i]) for i in range(len(base))}
    for index in range(0, len(images), 97):
        channels = images.item(index).pixels
        assert "".join(digit_of[channel.tobytes()] for channel in channels) == CLASSES[images.labels[index]]


def test_every_digit_of_the_split_is_used_about_equally() -> None:
    base, images = open_dataset("digits:test"), opened("stacked-digits:test")
    assert base.labels is not None
    used = np.bincount(images._members.ravel(), minlength=len(base))
    expected = 3 * len(images) / 10 / np.bincount(base.labels)[base.labels]
    assert np.abs((used - expected) / expected**0.5).max() < 5  # counts scatter by their root


def test_the_same_images_on_every_call() -> None:
    first, again = opened("stacked-digits:test"), opened("stacked-digits:test")
    pixels = pixels_of(first)
    assert (pixels.shape, pixels.dtype) == ((26_000, 3, 8, 8), np.uint8)
    assert np.array_equal(pixels, pixels_of(again))
    assert (first.item(0).format, first.item(0).converted, first.name_of(3)) == (
        "tensor",
        (),
        "stacked-digits:test[3]",
    )


def test_the_draw_is_the_same_on_every_machine() -> None:
    """NumPy froze the stream of RandomState (NEP 19): of seed 2020 its doubles begin like this."""
    assert np.random.RandomState(2020).random_sample(2).tolist() == [0.9862768288615988, 0.8733919458206546]
    images = stacked_images(GREYS, DIGITS, "toy", per_triple=2)
    order = np.argsort(np.random.RandomState(2020).random_sample(2000), kind="stable")
    assert images.labels is not None
    assert (images.labels == order // 2).all()


def test_hashes_come_from_the_published_sums_and_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    images = opened("stacked-digits:test")
    known = published_hash("stacked-digits:test")
    assert images.bytes_hash() == known
    assert known not in (published_hash("digits:test"), published_hash("stacked-digits:train"))
    assert images.subset([1, 2]).bytes_hash() != images.subset([2, 1]).bytes_hash()
    monkeypatch.setattr("ganeval.sources.datasets.RECIPE", 2)
    assert published_hash("stacked-digits:test") != known


def test_without_published_sums_the_pixels_are_hashed() -> None:
    images = stacked_images(GREYS, DIGITS, "toy", per_triple=1)
    other = stacked_images(GREYS[::-1], DIGITS[::-1], "toy", per_triple=1)
    assert images.bytes_hash() == stacked_images(GREYS, DIGITS, "other name", per_triple=1).bytes_hash()
    assert images.bytes_hash() != other.bytes_hash()


def test_too_few_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="1 images of a digit are too few for 2 of each triple"):
        stacked_images(GREYS[:10], DIGITS[:10], "toy", per_triple=2)
    with pytest.raises(ValueError, match="0 images of a digit"):
        stacked_images(GREYS[:9], DIGITS[:9], "toy", per_triple=1)
    assert len(stacked_images(GREYS[:10], DIGITS[:10], "toy", per_triple=1)) == 1000  # just enough


def test_splits_and_files_are_those_of_the_digits(tmp_path: Path) -> None:
    assert dataset_status("stacked-digits") == "here: comes with ganeval"
    assert dataset_status("stacked-mnist", tmp_path) == dataset_status("mnist", tmp_path)
    assert DATASETS["stacked-mnist"].source == "MNIST"
    with pytest.raises(UsageError, match="unknown split of stacked-digits 'selection'"):
        open_dataset("stacked-digits:selection")
    with pytest.raises(ContentError, match="stacked-mnist:test: no t10k-images-idx3-ubyte"):
        open_dataset("stacked-mnist:test", data_root=tmp_path, offline=True)


@pytest.mark.parametrize(("split", "each"), [("train", 128), ("test", 26)])
def test_stacked_mnist_to_the_published_sizes(split: str, each: int, data_root: Path) -> None:
    if not dataset_status(f"mnist:{split}", data_root).startswith("here"):
        pytest.skip(f"no mnist:{split} in {data_root}")
    images = open_dataset(f"stacked-mnist:{split}", data_root=data_root, offline=True)
    assert images.labels is not None
    assert np.bincount(images.labels).tolist() == [each] * 1000
    assert images.item(0).pixels.shape == (3, 28, 28)
    assert images.bytes_hash() == published_hash(f"stacked-mnist:{split}")


def test_the_extractor_is_the_classifier_on_each_channel() -> None:
    images = opened("stacked-digits:test")
    pictures = torch.from_numpy(pixels_of(images, 40)).float()
    one, three = open_extractor("digits", device=CPU), open_extractor("stacked-digits", device=CPU)
    features, probabilities = three.run(pictures)
    assert probabilities is not None
    assert three.classes == CLASSES
    by_hand = [one.run(pictures[:, [channel] * 3]) for channel in range(3)]
    torch.testing.assert_close(features, torch.cat([part for part, _ in by_hand], dim=1), rtol=1e-4, atol=1e-4)
    red, green, blue = (part.double() for _, part in by_hand if part is not None)
    for n in range(40):
        whole = torch.tensor([r * g * b for r, g, b in product(red[n].tolist(), green[n].tolist(), blue[n].tolist())])
        torch.testing.assert_close(probabilities[n].double(), whole.double(), rtol=1e-3, atol=1e-6)
    triples = 100 * red.argmax(1) + 10 * green.argmax(1) + blue.argmax(1)
    assert (probabilities.argmax(1) == triples).all()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(40))


def test_the_extractor_has_the_classifiers_weights_but_not_its_key() -> None:
    one, three = open_extractor("digits", device=CPU), open_extractor("stacked-digits", device=CPU)
    assert three.weights_sha256 == one.weights_sha256
    assert (three.size, three.weights, three.name) == (one.size, "published", "stacked-digits")
    assert three.identity != one.identity


@pytest.mark.slow
def test_known_gaps_are_counted_exactly() -> None:
    """Pictures that the classifier names rightly: two of each triple as reference, two of 300 of them as samples."""
    digits, extractor = open_dataset("digits"), open_extractor("stacked-digits", device=CPU)
    assert digits.labels is not None
    greys = np.stack([digits.item(index).pixels[0] for index in range(len(digits))])
    images = stacked_images(greys, digits.labels, "four of each", per_triple=4)
    _, probabilities = extractor.run(torch.from_numpy(pixels_of(images)).float())
    assert probabilities is not None
    assert images.labels is not None
    right = np.flatnonzero(probabilities.argmax(1).numpy() == images.labels)
    two = np.concatenate([right[images.labels[right] == mode][:2] for mode in range(1000)])
    assert len(two) == 2000
    report = ganeval.evaluate(images.subset(two[:600]), images.subset(two), extractor="stacked-digits", metrics="modes")
    for name in ("modes_hit", "modes_covered"):
        assert (report.scores[name].value, report.scores[name].total) == (300, 1000)
    assert report.scores["modes_kl"].value == pytest.approx(np.log(1000 / 300), rel=1e-9)


@pytest.mark.slow
def test_auto_takes_the_classifier_of_channels(run: Callable[..., Result], tmp_path: Path) -> None:
    np.save(tmp_path / "some.npy", pixels_of(opened("stacked-digits:test"), 50))
    result = run(
        "score", "--samples", tmp_path / "some.npy", "--ref", "stacked-digits", "--ref-n", 60, "--metrics", "fid"
    )
    assert result.exit_code == 0, result.output
    assert "stacked-digits features of each channel" in result.stdout
    result = run("score", "--samples", "digits", "--ref", "stacked-digits", "--extractor", "stacked-mnist")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: no classifier for mnist here: run `ganeval classifier mnist` (once; about five minutes on two cores)\n",
    )
