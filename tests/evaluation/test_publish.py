"""`ganeval features`: statistics that others read, and that score as the images themselves do."""

import json

import numpy as np
import pytest
import torch

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


def test_statistics_score_as_the_images_they_are_of(run, published, digits_folder):
    images = scored(run, "--samples", "digits:test", "--ref", digits_folder, *FID)
    statistics = scored(run, "--samples", "digits:test", "--ref", published, *FID)
    fid, other = images["scores"]["fid"], statistics["scores"]["fid"]
    assert other["value"] == pytest.approx(fid["value"], rel=1e-6)
    assert other["error_samples"] == pytest.approx(fid["error_samples"], rel=1e-6)
    assert other["error"] < fid["error"]
    assert any("error bar leaves out its part" in text for text in statistics["warnings"])
    assert not any("does not say how it was made" in text for text in statistics["warnings"])
    for key in ("count", "fingerprint"):
        assert statistics["reference"][key] == images["reference"][key]


def test_features_score_every_metric_as_the_images_do(run, digits_folder, tmp_path):
    path = tmp_path / "features.npz"
    done(run("features", digits_folder, "-o", path, "--kind", "features", *DIGITS))
    images = scored(run, "--samples", "digits:test", "--ref", digits_folder)["scores"]
    features = scored(run, "--samples", "digits:test", "--ref", path)["scores"]
    assert set(features) == set(images)
    for name in ("fid", "kid", "precision", "recall", "density", "coverage", "inception_score", "ndb"):
        assert features[name] == images[name]


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


def test_torch_fidelity_reads_our_file_and_we_read_its(run, digits_folder, tmp_path):
    """Through torch-fidelity's own cache: it finds our file under the name it would have given its own."""
    metric_fid = pytest.importorskip("torch_fidelity.metric_fid")
    utils = pytest.importorskip("torch_fidelity.utils")
    ours, name = tmp_path / "mine-stat.pt", "mine-stat"
    done(run("features", digits_folder, "-o", ours, *DIGITS))
    options = {"cache": True, "cache_root": str(tmp_path), "verbose": False}
    found = utils.cache_lookup_one_recompute_on_miss(name, lambda: pytest.fail("not found"), **options)
    assert metric_fid.fid_statistics_to_metric(found, found, False)["frechet_inception_distance"] < 1e-6
    theirs = metric_fid.fid_features_to_statistics(torch.from_numpy(features_of(run, digits_folder, tmp_path)))
    utils.torch_atomic_save(theirs, str(tmp_path / "theirs.pt"))
    by_ours = scored(run, "--samples", "digits:test", "--ref", ours, *FID)["scores"]["fid"]["value"]
    by_theirs = scored(run, "--samples", "digits:test", "--ref", tmp_path / "theirs.pt", *FID)["scores"]["fid"]["value"]
    assert by_theirs == pytest.approx(by_ours, rel=1e-4)  # their mean is float32


def features_of(run, folder, tmp_path):
    path = tmp_path / "kept.npz"
    done(run("features", folder, "-o", path, "--kind", "features", *DIGITS))
    return np.load(path)["features"]


def test_a_pickle_that_would_run_code_is_refused(run, tmp_path):
    class Hostile:
        def __reduce__(self):
            return (print, ("ran",))

    torch.save({"mu": Hostile(), "sigma": np.eye(3)}, tmp_path / "hostile.pt")
    result = run("score", "--samples", "digits:test", "--ref", tmp_path / "hostile.pt")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "ran" not in result.stdout.split()


def test_statistics_of_what_is_kept_already_decode_nothing(run, digits_folder, tmp_path, monkeypatch):
    done(run("score", "--samples", "digits:test", "--ref", digits_folder, *FID, *DIGITS))
    monkeypatch.setattr("ganeval.media.images.decoding.decode", lambda *_: pytest.fail("decoded"))
    done(run("features", digits_folder, "-o", tmp_path / "again.npz", *DIGITS))


def test_auto_takes_the_extractor_that_a_file_was_made_with(run, published):
    report = json.loads(done(run("score", "--samples", "digits:test", "--ref", published, *FID, "--json", "-")).stdout)
    assert report["protocol"]["extractor"] == "digits"


def test_of_a_file_with_images_and_statistics_samples_are_the_images(run, digits_folder, tmp_path):
    images = np.zeros((20, 8, 8, 3), np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None, None]
    np.savez(tmp_path / "adm.npz", arr_0=images, mu=np.zeros(64), sigma=np.eye(64))
    as_samples = scored(run, "--samples", tmp_path / "adm.npz", "--ref", digits_folder, *FID)
    as_reference = scored(run, "--samples", digits_folder, "--ref", tmp_path / "adm.npz", *FID)
    assert as_samples["samples"]["count"] == 20
    assert as_reference["reference"]["count"] is None
    assert any("the images it holds too are not" in text for text in as_reference["warnings"])


def test_features_keep_labels_so_that_modes_stay_classes(run, write_digits, tmp_path):
    path = tmp_path / "labelled.npz"
    done(run("features", "digits:test", "-o", path, "--kind", "features", *DIGITS))
    report = scored(run, "--samples", "digits:selection", "--ref", path, "--metrics", "modes")
    assert report["scores"]["modes_covered"]["total"] == 10


def test_a_file_does_not_choose_code_to_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    made = np.array(json.dumps({"extractor": "evil:f"}))
    np.savez(tmp_path / "evil.npz", mu=np.zeros(64), sigma=np.eye(64), ganeval=made)
    result = run("score", "--samples", "digits:test", "--ref", "evil.npz", "--metrics", "fid", *DIGITS)
    assert result.exit_code == 1
    assert "made with extractor evil:f" in result.stderr
    assert "ran" not in result.stderr


@pytest.mark.parametrize("flag", ["-n", "--ref-n"])
def test_statistics_cannot_be_drawn_from(run, published, flag):
    arguments = (
        ("--samples", published, "--ref", "digits") if flag == "-n" else ("--samples", "digits", "--ref", published)
    )
    result = run("score", *arguments, flag, "20", *DIGITS)
    assert result.exit_code in (1, 2)
    assert result.stderr.count("\n") == 1


def test_one_image_has_no_statistics(run, write_digits, tmp_path):
    folder = write_digits(tmp_path / "one", 1, start=499)
    for flags in (("--no-cache",), (), ("--kind", "features"), ()):  # decoded, and from the store
        result = run("features", folder, "-o", tmp_path / "one.npz", *DIGITS, *flags)
        assert result.exit_code == (0 if "--kind" in flags else 1)
        assert ("found 1 images, needed at least 2" in result.stderr) == ("--kind" not in flags)


def test_statistics_that_name_no_images_are_told_apart_by_their_numbers(run, tmp_path, digits_folder):
    """Else a gate would take one `real.npz` for another of that name."""
    prints = []
    for name, shift in (("a", 0.0), ("b", 0.0), ("c", 1e-9)):
        path = tmp_path / name / "real.npz"
        path.parent.mkdir()
        np.savez(path, mu=np.zeros(64) + shift, sigma=np.eye(64))
        report = scored(run, "--samples", digits_folder, "--ref", path, "--metrics", "fid")
        prints.append(report["reference"]["fingerprint"])
    assert prints[0] == prints[1] != prints[2]
    assert all(one.startswith("sha256:") for one in prints)
