"""What a run stores of its learning: the critic's scores at every check, and what is there when it has ended."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from torch import Tensor, nn
from training_runs import load_splits, prepare

from ganeval.progress import silent
from ganeval.reports.report import load_report
from ganeval.reports.run_folders import log_of
from ganeval.training import samples
from ganeval.training.checks.subjects import MAX_TRANSLATIONS, SEED, GeneratorSubject, TranslatorSubject, patch_scores
from ganeval.training.checks.watch import TrainingWatch
from ganeval.training.data.dataset import Split, Splits
from ganeval.training.data.domains import Domains
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.insight.activation import store_activation
from ganeval.training.insight.stored_arrays import write_scores
from ganeval.training.run import train_run
from ganeval.training.run_lock import begin
from ganeval.training.run_request import RunRequest
from reference_models import Adversarial, Config, Sampler, build, configure
from reference_models.engine.ema import Average

Orders = Callable[..., RunRequest]
Carried = Callable[..., FinishedRun]
CONFIG = Config("mine", latent=3, batch_size=8, norm_d="none")


class Painter(nn.Module):
    """A generator of pictures of one grey, the first latent's."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        return (self.weight * z[:, :1].tanh())[:, :, None, None].repeat(1, 1, 8, 8)


class Means(nn.Module):
    """A critic that scores a picture, or a pack, by the mean of its pixels; of patches, each its own."""

    def __init__(self, patches: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), 2.0))
        self.patches = patches

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.weight * (pictures[:, :1] if self.patches else pictures.flatten(1).mean(1))


