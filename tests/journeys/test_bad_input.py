"""What a user may do wrong, and the one line that says so: what was found, what was needed, what to do.

Exit code 1 for the content of files, 2 for names, flags and paths; stdout stays empty, and there is no traceback.
"""

import json
import re
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

OWN_CODE = """
import torch

def blind(pictures):
    return pictures.flatten(1)
blind.size = 8

def late_nan(pictures):
    features = pictures.flatten(1).clone()
    features[5, 2] = float("nan")
    return features
late_nan.size = 8

def logits(pictures):
    return pictures.flatten(1), pictures.flatten(1)[:, :10]
logits.size = 8

def failing(pictures):
    raise RuntimeError("out of luck")
failing.size = 8

def tanh(n):
    return torch.linspace(-1, 1, n * 3 * 64).reshape(n, 3, 8, 8)

def few(n):
    return torch.zeros(n - 1, 3, 8, 8)

constant = 3
"""


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory, write_digits):
    """A folder full of things that somebody might pass."""
    root = tmp_path_factory.mktemp("mistakes")
    for name, count in {"good": 30, "one": 1, "six": 6, "cut": 30, "link": 5, "hollow": 5}.items():
        write_digits(root / name, count)
    (root / "cut" / "007.png").write_bytes((root / "cut" / "007.png").read_bytes()[:60])
    (root / "hollow" / "002.png").write_bytes(b"")
    (root / "link" / "broken.png").symlink_to(root / "nothing.png")
    for name in ("empty", "folder-in-folder/x.png"):
        (root / name).mkdir(parents=True)
    (root / "texts").mkdir()
    (root / "texts" / "a.txt").write_text("hello")
    (root / "texts" / "b.csv").write_text("1,2")
    (root / "own_code.py").write_text(OWN_CODE)
    (root / "notes.txt").write_text("hello")
    write_archives(root)
    write_arrays(root)
    write_weights(root)
    return root


def write_archives(root: Path) -> None:
    with zipfile.ZipFile(root / "traversal.zip", "w") as archive:
        archive.write(root / "good" / "000.png", "../../etc/000.png")
    with zipfile.ZipFile(root / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(root / "good" / "000.png", "000.png")
        archive.writestr("bomb.png", b"\0" * 1000)
    data = bytearray((root / "bomb.zip").read_bytes())
    place = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)  # the second entry of the directory
    data[place + 24 : place + 28] = struct.pack("<I", 2_000_000_000)
    (root / "bomb.zip").write_bytes(data)
    (root / "text.zip").write_text("hello")


def write_arrays(root: Path) -> None:
    noise = np.random.default_rng(0).random((20, 8, 8, 3))
    noise[3, 0, 0, 0], noise[3, 0, 0, 1] = -1, 1
    np.save(root / "tanh.npy", noise)
    np.save(root / "integers.npy", np.zeros((20, 8, 8, 3), np.int64))
    np.save(root / "flat.npy", np.zeros((20, 64)))
    np.savez(root / "pickled.npz", arr_0=np.array([{"a": 1}], object))
    np.savez(root / "other.npz", weights=noise)
    (root / "text.npz").write_text("hello")
    (root / "text.npy").write_text("hello")
    np.savez(root / "statistics.npz", mu=np.zeros(64), sigma=np.eye(64))
    np.savez(root / "nan.npz", mu=np.full(64, np.nan), sigma=np.eye(64))
    np.savez(root / "narrow.npz", mu=np.zeros(60), sigma=np.eye(60))


def write_weights(root: Path) -> None:
    (root / "text.pth").write_text("hello, I am not a network")
    torch.save({"layer.weight": torch.zeros(2000)}, root / "other.pth")
    (root / "cut.pth").write_bytes((root / "other.pth").read_bytes()[:3000])
    torch.save({"layer.weight": Path("/")}, root / "code.pth")
    (root / "text.safetensors").write_text("hello")


NEEDED = "needed png, jpg, jpeg, webp, bmp, tif, tiff, gif, ppm, pgm, pbm, pnm"
SOURCES = "needed a folder, .zip, .tar, .npz or .npy of images, or a statistics file"
DATA_SETS = "digits, mnist, fashion-mnist, cifar10, cifar100, stl10, stacked-digits, stacked-mnist, ring8, grid25"
INCEPTION = ("--samples", "good", "--ref", "digits", "--extractor", "inception")
PICKLE = "needs pickle, which can run code; save plain numbers"
RANGE = "floats from -1 to 1: needed 0..1 (for tanh outputs pass (x + 1) / 2, or clamp)"


def samples(source, *more):
    return ("score", "--samples", source, "--ref", "digits", *more)


def good(*more):
    return samples("good", *more)


