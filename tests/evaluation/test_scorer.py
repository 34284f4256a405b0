"""The whole pipeline on real images: order of scores, dropped classes, equal results by every road, provenance."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

import ganeval
from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.errors import BadImage, ContentError, UsageError
from ganeval.evaluation.scorer import Scorer
from ganeval.evaluation.settings import Settings
from ganeval.reports.report import Report
from ganeval.reports.scores import METRICS
from ganeval.sources.datasets import open_dataset

Array = np.ndarray


@pytest.fixture(scope="module")
def test_digits() -> Array:
    """The 500 held-out digits, N,H,W."""
    images = open_dataset("digits:test")
    return np.stack([images.item(i).pixels[0] for i in range(len(images))])


@pytest.fixture(scope="module")
def test_labels() -> Array:
    labels = open_dataset("digits:test").labels
    assert labels is not None
    return labels


def blurred(digits: Array, radius: float) -> Array:
    return np.stack([np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(radius))) for one in digits])


def noisy(digits: Array, sigma: float) -> Array:
    noise = np.random.default_rng(0).normal(0, sigma, digits.shape)
    return (digits + noise).clip(0, 255).astype(np.uint8)


def stripes(count: int) -> Array:
    """Another data set altogether: striped squares."""
    random = np.random.default_rng(1)
    rows = random.integers(0, 2, (count, 8, 1)) * random.integers(100, 256, (count, 1, 1))
    return np.broadcast_to(rows, (count, 8, 8)).astype(np.uint8)


def scored(samples: Array, metrics: str = "fid,kid,pr,dc") -> Report:
    return ganeval.evaluate(samples, "digits", metrics=metrics)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fid", "kid"])
def test_real_before_blurred_before_noisy_before_another_data_set(test_digits: Array, name: str) -> None:
    sets = (test_digits, blurred(test_digits, 0.4), noisy(test_digits, 100), stripes(500))
    values = [scored(one, name).scores[name].value for one in sets]
    assert values == sorted(values)
    assert len(set(values)) == 4


@pytest.mark.parametrize("dropped", [1, 3, 5, 9])
def test_modes_covered_counts_what_is_left_when_classes_are_dropped(dropped: int) -> None:
    digits = open_dataset("digits:train")
    assert digits.labels is not None
    kept = digits.subset(np.flatnonzero(digits.labels >= dropped).tolist())
    whole, part = (ganeval.evaluate(one, "digits:test", metrics="modes,pr,dc").scores for one in (digits, kept))
    assert whole["modes_covered"].value == 10
    assert part["modes_covered"].value == 10 - dropped
    for name in ("recall", "coverage"):
        lost = whole[name].value - part[name].value
        assert lost > 0.5 * dropped / 10  # each class is a tenth of the reference
    assert part["precision"].value == pytest.approx(whole["precision"].value, abs=0.1)


def test_modes_by_vote_count_the_same(test_digits: Array, test_labels: Array) -> None:
    """With features of pixels alone, no classifier: the five nearest labelled references vote."""

    def pixels(batch: torch.Tensor) -> torch.Tensor:
        return batch[:, 0].flatten(1)

    pixels.size = 8  # type: ignore[attr-defined]
    report = ganeval.evaluate(test_digits[test_labels >= 2], "digits", extractor=pixels, metrics="modes")
    assert report.scores["modes_covered"].value == 8
    assert report.scores["modes_covered"].total == 10


def test_a_folder_a_zip_an_array_and_a_stream_score_the_same(test_digits: Array, tmp_path: Path) -> None:
    import zipfile

    folder = tmp_path / "digits"
    folder.mkdir()
    for i, digit in enumerate(test_digits[:100]):
        Image.fromarray(digit).save(folder / f"{i:03}.png")
    with zipfile.ZipFile(tmp_path / "digits.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    sources = [folder, tmp_path / "digits.zip", test_digits[:100], iter(test_digits[:100])]
    reports = [ganeval.evaluate(one, "digits", name="digits") for one in sources]
    assert len({report.samples.fingerprint for report in reports}) == 1
    assert len({str(report.to_dict()["scores"]) for report in reports}) == 1
    assert reports[0].samples.formats == {"png": 100}


def test_the_evaluator_agrees_with_evaluate(test_digits: Array) -> None:
    evaluator = ganeval.Evaluator("digits")
    for start in range(0, 500, 60):
        evaluator.update(torch.from_numpy(test_digits[start : start + 60]))
    streamed, whole = evaluator.compute(), scored(test_digits, ",".join(choose_default()))
    assert streamed.samples.fingerprint == whole.samples.fingerprint
    for name, score in whole.scores.items():
        assert streamed.scores[name].value == pytest.approx(score.value, rel=1e-4, abs=1e-6), name


def choose_default() -> list[str]:
    return [name for name, family in METRICS.items() if family.default]


def test_the_evaluator_starts_anew_after_reset(test_digits: Array) -> None:
    evaluator = ganeval.Evaluator("digits", metrics="fid")
    evaluator.update(stripes(50))
    evaluator.reset()
    evaluator.update(test_digits[:100])
    assert evaluator.compute().samples.count == 100
    evaluator.update(test_digits[100:200])
    assert evaluator.compute().samples.count == 200


def test_the_evaluator_follows_every_setting(tmp_path: Path) -> None:
    """Precision, batch size, k and offline reach the scorer; a keyword takes the place of what the settings have."""
    settings = Settings(metrics="fid", precision="bf16", batch_size=7, k_precision_recall=4, offline=True, cache=False)
    evaluator = ganeval.Evaluator("digits:test", settings, metrics="fid,pr", seed=5)
    evaluator.update(stripes(20))
    report = evaluator.compute()
    assert list(report.scores) == ["fid", "precision", "recall"]
    protocol = report.protocol
    assert (protocol.precision, protocol.k_precision_recall, protocol.seed) == ("bf16", 4, 5)
    assert protocol == ganeval.evaluate(stripes(20), "digits:test", settings, metrics="fid,pr", seed=5).protocol
    (tmp_path / "cut.png").write_bytes(b"cut")
    with pytest.raises(BadImage):
        ganeval.Evaluator(tmp_path, Settings(extractor="digits"))
    with pytest.raises(ContentError, match=r"no (picture|image)"):  # left out, as it was asked for; nothing remains
        ganeval.Evaluator(tmp_path, Settings(extractor="digits", on_bad_image="skip"))


@pytest.mark.parametrize("settings", [Settings(n=5), Settings(latent=16)])
def test_the_evaluator_refuses_settings_that_it_would_ignore(settings: Settings) -> None:
    with pytest.raises(UsageError, match="an Evaluator takes all images"):
        ganeval.Evaluator("digits", settings)


def test_a_keyword_that_is_no_setting_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="metric"):
        ganeval.evaluate("digits:test", "digits", metric="fid")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="batchsize"):
        Settings(batchsize=7)  # type: ignore[call-arg]


def test_another_k_is_computed_and_reported_and_not_comparable(test_digits: Array) -> None:
    """The values are those of the plain function on the same features, in both families."""
    settings = Settings(metrics="pr,dc", extractor=by_pixels, k_precision_recall=2, k_density_coverage=9)
    report = ganeval.evaluate(test_digits[:100], test_digits[100:300], settings)
    assert (report.protocol.k_precision_recall, report.protocol.k_density_coverage) == (2, 9)
    features = [torch.from_numpy(part).flatten(1).float() for part in (test_digits[100:300], test_digits[:100])]
    plain = ganeval.score_features(*features, metrics=("pr", "dc"), k_precision_recall=2, k_density_coverage=9)
    default = ganeval.evaluate(test_digits[:100], test_digits[100:300], metrics="pr,dc", extractor=by_pixels)
    for name, score in report.scores.items():
        assert score.value == pytest.approx(plain[name].value, rel=1e-6), name
        assert score.value != default.scores[name].value, name
    assert reasons_not_comparable(report, default) == ["k precision recall: 2, not 3", "k density coverage: 9, not 5"]


def test_the_evaluator_refuses_what_is_no_image() -> None:
    evaluator = ganeval.Evaluator("digits", metrics="fid")
    with pytest.raises(ContentError, match="from -1"):
        evaluator.update(torch.full((4, 1, 8, 8), -1.0))
    with pytest.raises(ContentError, match="no image"):
        evaluator.compute()


def test_a_generator_network_is_scored_by_its_latent_size() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.Sigmoid(), torch.nn.Unflatten(1, (1, 8, 8)))
    first = ganeval.evaluate(network, "digits", latent=16, n=60, metrics="fid,pr")
    again = ganeval.evaluate(network, "digits", Settings(latent=16, n=60, metrics="fid,pr", batch_size=7))
    assert first.samples.count == 60
    assert first.scores["fid"].value == pytest.approx(again.scores["fid"].value, rel=1e-4)


def test_a_generator_in_tanh_range_is_told_how_to_map_it() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.Tanh(), torch.nn.Unflatten(1, (1, 8, 8)))
    with pytest.raises(ContentError, match=r"\(x \+ 1\) / 2"):
        ganeval.evaluate(network, "digits", latent=16, n=20, metrics="fid")


def test_drawing_n_is_random_seeded_and_said(test_digits: Array) -> None:
    first = ganeval.evaluate(test_digits, "digits", n=100, metrics="fid")
    again = ganeval.evaluate(test_digits, "digits", n=100, metrics="fid")
    other = ganeval.evaluate(test_digits, "digits", n=100, metrics="fid", seed=1)
    head = ganeval.evaluate(test_digits[:100], "digits", metrics="fid")
    assert first.samples.count == 100
    assert first.samples.fingerprint == again.samples.fingerprint
    assert len({report.samples.fingerprint for report in (first, other, head)}) == 3


def test_more_than_there_are_is_refused(test_digits: Array) -> None:
    with pytest.raises(ContentError, match="found 500 images, needed 501"):
        ganeval.evaluate(test_digits, "digits", n=501)


def test_every_score_is_a_number_with_a_direction(test_digits: Array) -> None:
    report = ganeval.evaluate(test_digits, "digits")
    expected = {name for family in choose_default() for name in METRICS[family].scores}
    assert set(report.scores) == expected
    for name, score in report.scores.items():
        assert math.isfinite(score.value), name
        assert score.better in ("lower", "higher")
        assert score.error is None or score.error >= 0


def test_the_same_images_as_their_reference_are_called_out() -> None:
    report = ganeval.evaluate("digits", "digits", metrics="fid,pr")
    assert report.scores["fid"].value == pytest.approx(0, abs=1e-6)
    assert any("same images" in text for text in report.warnings)


def test_mixed_formats_sizes_and_duplicates_are_warned_about(test_digits: Array, tmp_path: Path) -> None:
    for i, digit in enumerate(test_digits[:20]):
        Image.fromarray(digit).save(tmp_path / f"{i}.{'jpg' if i < 5 else 'png'}")
    Image.fromarray(test_digits[7]).save(tmp_path / "again.png")
    Image.fromarray(test_digits[8]).resize((16, 16)).save(tmp_path / "large.png")
    (tmp_path / "notes.txt").write_text("x")
    text = "\n".join(ganeval.evaluate(tmp_path, "digits", metrics="fid").warnings)
    for expected in ("2 different sizes", "5 jpeg, 17 png", "1 of 22 images are exact duplicates", ".txt"):
        assert expected in text


def test_metrics_that_cannot_be_are_left_out_with_a_warning_or_refused_by_name(test_digits: Array) -> None:
    def means(batch: torch.Tensor) -> torch.Tensor:
        return batch.mean((2, 3)) + batch[:, :, 0, 0]

    means.size = 8  # type: ignore[attr-defined]
    report = ganeval.evaluate(test_digits, "digits", extractor=means)
    assert "inception_score" not in report.scores
    assert any(text.startswith("is left out") for text in report.warnings)
    with pytest.raises(UsageError, match="no class probabilities"):
        ganeval.evaluate(test_digits, "digits", extractor=means, metrics="is,fid")


def test_the_report_says_what_was_done(test_digits: Array) -> None:
    report = ganeval.evaluate(test_digits[:50], "digits", metrics="fid", name="fifty")
    assert (report.samples.name, report.samples.count) == ("fifty", 50)
    assert report.samples.shape == (3, 8, 8)
    assert report.samples.converted == {"grey": 50}
    assert (report.reference.name, report.reference.source) == ("digits:train", "digits:train")
    protocol = report.protocol
    assert (protocol.name, protocol.extractor, protocol.weights) == ("tf1", "digits", "published")
    assert protocol.weights_sha256 is not None
    assert len(protocol.weights_sha256) == 64
    assert set(report.environment["seconds"]) == {"extract", "metrics"}


def test_labels_in_an_npz_vote_like_those_of_a_data_set(test_digits: Array, test_labels: Array, tmp_path: Path) -> None:
    np.savez(tmp_path / "labelled.npz", images=test_digits, labels=test_labels)
    report = ganeval.evaluate("digits:train", tmp_path / "labelled.npz", extractor="digits", metrics="modes")
    assert (report.scores["modes_covered"].value, report.scores["modes_covered"].total) == (10, 10)


def test_cells_are_said_where_there_are_no_labels(test_digits: Array) -> None:
    report = ganeval.evaluate(test_digits[:100], test_digits[100:], extractor="digits", metrics="modes")
    assert any("k-means cells" in text for text in report.warnings)


def by_pixels(batch: torch.Tensor) -> torch.Tensor:
    """Features without classes."""
    return batch[:, 0].flatten(1)


by_pixels.size = 8  # type: ignore[attr-defined]


@pytest.mark.parametrize("extractor", ["digits", by_pixels])
def test_the_modes_are_listed_by_the_names_of_their_classes(
    test_digits: Array, test_labels: Array, extractor: Any
) -> None:
    """By the classifier and by vote; all but a few counts are those of the images' own labels."""
    some = test_digits[test_labels < 7]
    more = ganeval.evaluate(some, "digits", metrics=["modes"], extractor=extractor).scores["modes_covered"].more
    own = np.bincount(test_labels[test_labels < 7], minlength=10)
    assert sum(more["samples"]) == len(some)
    assert np.abs(np.array(more["samples"]) - own).sum() <= 0.06 * len(some)
    labels = open_dataset("digits").labels
    assert np.abs(np.array(more["reference"]) - np.bincount(labels)).sum() <= (0 if extractor is by_pixels else 30)
    assert more["names"] == [str(digit) for digit in range(10)]


