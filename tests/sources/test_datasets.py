"""Named data sets: what they hold, that every file is checked, and what is said about those that are not there."""

import functools
import gzip
import hashlib
import http.server
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets
from sklearn.datasets import load_digits

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import SampleSet
from ganeval.media.files import folder_images
from ganeval.sources.datasets import DATASETS, ArrayUnpickler, dataset_status, is_dataset, open_dataset, published_hash

REPOSITORY = Path(__file__).parents[2]
REAL = Path(os.environ.get("GANEVAL_DATA") or REPOSITORY.parent / "shared" / "data")


def grey(images: SampleSet) -> np.ndarray:
    """All images N,H,W, after a check that they are grey."""
    pixels = np.stack([image.pixels for batch in images.batches(256) for image in batch])
    assert (pixels == pixels[:, :1]).all()
    return pixels[:, 0]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def publish(monkeypatch: pytest.MonkeyPatch, name: str, splits: Mapping[str, Mapping[str, bytes]]) -> None:
    """Make these contents the published ones of a data set."""
    sums = {split: {file: md5(content) for file, content in held.items()} for split, held in splits.items()}
    monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], splits=sums))


def write(root: Path, name: str, splits: Mapping[str, Mapping[str, bytes]]) -> Path:
    folder = root / DATASETS[name].folder
    folder.mkdir(parents=True, exist_ok=True)
    for held in splits.values():
        for file, content in held.items():
            (folder / file).write_bytes(content)
    return folder


def tiny_mnist(name: str = "mnist") -> tuple[np.ndarray, np.ndarray, dict[str, dict[str, bytes]]]:
    generator = np.random.default_rng(0)
    pixels, labels = generator.integers(0, 256, (6, 28, 28), np.uint8), np.arange(6)
    contents = [gzip.compress(idx(pixels), mtime=0), gzip.compress(idx(labels), mtime=0)]
    splits = {split: dict(zip(files, contents, strict=True)) for split, files in DATASETS[name].splits.items()}
    return pixels, labels, splits


def tiny_cifar(key: str = "labels") -> tuple[np.ndarray, dict[str, dict[str, bytes]]]:
    pixels = np.random.default_rng(1).integers(0, 256, (4, 3, 32, 32), np.uint8)
    batch = pickle.dumps({"data": pixels.reshape(4, -1), key: [3, 1, 0, 2]}, protocol=2)
    return pixels, {"train": {"train": batch}, "test": {"test": batch}}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address, on this machine, at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GANEVAL_DATA", raising=False)
    monkeypatch.delenv("GANEVAL_OFFLINE", raising=False)
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))


def test_digits_are_those_of_scikit_learn() -> None:
    pixels, labels = load_digits(return_X_y=True)
    expected = np.rint(pixels.reshape(-1, 8, 8) * 255 / 16)
    with np.load(REPOSITORY / "ganeval" / "sources" / "data" / "digits.npz") as held:
        assert (held["images"].reshape(-1, 64) == pixels).all()
        split = held["split"]
    for number, (name, count) in enumerate([("train", 1097), ("selection", 200), ("test", 500)]):
        images = open_dataset(f"digits:{name}")
        assert len(images) == count
        assert images.name == f"digits:{name}"
        assert images.classes == tuple("0123456789")
        assert (grey(images) == expected[split == number]).all()
        assert (images.labels == labels[split == number]).all()


def test_digits_are_split_evenly_and_are_small() -> None:
    assert (REPOSITORY / "ganeval" / "sources" / "data" / "digits.npz").stat().st_size <= 50_000
    whole = np.bincount(load_digits().target)
    for split in ("train", "selection", "test"):
        images = open_dataset(f"digits:{split}")
        assert np.abs(np.bincount(images.labels) - whole * len(images) / 1797).max() < 1.5


def test_the_example_folder_is_the_test_split() -> None:
    folder, images = folder_images(REPOSITORY / "examples" / "digits"), open_dataset("digits:test")
    order = np.argsort(images.labels, kind="stable")
    assert (grey(folder) == grey(images)[order]).all()
    assert (folder.labels == images.labels[order]).all()
    assert folder.classes == images.classes


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_mnist_files_are_torchvisions(name: str) -> None:
    published = getattr(torchvision.datasets, DATASETS[name].source).resources
    assert dict(published) == {file: sum_ for held in DATASETS[name].splits.values() for file, sum_ in held.items()}
    assert name == "mnist" or DATASETS[name].classes == tuple(torchvision.datasets.FashionMNIST.classes)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "stl10"])
