"""What is scored and shown of a run while it trains: which split judges it, what its grids hold, what its bar says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from training_runs import load_splits, prepare

from ganeval.metrics.frechet import fid
from ganeval.progress import silent
from ganeval.training.checks.grids import GAP, GRID_WIDTH
from ganeval.training.checks.measures import SelectionScorer, critic_gap, features_of
from ganeval.training.checks.subjects import ROWS, SEED, GeneratorSubject, TranslatorSubject, scores_of
from ganeval.training.checks.watch import TrainingWatch
from ganeval.training.data.dataset import Split, Splits
from ganeval.training.data.domains import FORTH, Domains
from ganeval.training.run import Prepared, subject_of, train_run
from ganeval.training.run_request import RunRequest
from reference_models import Adversarial, Config, Sampler
from reference_models.engine.ema import Average

Orders = Callable[..., RunRequest]


class Painter(nn.Module):
    """A generator whose pictures say what they were made of: the class above, the first latent below, a weight aside.

    The rows of a picture of 8 x 8: four of the class, four of the latent; the last column is the weight.
    """

    def __init__(self, weight: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        made = z[:, :1].clamp(-1, 1)[:, :, None, None].repeat(1, 1, 8, 8)
        if labels is not None:
            made[:, :, :4] = (labels / 20)[:, None, None, None]
        made[..., 7] = self.weight
        return made


class Shifted(nn.Module):
    """A translator: every picture a little brighter."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures + self.by


