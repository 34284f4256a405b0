"""`ganeval features`: statistics that others read, and that score as the pictures themselves do."""

import json

import numpy as np
import pytest

FID = ("--metrics", "fid")
DIGITS = ("--extractor", "digits")


def done(result):
    assert result.exit_code == 0, result.stderr
    return result


def scored(run, *arguments):
    return json.loads(done(run("score", *arguments, *DIGITS, "--json", "-")).stdout)


@pytest.fixture(scope="module")
def published(run, digits_folder, tmp_path_factory):
    """Statistics of the digits' folder, as the command writes them."""
    path = tmp_path_factory.mktemp("published") / "digits.npz"
    result = done(run("features", digits_folder, "-o", path, *DIGITS))
    assert (result.stdout, result.stderr) == (f"{path}: statistics of 60 images\n", "")
    return path


def test_pytorch_fid_reads_mu_and_sigma_of_our_file(published, run, digits_folder, tmp_path):
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    mean, covariance = fid_score.compute_statistics_of_path(str(published), None, 50, 2048, "cpu")
    features = tmp_path / "features.npz"
    done(run("features", digits_folder, "-o", features, "--kind", "features", *DIGITS))
    values = np.load(features)["features"].astype(np.float64)
    assert values.shape == (60, 64)
    assert mean == pytest.approx(values.mean(axis=0), abs=1e-9)
    assert covariance == pytest.approx(np.cov(values, rowvar=False), abs=1e-9)
    assert np.trace(covariance) > 0.1


def test_statistics_score_as_the_pictures_they_are_of(run, published, digits_folder):
    pictures = scored(run, "--samples", "digits:test", "--ref", digits_folder, *FID)
    statistics = scored(run, "--samples", "digits:test", "--ref", published, *FID)
    fid, other = pictures["scores"]["fid"], statistics["scores"]["fid"]
    assert other["value"] == pytest.approx(fid["value"], rel=1e-6)
    assert other["error_samples"] == pytest.approx(fid["error_samples"], rel=1e-6)
    assert other["error"] < fid["error"]
    assert any("error bar leaves out its part" in text for text in statistics["warnings"])
    assert not any("does not say how it was made" in text for text in statistics["warnings"])
    for key in ("count", "fingerprint"):
        assert statistics["reference"][key] == pictures["reference"][key]


def test_features_score_every_metric_as_the_pictures_do(run, digits_folder, tmp_path):
    path = tmp_path / "features.npz"
    done(run("features", digits_folder, "-o", path, "--kind", "features", *DIGITS))
    pictures = scored(run, "--samples", "digits:test", "--ref", digits_folder)["scores"]
    features = scored(run, "--samples", "digits:test", "--ref", path)["scores"]
    assert set(features) == set(pictures)
    for name in ("fid", "kid", "precision", "recall", "density", "coverage", "inception_score", "ndb"):
        assert features[name] == pictures[name]


def test_a_foreign_file_is_taken_at_its_word_and_said(run, published, tmp_path):
    with np.load(published) as file:
        np.savez(tmp_path / "foreign.npz", mu=file["mu"], sigma=file["sigma"])
    ours = scored(run, "--samples", "digits:test", "--ref", published, *FID)
    foreign = scored(run, "--samples", "digits:test", "--ref", tmp_path / "foreign.npz", *FID)
    assert foreign["scores"]["fid"]["value"] == ours["scores"]["fid"]["value"]
    assert foreign["reference"]["count"] is None
    assert any("does not say how it was made" in text for text in foreign["warnings"])


@pytest.mark.parametrize(
    ("options", "found"), [(("--protocol", "clean"), "tf1-bilinear"), (("--precision", "bf16"), "float32")]
)
def test_another_protocol_than_the_files_is_refused(run, published, options, found):
    result = run("score", "--samples", "digits:test", "--ref", published, *DIGITS, *FID, *options)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {published}: made with ")
    assert found in result.stderr
    assert "same protocol" in result.stderr


def test_another_extractor_than_the_files_is_refused(run, published, tmp_path, monkeypatch):
    (tmp_path / "first_pixels.py").write_text("def same_width(x): return x.flatten(1)[:, :64]\nsame_width.size = 8\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    options = ("--extractor", "first_pixels:same_width", *FID)
    result = run("score", "--samples", "digits:test", "--ref", published, *options)
    assert result.exit_code == 1
    assert "digits, needed first_pixels:same_width" in result.stderr


def test_what_statistics_cannot_give_is_left_out_with_a_word_for_each(run, published):
    result = done(run("score", "--samples", "digits:test", "--ref", published, *DIGITS))
    for family in ("kid", "pr", "dc", "modes"):
        assert f"warning: {family} left out: the reference is a statistics file" in result.stderr
    assert "FID (digits classifier)" in result.stdout


def test_a_subset_is_published_as_drawn(run, digits_folder, tmp_path):
    done(run("features", digits_folder, "-o", tmp_path / "a.npz", "-n", "20", *DIGITS))
    assert json.loads(str(np.load(tmp_path / "a.npz")["ganeval"]))["count"] == 20
