"""`ganeval train`: one model on anything, its folder, and what is refused, in one line, before time is spent."""

import json
import re
import sys
import types
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image
from training_runs import prepare

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.metrics.ranks import Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import load_report
from ganeval.sources.datasets import open_dataset
from ganeval.sources.opening import Opening
from ganeval.training import commands, samples
from ganeval.training.data.dataset import name_of, opened
from ganeval.training.data.splits import open_set, partition
from ganeval.training.final_scores import FinishedRun
from ganeval.training.plan import config_for
from ganeval.training.run import Prepared, train_run
from ganeval.training.run_request import RunRequest, parse_settings, requests_for, run_folder, suitable_models
from ganeval.training.tables.results_readme import tables
from reference_models import MODELS, Outcome

Run = Callable[..., Result]
Orders = Callable[..., RunRequest]
Carry = Callable[..., FinishedRun]
pytestmark = pytest.mark.usefixtures("quick")
SHORT = ("--steps", "4", "--set", "check_every=2")
TINY = (*SHORT, "-n", "40", "--extractor", "digits")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits as files: `flat` without labels, `classes` of three, `maps` of two domains, `few` of twelve."""
    root, digits = tmp_path_factory.mktemp("own"), open_dataset("digits:test")
    assert digits.labels is not None
    for index in range(120):
        small = digits.item(index).pixels[0]
        large = np.kron(small, np.ones((2, 2), np.uint8))
        places = {f"flat/{index:03}": small, f"classes/{digits.labels[index] % 3}/{index:03}": small}
        places |= {f"maps/trainA/{index:03}": large, f"maps/trainB/{index:03}": 255 - large}
        if index < 12:
            places[f"few/{index:03}"] = small
        for name, pixels in places.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / f"{name}.png")
    return root


def last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]


# what can be trained on


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_each_model_alone_leaves_a_scored_run(run: Run, classifiers: None, tmp_path: Path, model: str) -> None:
    counted = () if model == "cyclegan" else ("-n", "100")
    result = run("train", model, *SHORT, *counted, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert any(re.match(rf"  {model}( digit→outline)? +\d", line) for line in lines)
    assert any(re.match(r"  run +4 ", line) for line in lines)
    assert load_report(tmp_path / "run").more["training"]["model"] == model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "data", "more", "shape", "classes"),
    [("dcgan", "flat", (), [1, 8, 8], 0), ("dcgan", "flat", ("--set", "size=16"), [1, 16, 16], 0),
     ("cgan", "classes", (), [1, 8, 8], 3), ("cyclegan", "maps", (), [1, 16, 16], 0),
     ("cyclegan", "flat", ("--data-b", "classes"), [1, 16, 16], 0)],
)  # fmt: skip
def test_a_folder_of_ones_own_is_a_data_set(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    model: str, data: str, more: tuple[str, ...], shape: list[int], classes: int,
) -> None:  # fmt: skip
    monkeypatch.chdir(pictures)
    counted = () if model == "cyclegan" else ("-n", "40")
    given = (*SHORT, *counted, "--extractor", "digits", *more)
    result = run("train", model, "--data", data, *given, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["config"]["shape"], config["config"]["classes"]) == (shape, classes)
    report = load_report(tmp_path / "run")
    assert report.samples.count == (12 if model == "cyclegan" else 40)
    assert report.reference.count == 12  # a tenth of 120


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "model", "scores"),
    [("ring8", "vanilla", {"modes_captured", "high_quality"}),
     ("stacked-digits", "dcgan", {"fid", "modes_covered", "modes_kl"})],
)  # fmt: skip
def test_sets_whose_modes_are_known_are_scored_by_them(
    tiny: Orders, carried_out: Carry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    data: str, model: str, scores: set[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(samples, "LARGE_SIDE", 8)  # the gallery's neighbours among few training images: half the time
    monkeypatch.setattr(samples, "MAX_NEIGHBOURS", 100)
    small = {"check_every": "2", "batch_size": "16", "width": "8"}
    found = carried_out(tiny(model, tmp_path / "run", data, steps=2, changes=small))
    assert scores <= set(found.reports[0].scores)
    assert found.reports[0].reference.name == f"{data}:test"
    assert found.reports[0].samples.count == 100


def test_points_of_ones_own_are_trained_on_and_scored(run: Run, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    np.savez(tmp_path / "points.npz", features=points)
    result = run("train", "vanilla", "--data", tmp_path / "points.npz", *TINY[:-2], "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    report = load_report(tmp_path / "run")
    assert (report.reference.count, report.samples.count) == (30, 40)
    assert {"fid", "kid", "precision"} <= set(report.scores)
    named = prepare(RunRequest("vanilla", str(tmp_path / "points.npz"), tmp_path, extractor="points"))
    assert named.scored
    assert named.extraction is None


def test_few_test_images_leave_out_metrics_that_need_more(
    run: Run, pictures: Path, tmp_path: Path, write_digits: Callable[..., Path]
) -> None:
    folder = write_digits(tmp_path / "thirty", 30)
    result = run("train", "vanilla", "--data", folder, *TINY, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "warning: pr, dc, modes left out: found 3 images in the smaller set, needed 7" in result.stderr
    scores = load_report(tmp_path / "run").scores
    assert "fid" in scores
    assert "recall" not in scores


def test_too_few_images_are_refused_before_training(run: Run, pictures: Path, tmp_path: Path) -> None:
    result = run("train", "dcgan", "--data", pictures / "few", *TINY, "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: few:selection: found 1 held out of 10 that train, needed 2 to score against; "
        "give more data (20 are enough, 10,000 are good)\n"
    )
    assert not (tmp_path / "run").exists()


def test_without_the_networks_weights_train_trains_and_train_all_refuses(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    options = ("--data", pictures / "flat", *TINY[:-2], "--offline")
    alone = run("train", "vanilla", *options, "--out", tmp_path / "run")
    assert alone.exit_code == 0
    assert alone.stderr.startswith(
        "warning: no scores while training, and no best checkpoint: the weights of extractor"
    )
    assert "scored    no: see the warning" in alone.stdout
    said = "healthy: no alarm, but little to judge by: no checks, 4 intervals of losses"
    assert re.search(rf"  verdict +{said}", alone.stdout)
    assert not (tmp_path / "run" / "report.json").exists()
    assert (tmp_path / "run" / "checkpoints" / "last.json").is_file()
    everything = run("train-all", *options, "--out", tmp_path / "results")
    assert everything.exit_code == 1
    lines = [line for line in everything.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1
    assert "--extractor" in lines[0]
    assert not (tmp_path / "results").exists()


def test_a_run_without_scores_has_the_verdicts_of_its_losses(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = [json.dumps({"step": step, "d/loss": 13.82, "g/loss": 1 / step}) for step in range(1, 25)]
    ended = json.dumps({"step": 25, "diverged": "g/loss", "last_good": 24})

    def unlucky(prepared: Prepared, tick: Tick, ranks: Ranks) -> Outcome:
        outcome = train_run(prepared, tick, ranks)
        (prepared.request.folder / "log.jsonl").write_text("\n".join([*stuck, ended]))
        return outcome

    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(commands, "train_run", unlucky)
    result = run("train", "vanilla", "--data", pictures / "flat", *SHORT, "--offline", "--out", tmp_path / "run")
    told = " ".join(result.stdout.split())
    assert "frozen loss: d/loss is constant at 13.8" in told
    assert result.exit_code == 1
    assert last_line(result).startswith("Error: run: diverged: g/loss was not finite at step 25")


def test_a_run_that_ended_without_an_extractor_is_scored_when_there_is_one(
    tiny: Orders, carried_out: Carry, tmp_path: Path
) -> None:
    order = tiny("dcgan", tmp_path / "run")
    unscored = carried_out(order, lambda prepared: replace(prepared, extraction=None))
    assert unscored.reports == ()
    before = (tmp_path / "run" / "log.jsonl").read_bytes()
    (report,) = carried_out(order).reports
    assert (report.samples.count, report.more["training"]["best_step"]) == (100, 8)
    assert report.more["training"]["selection_fid"] == {}
    assert load_report(tmp_path / "run").scores == report.scores
    assert (tmp_path / "run" / "log.jsonl").read_bytes() == before  # nothing was trained
    assert carried_out(order).reports[0].created == report.created  # read again


# what is refused


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("dgan",), "unknown model 'dgan': did you mean 'dcgan'? (known: vanilla, dcgan, wgan-gp, cgan, cyclegan)"),
        (("dcgan", "--preset", "digit"), "unknown preset 'digit': did you mean 'digits'? (known: digits, mnist, "),
        (("dcgan", "--set", "lose=hinge"), "--set lose: no such setting: did you mean 'loss'? (known: batch_size, "),
        (("dcgan", "--set", "loss"), "--set loss: needed key=value"),
        (("dcgan", "--set", "=1"), "--set =1: needed key=value"),
        (("dcgan", "--set", "width=8", "--set", "width=9"), "--set width: found it twice"),
        (("dcgan", "--set", "width=wide"), "--set width=wide: needed a whole number"),
        (("dcgan", "--set", "size=small"), "--set size=small: needed a whole number of pixels"),
        (("dcgan", "--set", "size=4"), "size=4: needed 8 to 256 pixels"),
        (("dcgan", "--set", "gradient_penalty=10"), "dcgan: norm_d=batch with gradient_penalty: a gradient's norm is"),
        (("dcgan", "--set", "lambda_cycle=1"), "--set lambda_cycle: is for models that translate images, and dcgan"),
        (("dcgan", "--data-b", "digits"), "--data-b digits: is for cyclegan, and dcgan would ignore it"),
        (("dcgan", "--data", "digts"), "digts: no such file, folder or data set: did you mean 'digits'? "),
        (("dcgan", "--data", "digits:test"), "digits:test: found one split, needed the whole data set; give digits"),
        (("dcgan", "--device", "tpu"), "unknown device 'tpu': "),
        (("dcgan", "--extractor", "incepton"), "unknown extractor 'incepton': did you mean 'inception'? "),
        (("cyclegan", "--data", "ring8"), "ring8:train: found points, needed images to translate"),
        (("cyclegan", "-n", "50"), "-n 50: cyclegan is always scored on all test images; leave it out"),
        (("vanilla", "--data", "ring8", "--set", "size=64"), "size=64: found points in ring8, needed images to resize"),
        (("vanilla", "--data", "ring8", "--extractor", "digits"), "--extractor digits: is for images, and ring8 is"),
        (("dcgan", "--data", "ring8"), "dcgan: the preset vectors has no such model (it has vanilla, wgan-gp)"),
    ],
)  # fmt: skip
def test_a_usage_error_is_one_line_and_exit_code_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    result = run("train", *arguments, "--steps", "4", "--out", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {line}")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--models", "vanilla,dcgn"), "unknown model 'dcgn': did you mean 'dcgan'? "),
        (("--models", "vanilla,vanilla"), "--models: found vanilla, vanilla, needed each once"),
        (("--seed", "1", "--seeds", "2"), "--seed and --seeds: found both, needed one"),
        (
            ("--set", "lambda_cycle=1"),
            "--set lambda_cycle: is for models that translate images, and vanilla would ignore it",
        ),
        (("--data", "ring8", "--models", "vanilla", "--extractor", "digits"), "--extractor digits: is for images,"),
        (("--models", "dcgan", "--data-b", "digits"), "--data-b digits: is for cyclegan, and dcgan would ignore it"),
    ],
)
def test_train_all_refuses_before_anything_is_trained(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    result = run("train-all", *arguments, "--steps", "4", "--out", tmp_path / "results")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {line}")
    assert not (tmp_path / "results").exists()


def test_a_model_that_the_data_cannot_train_is_refused_by_name(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures)
    for model, data, line in (
        ("cgan", "flat", "cgan: found images without class labels; needed at least two classes"),
        ("dcgan", "maps", "maps: found two domains (trainA, trainB), which only cyclegan learns"),
    ):
        result = run("train", model, "--data", data, *TINY, "--out", tmp_path / "run")
        assert (result.exit_code, result.stderr) == (2, f"Error: {line}\n")
    both = run("train", "cyclegan", "--data", "maps", "--data-b", "flat", *SHORT, "--out", tmp_path / "run")
    line = "--data-b flat: found trainB in maps already; leave one of them out"
    assert (both.exit_code, both.stderr) == (2, f"Error: {line}\n")


def test_points_of_ones_own_know_no_extractor(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", features=np.random.default_rng(0).normal(size=(300, 2)))
    options = ("--data", tmp_path / "own.npz", *SHORT, "--extractor", "nonsense", "--out", tmp_path / "run")
    result = run("train", "vanilla", *options)
    line = "--extractor nonsense: is for images, and own is points; leave it out"
    assert (result.exit_code, result.stderr) == (2, f"Error: {line}\n")
    assert not (tmp_path / "run").exists()


def test_labels_below_zero_are_one_line(run: Run, tmp_path: Path) -> None:
    pixels, labels = np.zeros((60, 8, 8), np.uint8), np.arange(60) % 3 - 1
    np.savez(tmp_path / "own.npz", images=pixels, labels=labels)
    result = run("train", "cgan", "--data", tmp_path / "own.npz", *TINY, "--out", tmp_path / "run")
    line = f"{tmp_path / 'own.npz'}: found the label -1, needed classes from 0 on; renumber the labels"
    assert (result.exit_code, result.stderr) == (1, f"Error: {line}\n")


def test_by_default_only_the_models_that_the_data_can_train_are_taken(pictures: Path, tmp_path: Path) -> None:
    def chosen(source: Any, other: str | None = None) -> list[str]:
        common = RunRequest("", str(source), tmp_path, other=other)
        return suitable_models(common)

    assert chosen("digits") == list(MODELS)
    assert chosen(pictures / "classes") == list(MODELS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GanevalWarning)
        assert chosen(pictures / "flat") == ["vanilla", "dcgan", "wgan-gp", "cyclegan"]
        assert chosen(pictures / "maps") == ["cyclegan"]
        assert chosen("digits", "digits") == ["cyclegan"]
        assert chosen("ring8") == ["vanilla", "wgan-gp"]
    said = [str(one.message) for one in caught]
    assert said[0] == "cgan left out: the images have no labels (a folder for each class gives them)"
    assert said[1] == "vanilla left out: the data are two domains"
    assert said[-1] == "cyclegan left out: it needs images, and the data are points"
    assert len(said) == 1 + 4 + 4 + 3


def test_seeds_have_folders_of_their_own(tmp_path: Path) -> None:
    (orders,) = requests_for(RunRequest("", "digits", tmp_path), ["dcgan"], range(3), tmp_path)
    assert [(order.seed, order.folder.name) for order in orders] == [(k, f"digits-dcgan-s{k}") for k in range(3)]
    assert run_folder(tmp_path, "pictures/cats.zip", "cgan", 1).name == "cats-cgan-s1"
    assert parse_settings(("size=64", "augment=color+cutout", "a=b=c")) == ({"augment": "color+cutout", "a": "b=c"}, 64)


# the folder


def test_a_dry_run_lists_what_would_be_trained_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    result = run("train", "dcgan", "--dry-run", "--set", "loss=hinge", "--steps", "77", "--out", tmp_path / "run")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = dict(
        re.split(r" {2,}", line.strip(), maxsplit=1) for line in result.stdout.splitlines() if "  " in line.strip()
    )
    assert shown["data"] == "digits: 1,097 train, 200 selection, 500 test"
    assert (shown["loss"], shown["steps"]) == ("hinge", "77")
    assert re.fullmatch(r"[\d,]+ weights", shown["network g"])
    assert "lambda_cycle" not in shown  # dcgan has no use for it
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_trained_anew_has_not_the_report_of_the_old_one(
    tiny: Orders, carried_out: Carry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = tiny("vanilla", tmp_path / "run")
    before = carried_out(order).reports[0]
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.unlink()  # as in a fresh clone
    (tmp_path / "run" / "samples.npz").write_text("old")
    monkeypatch.setattr("ganeval.training.run.train", lambda *_, **__: pytest.fail("stop here"))
    with pytest.raises(pytest.fail.Exception):
        carried_out(order)
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.suffix in (".json", ".npz")) == [
        "config.json"
    ]
    monkeypatch.undo()
    assert carried_out(order).reports[0].scores == before.scores


def test_a_run_stopped_half_way_is_not_shown_as_finished(run: Run, tiny: Orders, tmp_path: Path) -> None:
    train_run(prepare(tiny("vanilla", tmp_path / "digits-vanilla-s0")), silent)  # and not scored
    assert tables(tmp_path) == ""
    other = run("train", "dcgan", "--steps", "8", "--out", tmp_path / "digits-vanilla-s0")
    assert other.exit_code == 2
    assert "model: was vanilla, now dcgan" in other.stderr


def test_other_images_in_the_same_folder_are_refused(
    run: Run, pictures: Path, tmp_path: Path, write_digits: Callable[..., Path]
) -> None:
    folder = write_digits(tmp_path / "data", 40)
    first = run("train", "vanilla", "--data", folder, *TINY, "--out", tmp_path / "run")
    assert first.exit_code == 0, first.stderr
    write_digits(folder, 1, 77)
    second = run("train", "vanilla", "--data", folder, *TINY, "--out", tmp_path / "run")
    assert second.exit_code == 2
    assert "found a run of another configuration (the training data: other samples)" in second.stderr


def test_a_damaged_checkpoint_is_one_line(run: Run, tiny: Orders, carried_out: Carry, tmp_path: Path) -> None:
    carried_out(tiny("vanilla", tmp_path / "run"))
    (weights,) = (tmp_path / "run" / "checkpoints").glob("last-*.safetensors")
    weights.write_bytes(weights.read_bytes()[:100])
    result = run("train", "vanilla", "--steps", "8", "--set", "check_every=4", "-n", "100", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert re.match(rf"Error: {weights}: missing or damaged .*; delete {weights.parent} to train anew\n", result.stderr)


@pytest.mark.slow
def test_a_scored_run_or_other_files_are_not_trained_over(
    run: Run, tmp_path: Path, write_digits: Callable[..., Path], suite_run: tuple[Path, Result]
) -> None:
    noise = suite_run[0] / "digits-noise"
    for folder in (write_digits(tmp_path / "mine", 3), noise):
        before = sorted(folder.iterdir())
        result = run("train", "vanilla", "--steps", "4", "--out", folder)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: {folder}: found files that are no training run; give another --out, or an empty folder\n"
        )
        assert [path for path in sorted(folder.iterdir()) if path.name != ".lock"] == before


def test_a_folder_that_may_not_be_written_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, *_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refused)  # root may write everywhere
    result = run("train", "vanilla", "--steps", "4", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert result.stderr == f"Error: {tmp_path / 'run'}: Permission denied\n"


def test_tensorboard_is_asked_for_before_training_and_hears_losses_and_checks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    options = ("train", "vanilla", "--steps", "4", "-n", "40", "--tensorboard", "--out", tmp_path / "run")
    result = run(*options)
    assert result.exit_code == 2
    assert result.stderr == ("Error: --tensorboard: tensorboard is not installed; pip install 'ganeval[tensorboard]'\n")
    assert not (tmp_path / "run").exists()
    told: list[tuple[str, float, int]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path / "run" / "tensorboard")

        def add_scalar(self, name: str, value: float, step: int) -> None:
            told.append((name, value, step))

        def flush(self) -> None:
            pass

    module = types.ModuleType("torch.utils.tensorboard")
    monkeypatch.setattr(module, "SummaryWriter", Writer, raising=False)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    assert run(*options).exit_code == 0
    assert {"d/loss", "g/loss", "check/fid", "check/spread"} <= {name for name, _, _ in told}
    assert {step for _, _, step in told} == {1, 2, 3, 4}


# how pictures are scored


def test_the_extractor_depends_on_the_data_and_not_on_the_model(tmp_path: Path, pictures: Path) -> None:
    found = {source: RunRequest("dcgan", source, tmp_path).scoring.extractor for source in ("digits", "mnist", "ring8")}
    assert found == {"digits": "digits", "mnist": "mnist", "ring8": "points"}
    assert RunRequest("dcgan", str(pictures / "flat"), tmp_path).scoring.extractor == "inception"
    assert RunRequest("dcgan", "digits", tmp_path, extractor="mine:net").scoring.extractor == "mine:net"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "extractor", "trained"),
    [("mnist", "auto", ["mnist"]), ("mnist:train", "auto", ["mnist"]), ("stacked-mnist", "auto", ["mnist"]),
     ("fashion-mnist", "auto", ["fashion-mnist"]), ("cifar10", "auto", ["cifar10"]), ("digits", "auto", []),
     ("stacked-digits", "auto", []), ("ring8", "auto", []), ("mnist/", "auto", []), ("mnist", "inception", []),
     ("mnist", "mnist", [])],
)  # fmt: skip
def test_a_classifier_is_trained_where_auto_means_the_datas_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, extractor: str, trained: list[str]
) -> None:
    names: list[str] = []

    def classifier(images: SampleSet, path: Path | None, **options: Any) -> None:
        assert (path, options["seed"]) == (None, 2020)
        names.append(images.name)

    blank = np.zeros((20, 8, 8), np.uint8)
    monkeypatch.setattr(commands, "open_dataset", lambda name, **_: array_images(blank, name))
    monkeypatch.setattr(commands, "ensure_classifier", classifier)
    commands._ensure_classifier(RunRequest("dcgan", source, tmp_path, extractor=extractor), silent)
    assert names == trained


@pytest.mark.parametrize(
    ("source", "flips"),
    [("cifar10", True), ("cifar10:train", True), ("stacked-mnist", False), ("stacked-digits", False), ("mnist", False),
     ("fashion-mnist", False), ("cifar100", False), ("own/cifar10", False)],
)  # fmt: skip
@pytest.mark.parametrize("side", [28, 32, 64])
def test_of_the_named_data_sets_cifar10_alone_is_mirrored(tmp_path: Path, source: str, flips: bool, side: int) -> None:
    held = partition(array_images(np.random.default_rng(0).integers(0, 256, (20, side, side, 3), np.uint8)))
    material = opened(held, name_of(source)).read()
    order = RunRequest("dcgan", source, tmp_path)
    assert config_for(order, material).flip is flips
    assert config_for(replace(order, changes={"flip": "true"}), material).flip
    assert config_for(replace(order, preset="cifar10"), material).flip
    beside = replace(order, model="cyclegan", other="stacked-mnist")
    assert not config_for(beside, material, material).flip


def test_a_folder_called_like_a_data_set_has_no_preset_of_it(tmp_path: Path, write_digits: Callable[..., Path]) -> None:
    folder = write_digits(tmp_path / "cifar10", 40)
    order = RunRequest("dcgan", f"{folder}", tmp_path / "run", extractor="digits", size=16)
    named = prepare(RunRequest("dcgan", "digits", tmp_path / "run")).config
    assert prepare(order).config.steps == named.steps  # of 16 pixels: the preset digits


def test_stacks_train_on_one_thread_as_all_small_images_do(tiny: Orders, carried_out: Carry, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    carried_out(tiny("vanilla", tmp_path / "run", steps=1, changes={}, count=40))
    assert torch.get_num_threads() == 1


def test_a_stream_is_no_training_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found a stream, which is read once; needed images"):
        open_set("random:choices", Opening())
    with pytest.raises(ContentError):
        open_set(str(Path(__file__)), Opening())
