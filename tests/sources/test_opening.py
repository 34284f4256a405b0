"""Anything that SRC may be, told apart: by what it is on disk, by name, or by type."""

import io
import json
import shutil
import sys
import tarfile
import zipfile

import numpy as np
import pytest
import torch

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.media.base import SampleSet
from ganeval.media.streams import Stream
from ganeval.reports.report import ImageSet, Protocol, Report
from ganeval.reports.run_folders import write_run
from ganeval.sources.datasets import DATASETS
from ganeval.sources.mixtures import MIXTURES
from ganeval.sources.opening import Opening, display_name, full_name, open_source
from ganeval.sources.statistics_files import Statistics, write_statistics
from reference_models import Config, Data, build, load_sampler, train

RANDOM = np.random.default_rng(5)
PICTURES = RANDOM.integers(0, 256, (6, 8, 8, 3), np.uint8)
MEAN = RANDOM.normal(size=4)
COVARIANCE = np.cov(RANDOM.normal(size=(50, 4)), rowvar=False)


def pixels(images):
    return np.stack([picture.pixels for batch in images.batches(4) for picture in batch])


def channels_first(pictures):
    return pictures.transpose(0, 3, 1, 2)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder of its own; modules imported from it are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


# on disk


def test_a_folder_a_zip_and_a_tar_of_the_same_files_are_the_same_pictures(tmp_path, digits_folder):
    with zipfile.ZipFile(tmp_path / "a.ZIP", "w") as archive, tarfile.open(tmp_path / "a.tar", "w") as tar:
        for file in digits_folder.iterdir():
            archive.write(file, file.name)
            tar.add(file, file.name)
    found = [
        open_source(place) for place in (digits_folder, str(digits_folder), tmp_path / "a.ZIP", tmp_path / "a.tar")
    ]
    assert all(isinstance(images, SampleSet) and len(images) == 60 for images in found)
    assert len({images.bytes_hash() for images in found}) == 1
    assert len({pixels(images).tobytes() for images in found}) == 1


def test_arrays_on_disk_are_their_pictures(tmp_path):
    np.save(tmp_path / "a.npy", PICTURES)
    np.savez(tmp_path / "a.npz", PICTURES)
    np.savez(tmp_path / "b.npz", images=PICTURES, labels=np.arange(6))
    for name in ("a.npy", "a.npz", "b.npz"):
        assert np.array_equal(pixels(open_source(tmp_path / name)), channels_first(PICTURES))
    assert open_source(tmp_path / "b.npz").labels.tolist() == [0, 1, 2, 3, 4, 5]


