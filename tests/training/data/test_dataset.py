"""Training material: the same disjoint splits of any source, square pictures of one size, and CycleGAN's domains."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from training_runs import load_domains, load_splits

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.media.arrays import array_images
from ganeval.sources import opening
from ganeval.sources.datasets import DATASETS, open_dataset
from ganeval.sources.opening import Opening
from ganeval.sources.statistics_files import Statistics
from ganeval.training.data import loading
from ganeval.training.data.dataset import Splits, opened
from ganeval.training.data.loading import fitted
from ganeval.training.data.outlines import outlines
from ganeval.training.data.splits import partition, parts_of, stratified

RANDOM = np.random.default_rng(5)


def write(folder: Path, count: int, shape: tuple[int, ...] = (12, 12, 3)) -> Path:
    """A folder of so many noise pictures, none like another."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(RANDOM.integers(0, 256, shape, np.uint8)).save(folder / f"{index:03}.png")
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def splits(material: Splits) -> tuple[Tensor, Tensor, Tensor]:
    return material.train.pixels, material.selection.pixels, material.test.pixels


def rows(pixels: Tensor) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in pixels}


def counts(labels: Tensor | None) -> list[int]:
    assert labels is not None
    return torch.bincount(labels).tolist()


def test_digits_keep_their_published_splits_as_one_grey_channel() -> None:
    digits = load_splits("digits")
    assert (digits.name, digits.shape) == ("digits", (1, 8, 8))
    for split, held in zip(("train", "selection", "test"), (digits.train, digits.selection, digits.test), strict=True):
        images = open_dataset(f"digits:{split}")
        expected = np.stack([images.item(index).pixels[:1] for index in range(len(images))])
        np.testing.assert_array_equal(held.pixels.numpy(), expected)
        np.testing.assert_array_equal(held.labels, images.labels)
        assert held.name == f"digits:{split}"
        assert held.classes == digits.classes == tuple("0123456789")


def test_a_split_can_be_scored_as_the_images_it_came_from() -> None:
    split, published = load_splits("digits").test, open_dataset("digits:test")
    images = split.images()
    assert (images.name, images.classes, len(images)) == ("digits:test", published.classes, 500)
    np.testing.assert_array_equal(images.labels, published.labels)
    for index in (0, 250, 499):
        np.testing.assert_array_equal(images.item(index).pixels, published.item(index).pixels)


def test_one_split_of_a_data_set_is_refused_but_train_is_the_whole() -> None:
    assert load_splits("digits:train").fingerprint == load_splits("digits").fingerprint
    with pytest.raises(UsageError, match=r"digits:test: found one split, needed the whole data set; give digits"):
        load_splits("digits:test")


def test_a_folder_is_cut_into_tenths_that_share_nothing_and_lose_nothing(tmp_path: Path) -> None:
    material = load_splits(str(write(tmp_path / "cats", 47)))
    assert (material.name, material.shape, material.classes) == ("cats", (3, 12, 12), None)
    train, selection, test = map(rows, splits(material))
    assert (len(train), len(selection), len(test)) == (39, 4, 4)
    assert len(train | selection | test) == 47


def test_a_source_is_always_cut_alike_and_another_has_another_fingerprint(tmp_path: Path) -> None:
    folder = write(tmp_path / "cats", 20)
    first, again = load_splits(str(folder)), load_splits(str(folder))
    assert all(torch.equal(one, other) for one, other in zip(splits(first), splits(again), strict=True))
    torch.manual_seed(1)
    np.random.seed(1)
    assert first.fingerprint == again.fingerprint == load_splits(str(folder)).fingerprint
    pixels = np.array(Image.open(folder / "000.png"))
    pixels[5, 5, 2] ^= 1
    Image.fromarray(pixels).save(folder / "000.png")
    assert load_splits(str(folder)).fingerprint != first.fingerprint


def test_the_fingerprint_tells_labels_apart() -> None:
    pixels = RANDOM.integers(0, 256, (20, 8, 8), np.uint8)
    labels = np.arange(20) % 2
    prints = {
        opened(partition(array_images(pixels, labels=tags)), "a").read().fingerprint
        for tags in (None, labels, 1 - labels)
    }
    assert len(prints) == 3