def test_other_files_are_torchvisions(name: str) -> None:
    source, dataset = getattr(torchvision.datasets, DATASETS[name].source), DATASETS[name]
    published = {split: dict(files) for split, files in [("train", source.train_list), ("test", source.test_list)]}
    published["train"].pop("unlabeled_X.bin", None)
    assert dataset.splits == published
    assert dataset.folder == Path(source.base_folder)
    assert len(set(dataset.classes)) == (100 if name == "cifar100" else 10)
    assert name == "cifar10" or list(dataset.classes) == sorted(dataset.classes)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("unpacked", [False, True])
def test_idx_files_are_read_packed_or_not(
    name: str, unpacked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, labels, splits = tiny_mnist(name)
    publish(monkeypatch, name, splits)
    folder = write(tmp_path, name, splits)
    if unpacked:
        for path in folder.iterdir():
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    before = sorted(folder.iterdir())
    images = open_dataset(f"{name}:test", data_root=tmp_path, offline=True)
    assert (grey(images) == pixels).all()
    assert (images.labels == labels).all()
    assert (images.bytes_hash() == published_hash(f"{name}:test")) is not unpacked  # unpacked files have no checksum
    assert sorted(folder.iterdir()) == before


def test_cifar_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in [("cifar10", "labels"), ("cifar100", "fine_labels")]:
        pixels, splits = tiny_cifar(key)
        publish(monkeypatch, name, splits)
        write(tmp_path, name, splits)
        images = open_dataset(name, data_root=tmp_path, offline=True)
        assert (np.stack([images.item(i).pixels for i in range(4)]) == pixels).all()
        assert images.labels.tolist() == [3, 1, 0, 2]
        assert images.name == f"{name}:train"


def test_stl10_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = np.random.default_rng(2).integers(0, 256, (3, 3, 96, 96), np.uint8)
    test = {"test_X.bin": stored.tobytes(), "test_y.bin": bytes([1, 10, 4])}
    splits = {"train": {"train_X.bin": b"", "train_y.bin": b""}, "test": test}
    publish(monkeypatch, "stl10", splits)
    write(tmp_path, "stl10", {"test": test})  # the other split is not needed
    images = open_dataset("stl10:test", data_root=tmp_path, offline=True)
    assert (images.item(1).pixels == stored[1].transpose(0, 2, 1)).all()
    assert images.labels.tolist() == [0, 9, 3]


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("checksum_right", [False, True])
def test_a_foreign_pickle_is_never_run(checksum_right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = {"train": {"train": b""}, "test": {"test": pickle.dumps(Attack(tmp_path / "harm"))}}
    if checksum_right:
        publish(monkeypatch, "cifar100", splits)
    folder = write(tmp_path, "cifar100", splits)
    with pytest.raises(ContentError, match=f"{folder}.*damaged"):
        open_dataset("cifar100:test", data_root=tmp_path)
    assert not (tmp_path / "harm").exists()


def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, splits = tiny_mnist()
    publish(monkeypatch, "mnist", splits)
    path = write(tmp_path, "mnist", splits) / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ContentError, match=r"train-labels-idx1-ubyte\.gz is damaged: its MD5 sum is not"):
        open_dataset("mnist", data_root=tmp_path)
    assert len(open_dataset("mnist:test", data_root=tmp_path)) == 6


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bnot gzip", idx(np.zeros((6, 28, 28)))[:-1], idx(np.zeros(4))])
def test_damaged_unpacked_files_are_one_line(content: bytes, tmp_path: Path) -> None:
    folder = write(tmp_path, "mnist", {"test": {"t10k-images-idx3-ubyte": content}})
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(6)))
    with pytest.raises(ContentError, match=f"mnist:test: a file in {folder} is damaged") as caught:
        open_dataset("mnist:test", data_root=tmp_path)
    assert "\n" not in str(caught.value)


def test_names_and_splits_are_checked() -> None:
    assert is_dataset("digits")
    assert is_dataset("mnist:tset")
    assert not is_dataset("digits/")
    with pytest.raises(UsageError, match="unknown data set 'cifar': did you mean 'cifar10'"):
        open_dataset("cifar")
    with pytest.raises(UsageError, match="unknown split of mnist 'tset': did you mean 'test'"):
        open_dataset("mnist:tset")
    with pytest.raises(UsageError, match="unknown split of mnist 'selection'"):
        dataset_status("mnist:selection")


def test_hashes_tell_names_and_splits_apart() -> None:
    names = [f"{name}:{split}" for name, dataset in DATASETS.items() for split in dataset.splits]
    assert len({published_hash(name) for name in names}) == len(names)
    assert published_hash("mnist") == published_hash("mnist:train")
    assert published_hash("out/pictures") is None
    assert open_dataset("digits").bytes_hash() == published_hash("digits:train")


