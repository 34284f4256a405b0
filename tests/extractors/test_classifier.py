"""The small classifiers: the one that ships, the recipe that made it, and their files."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganeval.errors import ContentError, UsageError
from ganeval.extractors.classifier import (
    DIGITS,
    Classifier,
    ClassifierMetadata,
    classifier_path,
    load_classifier,
    save_classifier,
)
from ganeval.extractors.classifier_training import train_classifier
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.media.files import folder_images
from ganeval.sources.datasets import open_dataset, published_hash

METADATA = ClassifierMetadata(8, 16, ("a", "b"), "a", "0" * 64, 2020, 0.5, 1)


def tensor(images: SampleSet) -> torch.Tensor:
    return torch.from_numpy(np.stack([picture.pixels for batch in images.batches(99) for picture in batch])).float()


def answers(images: SampleSet) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        features, logits = load_classifier(DIGITS).module(tensor(images))
    return features, logits


def bright_and_dark(count: int = 24, shape: tuple[int, ...] = (12, 10, 3)) -> SampleSet:
    """Colour pictures that are not square, of two classes that anyone can tell apart."""
    generator = np.random.default_rng(5)
    labels = np.arange(count) % 2
    pixels = generator.integers(0, 100, (count, *shape)) + 150 * labels[:, None, None, None]
    return array_images(pixels.astype(np.uint8), "tones", labels=labels, classes=("dark", "bright"))


@pytest.mark.parametrize("split", ["test", "selection"])
def test_the_shipped_classifier_knows_its_digits(split: str) -> None:
    images = open_dataset(f"digits:{split}")
    _, logits = answers(images)
    assert (logits.argmax(1).numpy() == images.labels).mean() >= 0.985


def test_the_shipped_classifier_saw_the_training_digits_alone() -> None:
    loaded = load_classifier(DIGITS)
    assert DIGITS.stat().st_size < 300_000
    assert loaded.metadata.classes == tuple("0123456789")
    assert loaded.metadata.size == 8
    assert loaded.metadata.source == "digits:train"
    assert loaded.metadata.data_sha256 == published_hash("digits:train")
    assert loaded.metadata.seed == 2020
    assert loaded.metadata.accuracy > 0.97
    assert not loaded.module.training


def test_its_features_are_alive_and_of_full_rank() -> None:
    features, _ = answers(open_dataset("digits:test"))
    assert features.shape == (500, 64)
    assert features.std(0).min() > 0.1
    assert ((features > 0).float().mean(0) < 1).all()  # the units are used on both sides of their kink
    spectrum = torch.linalg.eigvalsh(torch.cov(features.double().T))
    assert spectrum[0] > 1e-5 * spectrum[-1]


def test_its_features_put_worse_pictures_farther_away() -> None:
    pixels, generator = tensor(open_dataset("digits:test")), torch.Generator().manual_seed(0)
    blurred = torch.nn.functional.avg_pool2d(pixels, 3, stride=1, padding=1)
    noisy = (pixels + 64 * torch.randn(pixels.shape, generator=generator)).clamp(0, 255)
    noise = torch.rand(pixels.shape, generator=generator) * 255
    with torch.no_grad():
        module = load_classifier(DIGITS).module
        real = module(tensor(open_dataset("digits:train")))[0]
        distances = [(module(fake)[0].mean(0) - real.mean(0)).norm() for fake in (pixels, blurred, noise)]
        assert (module(noisy)[0].mean(0) - real.mean(0)).norm() > distances[0]
    assert distances == sorted(distances)


def test_a_picture_does_not_depend_on_its_batch() -> None:
    pixels, module = tensor(open_dataset("digits:selection")), load_classifier(DIGITS).module
    with torch.no_grad():
        together = torch.cat(module(pixels), dim=1)
        alone = torch.cat([torch.cat(module(one[None]), dim=1) for one in pixels[:20]])
        torch.testing.assert_close(together[:20], alone, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(torch.cat(module(pixels.flip(0)), dim=1).flip(0), together, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [8, 12, 16, 28, 32, 64])
def test_one_design_fits_every_size(size: int) -> None:
    features, logits = Classifier(size=size, classes=7, width=128).eval()(torch.full((2, 3, size, size), 9.0))
    assert features.shape == (2, 128)
    assert logits.shape == (2, 7)
    assert features.dtype == logits.dtype == torch.float32


@pytest.mark.slow
def test_training_learns_and_repeats_itself() -> None:
    images, steps, threads = bright_and_dark(), [], torch.get_num_threads()
    before = torch.get_rng_state()
    first, metadata = train_classifier(images, progress=lambda *step: steps.append(step))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    second, _ = train_classifier(images)
    other, _ = train_classifier(images, seed=1)
    expected = ClassifierMetadata(12, 64, ("dark", "bright"), "tones", images.bytes_hash(), 2020, 1.0, metadata.recipe)
    assert metadata == expected
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.stem.weight, other.stem.weight)
    assert not first.training
    assert steps[0] == ("reading images", 24, 24)
    assert steps[-1][1] == steps[-1][2] == len(steps) - 1


def test_training_works_from_a_folder_of_digits(tmp_path: Path) -> None:
    source = folder_images(Path(__file__).parents[2] / "examples" / "digits")
    few = [index for label in (0, 1) for index in np.flatnonzero(source.labels == label)[:12]]
    module, metadata = train_classifier(source.subset(few))  # of ten classes, eight without pictures
    assert metadata.size == 8
    assert metadata.accuracy == 1
    save_classifier(tmp_path / "few.safetensors", module, metadata)
    logits = load_classifier(tmp_path / "few.safetensors").module(tensor(source.subset(few)))[1]
    assert logits.argmax(1).tolist() == [0] * 12 + [1] * 12


@pytest.mark.parametrize(("shape", "size"), [((28, 28, 3), 28), ((5, 4, 3), 8), ((90, 70, 3), 64)])
def test_pictures_are_brought_to_a_size(shape: tuple[int, ...], size: int) -> None:
    module, metadata = train_classifier(bright_and_dark(6, shape))
    assert metadata.size == size
    assert metadata.width == module.head.in_features == (64 if size == 8 else 128)


def test_what_cannot_be_learned_from() -> None:
    pixels = np.zeros((4, 8, 8), np.uint8)
    with pytest.raises(UsageError, match=r"p: found no labels, needed a folder for each class"):
        train_classifier(array_images(pixels[:2], "p"))
    with pytest.raises(ContentError, match="p: found 1 class"):
        train_classifier(array_images(pixels, "p", labels=[1, 1, 1, 1]))
    with pytest.raises(ContentError, match="p: found one image of class 'b'"):
        train_classifier(array_images(pixels, "p", labels=[0, 0, 0, 1], classes=("a", "b")))
    with pytest.raises(ContentError, match="outside the 2 classes"):
        train_classifier(array_images(pixels, "p", labels=[0, 0, 2, 2], classes=("a", "b")))


def test_one_classifier_per_data_seed_and_recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path))
    path = classifier_path("abc", 1)
    assert path.parent == tmp_path / "classifiers"
    assert path == classifier_path("abc", 1)
    assert len({path, classifier_path("abc", 2), classifier_path("abd", 1)}) == 3
    monkeypatch.setattr("ganeval.extractors.classifier.RECIPE", 0)
    assert classifier_path("abc", 1) != path


def test_a_file_holds_what_was_saved(tmp_path: Path) -> None:
    module = Classifier(size=8, classes=2, width=16).eval()
    for name in ("one", "two"):
        save_classifier(tmp_path / name, module, METADATA)
    loaded = load_classifier(tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert loaded.metadata == METADATA
    assert loaded.sha256 == load_classifier(tmp_path / "two").sha256
    pixels = torch.rand(3, 3, 8, 8) * 255
    assert torch.equal(loaded.module(pixels)[1], module(pixels)[1])


def forge(path: Path, metadata: dict[str, object], weights: dict[str, torch.Tensor] | None = None) -> None:
    whole = Classifier(size=8, classes=2, width=16).state_dict()
    save_file(weights or whole, path, metadata={"ganeval.classifier": json.dumps(metadata)})


def test_a_file_of_anything_else_is_one_line(tmp_path: Path) -> None:
    good = asdict(METADATA)
    weights = Classifier(size=8, classes=2, width=16).state_dict()
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_bytes(DIGITS.read_bytes()[:-1])
    (tmp_path / "head").write_bytes(DIGITS.read_bytes()[:100])
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign")
    save_file({"a": torch.zeros(2)}, tmp_path / "other metadata", metadata={"format": "pt"})
    forge(tmp_path / "no size", {key: value for key, value in good.items() if key != "size"})
    forge(tmp_path / "more", good | {"surprise": 1})
    forge(tmp_path / "not a number", good | {"size": "8"})
    forge(tmp_path / "huge", good | {"size": 10**9})
    forge(tmp_path / "other width", good | {"width": 32})
    forge(tmp_path / "one class", good | {"classes": ["a"]})
    forge(tmp_path / "no classes", good | {"classes": None})
    forge(tmp_path / "list", ["a"])  # type: ignore[arg-type]
    forge(tmp_path / "other weights", good, {"a": torch.zeros(2)})
    forge(tmp_path / "infinite", good, weights | {"head.bias": torch.full((2,), torch.inf)})
    forge(tmp_path / "half", good, {name: value.half() for name, value in weights.items()})
    for path in tmp_path.iterdir():
        with pytest.raises(ContentError, match=f"{path}: ") as caught:
            load_classifier(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="no such file"):
        load_classifier(tmp_path / "nowhere")