def test_cells_and_modes_of_a_mixture_have_counts_and_no_names(test_digits: Array) -> None:
    cells = ganeval.evaluate(test_digits[:100], test_digits[100:], metrics=["modes"], extractor=by_pixels)
    more = cells.scores["modes_covered"].more
    assert (sum(more["samples"]), sum(more["reference"]), more["names"]) == (100, len(test_digits) - 100, None)
    ring = ganeval.evaluate("ring8:test", "ring8", metrics=["mixture"]).scores["modes_captured"].more
    assert (len(ring["samples"]), len(ring["reference"]), ring["names"]) == (8, 8, None)
    assert 250 < min(ring["samples"]) < max(ring["samples"]) <= 313  # an eighth of 2,500, but for 1.1 % beyond 3 sigma


def test_histograms_come_back_from_a_file(test_digits: Array, tmp_path: Path) -> None:
    report = ganeval.evaluate(test_digits, "digits", metrics=["modes"])
    (tmp_path / "report.json").write_text(report.to_json())
    read = ganeval.load_report(tmp_path / "report.json")
    assert read.scores == report.scores
    assert read.to_dict() == report.to_dict()


def test_a_generator_that_fails_is_one_line() -> None:
    def broken(n: int) -> Array:
        raise ZeroDivisionError("no noise")

    with pytest.raises(ContentError, match="broken failed: ZeroDivisionError: no noise"):
        ganeval.evaluate(broken, "digits", n=10, metrics="fid")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ({"seed": -1}, "--seed: found -1, needed 0 to 4294967295"),
        ({"seed": 2**32}, "--seed"),
        ({"n": 0}, "-n: found 0, needed at least 1"),
        ({"batch_size": 0}, "--batch"),
        ({"k_precision_recall": 0}, "--k-precision-recall: found 0"),
        ({"on_bad_image": "skp"}, "did you mean 'skip'"),
    ],
)
def test_numbers_that_cannot_be_are_one_line(test_digits: Array, setting: dict[str, int], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        ganeval.evaluate(test_digits, "digits", Settings(metrics="fid", **setting))  # type: ignore[arg-type]


def test_the_callers_autocast_changes_no_score(test_digits: Array) -> None:
    plain = scored(test_digits)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert scored(test_digits).to_dict()["scores"] == plain.to_dict()["scores"]


def test_a_scorer_without_some_families_leaves_them_out_and_the_first_unchanged(test_digits: Array) -> None:
    scorer = Scorer("digits", Settings(metrics="fid,kid,pr"))
    assert set(scorer.without("kid", "dc").score(test_digits[:100]).scores) == {"fid", "precision", "recall"}
    assert set(scorer.only("fid").score(test_digits[:100]).scores) == {"fid"}
    assert scorer.families == ["fid", "kid", "pr"]