def test_offline_says_what_was_looked_for_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (
        f"cifar10:test: no test_batch in {tmp_path}/cifar-10-batches-py, and downloads are off; "
        "give the folder that holds it with --data-root or GANEVAL_DATA, or go online"
    )
    with pytest.raises(ContentError) as caught:
        open_dataset("cifar10:test", data_root=tmp_path, offline=True)
    assert str(caught.value) == expected
    monkeypatch.setenv("GANEVAL_OFFLINE", "1")
    monkeypatch.setenv("GANEVAL_DATA", str(tmp_path))
    with pytest.raises(ContentError) as caught:
        open_dataset("cifar10:test")
    assert str(caught.value) == expected
    assert list(tmp_path.iterdir()) == []


def test_status_names_the_place(tmp_path: Path) -> None:
    _, _, splits = tiny_mnist()
    folder = write(tmp_path, "mnist", {"test": splits["test"]})
    assert dataset_status("mnist:test", tmp_path) == f"here: {folder}"
    absent = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz"
    assert dataset_status("mnist", tmp_path) == f"missing: {absent} in {folder}"
    assert dataset_status("stl10:test") == f"missing: test_X.bin, test_y.bin in {tmp_path}/cache/data/stl10_binary"
    assert dataset_status("digits") == "here: comes with ganeval"


def test_mnist_is_downloaded_once(served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, address = served
    pixels, _, splits = tiny_mnist()
    publish(monkeypatch, "mnist", splits)
    contents = {file: content for held in splits.values() for file, content in held.items()}
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", [(file, md5(c)) for file, c in contents.items()])
    assert (grey(open_dataset("mnist:test", data_root=tmp_path / "data")) == pixels).all()
    assert dataset_status("mnist", tmp_path / "data").startswith("here")
    assert not list((tmp_path / "data").glob(".*"))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [])
    assert len(open_dataset("mnist", data_root=tmp_path / "data")) == 6


def test_cifar_is_downloaded(served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, address = served
    pixels, splits = tiny_cifar("fine_labels")
    publish(monkeypatch, "cifar100", splits)
    source = torchvision.datasets.CIFAR100
    meta = pickle.dumps({"fine_label_names": ["a"]})
    with tarfile.open(folder / source.filename, "w:gz") as archive:
        for file, content in {**splits["train"], **splits["test"], "meta": meta}.items():
            member = tarfile.TarInfo(f"cifar-100-python/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(source, "url", address + source.filename)
    monkeypatch.setattr(source, "tgz_md5", md5((folder / source.filename).read_bytes()))
    for split in ("train", "test"):
        monkeypatch.setattr(source, f"{split}_list", [[split, md5(splits[split][split])]])
    monkeypatch.setattr(source, "meta", {"filename": "meta", "key": "fine_label_names", "md5": md5(meta)})
    images = open_dataset("cifar100:test", data_root=tmp_path / "data")
    assert (images.item(2).pixels == pixels[2]).all()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["cifar-100-python"]


def test_a_failed_download_is_one_line_and_leaves_nothing(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, address = served
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address, address + "other/"])
    with pytest.raises(ContentError, match=r"mnist:test: no t10k-.*the download failed: .*404.*GANEVAL_DATA") as caught:
        open_dataset("mnist:test", data_root=tmp_path / "data")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "data").iterdir()) == []


def test_names_and_status_need_no_torch() -> None:
    code = (
        "import sys; from ganeval.sources.datasets import *; from ganeval.sources import datasets;"
        "[datasets.dataset_status(n) for n in datasets.DATASETS]; datasets.published_hash('mnist');"
        "datasets.open_dataset('digits'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mean"), [("mnist:train", 0.1307), ("mnist:test", 0.1325), ("cifar10:train", 0.4734)])
def test_the_real_data(name: str, mean: float) -> None:
    if not dataset_status(name, REAL).startswith("here"):
        pytest.skip(f"{name} is not in {REAL}")
    images = open_dataset(name, data_root=REAL, offline=True)
    assert images.bytes_hash() == published_hash(name)
    assert set(np.bincount(images.labels) // 1000) <= {0, 1, 5, 6}
    values = np.mean([image.pixels.mean() for batch in images.batches(500) for image in batch]) / 255
    assert values == pytest.approx(mean, abs=1e-4)


def test_the_names_of_the_real_classes() -> None:
    path = REAL / DATASETS["cifar10"].folder / "batches.meta"
    if not path.is_file() or md5(path.read_bytes()) != torchvision.datasets.CIFAR10.meta["md5"]:
        pytest.skip(f"no {path}")
    meta = ArrayUnpickler(io.BytesIO(path.read_bytes())).load()
    assert meta["label_names"] == list(DATASETS["cifar10"].classes)
