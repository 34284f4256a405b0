"""The references that have a name: their files are found, checked and read, or downloaded where they are absent.

A data set is a row of `DATASETS`, which names the files that torchvision writes, with the MD5 sums that it publishes.
Every file is checked before it is read (the CIFAR files are pickles: an unchecked one is never opened as such).
torchvision is imported only to download. Its own classes do not read the files, as they want all splits, unpacked (for
STL-10 also 2.6 GB without labels), and unpickle whatever has the right name: the readers here are four lines each.
"""

import codecs
import gzip
import hashlib
import http.client
import io
import os
import pickle
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganeval.errors import ContentError, unknown
from ganeval.media.arrays import array_images
from ganeval.media.base import Labels, SampleSet
from ganeval.runtime import files
from ganeval.sources.stacked_digits import CLASSES, PER_TRIPLE, RECIPE, Pixels, stacked_images


@dataclass(frozen=True)
class DatasetRow:
    """A row of the table: the folder of its files under the data root, the files of each split, and how to read them.

    `splits` maps split -> file -> MD5 sum; `read(split, *contents)` takes the contents in that order and returns
    uint8 pixels N,H,W or N,H,W,3 and labels. `source` is the torchvision class that downloads it, None where nobody
    does. `per_triple`: three of its images are stacked into one, so many times for each triple of
    classes.
    """

    folder: Path
    splits: Mapping[str, Mapping[str, str]]
    classes: tuple[str, ...]
    read: Callable[..., tuple[Pixels, Labels]]
    source: str | None = None
    per_triple: Mapping[str, int] | None = None


def is_dataset(name: str) -> bool:
    """Whether a name, with or without a split, is that of a data set.

    >>> is_dataset("mnist:test"), is_dataset("out/")
    (True, False)
    """
    return name.partition(":")[0] in DATASETS


def open_dataset(name: str, *, data_root: Path | None = None, offline: bool = False) -> SampleSet:
    """The images of a named data set, with labels and classes: `NAME`, which is `NAME:train`, or `NAME:test`.

    The files are looked for under `data_root`, else `GANEVAL_DATA`, else the cache; absent ones are downloaded unless
    `offline`. Raises UsageError for an unknown name or split, ContentError for a damaged file or an absent one that
    could not be downloaded.

    >>> images = open_dataset("digits:test")
    >>> images.name, len(images), images.item(0).pixels.shape
    ('digits:test', 500, (3, 8, 8))
    """
    name, row, split = _find(name)
    root = _root(data_root)
    folder = root / row.folder
    if absent := _absent(row, split, folder):
        _download(name, row, root, absent, offline=offline or files.offline())
    contents, all_published = _contents(row.splits[split], folder)
    try:
        pixels, labels = row.read(split, *contents)
        if len(pixels) != len(labels):
            raise ValueError(f"{len(pixels)} images and {len(labels)} labels")
        bytes_hash = published_hash(name) if all_published else None
        if row.per_triple is not None:
            return stacked_images(pixels, labels, name, per_triple=row.per_triple[split], bytes_hash=bytes_hash)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise ContentError(f"{name}: a file in {folder} is damaged ({error})") from error
    return array_images(pixels, name, labels=labels, classes=row.classes, bytes_hash=bytes_hash)


def published_hash(name_and_split: str) -> str | None:
    """The `bytes_hash` of a data set's images, from published checksums alone; None for any other name."""
    if not is_dataset(name_and_split):
        return None
    name, row, split = _find(name_and_split)
    recipe = [f"stacked {RECIPE}"] if row.per_triple is not None else []
    return hashlib.sha256(" ".join([name, *row.splits[split].values(), *recipe]).encode()).hexdigest()


def dataset_status(name: str, data_root: Path | None = None) -> str:
    """Whether a data set's files (of all splits, where none is named) are on this machine, and in which folder.

    >>> dataset_status("digits")
    'here: comes with ganeval'
    """
    _, row, split = _find(name)
    folder = _root(data_root) / row.folder
    splits = [split] if ":" in name else row.splits
    absent = [file for split in splits for file in _absent(row, split, folder)]
    place = "comes with ganeval" if row.folder.is_absolute() else str(folder)
    return f"missing: {', '.join(absent)} in {place}" if absent else f"here: {place}"