def test_a_zip_and_an_array_give_the_material_of_the_same_folder(tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for name, count in (("cat", 20), ("dog", 30)):
        write(folder / name, count)
    material = load_splits(str(folder))
    assert material.classes == ("cat", "dog")
    assert load_splits(str(zipped(folder))).fingerprint == material.fingerprint
    files = sorted(folder.rglob("*.png"))
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    np.savez(tmp_path / "pets.npz", images=pixels, labels=np.array([file.parent.name == "dog" for file in files], int))
    assert load_splits(str(tmp_path / "pets.npz")).fingerprint == material.fingerprint
    np.save(tmp_path / "pets.npy", pixels)
    assert load_splits(str(tmp_path / "pets.npy")).train.labels is None


def test_each_split_has_its_share_of_each_class(tmp_path: Path) -> None:
    for name, count in (("cat", 20), ("dog", 30), ("hen", 50)):
        write(tmp_path / "pets" / name, count)
    material = load_splits(str(tmp_path / "pets"))
    assert counts(material.test.labels) == counts(material.selection.labels) == [2, 3, 5]
    assert counts(material.train.labels) == [16, 24, 40]


def test_labels_go_with_their_images(tmp_path: Path) -> None:
    for value, name in ((10, "dark"), (200, "light")):
        (tmp_path / "levels" / name).mkdir(parents=True)
        for index in range(15):
            Image.new("L", (8, 8), value + index).save(tmp_path / "levels" / name / f"{index:02}.png")
    material = load_splits(str(tmp_path / "levels"))
    for split in (material.train, material.selection, material.test):
        assert split.labels is not None
        assert ((split.pixels[:, 0, 0, 0] >= 200) == (split.labels == 1)).all()


@pytest.mark.parametrize("shares", [(9,), (5, 5), (97, 2, 1), (40, 30, 20, 7, 3)])
@pytest.mark.parametrize("count", [1, 7, 10, 50])
def test_a_stratified_draw_rounds_each_share_up_or_down(shares: tuple[int, ...], count: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(shares)), np.multiply(shares, 10)))
    chosen = stratified(labels, count)
    assert len(set(chosen.tolist())) == count
    exact = np.multiply(shares, 10) * count / len(labels)
    drawn = np.bincount(labels[chosen], minlength=len(shares))
    assert (np.abs(drawn - exact) < 1).all()


def test_selection_has_five_thousand_at_most() -> None:
    parts = partition(array_images(np.zeros((60_000, 8, 8), np.uint8)))
    assert {name: part.count for name, part in parts.items()} == {"train": 49_000, "selection": 5_000, "test": 6_000}


