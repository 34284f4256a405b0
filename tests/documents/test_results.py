"""What `train-all` left in results/: every model has learned, as a share of what noise gets (a scale-free figure).

The recorded runs, and those of this machine where the README's first command has left them all.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorded import FID_LIMITS
from training_runs import prepare_unscored

from ganeval.reports.report import load_report
from ganeval.training.run_request import RunRequest
from ganeval.training.samples import scored_count
from reference_models import MODELS, Config

RECORDED = Path(__file__).parents[2] / "results" / "recorded"
DIGITS = [*(f"digits-{model}-s0" for model in MODELS), "digits-real", "digits-noise"]


def by_default(folder: Path) -> bool:
    """Whether a folder holds all that `ganeval train-all` leaves when it is given nothing: other runs learn less."""
    if not all((folder / name / "report.json").is_file() for name in DIGITS):
        return False
    return all(asked(folder / f"digits-{model}-s0") == default(model) for model in MODELS)


def asked(run: Path) -> tuple[Any, Any]:
    training = load_report(run).more["training"]
    return Config.from_dict(training["config"]).to_dict(), training["count"]


def default(model: str) -> tuple[Any, Any]:
    order = RunRequest(model, "digits", Path())
    prepared = prepare_unscored(order)
    return prepared.config.to_dict(), scored_count(order, prepared.splits.train)


FOLDERS = [RECORDED] + [RECORDED.parent] * by_default(RECORDED.parent)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def results(request: pytest.FixtureRequest) -> Path:
    """A folder of runs."""
    folder: Path = request.param
    return folder


def test_runs_of_this_machine_count_only_where_all_are_there_and_as_the_preset_has_them(tmp_path: Path) -> None:
    for name in reversed(DIGITS):
        assert not by_default(tmp_path), f"without {name}"
        (tmp_path / name).mkdir()
        shutil.copy(RECORDED / name / "report.json", tmp_path / name)
    assert by_default(tmp_path)
    path = tmp_path / "digits-dcgan-s0" / "report.json"
    report = path.read_text(encoding="utf-8")
    for key, value in (("steps", 8), ("lr_g", 0.1), ("count", 100)):  # as after `train-all --steps 8`, --set, -n
        changed = json.loads(report)
        (changed["training"] if key == "count" else changed["training"]["config"])[key] = value
        path.write_text(json.dumps(changed), encoding="utf-8")
        assert not by_default(tmp_path), key


@pytest.mark.parametrize("model", FID_LIMITS)
def test_a_model_comes_close_to_the_digits_it_never_saw(results: Path, model: str) -> None:
    report, noise = (load_report(results / name) for name in (f"digits-{model}-s0", "digits-noise"))
    assert report.reference.name == noise.reference.name == "digits:test"
    assert report.samples.count == noise.samples.count
    assert report.scores["fid"].value <= FID_LIMITS[model] * noise.scores["fid"].value


def test_real_pictures_are_the_floor_and_noise_the_ceiling(results: Path) -> None:
    real, noise = (load_report(results / name).scores["fid"].value for name in ("digits-real", "digits-noise"))
    models = [load_report(results / f"digits-{model}-s0").scores["fid"].value for model in FID_LIMITS]
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