def _find(name: str) -> tuple[str, DatasetRow, str]:
    """The full name of a data set and split, its row, and the split alone."""
    base, _, split = name.partition(":")
    if base not in DATASETS:
        raise unknown("data set", base, DATASETS)
    row, split = DATASETS[base], split or "train"
    if split not in row.splits:
        raise unknown(f"split of {base}", split, row.splits)
    return f"{base}:{split}", row, split


def _root(data_root: Path | None) -> Path:
    return Path(data_root or os.environ.get("GANEVAL_DATA") or files.cache_root() / "data")


def _locate(folder: Path, file: str) -> Path | None:
    """The path of a file, as published or unpacked."""
    return next((path for path in (folder / file, folder / file.removesuffix(".gz")) if path.is_file()), None)


def _absent(row: DatasetRow, split: str, folder: Path) -> list[str]:
    return [file for file in row.splits[split] if _locate(folder, file) is None]


def _contents(published: Mapping[str, str], folder: Path) -> tuple[list[bytes], bool]:
    """The contents of a split's files, and whether all of them have their published checksums.

    An unpacked file has no published checksum; a published one that differs from its own is a ContentError.
    """
    contents, all_published = [], True
    for file, md5 in published.items():
        path = _locate(folder, file)
        if path is None:
            raise ContentError(f"{folder / file} was there and is gone")
        contents.append(path.read_bytes())
        if path.name != file:
            all_published = False
        elif hashlib.md5(contents[-1], usedforsecurity=False).hexdigest() != md5:
            raise ContentError(f"{path} is damaged: its MD5 sum is not {md5}; delete it and run again to fetch it")
    return contents, all_published


def _download(name: str, row: DatasetRow, root: Path, absent: list[str], *, offline: bool) -> None:
    """Download a data set with torchvision, once and whole: into a folder beside, then moved into place."""
    problem = "downloads are off" if offline else "" if row.source else "nobody offers it for download"
    if not problem:
        import torchvision.datasets

        try:
            with files.scratch_in(root) as partial, files.network_timeout():
                getattr(torchvision.datasets, str(row.source))(partial, download=True)
                target = root / row.folder
                target.mkdir(parents=True, exist_ok=True)
                for path in (partial / row.folder).iterdir():
                    os.replace(path, target / path.name)
        except (OSError, RuntimeError, EOFError, http.client.HTTPException, tarfile.TarError, zlib.error) as error:
            problem = f"the download failed: {' '.join(str(error).split())}"
    if problem:
        raise ContentError(
            f"{name}: no {', '.join(absent)} in {root / row.folder}, and {problem}; "
            "give the folder that holds it with --data-root or GANEVAL_DATA, or go online"
        )