class Brighter(nn.Module):
    """A translator."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures + self.by


def random(count: int, seed: int) -> Split:
    made = torch.randint(256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Split(made, None)


def tiny_splits(train: int = 30, selection: int = 20) -> Splits:
    return Splits("mine", random(train, 0), random(selection, 1), random(5, 2), "")


def means(pixels: Tensor) -> np.ndarray:
    """What `Means` scores pictures: twice their mean on -1..1."""
    return 2 * (pixels.double().flatten(1).mean(1) / 127.5 - 1).numpy()


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


# the critic's scores at a check


def test_the_scores_are_the_discriminators_own_of_training_held_out_and_generated_images(tmp_path: Path) -> None:
    model = Adversarial(CONFIG, Painter(), Means())
    data = tiny_splits(train=1500)
    subject = GeneratorSubject(CONFIG, data, None, None)
    TrainingWatch("mine", tmp_path, subject, silent).checked(250, model, Average({"g": model.network("g")}))
    found = arrays(tmp_path / "learning" / "scores-00000250.npz")
    assert {name: (values.dtype, values.ndim) for name, values in found.items()} == dict.fromkeys(
        ("real", "held_out", "made"), (np.dtype("float32"), 1)
    )
    assert len(found["real"]) == 1000
    assert set(np.round(found["real"], 4)) <= set(np.round(means(data.train.pixels), 4).astype(np.float32))
    np.testing.assert_allclose(np.sort(found["held_out"]), np.sort(means(data.selection.pixels)), atol=1e-5)
    made = Sampler(model.network("g"), CONFIG).draw(subject.count, SEED)[0]
    np.testing.assert_allclose(found["made"], means(made), atol=1e-5)


def test_both_discriminators_of_a_translator_score_images_by_the_mean_of_their_patches(tmp_path: Path) -> None:
    networks = {"ab": Brighter(0.25), "ba": Brighter(-0.5), "da": Means(patches=True), "db": Means(patches=True)}
    model = build(configure("cyclegan", (1, 16, 16), steps=1))
    model.networks = nn.ModuleDict(networks)
    a, b = tiny_splits(train=MAX_TRANSLATIONS + 50), tiny_splits(selection=25)
    subject = TranslatorSubject(model.config, Domains(a, b, ("a", "b"), False, "ab"), {})
    average = Average({name: networks[name] for name in ("ab", "ba")})
    TrainingWatch("mine", tmp_path, subject, silent).checked(7, model, average)
    found = arrays(tmp_path / "learning" / "scores-00000007.npz")
    assert set(found) == {f"{name}_{domain}" for name in ("real", "held_out", "made") for domain in "ab"}
    assert len(found["real_a"]) == MAX_TRANSLATIONS
    np.testing.assert_allclose(np.sort(found["held_out_b"]), np.sort(means(b.selection.pixels)), atol=1e-5)
    for domain, source, by in (("b", a, 0.25), ("a", b, -0.5)):
        pixels = source.selection.pixels.double() + 127.5 * by
        expected = means(pixels.round().clamp(0, 255))
        np.testing.assert_allclose(np.sort(found[f"made_{domain}"]), np.sort(expected), atol=2 / 127.5)


def test_patches_are_scored_in_blocks_as_they_are_at_once() -> None:
    critic = build(configure("cyclegan", (1, 16, 16), steps=1)).network("da").eval()
    pixels = torch.randint(256, (230, 1, 16, 16), dtype=torch.uint8)
    with torch.inference_mode():
        whole = critic(pixels.float() / 127.5 - 1).mean((1, 2, 3))
    torch.testing.assert_close(patch_scores(critic, pixels), whole, atol=1e-5, rtol=0)


def test_sets_without_a_full_pack_have_no_scores_and_nothing_is_written_without_scores(tmp_path: Path) -> None:
    config = Config("mine", latent=3, batch_size=192, norm_d="none", pack=64)
    model = Adversarial(config, Painter(), Means())
    subject = GeneratorSubject(config, tiny_splits(train=130, selection=20), None, None)
    found = subject.discriminator_scores(model, nn.ModuleDict({"g": model.network("g")}))
    assert {name: len(values) for name, values in found.items()} == {"real": 2, "made": 200 // 64}
    write_scores(tmp_path, 3, {})
    assert not list(tmp_path.iterdir())


# runs


@pytest.mark.slow
def test_every_check_has_its_scores_and_the_gap_in_the_log_is_theirs(suite_run: tuple[Path, Result]) -> None:
    run = suite_run[0] / "digits-cgan-s0"
    checks = {line["step"]: line["check"] for line in log_of(run) if "check" in line}
    assert sorted(path.name for path in (run / "learning").glob("scores-*")) == [
        f"scores-{step:08d}.npz" for step in sorted(checks)
    ]
    for step, check in checks.items():
        scores = arrays(run / "learning" / f"scores-{step:08d}.npz")
        real, held, made = (scores[name].astype(np.float64).mean() for name in ("real", "held_out", "made"))
        assert check["critic_gap"] == pytest.approx((real - held) / (real - made) if real - made > 1e-6 else None)


def files_of(run: Path) -> dict[str, bytes]:
    """All arrays of a run."""
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*.npz"))}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["vanilla", "cyclegan"])
def test_a_run_that_was_stopped_leaves_the_arrays_of_one_that_was_not(
    tiny: Orders, carried_out: Carried, suite_run: tuple[Path, Result], tmp_path: Path, model: str
) -> None:
    whole = suite_run[0] / f"digits-{model}-s0"

    class Stopped(Exception):
        pass

    def stop(stage: str, done: int, total: int | None) -> None:
        if stage.startswith("run") and done == 8:
            raise Stopped

    order = tiny(model, tmp_path / "part" / "run")
    with pytest.raises(Stopped):
        train_run(prepare(order), stop)
    part = order.folder
    assert sorted(path.name for path in (part / "learning").iterdir()) == ["scores-00000004.npz"]
    assert not (part / "report.json").exists()
    carried_out(order)
    assert set(files_of(part)) == set(files_of(whole))
    assert files_of(part) == files_of(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "source", "expected"),
    [
        ("dcgan", "digits", {"gallery.npz", "learning/interpolation.npz", "learning/activation-block2.npz"}),
        ("vanilla", "ring8", {"learning/interpolation.npz"}),
        ("cyclegan", "digits", {"gallery.npz", "gallery-back.npz", "samples.npz", "learning/activation-block5.npz"}),
    ],
)
def test_a_finished_run_is_given_what_it_lacks_and_its_report_stays(
    tiny: Orders, carried_out: Carried, suite_run: tuple[Path, Result], tmp_path: Path,
    model: str, source: str, expected: set[str],
) -> None:  # fmt: skip
    order = tiny(model, tmp_path / "run", source)
    if source == "digits":
        shutil.copytree(suite_run[0] / f"digits-{model}-s0", order.folder)
    else:
        carried_out(order)
    made = {name: content for name, content in files_of(order.folder).items() if "s/step" not in name}
    assert {name for name in made if "scores-" not in name} == expected
    before = (order.folder / "report.json").read_bytes()
    shutil.rmtree(order.folder / "learning")
    for name in ("gallery.npz", "gallery-back.npz"):
        (order.folder / name).unlink(missing_ok=True)
    carried_out(order)
    again = {name: content for name, content in files_of(order.folder).items() if "s/step" not in name}
    assert again == {name: content for name, content in made.items() if "scores-" not in name}
    assert (order.folder / "report.json").read_bytes() == before


def test_activations_of_an_earlier_best_checkpoint_are_written_again_or_deleted(tiny: Orders, tmp_path: Path) -> None:
    order = tiny("vanilla", tmp_path / "run")
    prepared = prepare(order)
    outcome = train_run(prepared, silent)
    early = [order.folder / "learning" / f"activation-block{number}.npz" for number in (1, 2)]
    for path in early:
        path.write_bytes(b"of an earlier best")
    finish(prepared, outcome, silent)
    assert not early[0].exists()
    assert str(arrays(early[1])["layer"]) == "block2"
    store_activation(order.folder, "block1")
    finish(prepared, outcome, silent)
    assert early[0].exists(), "of a finished run it stays"


def test_a_run_that_never_was_good_has_no_generator_to_show(tiny: Orders, tmp_path: Path) -> None:
    order = tiny("vanilla", tmp_path / "run", steps=1)
    prepared = prepare(order)
    outcome = replace(train_run(prepared, silent), best=None)
    assert finish(prepared, outcome, silent).reports == ()
    assert [path.name for path in (order.folder / "learning").iterdir()] == ["scores-00000001.npz"]
    assert not (order.folder / "gallery.npz").exists()


@pytest.mark.slow
def test_the_gallery_of_a_run_shows_what_was_scored_beside_all_training_images(suite_run: tuple[Path, Result]) -> None:
    folder = suite_run[0] / "digits-cgan-s0"
    found = arrays(folder / "gallery.npz")
    assert str(found["neighbours_of"]) == "digits:train"
    pool = {image.numpy().tobytes() for image in load_splits("digits").train.pixels}
    assert all(one.tobytes() in pool for one in found["neighbours"])
    assert load_report(folder).samples.count == 100
    assert found["by_class"].shape == (10, 8, 8, 8, 1)
    assert found["classes"].tolist() == [str(digit) for digit in range(10)]
    assert found["labels"].shape == (32,)


def test_a_large_network_without_a_gpu_searches_a_subset_of_the_training_images(
    tiny: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the neighbours of a run on CIFAR-10 take longer than all of its scores."""
    monkeypatch.setattr(samples, "MAX_NEIGHBOURS", 40)
    monkeypatch.setattr(samples, "LARGE_SIDE", 8)
    order = tiny("vanilla", tmp_path / "run")
    prepared = prepare(order)
    finish(prepared, train_run(prepared, silent), silent)
    assert str(arrays(order.folder / "gallery.npz")["neighbours_of"]) == "40 of digits:train"


def test_a_fresh_run_keeps_nothing_of_what_was_in_its_folder(tmp_path: Path) -> None:
    config = configure("vanilla", (1, 8, 8))
    begin(tmp_path, config, "pictures", None, {"data": "digits"})
    old = ("gallery.npz", "gallery-back.npz", "learning/scores-00000099.npz", "learning/interpolation.npz")
    grids = ("grids/step-00000099.png", "grids/step-00000099.npz")
    for name in (*old, *grids, "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"old")
    begin(tmp_path, config, "pictures", None, {"data": "digits"})
    assert [path.name for path in sorted(tmp_path.rglob("*")) if path.is_file()] == ["config.json", "notes.txt"]
