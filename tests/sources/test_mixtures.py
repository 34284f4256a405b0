"""`ring8` and `grid25`: what they hold, and the scoring of points against them, as a user would."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result

import ganeval
from ganeval.errors import ContentError, UsageError
from ganeval.sources.mixtures import MIXTURES, open_mixture, points_of
from ganeval.sources.statistics_files import Statistics

Run = Callable[..., Result]
CEILING = 1 - math.exp(-4.5)


def held(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Points, modes, centres and spread of a named mixture."""
    found = open_mixture(name)
    assert found.features is not None
    assert found.labels is not None
    assert found.centres is not None
    assert found.sigma is not None
    return found.features, found.labels, found.centres, found.sigma


def test_the_centres_are_the_published_ones() -> None:
    ring, grid = MIXTURES["ring8"], MIXTURES["grid25"]
    assert (ring.sigma, grid.sigma) == (0.01, 0.05)
    np.testing.assert_allclose(np.hypot(*ring.centres.T), 1, rtol=1e-12)
    angles = np.sort(np.arctan2(*ring.centres.T[::-1]) % (2 * np.pi))
    np.testing.assert_allclose(angles, np.arange(8) * np.pi / 4, atol=1e-12)
    assert {tuple(centre) for centre in grid.centres} == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}


@pytest.mark.parametrize("name", MIXTURES)
@pytest.mark.parametrize(("split", "count"), [("train", 100_000), ("test", 2_500)])
def test_points_are_round_normals_around_their_modes(name: str, split: str, count: int) -> None:
    points, labels, centres, sigma = held(f"{name}:{split}")
    assert (points.shape, points.dtype) == ((count, 2), np.float32)
    counts = np.bincount(labels, minlength=len(centres))
    assert counts.max() - counts.min() <= 1
    scaled = (points - centres[labels]) / sigma
    assert np.abs(scaled.mean(0)).max() < 4 / count**0.5
    assert np.cov(scaled.T) == pytest.approx(np.eye(2), abs=4 * (2 / count) ** 0.5)
    near = (scaled**2).sum(1) <= 9
    assert abs(near.mean() - CEILING) < 4 * (CEILING * (1 - CEILING) / count) ** 0.5
    assert np.abs(np.corrcoef(np.arange(count), labels)[0, 1]) < 4 / count**0.5  # in no order


def test_points_are_the_same_on_every_call_and_splits_differ() -> None:
    first, again, other = (open_mixture(name) for name in ("ring8", "ring8:train", "ring8:test"))
    assert first.name == again.name == "ring8:train"
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.labels, again.labels)
    assert first.provenance == again.provenance
    assert first.provenance["fingerprint"] != other.provenance["fingerprint"]
    assert not np.isin(other.features, first.features).all()


def test_names_and_splits_are_checked() -> None:
    with pytest.raises(UsageError, match="unknown split of ring8 'tset': did you mean 'test'"):
        open_mixture("ring8:tset")
    with pytest.raises(UsageError, match="unknown mixture 'ring9': did you mean 'ring8'"):
        open_mixture("ring9")


@pytest.mark.parametrize("name", MIXTURES)
def test_true_points_score_the_ceiling(name: str) -> None:
    report = ganeval.evaluate(f"{name}:test", name)
    assert list(report.scores) == ["fid", "modes_captured", "modes_captured_tenth", "high_quality", "reverse_kl"]
    modes = len(MIXTURES[name].centres)
    assert report.scores["modes_captured"].value == report.scores["modes_captured"].total == modes
    assert report.scores["modes_captured_tenth"].value == modes
    quality = report.scores["high_quality"]
    assert quality.error is not None
    assert abs(quality.value - CEILING) < 4 * quality.error
    assert report.scores["reverse_kl"].value < (modes - 1) / 2 / 2500  # modes are filled equally: less than by chance
    assert (report.protocol.extractor, report.samples.count, report.reference.count) == ("points", 2500, 100_000)
    assert report.warnings == ()


def test_dropped_modes_are_found_whatever_holds_the_points(tmp_path: Path) -> None:
    points, labels, _, _ = held("grid25:test")
    kept = points[labels < 20]
    np.save(tmp_path / "points.npy", kept)
    np.savez(tmp_path / "points.npz", kept)
    np.savez(tmp_path / "features.npz", features=kept.astype(np.float64))
    sources = [
        kept,
        torch.from_numpy(kept),
        *(tmp_path / name for name in ("points.npy", "points.npz", "features.npz")),
    ]
    reports = [ganeval.evaluate(source, "grid25") for source in sources]
    for report in reports:
        assert (report.scores["modes_captured"].value, report.scores["modes_captured"].total) == (20, 25)
        assert report.scores["reverse_kl"].value == pytest.approx(math.log(25 / 20), abs=1e-3)  # equal but for outliers
        assert report.warnings == ()
    assert len({report.samples.fingerprint for report in reports}) == 1


def test_fewer_points_can_be_drawn() -> None:
    points = open_mixture("ring8").features
    report = ganeval.evaluate(points, "ring8", n=2500)
    again = ganeval.evaluate(points, "ring8", n=2500)
    assert report.samples.count == 2500
    assert report.samples.fingerprint == again.samples.fingerprint != points_of(points, "").provenance["fingerprint"]
    assert ganeval.evaluate("ring8:test", "ring8", ganeval.Settings(ref_n=100, metrics="fid")).reference.count == 100
    with pytest.raises(ContentError, match="found 100000 images, needed 100001"):
        ganeval.evaluate(points, "ring8", n=100_001)


