"""Faults planted in a run - a generator that ignores z, a NaN, a handful of training pictures - are called by name."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from training_runs import prepare

from ganeval.progress import silent
from ganeval.reports.report import load_report
from ganeval.training import run
from ganeval.training.diagnosis.verdicts import Verdict, verdicts
from ganeval.training.final_scores import FinishedRun, read_log
from ganeval.training.run import Prepared, train_run
from ganeval.training.run_request import RunRequest
from reference_models import Config, Sampler
from reference_models import build as build_model
from reference_models.engine.model import Model

Run = Callable[..., Result]
Orders = Callable[..., RunRequest]
Carry = Callable[..., FinishedRun]
LONG = {"steps": 450, "changes": {"check_every": "150", "lr_g": "5e-4", "lr_d": "1e-3"}}


def names(found: Sequence[Verdict]) -> set[str]:
    return {verdict.name for verdict in found}


def diagnosis(prepared: Prepared) -> list[Verdict]:
    """The verdicts on a run that is trained here, and not scored: they are read from its log."""
    train_run(prepared, silent)
    losses, checks, divergence = read_log(prepared.request.folder)
    return verdicts(losses, checks, divergence=divergence, loss=prepared.config.loss)


# collapse and overfitting: one healthy run, and what each fault makes of the very same one


@pytest.mark.slow
def test_a_run_without_a_fault_is_healthy(tiny: Orders, tmp_path: Path) -> None:
    assert names(diagnosis(prepare(tiny("vanilla", tmp_path / "run", **LONG)))) == {"healthy"}


@pytest.mark.slow
def test_a_generator_that_ignores_z_is_called_mode_collapse(
    tiny: Orders, carried_out: Carry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = Sampler.images
    monkeypatch.setattr(Sampler, "images", lambda sampler, z, labels=None: images(sampler, 0 * z, labels))
    found = carried_out(tiny("vanilla", tmp_path / "run", **LONG))
    assert "mode collapse" in names(found.verdicts)
    (sentence,) = [one.sentence for one in found.verdicts if one.name == "mode collapse"]
    assert "mean distance between samples 0.00 of that between real images" in sentence
    assert "minibatch_std=true" in sentence
    written = load_report(tmp_path / "run").more["training"]["verdicts"]
    assert {"name": "mode collapse", "sentence": sentence} in written
    assert load_report(tmp_path / "run").scores["recall"].value < 0.05


@pytest.mark.slow
def test_a_handful_of_training_images_is_called_overfitting_and_memorising(tiny: Orders, tmp_path: Path) -> None:
    prepared = prepare(tiny("vanilla", tmp_path / "run", **LONG))
    few = prepared.splits.train.take(np.arange(32))
    found = names(diagnosis(replace(prepared, splits=replace(prepared.splits, train=few))))
    assert {"overfitting", "memorising"} <= found
    assert "healthy" not in found


# divergence


@pytest.fixture
def bad_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """A model whose critic's loss is no number from a step on, counted from 1."""

    def plant(name: str, step: int) -> None:
        def build(config: Config) -> Model:
            model = build_model(config)
            if config.model == name:
                objective = model.objective

                def spoilt(group: str, batch: Any, context: Any) -> Any:
                    found = objective(group, batch, context)
                    if group == "d" and context.step + 1 >= step:
                        found.losses["loss"] = found.losses["loss"] * torch.nan
                    return found

                monkeypatch.setattr(model, "objective", spoilt)
            return model

        monkeypatch.setattr(run, "build", build)

    return plant


@pytest.mark.slow
def test_a_nan_stops_its_model_within_a_logging_interval_and_the_others_go_on(
    run: Run, here: None, tmp_path: Path, bad_from: Callable[[str, int], None]
) -> None:
    bad_from("dcgan", 7)
    options = ["--steps", "16", "--set", "check_every=4", "-n", "100", "--models", "vanilla,dcgan,wgan-gp"]
    result = run("train-all", *options, "--out", tmp_path)
    assert result.exit_code == 1
    sentence = (
        "diverged: d/loss was not finite at step 7 and the run was stopped; the last good checkpoint is of step 4"
    )
    assert result.stderr.splitlines()[-1].startswith(f"Error: digits-dcgan-s0: {sentence}")
    training = result.stdout[result.stdout.index("\ntraining\n") :]
    (row,) = [line for line in training.splitlines() if "digits-dcgan-s0" in line]
    assert sentence in row
    assert re.search(r"digits-dcgan-s0 +8 +4 ", row)  # stopped at the reading after step 7, best of step 4
    for model in ("vanilla", "wgan-gp"):
        assert load_report(tmp_path / f"digits-{model}-s0").more["training"]["steps"] == 16
    folder = tmp_path / "digits-dcgan-s0"
    document = json.loads((folder / "checkpoints" / "last.json").read_text())
    assert document["step"] == 4  # nothing after the last good check is saved
    assert load_report(folder).more["training"]["verdicts"][0]["name"] == "diverged"
    assert sentence in (tmp_path / "README.md").read_text()
    again = run("train-all", *options, "--out", tmp_path)  # it fails again where it failed
    assert again.exit_code == 1
    assert again.stderr.splitlines()[-1] == result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_run_that_never_was_good_has_no_report_and_that_is_reported(
    run: Run, here: None, tmp_path: Path, bad_from: Callable[[str, int], None]
) -> None:
    bad_from("dcgan", 1)
    options = ["--steps", "8", "--set", "check_every=4", "-n", "100", "--models", "vanilla,dcgan"]
    result = run("train-all", *options, "--out", tmp_path)
    assert result.exit_code == 1
    assert "digits-dcgan-s0: diverged: d/loss was not finite at step 1" in result.stderr
    assert "there is no good checkpoint" in result.stderr
    (row,) = [line for line in result.stdout.splitlines() if line.strip().startswith("digits-dcgan-s0")]
    assert row.split()[2:7] == ["–"] * 5
    assert not (tmp_path / "digits-dcgan-s0" / "report.json").exists()
    assert "dcgan" not in (tmp_path / "README.md").read_text()


@pytest.mark.slow
def test_a_learning_rate_that_is_far_too_high_is_not_called_healthy(run: Run, tmp_path: Path) -> None:
    options = ["--steps", "40", "--set", "lr_d=10", "--set", "lr_g=10", "-n", "50"]
    result = run("train", "vanilla", *options, "--out", tmp_path / "run")
    verdicts = load_report(tmp_path / "run").more["training"]["verdicts"]
    assert result.exit_code == 0
    assert "healthy" not in {one["name"] for one in verdicts}
    assert verdicts[0]["sentence"] in result.stdout