def test_compressed_tars_are_known_for_what_they_are(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    with pytest.raises(ContentError, match=r"a\.tar\.gz: a tar compressed with gzip: unpack it"):
        open_source(tmp_path / "a.tar.gz")


# by name


def test_a_data_sets_bare_name_is_its_train_split():
    assert open_source("digits").name == "digits:train"
    assert open_source("digits:train").bytes_hash() == open_source("digits").bytes_hash()
    assert open_source("digits:test").bytes_hash() != open_source("digits").bytes_hash()
    assert (full_name("digits"), full_name("digits:test"), full_name("out/")) == ("digits:train", "digits:test", "out/")


def test_a_data_set_and_a_folder_of_one_name_are_said_and_told_apart(here, write_digits):
    write_digits(here / "digits", 3)
    with pytest.warns(GanevalWarning, match=r"digits: taken as the data set; .* say \./digits"):
        assert open_source("digits").name == "digits:train"
    assert len(open_source("./digits")) == 3


@pytest.mark.parametrize(
    ("given", "meant"),
    [("digitz", "digits"), ("cifar-10", "cifar10"), ("fashion_mnist", "fashion-mnist"), ("smaples", "samples"),
     ("out/smaples", "out/samples"), ("samples.zp", "samples.zip")],
)  # fmt: skip
def test_a_name_that_is_nearly_right_is_met_with_the_right_one(here, given, meant):
    for name in ("samples", "out/samples"):
        (here / name).mkdir(parents=True)
    (here / "samples.zip").touch()
    with pytest.raises(UsageError) as caught:
        open_source(given)
    known = ", ".join([*DATASETS, *MIXTURES])
    assert str(caught.value) == (
        f"{given}: no such file, folder or data set: did you mean '{meant}'? (data sets: {known})"
    )


def test_a_name_like_nothing_at_all_has_no_hint(here):
    with pytest.raises(UsageError, match=r"^qqq/xxx/: no such file, folder or data set: \(data sets: digits, mnist"):
        open_source("qqq/xxx/")


@pytest.mark.parametrize("name", ["digits:tset", "digits:tests"])
def test_a_wrong_split_is_met_with_the_right_one(name):
    with pytest.raises(UsageError, match=r"unknown split of digits '.*': did you mean 'test'\?"):
        open_source(name)


def test_a_function_in_the_working_folder_is_a_generator(here):
    (here / "own_generator.py").write_text(
        "import numpy as np\n"
        "def make(n): return np.full((n, 8, 8, 3), 0.5)\n"
        "def forever():\n    while True: yield np.zeros((8, 8))\n"
        "class Family:\n    @staticmethod\n    def make(n): return np.zeros((n, 8, 8))\n"
        "number = 3\n"
    )
    stream = open_source("own_generator:make", Opening(count=5))
    assert isinstance(stream, Stream)
    assert pixels(stream).shape == (5, 3, 8, 8)
    assert len(pixels(open_source("own_generator:forever", Opening(count=3)))) == 3
    assert len(pixels(open_source("own_generator:Family.make", Opening(count=2)))) == 2
    with pytest.raises(UsageError, match="own_generator:make: a callable has no end: pass n"):
        open_source("own_generator:make")
    with pytest.raises(UsageError, match=r"own_generator:mkae: cannot be imported \(AttributeError: .*'mkae'"):
        open_source("own_generator:mkae", Opening(count=5))
    with pytest.raises(UsageError, match="own_generator:number: found a int, needed a function"):
        open_source("own_generator:number", Opening(count=5))


def test_what_neither_is_nor_names_pictures_is_refused_by_name(here):
    (here / "notes.txt").write_text("hello")
    (here / "notes").write_text("hello")
    needed = "needed a folder, .zip, .tar, .npz or .npy of images, or a statistics file"
    for name, found in (("notes.txt", "found a '.txt' file"), ("notes", "found a file without a suffix")):
        with pytest.raises(ContentError) as caught:
            open_source(name)
        assert str(caught.value) == f"{name}: {found}, {needed}"
    (here / "gone").symlink_to(here / "nothing")
    with pytest.raises(UsageError, match="gone: found neither a file nor a folder there, needed one of them"):
        open_source("gone")


# trained runs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a conditional model after one step, its `config.json` as `ganeval train` writes it."""
    folder = tmp_path_factory.mktemp("runs") / "cgan"
    config = Config("cgan", classes=3, steps=1, batch_size=8, width=4, latent=4)
    data = Data(torch.from_numpy(RANDOM.integers(0, 256, (12, 1, 8, 8), np.uint8)), torch.arange(12) % 3)
    train(build(config), data, folder)
    about = {"ganeval": "0.1.0", "data": "digits", "classes": ["cat", "dog", "owl"], "config": config.to_dict()}
    (folder / "config.json").write_text(json.dumps(about))
    return folder


def test_a_trained_run_is_samples_of_its_best_checkpoint_as_many_as_are_asked_for(trained):
    found = open_source(trained, Opening(count=30))
    expected, labels = load_sampler(trained, checkpoint="best").draw(30, 2020)
    assert np.array_equal(pixels(found)[:, :1], expected.numpy())
    assert np.array_equal(found.labels, labels.numpy())
    assert found.classes == ("cat", "dog", "owl")
    assert np.array_equal(pixels(open_source(trained, Opening(count=12))), pixels(found)[:12])
    assert not np.array_equal(pixels(open_source(trained, Opening(count=30, seed=1))), pixels(found))


def test_unsaid_a_trained_run_is_as_many_samples_as_it_was_scored_on(trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    assert len(open_source(run)) == 10_000
    images = ImageSet("a", str(run), 40)
    write_run(run, Report("0.1.0", "now", images, images, Protocol("tf1", "digits", "f", "published", "a", "b"), {}),
              json.loads((run / "config.json").read_text()))  # fmt: skip
    assert len(open_source(run)) == 40
    assert len(open_source(run, Opening(count=0))) == 40  # 0: only looked at, as `ganeval check` does


def test_the_pictures_kept_in_a_trained_run_come_before_new_samples(trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    np.savez(run / "samples.npz", PICTURES)
    assert np.array_equal(pixels(open_source(run)), channels_first(PICTURES))


def test_a_trained_run_without_its_checkpoint_says_what_to_do(trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(ContentError) as caught:
        open_source(run)
    assert str(caught.value) == f"{run}: found no best checkpoint (checkpoints are not in git); train it again"


# in Python


def test_arrays_and_tensors_are_their_pictures():
    expected = channels_first(PICTURES)
    floats = torch.from_numpy(expected).float() / 255
    for given in (PICTURES, expected, torch.from_numpy(expected), floats, floats.requires_grad_()):
        assert np.array_equal(pixels(open_source(given)), expected)


@pytest.mark.parametrize("make", [list, iter, lambda pictures: (picture for picture in pictures)])
def test_iterables_of_pictures_or_of_batches_are_read_once(make):
    for given in (list(PICTURES), [PICTURES[:4], PICTURES[4:]]):
        assert np.array_equal(pixels(open_source(make(given))), channels_first(PICTURES))


def test_a_callable_is_asked_for_as_many_as_are_needed():
    def make(n):
        return np.zeros((n, 8, 8, 3), np.uint8)

    stream = open_source(make, Opening(count=7))
    assert (stream.name, stream.count) == ("make", 7)
    assert len(pixels(stream)) == 7


def test_a_network_is_given_latents_of_its_size_by_the_seed():
    network = torch.nn.Sequential(torch.nn.Linear(5, 3 * 8 * 8), torch.nn.Sigmoid(), torch.nn.Unflatten(1, (3, 8, 8)))
    first, again, other = (
        pixels(open_source(network, Opening(count=4, latent=5, seed=seed))) for seed in (1, 1, 2)
    )  # fmt: skip
    assert first.shape == (4, 3, 8, 8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    with pytest.raises(UsageError, match="a torch module: pass latent"):
        open_source(network, Opening(count=4))


def test_what_is_open_already_stays_so():
    images = open_source(PICTURES)
    assert open_source(images) is images


@pytest.mark.parametrize("given", [3, 2.5, None])
def test_what_holds_no_pictures_is_refused_by_type(given):
    with pytest.raises(UsageError, match=f"found a {type(given).__name__}, needed a path, an array"):
        open_source(given)


@pytest.mark.parametrize(
    ("given", "shown"),
    [("out/dcgan/", "dcgan"), ("out/a.zip", "a"), ("cifar10", "cifar10:train"), ("digits:test", "digits:test"),
     (PICTURES, "ndarray"), (len, "len")],
    ids=str,
)  # fmt: skip
def test_what_a_table_calls_a_source(given, shown):
    assert display_name(given) == shown


# statistics files


@pytest.mark.parametrize(
    ("save", "arrays"),
    [
        pytest.param(np.savez_compressed, {"mu": MEAN, "sigma": COVARIANCE}, id="pytorch-fid"),
        pytest.param(np.savez, {"mu": MEAN, "sigma": COVARIANCE}, id="TTUR"),
        pytest.param(
            np.savez,
            {"arr_0": PICTURES, "mu": MEAN, "sigma": COVARIANCE, "mu_s": np.zeros(7), "sigma_s": np.eye(7)},
            id="ADM",
        ),
        pytest.param(np.savez, {"sigma": COVARIANCE.astype("f4"), "mu": MEAN.astype("f4")}, id="float32"),
    ],
)
def test_statistics_that_others_published_are_read(tmp_path, save, arrays):
    save(tmp_path / "a.npz", **arrays)
    found = open_source(tmp_path / "a.npz")
    assert isinstance(found, Statistics)
    assert np.allclose(found.mean, MEAN, atol=1e-6)
    assert np.allclose(found.covariance, COVARIANCE, atol=1e-6)
    assert (found.features, found.provenance) == (None, {})


def test_our_own_statistics_say_how_they_were_made_and_features_are_read(tmp_path):
    made = {"name": "digits", "count": 50, "images": {"formats": {"png": 50}}}
    write_statistics(tmp_path / "a.npz", {"mu": MEAN, "sigma": COVARIANCE}, made)
    found = open_source(tmp_path / "a.npz")
    assert found.provenance == made
    assert np.array_equal(found.covariance, COVARIANCE)
    features, probabilities = RANDOM.normal(size=(5, 4)), np.full((5, 2), 0.5)
    write_statistics(tmp_path / "b.npz", {"features": features, "probabilities": probabilities}, made)
    found = open_source(tmp_path / "b.npz")
    assert np.array_equal(found.features, features)
    assert np.array_equal(found.probabilities, probabilities)
    assert found.mean is None


NAN = np.array([0.0, np.nan, 0.0, 0.0])
LOPSIDED = COVARIANCE + np.triu(np.ones((4, 4)), 1)
UNFIT = {
    "sigma smaller": ({"mu": MEAN, "sigma": np.eye(3)}, "found mu (4,) and sigma (3, 3), needed (D,) and (D, D)"),
    "sigma flat": ({"mu": MEAN, "sigma": MEAN}, "found mu (4,) and sigma (4,), needed (D,) and (D, D)"),
    "mu deep": ({"mu": MEAN[None], "sigma": COVARIANCE}, "found mu (1, 4) and sigma (4, 4), needed (D,) and (D, D)"),
    "mu nan": ({"mu": NAN, "sigma": COVARIANCE}, "found numbers in mu that are not finite; it cannot be a reference"),
    "sigma inf": (
        {"mu": MEAN, "sigma": np.diag([1, np.inf, 1, 1])},
        "found numbers in sigma that are not finite; it cannot be a reference",
    ),
    "sigma lopsided": ({"mu": MEAN, "sigma": LOPSIDED}, "found a sigma that is not symmetric, so no covariance"),
    "mu text": (
        {"mu": np.array(list("abcd")), "sigma": COVARIANCE}, "found mu of type <U1, needed real numbers",
    ),
    "mu complex": ({"mu": MEAN * 1j, "sigma": COVARIANCE}, "found mu of type complex128, needed real numbers"),
    "features flat": ({"features": MEAN}, "found features (4,), needed (N, D)"),
    "features nan": (
        {"features": NAN[None]}, "found numbers in features that are not finite; it cannot be a reference",
    ),
    "probabilities short": (
        {"features": np.zeros((5, 4)), "probabilities": np.zeros((4, 2))},
        "found features (5, 4) and probabilities (4, 2), needed (N, D) and (N, C)",
    ),
    "provenance a list": (
        {"mu": MEAN, "sigma": COVARIANCE, "ganeval": np.array("[1]")},
        "a damaged statistics file: found a list that says how it was made",
    ),
    "provenance no JSON": (
        {"mu": MEAN, "sigma": COVARIANCE, "ganeval": np.array("hello")},
        "a damaged statistics file, or one with more than numbers (Expecting value: line 1 column 1 (char 0))",
    ),
    "sigma pickled": (
        {"mu": MEAN, "sigma": np.array([{}], object)},
        "a damaged statistics file, or one with more than numbers "
        "(Object arrays cannot be loaded when allow_pickle=False)",
    ),
    "sigma alone": ({"sigma": COVARIANCE}, "holds sigma: needed arr_0 or images"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
def test_unfit_statistics_are_refused_by_what_was_found(tmp_path, kind):
    arrays, line = UNFIT[kind]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ContentError) as caught:
        open_source(tmp_path / "a.npz")
    assert str(caught.value) == f"{tmp_path / 'a.npz'}: {line}"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_statistics_file_cut_short_is_refused_as_damaged(tmp_path, share):
    path = tmp_path / "a.npz"
    np.savez(path, mu=MEAN, sigma=COVARIANCE)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ContentError, match=r"a\.npz: .*damaged"):
        open_source(path)


def test_a_statistics_file_with_a_changed_byte_is_refused_as_damaged(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, mu=MEAN, sigma=COVARIANCE)
    data = bytearray(path.read_bytes())
    data[data.index(COVARIANCE.tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(ContentError, match=r"a\.npz: a damaged statistics file.*CRC"):
        open_source(path)