def test_folders_train_and_test_are_the_splits(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    for split, count in (("train", 15), ("test", 4)):
        for name in ("cat", "dog"):
            write(root / split / name, count)
    (root / "README.txt").write_text("two splits")
    material = load_splits(str(root))
    assert material.classes == ("cat", "dog")
    assert [counts(one.labels) for one in (material.selection, material.test)] in ([[2, 1], [4, 4]], [[1, 2], [4, 4]])
    held = {np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes() for file in (root / "test").rglob("*.png")}
    assert rows(material.test.pixels) == held
    assert len(rows(material.train.pixels) | rows(material.selection.pixels)) == 30
    assert load_splits(str(zipped(root))).fingerprint == material.fingerprint


def test_train_and_test_may_have_no_classes_but_not_different_ones(tmp_path: Path) -> None:
    write(tmp_path / "train", 12)
    write(tmp_path / "test", 3)
    material = load_splits(str(tmp_path))
    assert (len(material.train), len(material.selection), len(material.test)) == (11, 1, 3)
    assert material.classes is None
    write(tmp_path / "deep" / "train" / "cat", 6)
    write(tmp_path / "deep" / "train" / "dog", 6)
    write(tmp_path / "deep" / "test", 6)
    with pytest.raises(ContentError, match=r"found the classes cat, dog and none in train and test"):
        load_splits(str(tmp_path / "deep"))


def test_nine_images_are_too_few_and_ten_enough(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"found 9 samples to train on, needed 10 or more"):
        load_splits(str(write(tmp_path / "few", 9)))
    assert [len(one) for one in splits(load_splits(str(write(tmp_path / "few", 10))))] == [8, 1, 1]


def test_grey_images_have_one_channel_and_one_coloured_pixel_makes_three(tmp_path: Path) -> None:
    pixels = np.repeat(RANDOM.integers(0, 256, (300, 8, 8, 1), np.uint8), 3, axis=3)
    np.save(tmp_path / "grey.npy", pixels)
    assert load_splits(str(tmp_path / "grey.npy")).shape == (1, 8, 8)
    pixels[299, 7, 7, 2] ^= 1
    np.save(tmp_path / "coloured.npy", pixels)
    assert load_splits(str(tmp_path / "coloured.npy")).shape == (3, 8, 8)


@pytest.mark.parametrize("shape", [(12, 10, 3), (7, 7, 3), (257, 257, 3)])
def test_images_that_are_no_fit_squares_need_a_size(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    folder = str(write(tmp_path / "odd", 10, shape))
    found = f"found {shape[1]} x {shape[0]} pixels, needed squares of 8 to 256; give --set size=N"
    with pytest.raises(UsageError, match=found):
        load_splits(folder)
    assert load_splits(folder, size=8).shape == (3, 8, 8)


def test_squares_of_two_sizes_need_a_size_and_the_odd_one_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "mixed", 19)
    Image.new("RGB", (9, 9)).save(folder / "zzz.png")
    with pytest.raises(UsageError, match=r"zzz\.png: found 9 x 9 pixels, needed 12 x 12 as the first image has; "):
        load_splits(str(folder))
    assert load_splits(str(folder), size=10).shape == (3, 10, 10)


@pytest.mark.parametrize("size", [0, 7, 257])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=f"size={size}: needed 8 to 256 pixels"):
        load_splits("digits", size=size)


def test_the_square_in_the_middle_is_kept() -> None:
    picture = np.zeros((3, 8, 20), np.uint8)
    picture[:, :, 6:14] = RANDOM.integers(1, 256, (3, 8, 8))
    np.testing.assert_array_equal(fitted(picture, 8), picture[:, :, 6:14])
    np.testing.assert_array_equal(fitted(picture.transpose(0, 2, 1), 8), picture[:, :, 6:14].transpose(0, 2, 1))


def test_shrinking_is_torchs_antialiased_bilinear_and_growing_pillows_bicubic() -> None:
    picture = RANDOM.integers(0, 256, (3, 48, 48), np.uint8)
    smooth = torch.nn.functional.interpolate(
        torch.from_numpy(picture)[None].float(), (16, 16), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(fitted(picture, 16), smooth[0], atol=1.01)  # Pillow rounds twice
    grown = [Image.fromarray(channel).resize((64, 64), Image.Resampling.BICUBIC) for channel in picture]
    np.testing.assert_array_equal(fitted(picture, 64), np.stack([np.asarray(one) for one in grown]))


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "cats", 12)
    (folder / "005.png").write_bytes(b"no picture")
    with pytest.raises(ContentError, match=r"005\.png: not an image"):
        load_splits(str(folder))


def test_images_that_would_not_fit_in_memory_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_BYTES", 10**5)
    with pytest.raises(ContentError, match=r"found 1,797 images of 8 x 8, which take 0\.0 GB, and training holds all"):
        load_splits("digits")


