"""The store: the same bytes under the same protocol are computed once, all else again; damage costs only time."""

import shutil
import tarfile
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ganeval import evaluate
from ganeval.errors import BadImage, GanevalWarning
from ganeval.evaluation.opening import extraction
from ganeval.evaluation.settings import Settings
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Entry, Store, key_of
from ganeval.media import files
from ganeval.media.arrays import array_images
from ganeval.media.files import folder_images, zip_images
from ganeval.sources.opening import open_source

KEY = key_of(bytes="ab", resize="tf1")
ENTRY = Entry(
    {
        "features": torch.arange(24, dtype=torch.float32).reshape(6, 4),
        "kept": torch.arange(6),
        "none": torch.empty(0, 3),
        "one": torch.tensor(1.5, dtype=torch.float64),
        "flags": torch.tensor([True, False]),
    },
    {"count": 6, "shape": None, "skipped": [["a.png", "ü"]]},
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache for the commands of one test."""
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded, as it happens."""
    names = []
    decode = files.decode

    def counting(data, name, jpeg=None):
        names.append(name)
        return decode(data, name, jpeg)

    monkeypatch.setattr(files, "decode", counting)
    return names


def the_file(store):
    (path,) = store.root.rglob("*.safetensors")
    return path


def assert_same(found, entry=ENTRY):
    assert found is not None
    assert found.facts == entry.facts
    assert set(found.tensors) == set(entry.tensors)
    for name, tensor in entry.tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*arguments, **options)


def test_what_is_saved_is_loaded_as_it_was(store):
    assert quietly(store.load, KEY) is None
    quietly(store.save, KEY, ENTRY)
    assert_same(quietly(store.load, KEY))
    assert the_file(store) == store.root / f"{KEY}.safetensors"
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 1


def test_a_key_is_its_parts_in_any_order_and_nothing_else():
    assert key_of(a=1, b={"x": 1, "y": 2}) == key_of(b={"y": 2, "x": 1}, a=1)
    others = [key_of(a=2, b=1), key_of(a=1, b=2), key_of(a=1), key_of(a="1", b=1), key_of(a=1, b=1, c=None)]
    assert len({key_of(a=1, b=1), *others}) == 6