class Means(nn.Module):
    """A critic that scores a picture, or a pack, by the mean of its pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.weight * pictures.flatten(1).mean(1)


def playing(pack: int = 1, classes: int = 0, weight: float = 0.0) -> Adversarial:
    config = Config("mine", latent=3, batch_size=192, norm_d="none", pack=pack, classes=classes)
    return Adversarial(config, Painter(weight), Means())


def random(count: int, seed: int = 0) -> Split:
    made = torch.randint(256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Split(made, None)


def tiny_splits(train: int = 30, selection: int = 5) -> Splits:
    return Splits("mine", random(train), random(selection, 1), random(5, 2), "")


def subject_for(model: Adversarial, **counts: int) -> GeneratorSubject:
    return GeneratorSubject(model.config, tiny_splits(**counts), None, None)


def cells(path: Path, columns: int) -> Tensor:
    """The pictures (N, S, S) that a grid of grey ones of 8 x 8 holds, row by row."""
    scale = GRID_WIDTH // (columns * (8 + GAP) + GAP)
    with Image.open(path) as image:
        shown = torch.from_numpy(np.asarray(image)[::scale, ::scale, 0].copy())
    rows = (len(shown) - GAP) // (8 + GAP)
    parts = shown[GAP:, GAP:].unfold(0, 8, 8 + GAP).unfold(1, 8, 8 + GAP)
    return parts[:rows, :columns].reshape(rows * columns, 8, 8)


def latents(count: int) -> Tensor:
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(SEED))


# the critic's judgement


@pytest.mark.parametrize("count", [1, 3, 4, 100, 101, 102, 250])
@pytest.mark.parametrize("pack", [1, 3, 4, 64])
def test_all_whole_packs_are_scored_whatever_the_number_of_images(count: int, pack: int) -> None:
    pixels = random(count).pixels
    found = scores_of(playing(pack), pixels, None)
    packs = pixels[: count - count % pack].double().flatten(1).mean(1).reshape(-1, pack).mean(1) / 127.5 - 1
    if count < pack:
        assert found is None
    else:
        assert found is not None
        torch.testing.assert_close(found.double(), packs, atol=1e-6, rtol=0)


def test_labels_go_with_the_images_that_are_scored() -> None:
    seen: list[Tensor] = []
    model = playing(classes=3)
    model.networks["d"].register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    labels = torch.arange(130) % 3
    scores_of(model, random(130).pixels, labels)
    assert torch.equal(torch.cat(seen), labels)


def test_the_gap_is_taken_of_a_thousand_images_and_none_where_no_pack_is_full() -> None:
    model = playing(pack=4)
    generators = nn.ModuleDict({"g": model.network("g")})
    subject = subject_for(model, train=1101, selection=101)
    sizes: list[int] = []
    model.networks["d"].register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    subject.discriminator_scores(model, generators)
    assert sum(sizes) == 1000 // 4 + 101 // 4 + 505 // 4  # five samples to each of selection
    found = subject_for(model, train=30, selection=3).discriminator_scores(model, generators)
    assert (set(found), critic_gap(found)) == ({"real", "made"}, None)
    known = {"real": torch.ones(3), "held_out": torch.tensor([0.5]), "made": torch.zeros(5)}
    assert critic_gap(known) == 0.5


# grids


def test_a_grid_is_of_the_same_latents_every_time(tmp_path: Path) -> None:
    model = playing()
    generators = nn.ModuleDict({"g": model.network("g")})
    for name in ("a.png", "b.png"):
        subject_for(model).show(tmp_path / name, model, generators)
        torch.rand(7)  # the global state has no say
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    shown = cells(tmp_path / "a.png", ROWS)
    sampled = Sampler(model.network("g"), model.config).images(latents(ROWS * ROWS))
    assert torch.equal(shown, sampled[:, 0])
    assert len(shown.unique(dim=0)) > ROWS  # and they are told apart


@pytest.mark.parametrize(("classes", "columns"), [(3, 3), (10, 10), (16, 16), (20, 8)])
def test_a_column_of_a_grid_is_of_one_class(tmp_path: Path, classes: int, columns: int) -> None:
    model = playing(classes=classes)
    subject_for(model).show(tmp_path / "grid.png", model, nn.ModuleDict({"g": model.network("g")}))
    shown = cells(tmp_path / "grid.png", columns).reshape(ROWS, columns, 8, 8)
    for column in range(columns):
        level = round((column / 20 + 1) * 127.5)
        assert (shown[:, column, :4, :7].int() - level).abs().max() <= 1  # of rounding; classes are 6 apart
    below = (latents(ROWS * columns)[:, 0].clamp(-1, 1) + 1) * 127.5
    assert (shown[:, :, 5, 0].flatten() - below).abs().max() <= 1


def test_the_averaged_networks_are_drawn_and_not_the_raw_ones(tmp_path: Path) -> None:
    model = playing(weight=0.5)
    average = Average({"g": model.network("g")})
    with torch.no_grad():
        model.network("g").weight.fill_(-0.5)  # type: ignore[operator]  # torch types it Tensor or Module
    TrainingWatch("mine", tmp_path, subject_for(model), silent).checked(7, model, average)
    (path,) = (tmp_path / "grids").iterdir()
    assert path.name == "step-00000007.png"
    assert (cells(path, ROWS)[:, :, 7].int() - round(1.5 * 127.5)).abs().max() <= 1


def test_translations_stand_between_their_image_and_the_way_back(tmp_path: Path) -> None:
    a, b = tiny_splits(selection=20), tiny_splits(selection=25)
    brighter, darker = 40 / 127.5, -60 / 127.5
    generators = nn.ModuleDict({"ab": Shifted(brighter), "ba": Shifted(darker)})
    domains = Domains(a, b, ("a", "b"), truth=False, name="ab")
    TranslatorSubject(Config("cyclegan"), domains, {}).show(tmp_path / "grid.png", playing(), generators)
    shown = cells(tmp_path / "grid.png", 12).int().reshape(16, 6, 8, 8)
    for at, (domain, forth, back) in enumerate(((a, 40, -60), (b, -60, 40))):
        picture = domain.selection.pixels[:16, 0].int()
        there = (picture + forth).clamp(0, 255)
        for place, expected in enumerate((picture, there, (there + back).clamp(0, 255))):
            assert (shown[:, 3 * at + place] - expected).abs().max() <= 1


# which split judges


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Prepared]:
    def of(model: str) -> Prepared:
        return prepare(RunRequest(model, "digits", tmp_path_factory.mktemp("run")))

    return of


def assert_scores_against(scorer: SelectionScorer, domain: Splits, found: Prepared) -> None:
    """The scorer knows the selection split of a domain, and as many of its training pictures."""
    assert torch.equal(scorer.selection, features_of(domain.selection.pixels, found.extraction))
    train = features_of(domain.train.pixels, found.extraction)
    assert len(scorer.train) == len(domain.selection)
    nearest = torch.cdist(scorer.train.double(), train.double()).amin(1)
    assert nearest.max() < 1e-4  # in other company a picture is rounded otherwise


@pytest.mark.parametrize("model", ["dcgan", "cgan"])
def test_the_best_checkpoint_is_chosen_on_the_selection_split(prepared: Callable[[str], Prepared], model: str) -> None:
    found = prepared(model)
    subject = subject_of(found)
    assert isinstance(subject, GeneratorSubject)
    assert subject.scorer is not None
    assert_scores_against(subject.scorer, load_splits("digits"), found)


def test_each_translation_is_scored_in_the_domain_it_leads_to(prepared: Callable[[str], Prepared]) -> None:
    found = prepared("cyclegan")
    subject = subject_of(found)
    assert found.domains is not None
    assert isinstance(subject, TranslatorSubject)
    assert_scores_against(subject.scorers[FORTH], found.domains.b, found)
    assert_scores_against(subject.scorers[FORTH.back], found.domains.a, found)
    nothing = nn.ModuleDict({name: Shifted(0.0) for name in ("ab", "ba")})  # hands back what it is given
    measures = subject.score(nothing, raw=False)
    a, b = (features_of(one.selection.pixels, found.extraction) for one in (found.domains.a, found.domains.b))
    for name, real, made in (("fid_ab", b, a), ("fid_ba", a, b)):
        assert measures[name] == pytest.approx(float(fid(real, made)["fid"].value), rel=1e-5)
    assert measures["fid"] == (measures["fid_ab"] + measures["fid_ba"]) / 2


# the progress bar


def test_the_bar_shows_the_losses_of_either_kind_of_model(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    watch = TrainingWatch("dcgan", tmp_path, subject_for(playing()), lambda *one: told.append(one))
    losses = {"d/loss": 1.2349, "d/real": 0.5, "g/loss": 0.699}
    watch.logged({"step": 50, "images": 3200, **losses, "seconds": 0.7}, 4000)
    watch.logged({"step": 60, "diverged": "g/loss", "last_good": 50, "seconds": 0.8}, 4000)
    assert told == [("dcgan: d/loss 1.23 g/loss 0.70", 50, 4000), ("dcgan", 60, 4000)]


@pytest.mark.parametrize(
    ("model", "said"), [("vanilla", ["d/loss", "g/loss"]), ("cyclegan", ["g/ab", "g/ba", "d/a", "d/b"])]
)
def test_the_losses_that_the_bar_knows_are_those_that_are_trained(
    tiny: Orders, tmp_path: Path, model: str, said: Sequence[str]
) -> None:
    told: list[tuple[Any, ...]] = []
    small = {"check_every": "1", "width": "4", "batch_size": "4"}
    order = tiny(model, tmp_path / model, steps=1, changes=small)
    train_run(prepare(order), lambda *one: told.append(one))
    stage, losses = told[-1][0].split(": ")
    assert (stage, losses.split()[::2]) == (order.name, said)