def test_a_stream_and_bare_statistics_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found a stream, which is read once"):
        load_splits("numpy:zeros")
    np.savez(tmp_path / "bare.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(UsageError, match="found statistics, needed images or points"):
        load_splits(str(tmp_path / "bare.npz"))


def test_points_are_material_too(tmp_path: Path) -> None:
    features, labels = RANDOM.standard_normal((50, 2)), np.arange(50) % 5
    np.savez(tmp_path / "ring.npz", features=features, labels=labels)
    material = load_splits(str(tmp_path / "ring.npz"))
    assert (material.shape, material.train.pixels.dtype) == ((2,), torch.float32)
    assert [len(one) for one in splits(material)] == [40, 5, 5]
    assert counts(material.test.labels) == [1] * 5
    where = {tuple(point): label for point, label in zip(features.astype(np.float32).tolist(), labels, strict=True)}
    for split in (material.train, material.selection, material.test):
        assert split.labels is not None
        assert [where[tuple(point)] for point in split.pixels.tolist()] == split.labels.tolist()


def test_points_have_no_size_in_pixels() -> None:
    with pytest.raises(UsageError, match=r"^size=64: found points in ring8, needed images to resize; leave it out$"):
        load_splits("ring8", size=64)


def test_points_without_labels_are_cut_as_well() -> None:
    parts = partition(Statistics("points", features=RANDOM.standard_normal((30, 3))))
    material = opened(parts, "points").read()
    assert (material.shape, len(material.test), material.test.labels) == ((3,), 3, None)


def test_progress_counts_every_image(write_digits: Callable[..., Path], tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    load_splits(str(write_digits(tmp_path / "digits", 30)), tick=lambda *told: seen.append(told))
    assert seen[-1] == ("reading images", 30, 30)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_outlined_digits_are_of_other_digits_in_training_and_of_the_same_in_test() -> None:
    domains = load_domains("digits")
    assert (domains.name, domains.names, domains.truth) == ("digits", ("digit", "outline"), True)
    assert domains.a.shape == domains.b.shape == (1, 16, 16)
    whole = load_splits("digits", size=16)
    for part in ("selection", "test"):
        a, b, pictures = (getattr(one, part) for one in (domains.a, domains.b, whole))
        assert torch.equal(a.pixels, pictures.pixels)
        assert torch.equal(b.pixels, outlines(a.pixels))
        assert torch.equal(a.labels, pictures.labels)
        assert torch.equal(b.labels, pictures.labels)
    assert len(domains.a.train) + len(domains.b.train) == len(whole.train)
    assert not rows(outlines(domains.a.train.pixels)) & rows(domains.b.train.pixels)
    assert rows(domains.b.train.pixels) <= rows(outlines(whole.train.pixels))


def test_both_halves_hold_all_classes_even_of_a_folder_sorted_by_class(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / "pets" / name, 25, (16, 16, 3))
    domains = load_domains(str(tmp_path / "pets"))
    assert (domains.names, domains.b.name, domains.a.shape) == (("picture", "outline"), "pets-outline", (3, 16, 16))
    assert counts(domains.a.train.labels) == counts(domains.b.train.labels) == [10, 10]


def test_small_images_grow_to_sixteen_for_translation_unless_a_size_is_given() -> None:
    assert load_domains("digits", size=8).a.shape == (1, 8, 8)
    assert load_domains("digits", size=32).b.shape == (1, 32, 32)


def domain_folder(root: Path) -> Path:
    for name, count, shape in (("trainA", 20, (12, 16, 3)), ("trainB", 30, (20, 20)), ("testA", 4, (9, 9, 3))):
        write(root / name, count, shape)
    return root


def test_folders_a_and_b_are_the_domains_each_with_its_own_channels(tmp_path: Path) -> None:
    root = domain_folder(tmp_path / "maps")
    domains = load_domains(str(root), size=16)
    assert (domains.name, domains.names, domains.truth) == ("maps", ("trainA", "trainB"), False)
    assert (domains.a.name, domains.b.name) == ("maps-A", "maps-B")
    assert (domains.a.shape, domains.b.shape) == ((3, 16, 16), (1, 16, 16))
    assert [len(one) for one in splits(domains.a)] == [18, 2, 4]  # testA is there
    assert [len(one) for one in splits(domains.b)] == [24, 3, 3]  # testB is drawn
    assert domains.a.classes is None
    again = load_domains(str(zipped(root)), size=16)
    assert (again.a.fingerprint, again.b.fingerprint) == (domains.a.fingerprint, domains.b.fingerprint)


def test_a_second_source_beside_a_folder_of_both_domains_is_refused(tmp_path: Path) -> None:
    root, single = domain_folder(tmp_path / "maps"), write(tmp_path / "single", 10)
    with pytest.raises(
        UsageError, match=rf"^--data-b {single}: found trainB in {root} already; leave one of them out$"
    ):
        load_domains(str(root), str(single), size=16)
    with pytest.raises(UsageError, match=rf"^--data-b {root}: found two domains \(trainA, trainB\), needed one;"):
        load_domains(str(single), str(root), size=16)


def test_a_folder_beside_the_domains_is_warned_of(tmp_path: Path) -> None:
    write(domain_folder(tmp_path / "maps") / "valA", 3)
    with pytest.warns(GanevalWarning, match="valA left out"):
        load_domains(str(tmp_path / "maps"), size=16)


def test_a_domain_with_too_few_images_is_named(tmp_path: Path) -> None:
    write(tmp_path / "pair" / "trainA", 10)
    write(tmp_path / "pair" / "trainB", 9)
    with pytest.raises(ContentError, match=r"pair/trainB: found 9 samples to train on"):
        load_domains(str(tmp_path / "pair"))


def test_domains_of_two_sizes_need_a_size(tmp_path: Path) -> None:
    small, large = write(tmp_path / "small", 10, (16, 16, 3)), write(tmp_path / "large", 10, (20, 20, 3))
    with pytest.raises(UsageError, match=r"small-large: found domains of 16 x 16 and 20 x 20 pixels, .* --set size=N"):
        load_domains(str(small), str(large))
    domains = load_domains(str(small), str(large), size=16)
    assert (domains.names, domains.truth, domains.name) == (("small", "large"), False, "small-large")
    assert domains.a.fingerprint == load_splits(str(small)).fingerprint


def test_points_cannot_be_translated(tmp_path: Path) -> None:
    np.savez(tmp_path / "ring.npz", features=RANDOM.standard_normal((50, 2)))
    with pytest.raises(UsageError, match="found points, needed images to translate"):
        load_domains(str(tmp_path / "ring.npz"))


def test_a_named_set_without_a_selection_split_draws_it_from_train(monkeypatch: pytest.MonkeyPatch) -> None:
    row = DATASETS["digits"]
    splits_left = {"train": row.splits["train"], "test": row.splits["test"]}
    monkeypatch.setitem(DATASETS, "tiny", replace(row, splits=splits_left))
    monkeypatch.setattr(opening, "NAMES", (*opening.NAMES, "tiny"))
    tiny, digits = load_splits("tiny"), load_splits("digits")
    assert (tiny.name, tiny.train.name) == ("tiny", "tiny:train")
    assert torch.equal(tiny.test.pixels, digits.test.pixels)
    assert [len(one) for one in splits(tiny)] == [988, 109, 500]
    assert sorted(map(bytes, [*tiny.train.pixels.numpy(), *tiny.selection.pixels.numpy()])) == sorted(
        map(bytes, digits.train.pixels.numpy())
    )


@pytest.mark.slow
def test_published_splits_of_real_data_are_kept(data_root: Path) -> None:
    mnist = load_splits("mnist", data_root=data_root)
    assert (mnist.shape, [len(one) for one in splits(mnist)]) == ((1, 28, 28), [55_000, 5_000, 10_000])
    test = open_dataset("mnist:test", data_root=data_root)
    np.testing.assert_array_equal(mnist.test.pixels[77, 0], test.item(77).pixels[0])
    np.testing.assert_array_equal(mnist.test.labels, test.labels)


@pytest.mark.slow
def test_cifar_draws_five_hundred_of_each_class_for_selection(data_root: Path) -> None:
    parts = parts_of("cifar10", Opening(data_root))
    assert parts["selection"].labels is not None
    assert np.bincount(parts["selection"].labels).tolist() == [500] * 10


def test_maps_are_two_domains(data_root: Path) -> None:
    domains = load_domains(str(data_root / "maps"), size=64)
    assert domains.a.shape == domains.b.shape == (3, 64, 64)
    assert [len(one) for one in splits(domains.a)] == [len(one) for one in splits(domains.b)] == [90, 10, 50]
