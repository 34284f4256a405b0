"""`gate --prove` on real digits: the bad sets are what they are called, and lost or changed images are one line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganeval.errors import UsageError
from ganeval.evaluation.known_sets import bad_sets, with_copies, without_class
from ganeval.evaluation.proof import prove
from ganeval.evaluation.scorer import Scorer
from ganeval.evaluation.settings import Settings
from ganeval.gating.limits import GateOptions, Limit
from ganeval.gating.proving import Proof
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.reports.report import dump, load_report
from ganeval.sources.datasets import open_dataset

FID, PRECISION = Limit("max-increase", "fid", 5.0, percent=True), Limit("max-decrease", "precision", 0.03)


def pixels(images: SampleSet) -> np.ndarray:
    return np.stack([images.item(index).pixels[0] for index in range(len(images))])


@pytest.fixture(scope="module")
def digits() -> SampleSet:
    return open_dataset("digits:train")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: SampleSet) -> Path:
    """Images that are nearly real, and their report; its scores are those of fid and pr; `fid.json` has fid alone."""
    folder = tmp_path_factory.mktemp("proof")
    noise = np.random.default_rng(0).normal(0, 8, (600, 8, 8))
    array = (pixels(digits)[:600] + noise).clip(0, 255).astype(np.uint8)
    np.savez(folder / "samples.npz", arr_0=array)
    scorer = Scorer("digits:test", Settings(metrics="fid,pr"))
    report = scorer.score(str(folder / "samples.npz"))
    (folder / "report.json").write_text(report.to_json())
    fid_alone = replace(report, scores={"fid": report.scores["fid"]})
    (folder / "fid.json").write_text(fid_alone.to_json())
    return folder


@pytest.fixture(scope="module")
def proof(folder: Path) -> Proof:
    report = (folder / "report.json",)
    return prove(report, GateOptions((FID, PRECISION), report))


def test_the_outcome_on_each_known_set(proof: Proof) -> None:
    assert {trial.name: trial.result for trial in proof.trials} == {
        "held-out real data (digits:train)": "passed",
        "class 1 by digits dropped": "caught",
        "noise": "caught",
        "blur": "caught",
        "1% copies of one image": "missed",
        "10% copies of one image": "caught",
        "300 of 600 samples": "caught",
    }
    assert (proof.exit_code, proof.warnings) == (1, ())


def test_the_bad_sets_are_what_they_are_called(digits: SampleSet) -> None:
    before = pixels(digits)
    sets = dict(bad_sets(digits, 1))
    assert list(sets) == ["noise", "blur", "1% copies of one image", "10% copies of one image", "548 of 1,097 samples"]
    noise = pixels(sets["noise"]).astype(float) - before
    middle = (before > 80) & (before < 175)  # where nothing is clipped
    assert noise[middle].std() == pytest.approx(25.5, rel=0.05)
    assert pixels(sets["blur"]).std() < 0.8 * before.std()
    assert len(sets["548 of 1,097 samples"]) == 548
    assert all(images.digest(3) == images.item(3).digest for images in sets.values())
    assert len({images.bytes_hash() for images in (digits, *sets.values())}) == 6


@pytest.mark.parametrize(("share", "copies"), [(0.01, 11), (0.1, 110)])
def test_copies_are_of_one_image_in_place_of_so_many_others(digits: SampleSet, share: float, copies: int) -> None:
    hashes = [with_copies(digits, share, 7).digest(index) for index in range(len(digits))]
    own = {digits.digest(index) for index in range(len(digits))}
    assert max(map(hashes.count, set(hashes))) >= copies + 1
    assert (len(hashes), len(set(hashes) - own)) == (len(digits), 0)


def test_the_largest_class_is_dropped_and_others_stand_in_its_place(digits: SampleSet) -> None:
    assert digits.labels is not None
    number, rest = without_class(digits, digits.labels, 1) or (None, digits)
    assert rest.labels is not None
    assert number == np.bincount(digits.labels).argmax()
    assert len(rest) == len(digits)
    assert number not in rest.labels
    one = array_images(np.zeros((5, 8, 8), np.uint8))
    assert without_class(one, np.zeros(5, np.int64), 1) is None


def test_labels_of_the_samples_name_the_class(folder: Path, tmp_path: Path, digits: SampleSet) -> None:
    assert digits.labels is not None
    with np.load(folder / "samples.npz") as held:
        np.savez(tmp_path / "a.npz", arr_0=held["arr_0"], labels=np.where(digits.labels[:600] < 4, 0, 1))
    report = Scorer("digits:test", Settings(metrics="fid")).score(str(tmp_path / "a.npz"))
    (tmp_path / "a.json").write_text(report.to_json())
    names = [trial.name for trial in prove([tmp_path / "a.json"], GateOptions((Limit("max", "fid", 1.0),))).trials]
    assert "class 1 dropped" in names


def test_images_of_a_reference_without_splits_need_held_out_ones(
    folder: Path, tmp_path: Path, digits: SampleSet
) -> None:
    np.save(tmp_path / "real.npy", pixels(digits)[600:])
    scorer = Scorer(str(tmp_path / "real.npy"), Settings(metrics="fid", extractor="digits"))
    (tmp_path / "a.json").write_text(scorer.score(str(folder / "samples.npz")).to_json())
    options = GateOptions((Limit("max", "fid", 1.5),))
    first = prove([tmp_path / "a.json"], options).trials[0]
    assert (first.result, "needed --held-out SRC" in first.note) == ("not possible", True)
    assert prove([tmp_path / "a.json"], options, "digits").trials[0].result == "passed"
    few = prove([tmp_path / "a.json"], options, "digits:test").trials[0]
    assert few.note == "digits:test holds 500 images, needed 600: as many as samples"


def test_a_baseline_whose_samples_are_gone_is_proved_with_the_reports(folder: Path, tmp_path: Path) -> None:
    report = load_report(folder / "fid.json")
    gone = replace(report, samples=replace(report.samples, source="gone.npz"))
    (tmp_path / "old.json").write_text(gone.to_json())
    proof = prove([folder / "fid.json"], GateOptions((FID,), (tmp_path / "old.json",)))
    assert proof.warnings == ("--prove: the baseline's samples are not here; the report's own are taken",)
    assert len(proof.trials) == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("samples", "source", "gone.npz"), "--prove: the samples cannot be opened again: gone.npz: no such file"),
        (("samples", "source", "os:getcwd"), "os:getcwd: samples that code generates"),
        (("reference", "source", "os:getcwd"), "os:getcwd: a reference that code generates"),
        (("protocol", "extractor", "os:getcwd"), "os:getcwd: a network of your own"),
        (("protocol", "weights_sha256", "00"), "--prove: the samples scored anew are not comparable: weights"),
        (("reference", "fingerprint", "sha256:00"), "not comparable: reference"),
        (("samples", "fingerprint", "sha256:00"), "found other images than were scored; score them anew"),
        (("samples", "count", 601), "found 600 images, needed 601"),
    ],
)
def test_what_cannot_be_scored_as_it_was_is_one_line(folder: Path, tmp_path: Path, change, message: str) -> None:
    document = json.loads((folder / "fid.json").read_text())
    part, key, value = change
    document[part][key] = value
    (tmp_path / "a.json").write_text(dump(document))
    with pytest.raises(UsageError) as caught:
        prove([tmp_path / "a.json"], GateOptions((Limit("max", "fid", 1.0),)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_limits_on_what_is_no_score_of_images_are_not_proved(folder: Path) -> None:
    other = Limit("max", "fid_last", 3.0)
    proof = prove([folder / "fid.json"], GateOptions((Limit("max", "fid", 1.0), other)))
    assert "--prove: --max fid_last=3 is not proved: no score of images" in proof.warnings
    with pytest.raises(UsageError, match="found no limit on a score of images"):
        prove([folder / "fid.json"], GateOptions((other,)))


def test_a_crop_of_all_images_is_the_proofs_too(folder: Path, tmp_path: Path) -> None:
    report = Scorer("digits:test", Settings(metrics="fid", crop=6)).score(str(folder / "samples.npz"))
    (tmp_path / "a.json").write_text(report.to_json())
    assert len(prove([tmp_path / "a.json"], GateOptions((Limit("max", "fid", 1.0),))).trials) == 7