# command line: (exit code, the whole line on stderr); {…} stands for what differs between machines
TABLE = {
    # the content of what was passed
    samples("empty"): (1, f"empty: found no files; {NEEDED}"),
    samples("texts"): (1, f"texts: found 2 files, none of them images (.csv 1, .txt 1); {NEEDED}"),
    samples("folder-in-folder"): (1, f"folder-in-folder: found no files; {NEEDED}"),
    samples("one"): (1, "one: found 1 image, needed at least 2 for fid; {…}"),
    samples("six", "--metrics", "pr"): (1, "six: found 6 images, needed at least 7 for pr; {…}"),
    samples("six", "--metrics", "dc"): (1, "six: found 6 images, needed at least 7 for dc; {…}"),
    good("--ref-n", "6"): (1, "digits:train: found 6 images, needed at least 7 for pr; {…}"),
    good("--metrics", "fid-infinity"): (1, "good: found 30 images, needed at least 66 for fid-infinity; {…}"),
    good("-n", "31"): (1, "good: found 30 images, needed 31; ask for fewer with -n or --ref-n"),
    good("--ref-n", "1098"): (1, "digits:train: found 1097 images, needed 1098; ask for fewer with -n or --ref-n"),
    samples("cut"): (1, "cut/007.png: cannot be decoded: image file is truncated"),
    samples("hollow"): (1, "hollow/002.png: the file is empty (0 bytes)"),
    samples("link"): (1, "link/broken.png: cannot be read: No such file or directory"),
    samples("notes.txt"): (1, f"notes.txt: found a '.txt' file, {SOURCES}"),
    samples("traversal.zip"): (
        1, "traversal.zip: member '../../etc/000.png' points outside the archive (path traversal); nothing was read",
    ),
    samples("bomb.zip"): (
        1, "bomb.zip!bomb.png: 2,000,000,000 bytes for one image; at most 1,073,741,824 are read",
    ),
    samples("text.zip"): (1, "text.zip: not a zip archive, or a damaged one (File is not a zip file)"),
    samples("pickled.npz"): (1, f"pickled.npz: {PICKLE}"),
    samples("other.npz"): (1, "other.npz: holds weights: needed arr_0 or images"),
    samples("text.npz"): (1, "text.npz: not a .npz file, or a damaged one"),
    samples("text.npy"): (1, "text.npy: not a .npy file, or a damaged one"),
    samples("tanh.npy"): (1, f"tanh.npy[3]: {RANGE}"),
    samples("integers.npy"): (1, "integers.npy[0]: dtype int64: needed uint8, uint16, bool or floats in 0..1"),
    samples("flat.npy"): (1, "flat.npy: shape (20, 64): needed N,H,W or N,H,W,C or N,C,H,W {…}"),
    samples("own_code:tanh", "-n", "9"): (1, "own_code:tanh[0]: floats from -1 to {…}: needed 0..1 (for tanh {…}"),
    samples("own_code:few", "-n", "9"): (1, "own_code:few: asked for 9 images, got shape (8, 3, 8, 8)"),
    samples("statistics.npz"): (
        1, "statistics.npz: a statistics file holds no images; it can be --ref, not --samples",
    ),
    ("score", "--samples", "good", "--ref", "nan.npz", "--extractor", "digits"): (
        1, "nan.npz: found numbers in mu that are not finite; it cannot be a reference",
    ),
    ("score", "--samples", "good", "--ref", "narrow.npz", "--extractor", "digits"): (1, "{…}60{…}64{…}"),
    good("--extractor", "own_code:late_nan"): (
        1, "extractor 'own_code:late_nan': found features that are not finite for image 5",
    ),
    good("--extractor", "own_code:logits"): (
        1, "extractor 'own_code:logits': found probabilities that are no distribution {…} the softmax, not logits",
    ),
    good("--extractor", "own_code:failing"): (1, "extractor 'own_code:failing' failed: RuntimeError: out of luck"),
    ("score", *INCEPTION, "--offline"): (
        1,
        "the weights of extractor 'inception' (weights-inception-2015-12-05-6726825d.pth) are neither in {…} nor in "
        "{…}, and downloads are off: pass --weights FILE, or --extractor FILE after `ganeval classifier SRC -o FILE`, "
        "or go online",
    ),
    good("--extractor", "mnist"): (1, "no classifier for mnist here: run `ganeval classifier mnist` {…}"),
    ("score", *INCEPTION, "--weights", "text.pth"): (
        1, "text.pth: is not a weights file (needed: a state dict in PyTorch's format or safetensors)",
    ),
    ("score", *INCEPTION, "--weights", "other.pth"): (
        1, "other.pth: not these weights: 'Conv2d_1a_3x3.conv.weight' and {…} more are missing",
    ),
    ("score", *INCEPTION, "--weights", "cut.pth"): (
        1, "cut.pth: is cut short (needed: a state dict in PyTorch's format or safetensors)",
    ),
    ("score", *INCEPTION, "--weights", "code.pth"): (
        1, "code.pth: holds more than tensors {…} code in it is not run{…}",
    ),
    good("--extractor", "text.safetensors"): (
        1, "text.safetensors: not a classifier of ganeval, or a damaged one ({…})",
    ),
    ("score", "--samples", "good", "--ref", "cifar10"): (
        1, "cifar10:train: no data_batch_1, {…} in {…}, and downloads are off; {…} --data-root or GANEVAL_DATA, {…}",
    ),
    ("features", "cut", "-o", "new.npz", "--extractor", "digits"): (
        1, "cut/007.png: cannot be decoded: image file is truncated",
    ),
    ("check", "one"): (
        1, "one: `ganeval score` would refuse this: too few images for fid, is, kid, pr, dc, modes",
    ),
    ("check", "cut"): (
        1, "cut: `ganeval score` would refuse this: 1 file cannot be read (mend or remove, or --on-bad-image skip)",
    ),
    # names
    ("score", "--samples", "good", "--ref", "digitz"): (
        2, f"digitz: no such file, folder or data set: did you mean 'digits'? (data sets: {DATA_SETS})",
    ),
    samples("god"): (2, f"god: no such file, folder or data set: did you mean 'good'? (data sets: {DATA_SETS})"),
    ("score", "--samples", "good", "--ref", "digits:tets"): (
        2, "unknown split of digits 'tets': did you mean 'test'? (known: train, selection, test)",
    ),
    good("--metrics", "fid,kdi"): (2, "unknown metric 'kdi': did you mean 'kid'? (known: fid, {…})"),
    good("--extractor", "inceptoin"): (2, "unknown extractor 'inceptoin': did you mean 'inception'? (known: {…})"),
    good("--protocol", "claen"): (
        2, "unknown protocol 'claen': did you mean 'clean'? (known: tf1, clean, pytorch-fid)",
    ),
    good("--device", "cudda"): (2, "unknown device 'cudda': did you mean 'cuda'? (known: {…})"),
    good("--precision", "bf61"): (2, "unknown precision 'bf61': did you mean 'bf16'? (known: float32, tf32, bf16)"),
    good("--on-bad-image", "skp"): (2, "unknown on-bad-image 'skp': did you mean 'skip'? (known: fail, skip)"),
    ("list", "metrix"): (2, "unknown list 'metrix': did you mean 'metrics'? (known: {…})"),
    ("features", "good", "-o", "new.npz", "--extractor", "digits", "--kind", "feature"): (
        2, "unknown kind 'feature': did you mean 'features'? (known: statistics, features)",
    ),
    # flags that do not go together, and paths
    good("--precision", "tf32", "--device", "cpu"): (
        2, "--precision tf32 needs a CUDA device, and this is cpu: use float32 or bf16",
    ),
    good("--batch-size", "0"): (2, "--batch-size: found 0, needed at least 1"),
    good("--extractor", "own_code:blind", "--metrics", "fid,is"): (
        2, "is: this extractor gives no class probabilities; leave it out of --metrics",
    ),
    ("score", "--samples", "good", "--ref", "statistics.npz", "--extractor", "digits", "--metrics", "kid"): (
        2, "kid: the reference is a statistics file, which holds no features; leave it out of --metrics",
    ),
    good("--name", "a", "--name", "b"): (2, "--name: found 2, needed one for each of the 1 --samples"),
    good("--samples", "six", "--name", "a"): (2, "--name: found 1, needed one for each of the 2 --samples"),
    good("--samples", "good", "--out", "new"): (
        2, "--out: found the names good, good, needed a --name for each that makes a folder",
    ),
    good("--name", "..", "--out", "new"): (2, "--out: found the names .., needed a --name {…} that makes a folder"),
    good("--out", "notes.txt"): (2, "--out notes.txt/report.json: nothing can be written to {…}/notes.txt"),
    good("--json", "one"): (2, "--json one: found a folder, needed a file to write"),
    good("--json", "notes.txt/a.json"): (2, "--json notes.txt/a.json: nothing can be written to {…}/notes.txt"),
    good("--extractor", "own_code:constant"): (2, "own_code:constant: found a int, needed a function"),
    good("--extractor", "own_code:blnd"): (2, "own_code:blnd: cannot be imported (AttributeError: {…})"),
    good("--extractor", "digits", "--weights", "other.pth"): (
        2, "extractor 'digits' takes no --weights: only networks with published weights do, such as inception",
    ),
    good("--extractor", "gone.safetensors"): (2, "gone.safetensors: no such file (`ganeval classifier` writes one)"),
    ("score", *INCEPTION, "--weights", "gone.pth"): (2, "--weights: there is no file gone.pth"),
    samples("own_code:tanh"): (
        2, "own_code:tanh: a callable has no end: pass n, the number of images to draw from it",
    ),
    ("check", "own_code:tanh"): (2, "own_code:tanh: check looks at files and arrays, not at a generator"),
    ("check", "statistics.npz"): (2, "statistics.npz: found points or statistics, needed images"),
    ("features", "good", "-o", "new.txt", "--extractor", "digits"): (
        2, "new.txt: found the suffix '.txt', needed .npz or .pt",
    ),
    ("features", "statistics.npz", "-o", "new.npz", "--extractor", "digits"): (
        2, "statistics.npz: found points or statistics, needed images",
    ),
    ("features", "good", "-o", "one", "--extractor", "digits"): (2, "-o one: found a folder, needed a file to write"),
    ("classifier", "good", "-o", "new.safetensors"): (
        2, "good: found no labels, needed a folder for each class (cat/1.png, dog/2.png)",
    ),
    ("classifier", "good", "-o", "new.pth"): (2, "new.pth: found the suffix '.pth', needed .safetensors"),
    ("classifier", "own_code:tanh"): (
        2, "own_code:tanh: found no set of labelled images, needed a data set or a folder per class",
    ),
}  # fmt: skip