def test_other_metrics_are_there_by_name() -> None:
    report = ganeval.evaluate("ring8:test", "ring8:test", metrics="modes,pr")
    assert (report.scores["modes_covered"].value, report.scores["modes_covered"].total) == (8, 8)  # the labels vote
    assert report.scores["precision"].value == 1
    with pytest.raises(UsageError, match=r"^is: this extractor gives no class probabilities; leave it out"):
        ganeval.evaluate("ring8:test", "ring8", metrics="is")


def test_pictures_know_of_no_mixture(test_digits: np.ndarray) -> None:
    report = ganeval.evaluate(test_digits, "digits")
    assert not {"modes_captured", "high_quality", "reverse_kl"} & set(report.scores)
    assert not any("mixture" in text for text in report.warnings)
    with pytest.raises(UsageError, match=r"^mixture: the reference is no mixture .*\(ring8 and grid25 are\); leave it"):
        ganeval.evaluate(test_digits, "digits", metrics="mixture")


@pytest.fixture(scope="module")
def test_digits() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)


def failed(result: Result, code: int) -> str:
    """The one line of a command that failed."""
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_points_and_pictures_do_not_mix(run: Run, digits_folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.zeros((10, 2)))
    np.save(tmp_path / "pictures.npy", np.zeros((10, 8, 8), np.uint8))
    needed = "found images, needed points: an array (N, D), a .npy or .npz of floats, ring8 or grid25"
    assert needed in failed(run("score", "--samples", digits_folder, "--ref", "ring8"), 1)
    assert needed in failed(run("score", "--samples", "digits", "--ref", "digits", "--extractor", "points"), 1)
    line = failed(run("score", "--samples", tmp_path / "pictures.npy", "--ref", "ring8"), 1)
    assert "found uint8 of shape (10, 8, 8), needed points" in line
    line = failed(run("score", "--samples", tmp_path / "points.npy", "--ref", "digits"), 1)
    assert "shape (10, 2): needed N,H,W" in line
    line = failed(run("score", "--samples", "ring8", "--ref", "digits"), 1)
    assert "ring8:train: made with extractor points, needed digits" in line
    line = failed(run("score", "--samples", tmp_path / "points.npy", "--ref", "ring8", "--extractor", "digits"), 1)
    assert "ring8:train: made with extractor points, needed digits" in line


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.array([[0.0, np.nan]]), "a point that is not finite: number 0"),
        (np.zeros((4, 3)), "found 2 features, needed 3"),
        (np.zeros((0, 2)), r"needed points: real numbers \(N, D\)"),
        (np.zeros((4, 2), complex), "found complex128"),
        (np.zeros(4), r"of shape \(4,\)"),
    ],
)
def test_what_are_no_points_is_one_line(array: np.ndarray, why: str) -> None:
    with pytest.raises(ContentError, match=why) as caught:
        ganeval.evaluate(array, "ring8")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_files_that_hold_no_points_are_one_line(suffix: str, tmp_path: Path) -> None:
    junk = tmp_path / f"junk{suffix}"
    junk.write_text("junk")
    with pytest.raises(ContentError, match=rf"junk\{suffix}: not a \{suffix} file, or a damaged one$"):
        ganeval.evaluate(junk, "ring8")
    header = (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2,\n"  # no Python, at which NumPy raises TokenError
    )
    damaged = {".npy": b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header, ".npz": b"PK\x03\x04junk"}
    junk.write_bytes(damaged[suffix])
    with pytest.raises(ContentError, match=rf"junk\{suffix}: damaged \(.*\)$"):
        ganeval.evaluate(junk, "ring8")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ContentError, match=r"needs pickle, which can run code; save plain numbers$"):
        ganeval.evaluate(tmp_path / "objects.npy", "ring8")
    np.savez(tmp_path / "other.npz", other=np.zeros((4, 2)))
    with pytest.raises(ContentError, match=r"other\.npz: found other, needed features or arr_0$"):
        ganeval.evaluate(tmp_path / "other.npz", "ring8")


def test_features_of_a_network_are_no_points(tmp_path: Path) -> None:
    about = json.dumps({"extractor": "inception"})
    np.savez(tmp_path / "published.npz", features=np.zeros((4, 2)), ganeval=np.array(about))
    with pytest.raises(ContentError, match="made with extractor inception, needed points"):
        ganeval.evaluate(tmp_path / "published.npz", "ring8")


def test_points_are_shown_as_such(run: Run, tmp_path: Path) -> None:
    points, labels, _, _ = held("ring8:test")
    np.save(tmp_path / "half.npy", points[labels < 4])
    alone = run("score", "--samples", tmp_path / "half.npy", "--ref", "ring8")
    assert (alone.exit_code, alone.stderr) == (0, "")
    for text in ("FID (points)", "modes captured", "4 of 8", "high quality", "M = 100,000 reference points"):
        assert text in alone.stdout
    both = run("score", "--samples", tmp_path / "half.npy", "--samples", "ring8:test", "--ref", "ring8")
    assert "8 of 8" in both.stdout
    for what in ("ring8", "grid25"):
        assert what in run("list", "datasets").stdout
    assert "for ring8 and grid25" in run("list", "metrics").stdout


def test_a_mixture_is_statistics_with_centres() -> None:
    ring = open_mixture("ring8:test")
    assert isinstance(ring, Statistics)
    assert ring.provenance["classes"] == [str(mode) for mode in range(8)]
