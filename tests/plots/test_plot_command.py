"""`ganeval plot`: files, messages and exit codes."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from example_runs import MODES, report_on

from ganeval.errors import unknown
from ganeval.reports.report import Score
from ganeval.reports.run_folders import write_run

RECORDED = Path(__file__).parents[2] / "results" / "recorded"
TRAINED = [RECORDED / name for name in ("digits-cgan-s0", "digits-cyclegan-s0", "mnist-wgan-gp-s0")]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_all_plots_of_a_run_go_into_its_folder_as_png_and_svg(run, make_run):
    folder = make_run().folder
    result = run("plot", folder)
    assert result.exit_code == 0
    assert result.stderr == ""
    names = [
        "activation-block2", "critic-scores", "detector", "evolution", "interpolation", "losses", "modes", "training",
    ]  # fmt: skip
    assert names_in(folder / "plots") == sorted(f"{name}.{ending}" for name in names for ending in ("png", "svg"))
    assert sorted(result.stdout.splitlines()) == sorted(str(path) for path in (folder / "plots").iterdir())
    assert (folder / "plots" / "losses.svg").read_text().startswith("<?xml")


@pytest.mark.slow
def test_the_missing_data_of_a_run_of_an_earlier_version_are_listed(run, make_run, tmp_path):
    folder = make_run().folder
    for path in (folder / "learning").iterdir():
        path.unlink()
    result = run("plot", folder, "-o", tmp_path / "figures")
    assert result.exit_code == 0
    rerun = "the run was trained by an earlier version: run the training command again to add it"
    retrain = "the run was trained by an earlier version: only a new training stores it"
    assert result.stderr.splitlines() == [
        f"not drawn: interpolation: no learning/interpolation.npz: {rerun}",
        f"not drawn: critic-scores: no learning/scores-*.npz: {retrain}",
        f"not drawn: detector: no learning/scores-*.npz: {retrain}",
        f"not drawn: activation: no learning/activation-*.npz: {rerun}",
    ]
    assert len(names_in(tmp_path / "figures")) == 8
    assert not (folder / "plots").exists()


BROKEN = {
    "text": b"not an npz",
    "empty": b"",
    "cut off": None,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_one_line_and_the_other_plots_are_drawn(run, make_run, kind):
    folder = make_run().folder
    path = folder / "learning" / "interpolation.npz"
    path.write_bytes(BROKEN[kind] if BROKEN[kind] is not None else path.read_bytes()[:-300])
    result = run("plot", folder, "--only", "interpolation,modes")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: not drawn: interpolation: {path}: cannot be read (")
    assert line.endswith("; remove it and run the training command again")
    assert names_in(folder / "plots") == ["modes.png", "modes.svg"]


PAIR = {"held_out": np.ones(2), "made": np.ones(2)}
WAY = np.zeros((1, 2, 8, 8, 1), np.uint8)
MISFITS = [
    ("interpolation", {"linear": WAY}, "found linear, needed spherical, positions as well"),
    (
        "interpolation",
        {"linear": WAY, "spherical": WAY, "positions": np.zeros(0)},
        "positions is float64 of shape (0,)",
    ),
    ("interpolation", {"linear": WAY * 1.0, "spherical": WAY, "positions": np.zeros(2)}, "linear is float64 of shape"),
    ("interpolation", {"linear": WAY, "spherical": WAY, "positions": np.zeros(3)}, "positions do not fit together"),
    ("scores-00000300", {"real": np.array([np.nan]), **PAIR}, "real holds numbers that are not finite"),
    ("scores-00000300", {"real": np.array(["a"]), **PAIR}, "real is <U1 of shape (1,)"),
    ("scores-00000300", {"real": np.array([None]), **PAIR}, "cannot be read (Object arrays cannot be loaded"),
]


@pytest.mark.parametrize(("name", "arrays", "message"), MISFITS)
def test_arrays_of_another_kind_are_one_line(run, make_run, name, arrays, message):
    folder = make_run().folder
    np.savez(folder / "learning" / f"{name}.npz", **arrays)
    result = run("plot", folder, "--only", "interpolation,critic-scores")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_a_broken_grid_is_one_line(run, make_run):
    folder = make_run().folder
    path = folder / "grids" / "step-00000200.png"
    path.write_bytes(path.read_bytes()[:200])
    result = run("plot", folder, "--only", "evolution,losses")
    assert result.exit_code == 1
    assert f"{path}: cannot be read (" in result.stderr
    assert names_in(folder / "plots") == ["losses.png", "losses.svg"]


def test_a_grid_of_far_too_many_pixels_is_one_line(run, make_run, monkeypatch):
    folder = make_run().folder
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 100)
    result = run("plot", folder, "--only", "evolution,losses")
    assert result.exit_code == 1
    assert "step-00000100.png: cannot be read (" in result.stderr
    assert names_in(folder / "plots") == ["losses.png", "losses.svg"]


@pytest.mark.slow
def test_only_the_plots_asked_for_are_drawn_and_one_that_cannot_be_is_listed_with_the_reason(run, make_run):
    folder = make_run().folder
    assert run("plot", folder, "--only", "losses, modes").exit_code == 0
    assert names_in(folder / "plots") == ["losses.png", "losses.svg", "modes.png", "modes.svg"]
    result = run("plot", folder, "--only", "losses,boundary")
    assert result.exit_code == 0
    assert result.stderr == "not drawn: boundary: the samples are images or vectors, not points in the plane\n"
    result = run("plot", folder, "--only", "boundary")
    assert result.exit_code == 1
    assert (
        result.stderr
        == f"Error: {folder}: nothing to draw: the samples are images or vectors, not points in the plane\n"
    )


def test_wrong_names_and_paths_are_usage_errors(run, make_run, tmp_path):
    folder = make_run().folder
    result = run("plot", folder, "--only", "loses")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: unknown plot 'loses': did you mean 'losses'? (known: evolution, ")
    (tmp_path / "taken").write_text("")
    result = run("plot", folder, "-o", tmp_path / "taken")
    assert result.exit_code == 2
    taken = tmp_path / "taken"
    assert result.stderr == f"Error: -o {taken / 'evolution.svg'}: nothing can be written to {taken}\n"
    assert run("plot", tmp_path / "gone").exit_code == 2
    assert run("plot").exit_code == 2
    result = run("plot", folder, make_run("other").folder, "--layer", "block1", "-o", tmp_path / "x")
    assert result.exit_code == 2
    assert "--layer block1: found 2 reports, needed one run folder" in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_folder_that_may_not_be_written_is_one_line(run, make_run, monkeypatch):
    folder = make_run().folder
    # root, who may run the tests, writes anywhere
    monkeypatch.setattr("os.access", lambda path, mode: path != folder or mode != os.W_OK)
    result = run("plot", folder)
    assert result.exit_code == 2
    plot = folder / "plots" / "evolution.svg"
    assert result.stderr == f"Error: -o {plot}: nothing can be written to {folder}\n"


def test_an_unfinished_run_is_reported_and_not_drawn(run, make_run):
    folder = make_run().folder
    (folder / "report.json").unlink()
    result = run("plot", folder)
    assert result.exit_code == 1
    assert f"{folder}: unfinished (" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "plots").exists()


def test_a_scored_run_has_its_modes_and_nothing_to_learn(run, tmp_path):
    write_run(tmp_path / "scored", report_on("scored"), {"seed": 1})
    result = run("plot", tmp_path / "scored")
    assert (result.exit_code, result.stderr) == (0, "")
    assert names_in(tmp_path / "scored" / "plots") == ["modes.png", "modes.svg"]


def test_both_directions_of_a_translation_have_their_modes(run, make_run):
    stored = make_run(model="cyclegan", shape=[1, 16, 16])
    (stored.folder / "report-back.json").write_text(report_on("mine-s0 outline→digit").to_json())
    assert run("plot", stored.folder, "--only", "modes").exit_code == 0
    assert names_in(stored.folder / "plots") == ["modes-back.png", "modes-back.svg", "modes.png", "modes.svg"]


def test_broken_counts_of_the_other_direction_are_reported(run, make_run):
    stored = make_run(model="cyclegan", shape=[1, 16, 16])
    broken = report_on("mine-s0 outline→digit", modes_covered=Score(3, "higher", more={**MODES, "samples": "x"}))
    (stored.folder / "report-back.json").write_text(broken.to_json())
    result = run("plot", stored.folder, "--only", "modes")
    reason = "modes: mine-s0 outline→digit: samples by mode is x, needed whole numbers"
    assert (result.exit_code, result.stderr) == (1, f"Error: not drawn: {reason}\n")
    assert names_in(stored.folder / "plots") == ["modes.png", "modes.svg"]


def test_a_broken_configuration_is_reported_once_for_all_plots(run, make_run):
    folder = make_run().folder
    (folder / "config.json").write_text("{")
    result = run("plot", folder)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: not drawn: evolution, interpolation, losses, training, critic-scores, ")
    assert result.stderr.count("config.json: cannot be read") == 1
    assert "modes.png" in names_in(folder / "plots")


@pytest.mark.slow
def test_several_runs_are_drawn_together_and_what_differs_apart(run, make_run, tmp_path):
    folders = [make_run(f"mine-s{seed}", fid).folder for seed, fid in enumerate((1.0, 2.0))]
    result = run("plot", folders[0].parent, "-o", tmp_path / "figures")
    assert (result.exit_code, result.stderr) == (0, "")
    names = ["fid", "fid-over-training", "modes-by-run", "precision-recall"]
    assert names_in(tmp_path / "figures") == sorted(f"{name}.{end}" for name in names for end in ("png", "svg"))
    other = report_on("other", 3.0)
    other = replace(other, samples=replace(other.samples, count=7))
    write_run(tmp_path / "other", other, {})
    result = run("plot", *folders, tmp_path / "other", "-o", tmp_path / "more", "--only", "fid")
    assert result.stderr == "not comparable, so in files of their own (-2): number of samples: 7, not 100\n"
    assert names_in(tmp_path / "more") == ["fid-2.png", "fid-2.svg", "fid.png", "fid.svg"]
    result = run("plot", *folders, "--only", "losses", "-o", tmp_path / "more")
    assert result.exit_code == 2
    assert "known: fid-over-training, precision-recall, fid, modes-by-run" in result.stderr


def test_a_layer_is_computed_by_training_and_then_drawn(run, make_run, monkeypatch):
    import ganeval.training.insight.activation as activation

    stored = make_run()
    layer_file = stored.folder / "learning" / "activation-block2.npz"

    def store(folder, layer, **options):
        if layer != "block3":
            raise unknown("layer", layer, ["block3"])
        path = folder / "learning" / f"activation-{layer}.npz"
        path.write_bytes(layer_file.read_bytes())
        return path

    monkeypatch.setattr(activation, "store_activation", store)
    assert run("plot", stored.folder, "--layer", "block3", "--only", "activation").exit_code == 0
    assert "activation-block3.png" in names_in(stored.folder / "plots")
    result = run("plot", stored.folder, "--layer", "blok3")
    assert result.exit_code == 2
    assert result.stderr == "Error: unknown layer 'blok3': did you mean 'block3'? (known: block3)\n"


@pytest.mark.slow
@pytest.mark.parametrize("folder", TRAINED, ids=lambda path: path.name)
def test_the_recorded_runs_can_be_drawn(run, folder, tmp_path):
    result = run("plot", folder, "-o", tmp_path, "--only", "evolution,losses,training")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(names_in(tmp_path)) == 6