def pattern(line):
    return "Error: " + ".*".join(re.escape(part) for part in line.split("{…}")) + "\n"


@pytest.fixture
def place(mistakes, monkeypatch, tmp_path):
    """Stand in that folder, with no weights or data sets anywhere near."""
    monkeypatch.chdir(mistakes)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("GANEVAL_DATA", raising=False)
    return mistakes


@pytest.mark.parametrize("arguments", TABLE, ids=" ".join)
def test_a_mistake_is_one_line_and_its_exit_code(run, place, arguments):
    code, line = TABLE[arguments]
    result = run(*arguments)
    assert re.fullmatch(pattern(line), result.stderr), result.stderr
    assert result.exit_code == code
    assert result.stdout == "" or arguments[0] == "check"
    assert not list(place.glob("new*"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_refused(run, place):
    result = run(*good("--device", "cuda"))
    assert result.exit_code == 2
    assert result.stderr == "Error: --device cuda: found no such device here, needed one of auto, cpu\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("scoer",), "unknown command 'scoer': did you mean 'score'? (known: "),
        (("score", "--samples", "good", "--refs", "digits"), "--ref"),
        (("score", "--samples", "good"), "Missing option '--ref'"),
        (("score", "--ref", "digits"), "Missing option '--samples'"),
        (good("-n", "0"), "-n"),
        (good("-n", "many"), "-n"),
        (good("extra"), "extra"),
        (("check",), "SRC"),
    ],
)
def test_a_wrong_command_or_flag_is_named_with_what_was_meant(run, place, arguments, line):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (error,) = [text for text in result.stderr.splitlines() if text.startswith("Error: ")]
    assert line in error


def test_pictures_that_cannot_be_read_are_left_out_listed_and_said_when_asked(run, place):
    result = run(*samples("cut", "--metrics", "fid", "--on-bad-image", "skip", "--json", "-", "--no-cache"))
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["samples"]["skipped"] == ["cut/007.png: cannot be decoded: image file is truncated"]
    assert report["samples"]["count"] == 29
    (said,) = [text for text in report["warnings"] if "left out" in text]
    assert "cut/007.png (cannot be decoded: image file is truncated)" in said
    assert f"warning: {said}\n" in result.stderr


def test_a_picture_less_or_one_that_is_left_out_is_the_same_score(run, place, write_digits, tmp_path):
    rest = write_digits(tmp_path / "rest", 30)
    (rest / "007.png").unlink()
    both = run(*samples("cut", "--samples", rest, "--metrics", "fid", "--on-bad-image", "skip", "--json", "-"))
    left_out, removed = json.loads(both.stdout)
    assert left_out["scores"] == removed["scores"]
    assert left_out["samples"]["fingerprint"] == removed["samples"]["fingerprint"]


def test_nothing_readable_at_all_is_refused_even_when_skipping(run, place, tmp_path):
    (tmp_path / "a.png").write_text("hello")
    result = run(*samples(tmp_path, "--on-bad-image", "skip"))
    assert result.exit_code == 1
    assert result.stderr == f"Error: {tmp_path}: found no image that can be read, needed some\n"


def test_a_disk_that_fills_up_is_one_line(run, place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "report.json")

    monkeypatch.setattr("ganeval.reports.run_folders.write_run", full)
    result = run(*good("--metrics", "fid", "--out", "somewhere"))
    assert (result.exit_code, result.stderr) == (1, "Error: report.json: No space left on device\n")
