"""What `train-all` left in results/: every model has learned, as a share of what noise gets (a scale-free figure).

The recorded runs, and those of this machine where there are any, as after the README's first command.
"""

from pathlib import Path

import pytest

from ganeval.report import load_report

RECORDED = Path(__file__).parent.parent / "results" / "recorded"
FOLDERS = [RECORDED] + [RECORDED.parent] * (RECORDED.parent / "digits-cyclegan-s0" / "report.json").is_file()
MOST = {"vanilla": 0.02, "dcgan": 0.017, "wgan-gp": 0.013, "cgan": 0.009}  # of noise's FID: the issue's own limits


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def results(request: pytest.FixtureRequest) -> Path:
    """A folder of runs."""
    folder: Path = request.param
    return folder


@pytest.mark.parametrize("model", MOST)
def test_a_model_comes_close_to_the_digits_it_never_saw(results: Path, model: str) -> None:
    report, noise = (load_report(results / name) for name in (f"digits-{model}-s0", "digits-noise"))
    assert report.reference.name == noise.reference.name == "digits:test"
    assert report.samples.count == noise.samples.count
    assert report.scores["fid"].value <= MOST[model] * noise.scores["fid"].value


def test_real_pictures_are_the_floor_and_noise_the_ceiling(results: Path) -> None:
    real, noise = (load_report(results / name).scores["fid"].value for name in ("digits-real", "digits-noise"))
    models = [load_report(results / f"digits-{model}-s0").scores["fid"].value for model in MOST]
    assert real < min(models)
    assert 10 * max(models) < noise


def test_the_conditional_model_keeps_the_diversity_of_its_classes(results: Path) -> None:
    scores = load_report(results / "digits-cgan-s0").scores
    assert scores["recall"].value >= 0.8
    assert scores["intra_class_recall"].value >= 0.6
    assert scores["label_accuracy"].value >= 0.9
    assert scores["gan_train"].value >= 0.9


@pytest.mark.parametrize("file", ["report.json", "report-back.json"])
def test_translations_are_far_better_than_doing_nothing(results: Path, file: str) -> None:
    scores = load_report(results / "digits-cyclegan-s0" / file).scores
    assert scores["fid"].value <= 0.08 * scores["fid_nothing"].value
    assert scores["psnr"].value > scores["psnr_nothing"].value + 3
    assert scores["labels_kept"].value >= 0.7


@pytest.mark.parametrize("model", ["wgan-gp", "cgan"])
def test_the_recorded_runs_on_mnist_are_under_0_15_per_cent_of_noise(model: str) -> None:
    report, noise = (load_report(RECORDED / name) for name in (f"mnist-{model}-s0", "mnist-noise"))
    assert report.protocol.extractor == noise.protocol.extractor == "mnist"
    assert report.scores["fid"].value <= 0.0015 * noise.scores["fid"].value