def _read_digits(split: str, content: bytes) -> tuple[Pixels, Labels]:
    """scikit-learn's digits: grey levels 0..16, all splits in one file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        rows = arrays["split"] == list(DATASETS["digits"].splits).index(split)
        pixels = np.rint(arrays["images"][rows] * (255 / 16)).astype(np.uint8)
        return pixels, arrays["labels"][rows].astype(np.int64)


def _read_idx(_: str, images: bytes, labels: bytes) -> tuple[Pixels, Labels]:
    """The files of MNIST."""
    return _idx(images, 3), _idx(labels, 1).astype(np.int64)


def _idx(content: bytes, axes: int) -> Pixels:
    """One idx file: two zero bytes, the type (8 is uint8), the number of axes, their lengths, the values.

    >>> _idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), axes=1)
    array([7, 8, 9], dtype=uint8)
    """
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    if content[:4] != bytes([0, 0, 8, axes]):
        raise ValueError(f"not an idx file of bytes with {axes} axes")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(np.frombuffer(content, ">u4", axes, offset=4))


def _read_cifar(_: str, *batches: bytes) -> tuple[Pixels, Labels]:
    """The pickles of CIFAR, whose checksums `_contents` has compared."""
    entries = [ArrayUnpickler(io.BytesIO(batch), encoding="latin1").load() for batch in batches]
    pixels = np.concatenate([entry["data"] for entry in entries]).reshape(-1, 3, 32, 32)
    labels = [entry.get("labels") or entry["fine_labels"] for entry in entries]
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), np.concatenate(labels).astype(np.int64)


class ArrayUnpickler(pickle.Unpickler):
    """A second lock behind the checksum: it can make arrays, and refuses whatever else a pickle asks for."""

    ALLOWED: Mapping[str, Any] = {
        "_reconstruct": np.empty(0).__reduce__()[0],
        "scalar": np.uint8(0).__reduce__()[0],
        "ndarray": np.ndarray,
        "dtype": np.dtype,
        "encode": codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] in ("numpy", "_codecs") and name in self.ALLOWED:
            return self.ALLOWED[name]
        raise ValueError(f"a pickle that asks for {module}.{name}")


def _read_stl10(_: str, images: bytes, labels: bytes) -> tuple[Pixels, Labels]:
    """The binary files of STL-10: channels first, columns before rows, labels from 1."""
    pixels = np.frombuffer(images, np.uint8).reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)
    return np.ascontiguousarray(pixels), np.frombuffer(labels, np.uint8).astype(np.int64) - 1


DIGITS = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_HUNDRED = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
    "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
    "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
    "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
    "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
    "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
    "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)
CIFAR100 = tuple(_HUNDRED.split())
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def _idx_files(split: str, images_md5: str, labels_md5: str) -> dict[str, str]:
    return {f"{split}-images-idx3-ubyte.gz": images_md5, f"{split}-labels-idx1-ubyte.gz": labels_md5}


_EMBEDDED = {"digits.npz": "9a192e2f8dad82bf4459cc622573f0e3"}

DATASETS: dict[str, DatasetRow] = {
    "digits": DatasetRow(
        Path(__file__).parent / "data",  # absolute: the data root does not matter
        {"train": _EMBEDDED, "selection": _EMBEDDED, "test": _EMBEDDED},
        DIGITS,
        _read_digits,
    ),
    "mnist": DatasetRow(
        Path("MNIST/raw"),
        {
            "train": _idx_files("train", "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432"),
            "test": _idx_files("t10k", "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"),
        },
        DIGITS,
        _read_idx,
        source="MNIST",
    ),
    "fashion-mnist": DatasetRow(
        Path("FashionMNIST/raw"),
        {
            "train": _idx_files("train", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe"),
            "test": _idx_files("t10k", "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"),
        },
        FASHION,
        _read_idx,
        source="FashionMNIST",
    ),
    "cifar10": DatasetRow(
        Path("cifar-10-batches-py"),
        {
            "train": {
                "data_batch_1": "c99cafc152244af753f735de768cd75f",
                "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                "data_batch_4": "634d18415352ddfa80567beed471001a",
                "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            },
            "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
        },
        CIFAR10,
        _read_cifar,
        source="CIFAR10",
    ),
    "cifar100": DatasetRow(
        Path("cifar-100-python"),
        {
            "train": {"train": "16019d7e3df5f24257cddd939b257f8d"},
            "test": {"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
        },
        CIFAR100,
        _read_cifar,
        source="CIFAR100",
    ),
    "stl10": DatasetRow(
        Path("stl10_binary"),
        {
            "train": {
                "train_X.bin": "918c2871b30a85fa023e0c44e0bee87f",
                "train_y.bin": "5a34089d4802c674881badbb80307741",
            },
            "test": {
                "test_X.bin": "7f263ba9f9e0b06b93213547f721ac82",
                "test_y.bin": "36f9794fa4beb8a2c72628de14fa638e",
            },
        },
        STL10,
        _read_stl10,
        source="STL10",
    ),
}
for _name in ("digits", "mnist"):  # three images of that row as the colours of one: its files, a thousand classes
    _splits = {split: DATASETS[_name].splits[split] for split in PER_TRIPLE}
    DATASETS[f"stacked-{_name}"] = replace(DATASETS[_name], splits=_splits, classes=CLASSES, per_triple=PER_TRIPLE)
