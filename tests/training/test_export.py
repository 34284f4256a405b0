"""`ganeval sample`, and runs as sources: seeded, a prefix of a longer draw, and worth the report's own scores."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from safetensors.torch import load_file, save_file
from training_runs import prepare_unscored

from ganeval.media.base import SampleSet
from ganeval.progress import silent
from ganeval.reports.report import load_report
from ganeval.sources.opening import Opening, open_source
from ganeval.sources.statistics_files import Statistics
from ganeval.training.checks.watch import TrainingWatch
from ganeval.training.final_scores import FinishedRun
from ganeval.training.run import train_run
from ganeval.training.run_request import RunRequest

Run = Callable[..., Result]
Orders = Callable[..., RunRequest]
Carry = Callable[..., FinishedRun]


@pytest.fixture(scope="module")
def runs(suite_run: tuple[Path, Result]) -> Path:
    return suite_run[0]


def sampled(run: Run, source: Path, target: Path, *more: Any) -> Result:
    result = run("sample", source, "-o", target, *more)
    assert result.exit_code == 0, result.stderr
    return result


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as held:
        return dict(held)


def pixels(images: Any) -> Any:
    return np.stack([picture.pixels for batch in images.batches(64) for picture in batch])


# what is written


@pytest.mark.slow
def test_a_folder_a_zip_and_an_npz_hold_the_same_samples(run: Run, runs: Path, tmp_path: Path) -> None:
    for name in ("a.npz", "a.zip", "a"):
        result = sampled(run, runs / "digits-dcgan-s0", tmp_path / name, "-n", "30")
        assert result.stdout == f"{tmp_path / name}: 30 images of digits-dcgan-s0\n"
    held = arrays(tmp_path / "a.npz")
    assert set(held) == {"arr_0"}
    assert held["arr_0"].shape == (30, 8, 8, 1)
    read = [pixels(open_source(tmp_path / name)) for name in ("a.npz", "a.zip", "a")]
    assert all(np.array_equal(one, read[0]) for one in read)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.npz", "a.zip"]


@pytest.mark.slow
def test_classes_are_folders_or_labels(run: Run, runs: Path, tmp_path: Path) -> None:
    for name in ("a.npz", "a.zip", "a"):
        sampled(run, runs / "digits-cgan-s0", tmp_path / name, "-n", "40")
    labels = arrays(tmp_path / "a.npz")["labels"]
    assert labels.shape == (40,)
    folder = {path.stem: int(path.parent.name) for path in (tmp_path / "a").rglob("*.png")}
    assert [folder[f"{index:02}"] for index in range(40)] == labels.tolist()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert set(archive.namelist()) == {f"{label}/{index:02}.png" for index, label in enumerate(labels)}
    with Image.open(tmp_path / "a" / str(labels[7]) / "07.png") as image:
        assert np.array_equal(np.asarray(image), arrays(tmp_path / "a.npz")["arr_0"][7, :, :, 0])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_file_and_a_longer_draw_begins_with_it(
    run: Run, runs: Path, tmp_path: Path
) -> None:
    source = runs / "digits-cgan-s0"
    for name, more in (("a", ()), ("b", ()), ("c", ("--seed", "1"))):
        sampled(run, source, tmp_path / f"{name}.zip", "-n", "30", *more)
    first, second, other = ((tmp_path / f"{name}.zip").read_bytes() for name in "abc")
    assert first == second
    assert first != other
    for count in (30, 130):  # more than a block of the sampler's
        sampled(run, source, tmp_path / f"{count}.npz", "-n", count)
    few, many = arrays(tmp_path / "30.npz"), arrays(tmp_path / "130.npz")
    for key in ("arr_0", "labels"):
        assert np.array_equal(few[key], many[key][:30])


def test_checkpoints_and_raw_weights_are_other_samples(
    run: Run, tiny: Orders, carried_out: Carry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingWatch, "checked", lambda watch, step, model, average: {"fid": float(step)})
    found = carried_out(tiny("vanilla", tmp_path / "run"))
    assert (found.facts["best_step"], found.facts["steps"]) == (4, 8)
    made = {}
    for name, more in (("best", ()), ("last", ("--checkpoint", "last")), ("raw", ("--raw",))):
        sampled(run, tmp_path / "run", tmp_path / f"{name}.npz", "-n", "20", *more)
        made[name] = arrays(tmp_path / f"{name}.npz")["arr_0"].tobytes()
    assert len(set(made.values())) == 3
    scores = found.reports[0].scores
    assert len({scores[name].value for name in ("fid", "fid_last", "fid_raw", "fid_last_raw")}) == 4


@pytest.mark.slow
def test_a_cyclegan_translates_test_images_both_ways(run: Run, runs: Path, tmp_path: Path) -> None:
    source = runs / "digits-cyclegan-s0"
    for direction in ("ab", "ba"):
        sampled(run, source, tmp_path / f"{direction}.npz", "--direction", direction)
    there, back = arrays(tmp_path / "ab.npz"), arrays(tmp_path / "ba.npz")
    assert there["arr_0"].shape == (500, 16, 16, 1)
    assert np.array_equal(there["arr_0"], arrays(source / "samples.npz")["arr_0"])
    assert np.array_equal(there["labels"], back["labels"])
    assert not np.array_equal(there["arr_0"], back["arr_0"])
    few = run("sample", source, "-n", "600", "-o", tmp_path / "c.npz")
    assert few.exit_code == 2
    assert few.stderr == "Error: -n 600: found 500 test images to translate; leave -n out for all\n"


@pytest.mark.slow
def test_some_translations_are_a_seeded_draw_and_more_of_them_begin_with_the_same(
    run: Run, runs: Path, tmp_path: Path
) -> None:
    source = runs / "digits-cyclegan-s0"
    for name, more in (("few", ("-n", 20)), ("many", ("-n", 120)), ("other", ("-n", 20, "--seed", 1)), ("all", ())):
        sampled(run, source, tmp_path / f"{name}.npz", *more)
    few, many, other, every = (arrays(tmp_path / f"{name}.npz") for name in ("few", "many", "other", "all"))
    for key in ("arr_0", "labels"):
        assert np.array_equal(few[key], many[key][:20])
        assert not np.array_equal(few[key], other[key])
        assert not np.array_equal(few[key], every[key][:20])
    known = {picture.tobytes() for picture in every["arr_0"]}
    assert all(picture.tobytes() in known for picture in many["arr_0"])


def test_a_cyclegan_whose_images_changed_translates_none_of_them(run: Run, tiny: Orders, tmp_path: Path) -> None:
    random = np.random.RandomState(0)
    for domain in ("trainA", "trainB"):
        (tmp_path / "data" / domain).mkdir(parents=True)
        for index in range(30):
            path = tmp_path / "data" / domain / f"{index:02}.png"
            Image.fromarray(random.randint(0, 256, (16, 16), np.uint8)).save(path)
    small = {"width": "4", "blocks": "1", "check_every": "2"}
    order = tiny("cyclegan", tmp_path / "run", str(tmp_path / "data"), steps=2, changes=small)
    train_run(prepare_unscored(order), silent)
    sampled(run, tmp_path / "run", tmp_path / "a.npz")
    Image.fromarray(random.randint(0, 256, (16, 16), np.uint8)).save(tmp_path / "data" / "trainB" / "07.png")
    for direction in ("ab", "ba"):
        result = run("sample", tmp_path / "run", "-o", tmp_path / "b.npz", "--direction", direction)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: {tmp_path / 'data'}: found other images than this run was trained on, needed the same to "
            "translate; put them back, or train again\n"
        )
    assert not (tmp_path / "b.npz").exists()


def test_points_go_into_an_npz(run: Run, tiny: Orders, carried_out: Carry, tmp_path: Path) -> None:
    small = {"check_every": "2", "batch_size": "16", "width": "8"}
    carried_out(tiny("vanilla", tmp_path / "run", "ring8", steps=2, changes=small))
    sampled(run, tmp_path / "run", tmp_path / "a.npz", "-n", "20")
    assert arrays(tmp_path / "a.npz")["arr_0"].shape == (20, 2)
    result = run("sample", tmp_path / "run", "-n", "20", "-o", tmp_path / "a")
    assert (result.exit_code, result.stderr) == (
        2, f"Error: {tmp_path / 'a'}: found points, needed an .npz to write them to\n",
    )  # fmt: skip
    held = open_source(tmp_path / "run", Opening(points=True))
    assert isinstance(held, Statistics)


@pytest.mark.slow
def test_the_default_output_is_a_zip_of_the_runs_name(
    run: Run, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("sample", runs / "digits-dcgan-s0", "-n", "12").stdout == (
        "digits-dcgan-s0.zip: 12 images of digits-dcgan-s0\n"
    )
    assert len(open_source("digits-dcgan-s0.zip")) == 12


# what is refused


@pytest.mark.slow
def test_a_run_that_cannot_be_sampled_is_one_line(run: Run, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    dcgan = runs / "digits-dcgan-s0"
    cases: list[tuple[int, tuple[Any, ...], str]] = [
        (2, (tmp_path / "nothing",), f"{tmp_path / 'nothing'}: no such run folder"),
        (
            1,
            (runs / "digits-noise",),
            f"{runs / 'digits-noise'}: found no run of `ganeval train`, needed one to sample",
        ),
        (1, (tmp_path / "full",), f"{tmp_path / 'full' / 'config.json'}: cannot be read"),
        (2, (dcgan, "-o", tmp_path / "a.png"), f"-o {tmp_path / 'a.png'}: found the suffix '.png', needed a folder"),
        (2, (dcgan, "-o", tmp_path / "full"), f"-o {tmp_path / 'full'}: found a folder with files, needed one that is"),
        (2, (dcgan, "--checkpoint", "bset"), "unknown checkpoint 'bset': did you mean 'best'? (known: best, last)"),
        (2, (dcgan, "--direction", "ba"), "--direction ba: is for cyclegan, and dcgan would ignore it"),
        (2, (runs / "digits-cyclegan-s0", "--direction", "abc"), "unknown direction 'abc': did you mean 'ab'? "),
    ]
    for code, arguments, line in cases:
        result = run("sample", *arguments, *(() if "-o" in arguments else ("-o", tmp_path / "b.npz")))
        assert (result.exit_code, result.stdout) == (code, "")
        assert result.stderr.startswith(f"Error: {line}"), result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


@pytest.mark.slow
def test_a_fresh_clone_has_no_checkpoints_and_that_is_reported(run: Run, runs: Path, tmp_path: Path) -> None:
    clone = tmp_path / "digits-dcgan-s0"
    clone.mkdir()
    for name in ("config.json", "report.json"):
        (clone / name).write_bytes((runs / "digits-dcgan-s0" / name).read_bytes())
    line = f"Error: {clone}: found no best checkpoint (checkpoints are not in git); train it again\n"
    for command in (("sample", clone, "-o", tmp_path / "a.npz"), ("score", "--samples", clone, "--ref", "digits")):
        result = run(*command)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", line)


# a run as a source


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dcgan", "cgan", "cyclegan"])
def test_scoring_a_run_gives_its_reports_values_exactly(run: Run, runs: Path, model: str) -> None:
    folder = runs / f"digits-{model}-s0"
    report = load_report(folder)
    if model == "cyclegan":  # its reference is of outlines; the pictures are the run's own
        assert np.array_equal(pixels(open_source(folder)), pixels(open_source(folder / "samples.npz")))
        return
    result = run("score", "--samples", folder, "--ref", "digits:test", "--json", "-")
    scores = json.loads(result.stdout)["scores"]
    assert {"fid", "kid", "recall", "coverage", "modes_covered"} <= set(scores)
    for name, score in scores.items():
        assert score["value"] == report.scores[name].value, name
        assert score.get("error") == report.scores[name].error, name


@pytest.mark.slow
def test_a_run_can_be_checked_and_trained_on_as_any_images(run: Run, runs: Path, tmp_path: Path) -> None:
    folder = runs / "digits-cgan-s0"
    result = run("check", folder)
    assert result.exit_code == 0, result.stderr
    assert "images             100\n" in result.stdout
    found = open_source(folder, Opening(count=25))
    assert isinstance(found, SampleSet)
    assert len(found) == 25
    assert found.classes == tuple("0123456789")
    dry = run("train", "cgan", "--data", folder, "--dry-run", "--extractor", "digits")
    assert ": 80 train, 10 selection, 10 test" in dry.stdout


@pytest.mark.slow
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_samples_that_are_not_finite_are_no_black_images(run: Run, runs: Path, tmp_path: Path, bad: float) -> None:
    """Weights that are not finite: neither an image nor a score comes of them, but one line."""
    poisoned = tmp_path / "run"
    shutil.copytree(runs / "digits-vanilla-s0", poisoned)
    for name in ("report.json", "samples.npz"):
        (poisoned / name).unlink(missing_ok=True)
    document = json.loads((poisoned / "checkpoints" / "best.json").read_text())
    weights = poisoned / "checkpoints" / document["file"]
    tensors = load_file(weights)
    for tensor in tensors.values():
        if tensor.is_floating_point() and tensor.ndim > 1:
            tensor.fill_(bad)
    save_file(tensors, weights)
    for command in (
        ("sample", poisoned, "-o", tmp_path / "a.npz"),
        ("score", "--samples", poisoned, "--ref", "digits", "--json", tmp_path / "a.json"),
    ):
        result = run(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        where = poisoned / "checkpoints" / "best.json"
        assert result.stderr.startswith(f"Error: {where}: gives samples that are not finite (nan or inf)")
        assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