def truncated(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def flipped(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def foreign(path):
    save_file({"features": torch.zeros(6, 4)}, path)


def of_another_key(path):
    other = Store(path.parent / "other")
    other.save(key_of(bytes="other"), ENTRY)
    shutil.move(the_file(other), path)


DAMAGE = {
    "empty": lambda path: truncated(path, 0),
    "cut in the header": lambda path: truncated(path, 0.02),
    "cut in the middle": lambda path: truncated(path, 0.5),
    "cut at the end": lambda path: truncated(path, 0.99),
    "a bit of the features": lambda path: flipped(path, -30),
    "the last bit": lambda path: flipped(path, -1),
    "a bit of the header's length": lambda path: flipped(path, 7),
    "text": lambda path: path.write_text("hello"),
    "another program's": foreign,
    "another key's": of_another_key,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_said_counts_as_absent_and_is_replaced(store, kind):
    store.save(KEY, ENTRY)
    DAMAGE[kind](the_file(store))
    path = store.root / f"{KEY}.safetensors"
    with pytest.warns(GanevalWarning, match=f"{KEY}.safetensors: damaged .*; computed again"):
        assert store.load(KEY) is None
    store.save(KEY, ENTRY)
    assert path.is_file()
    assert_same(quietly(store.load, KEY))


def test_changed_facts_are_damage_too(store):
    store.save(KEY, ENTRY)
    path = the_file(store)
    path.write_bytes(path.read_bytes().replace(b'\\"count\\": 6', b'\\"count\\": 7'))
    with pytest.warns(GanevalWarning, match="its checksum is wrong"):
        assert store.load(KEY) is None


def test_a_store_that_cannot_be_written_costs_only_the_cache(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    store = Store(tmp_path / "taken")
    with pytest.warns(GanevalWarning, match=r"taken: cannot keep features there \(.+\); not cached"):
        store.save(KEY, ENTRY)
    assert quietly(store.load, KEY) is None


def test_a_full_disk_costs_only_the_cache(store):
    resource = pytest.importorskip("resource")  # POSIX
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        with pytest.warns(GanevalWarning, match=r"cannot keep features there \(.*too large.*\); not cached"):
            store.save(KEY, ENTRY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_no_store_and_no_key_keep_nothing(store):
    quietly(Store(None).save, KEY, ENTRY)
    assert Store(None).load(KEY) is None
    quietly(store.save, None, ENTRY)
    assert store.load(None) is None
    assert not store.root.exists()
    assert Store.of(False).root is None


# what decides the key of a set's features


def key_by(how, images):
    shelf = how.shelf(images)
    return None if shelf is None else how.key(shelf, images.bytes_hash())


@pytest.fixture(scope="module")
def how():
    return extraction("digits", Settings(), lambda *_: None)


def test_every_part_of_the_protocol_and_every_pixel_is_in_the_key(how, digits_folder, tmp_path):
    images, bf16 = folder_images(digits_folder), replace(how.extractor, precision="bf16")
    changed = shutil.copytree(digits_folder, tmp_path / "changed")
    with Image.open(changed / "007.png") as image:
        image.putpixel((3, 3), image.getpixel((3, 3)) ^ 1)
        image.save(changed / "007.png")
    keys = [
        key_by(how, images),
        key_by(how, folder_images(changed)),
        key_by(replace(how, resize="pil-bicubic"), images),
        key_by(replace(how, extractor=replace(how.extractor, weights_sha256="ab")), images),
        key_by(replace(how, extractor=replace(how.extractor, layer="logits")), images),
        key_by(replace(how, extractor=bf16), images),
        key_by(how, images.subset(range(59))),
    ]
    assert len({key.partition("/")[2] for key in keys}) == len(keys)  # not by the shelf alone
    assert key_by(how, folder_images(shutil.copytree(digits_folder, tmp_path / "moved"))) == keys[0]
    assert key_by(replace(how, batch_size=3), images) == keys[0]


def test_what_cannot_be_known_by_its_bytes_has_no_key(how, digits_folder):
    assert key_by(replace(how, extractor=replace(how.extractor, cacheable=False)), folder_images(digits_folder)) is None


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path


def test_a_folder_and_a_zip_of_the_same_files_share_an_entry(how, digits_folder, tmp_path):
    archive = zipped(digits_folder, tmp_path / "a.zip")
    assert key_by(how, zip_images(archive)) == key_by(how, folder_images(digits_folder))


# the same, seen from outside: which files are decoded


def fid(samples, reference, **options):
    return evaluate(samples, reference, Settings(metrics=["fid"], extractor="digits", **options)).scores["fid"]


def test_a_second_score_against_a_reference_decodes_none_of_it(cache, decoded, digits_folder, write_digits, tmp_path):
    samples, others = write_digits(tmp_path / "a", 20, 100), write_digits(tmp_path / "b", 20, 200)
    first = fid(samples, digits_folder)
    assert len(decoded) == 80
    decoded.clear()
    fid(others, zipped(digits_folder, tmp_path / "reference.zip"))
    assert sorted(decoded) == [str(path) for path in sorted(others.iterdir())]
    decoded.clear()
    assert fid(samples, digits_folder) == first
    assert decoded == []


@pytest.mark.parametrize("options", [{"protocol": "clean"}, {"precision": "bf16"}, {"cache": False}])
def test_another_protocol_decodes_again(cache, decoded, digits_folder, options):
    fid("digits:test", digits_folder)
    decoded.clear()
    fid("digits:test", digits_folder, **options)
    assert len(decoded) == 60


def test_one_pixel_changed_decodes_again_and_changes_the_score(cache, decoded, write_digits, tmp_path):
    folder = write_digits(tmp_path / "a", 20)
    before = fid(folder, "digits")
    with Image.open(folder / "007.png") as image:
        image.putpixel((3, 3), 255 - image.getpixel((3, 3)))
        image.save(folder / "007.png")
    decoded.clear()
    assert fid(folder, "digits").value != before.value
    assert len(decoded) == 20


def test_no_cache_writes_nothing(cache, digits_folder):
    fid("digits:test", digits_folder, cache=False)
    assert not cache.exists()
    fid("digits:test", digits_folder)
    assert cache.exists()


def test_damaged_features_give_a_warning_and_the_same_score(cache, digits_folder):
    before = fid("digits:test", digits_folder)
    for path in cache.rglob("*.safetensors"):
        truncated(path, 0.7)
    report = evaluate("digits:test", digits_folder, metrics=["fid"], extractor="digits")
    assert report.scores["fid"] == before
    assert sum("computed again" in text for text in report.warnings) >= 2
    report = evaluate("digits:test", digits_folder, metrics=["fid"], extractor="digits")
    assert not any("damaged" in text for text in report.warnings)


def test_what_was_skipped_is_never_kept_so_that_mending_it_counts(cache, write_digits, tmp_path):
    folder = write_digits(tmp_path / "a", 20)
    whole = (folder / "007.png").read_bytes()
    (folder / "007.png").write_bytes(whole[:50])
    left_out = evaluate(folder, "digits", Settings(metrics=["fid"], on_bad_image="skip"))
    assert left_out.samples.count == 19
    with pytest.raises(BadImage, match=r"007\.png: cannot be decoded"):
        evaluate(folder, "digits", metrics=["fid"])
    (folder / "007.png").write_bytes(whole)
    assert evaluate(folder, "digits", Settings(metrics=["fid"], on_bad_image="skip")).samples.count == 20


def test_a_name_that_promises_another_format_is_another_entry(cache, write_digits, tmp_path):
    folder = write_digits(tmp_path / "a", 20)
    right = evaluate(folder, "digits", metrics=["fid"])
    (folder / "007.png").rename(folder / "007.jpg")
    wrong = evaluate(folder, "digits", metrics=["fid"])
    assert wrong.scores == right.scores
    assert (right.samples.converted.get("misnamed"), wrong.samples.converted.get("misnamed")) == (None, 1)


def test_files_that_change_while_they_are_read_are_not_kept(cache, write_digits, tmp_path, monkeypatch):
    folder = write_digits(tmp_path / "a", 20)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    decode = files.decode

    def meddling(data, name, jpeg=None):
        (folder / "007.png").write_bytes(before["003.png"])
        return decode(data, name, jpeg)

    monkeypatch.setattr(files, "decode", meddling)
    evaluate(folder, "digits", metrics=["fid"])
    monkeypatch.undo()
    (folder / "007.png").write_bytes(before["007.png"])
    kept, fresh = (evaluate(folder, "digits", Settings(metrics=["fid"], cache=cache)) for cache in (True, False))
    assert kept.scores["fid"].value == fresh.scores["fid"].value
    assert kept.samples.fingerprint == fresh.samples.fingerprint


# how often stored bytes are read


def noise(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), np.uint8)


def write_bitmaps(folder, count=12, seed=0):
    """Files of one size, whatever they show."""
    folder.mkdir()
    for number, pixels in enumerate(noise(count, seed)):
        Image.fromarray(pixels).save(folder / f"{number:02}.bmp")
    return folder


@pytest.fixture
def read(monkeypatch):
    """The names of the files that were read, as it happens."""
    names, contents = [], files._contents
    monkeypatch.setattr(files, "_contents", lambda path: names.append(path.name) or contents(path))
    return names


def features(images, how, store):
    return FeatureSet.from_samples(images, how, store, lambda *_: None)


def test_every_file_is_read_once_by_a_cold_cache_and_once_by_a_warm_one(how, store, read, decoded, tmp_path):
    folder = write_bitmaps(tmp_path / "a")
    for again in (False, True):
        first = features(folder_images(folder), how, store)
        assert sorted(read) == [path.name for path in sorted(folder.iterdir())]
        assert len(decoded) == 12 * (not again)
        read.clear()
        decoded.clear()
    other = features(folder_images(write_bitmaps(tmp_path / "b", seed=1)), how, store)
    assert len(decoded) == 12
    assert len(read) == 24  # as many files of the same sizes are in the store: these are hashed, then decoded
    assert other.key != first.key


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts the bytes that a process reads")
@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "npz"])
@pytest.mark.parametrize("sums", [False, True])
def test_a_cold_cache_reads_every_stored_byte_once(how, store, tmp_path, kind, sums):
    folder = write_bitmaps(tmp_path / "a")
    places = {"folder": folder, "zip": tmp_path / "a.zip", "tar": tmp_path / "a.tar", "npz": tmp_path / "a.npz"}
    zipped(folder, places["zip"])
    with tarfile.open(places["tar"], "w") as archive:
        archive.add(folder, "a")
    np.savez(places["npz"], noise(12, seed=0))
    features(folder_images(write_bitmaps(tmp_path / "warm", 2)), how, store)  # whatever is imported by the first

    def bytes_read():
        return int(Path("/proc/self/io").read_text().split()[1])

    before = bytes_read()
    found = FeatureSet.from_samples(open_source(places[kind]), how, store, lambda *_: None, sums=sums)
    stored = 12 * 64 * 64 * 3
    assert found.count == 12
    assert stored <= bytes_read() - before < 1.3 * stored


def test_a_file_that_changes_between_hash_and_pixels_is_stored_as_what_was_decoded(how, store, tmp_path, monkeypatch):
    """The shelf is not empty, so each file is read for its hash first; one is another one when it is decoded."""
    features(folder_images(write_bitmaps(tmp_path / "other", seed=1)), how, store)
    folder = write_bitmaps(tmp_path / "a")
    before, decode = {path.name: path.read_bytes() for path in folder.iterdir()}, files.decode

    def meddling(data, name, jpeg=None):
        (folder / "07.bmp").write_bytes(before["03.bmp"])
        return decode(before["03.bmp"] if name.endswith("07.bmp") else data, name, jpeg)

    monkeypatch.setattr(files, "decode", meddling)
    changed = features(folder_images(folder), how, store)
    monkeypatch.undo()
    assert features(folder_images(folder), how, store).key == changed.key  # found, as the folder now is
    (folder / "07.bmp").write_bytes(before["07.bmp"])
    kept, fresh = (features(folder_images(folder), how, place) for place in (store, Store(None)))
    assert kept.key != changed.key
    torch.testing.assert_close(kept.features, fresh.features)
    assert kept.facts == fresh.facts


def test_an_array_that_changes_after_it_was_stored_is_another_entry(how, store):
    array = noise(12, seed=0)
    first = features(array_images(array), how, store)
    array[5] = 0
    assert features(array_images(array), how, store).key != first.key
