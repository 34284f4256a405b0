"""CycleGAN by translators and discriminators of known effect: its terms, its pool, its two domains."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import batch_of, data_of, random_images, tiny
from torch import Tensor, nn

from reference_models import ConfigError, Data, build, train
from reference_models.cyclegan import cyclegan
from reference_models.engine.data import TrainingBatch
from reference_models.engine.randomness import UpdateContext
from reference_models.objectives.image_pool import ImagePool
from reference_models.objectives.translation import Translation


class Shift(nn.Module):
    """Adds a known number to all pixels."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return x + self.by


class Mean(nn.Module):
    """Scores of two patches: the means of the upper and of the lower half, times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        half = x.shape[2] // 2
        return self.weight * torch.stack([x[:, :, :half].mean((1, 2, 3)), x[:, :, half:].mean((1, 2, 3))], 1)


def known(**changes: Any) -> Translation:
    """A model that shifts by 0.5 from A to B and by -0.25 back."""
    model = cyclegan(tiny("cyclegan", **changes))
    model.networks = nn.ModuleDict({"ab": Shift(0.5), "ba": Shift(-0.25), "da": Mean(), "db": Mean()})
    return model


def seen(model: Translation, name: str) -> list[Tensor]:
    network = model.network(name)
    assert isinstance(network, Shift | Mean)
    return network.seen


def scores(images: Tensor) -> Tensor:
    return torch.stack([images[:, :, :4].mean((1, 2, 3)), images[:, :, 4:].mean((1, 2, 3))])


def domains(batch: TrainingBatch) -> tuple[Tensor, Tensor]:
    assert batch.other is not None
    return batch.images, batch.other


def test_translators_minimise_the_papers_terms() -> None:
    model = known()
    batch = batch_of(model.config)
    a, b = domains(batch)
    losses = {name: loss.item() for name, loss in model.objective("g", batch, UpdateContext(0, 0)).losses.items()}
    expected = {
        "ab": (scores(a + 0.5) - 1).square().mean().item(),  # least squares, the authors' without a half
        "ba": (scores(b - 0.25) - 1).square().mean().item(),
        "cycle a": 10 * 0.25,  # there and back again is a shift by a quarter
        "cycle b": 10 * 0.25,
        "identity b": 10 * 0.5 * 0.5,  # an image of B, shifted by a half
        "identity a": 10 * 0.5 * 0.25,
    }
    assert losses == {name: pytest.approx(value, rel=1e-4) for name, value in expected.items()}


def test_discriminators_minimise_half_the_squares() -> None:
    model = known(pool_size=0)
    batch = batch_of(model.config)
    a, b = domains(batch)
    model.objective("g", batch, UpdateContext(0, 0))
    objective = model.objective("d", batch, UpdateContext(0, 0, 1))
    expected = {
        "a": ((scores(a) - 1).square().mean() + scores(b - 0.25).square().mean()).item() / 2,
        "b": ((scores(b) - 1).square().mean() + scores(a + 0.5).square().mean()).item() / 2,
    }
    assert {name: loss.item() for name, loss in objective.losses.items()} == {
        name: pytest.approx(value, rel=1e-4) for name, value in expected.items()
    }
    assert set(objective.logged) == {"real a", "fake a", "real b", "fake b"}
    assert all(not image.requires_grad for name in ("da", "db") for image in seen(model, name)[1:])


def test_without_a_weight_there_is_no_identity_term_and_none_between_grey_and_colour() -> None:
    names = {"ab", "ba", "cycle a", "cycle b"}
    grey, colour = known(lambda_identity=0.0), cyclegan(tiny("cyclegan", other_channels=3))
    for model in (grey, colour):
        assert set(model.objective("g", batch_of(model.config), UpdateContext(0, 0)).losses) == names


def test_grey_and_colour_are_translated_into_each_other(tmp_path: Path) -> None:
    config = tiny("cyclegan", other_channels=3, net="unet", blocks=0)
    outcome = train(build(config), data_of(config), tmp_path)
    assert outcome.divergence is None
    made = outcome.average.networks["ab"](torch.zeros(2, 1, 8, 8))
    assert made.shape == (2, 3, 8, 8)


def test_translators_are_updated_first_then_discriminators() -> None:
    assert cyclegan(tiny("cyclegan", n_critic=2)).updates(0) == ("g", "d", "d")


def test_each_domain_has_a_penalty_of_its_own() -> None:
    model = known(r1=3.0, r2=3.0)
    batch = batch_of(model.config)
    model.objective("g", batch, UpdateContext(0, 0))
    losses = model.objective("d", batch, UpdateContext(0, 0, 1)).losses
    assert set(losses) == {"a", "b", *(f"{name} penalty {domain}" for name in ("r1", "r2") for domain in "ab")}
    gradient = 64 * (1 / 32) ** 2  # each pixel is in the mean of one half of 32
    assert losses["r1 penalty a"].item() == pytest.approx(3 * gradient / 2, rel=1e-5)


def test_weights_of_both_discriminators_are_clipped(tmp_path: Path) -> None:
    config = tiny("cyclegan", clip_weights=0.01, steps=2)
    model = build(config)
    train(model, data_of(config), tmp_path)
    bounds = {
        name: max(float(w.detach().abs().max()) for w in model.network(name).parameters()) for name in model.networks
    }
    assert bounds["da"] == bounds["db"] == pytest.approx(0.01)
    assert min(bounds["ab"], bounds["ba"]) > 0.01


def test_noise_and_augmentation_are_for_discriminators_not_for_translators() -> None:
    model = known(instance_noise=0.5, augment="color", pool_size=0)
    batch = batch_of(model.config)
    model.objective("g", batch, UpdateContext(0, 0))
    model.objective("d", batch, UpdateContext(0, 0, 1))
    inputs = seen(model, "ab")
    assert inputs[0].equal(batch.images)
    a, b = domains(batch)
    plain = (a, b, a + 0.5, b - 0.25)
    assert not any(image.detach().equal(one) for name in ("da", "db") for image in seen(model, name) for one in plain)


def test_mirroring_is_of_the_data_so_that_translators_see_it_too(tmp_path: Path) -> None:
    ramp = torch.arange(8, dtype=torch.uint8).mul(30).expand(20, 1, 8, 8).contiguous()
    config = tiny("cyclegan", flip=True, steps=4)
    model = known(flip=True, steps=4)
    train(model, Data(ramp, other=ramp), tmp_path)
    rising = {bool(image[0, 0, 7] > image[0, 0, 0]) for images in seen(model, "ab") for image in images.detach()}
    assert rising == {True, False}
    assert config.flip


def test_one_domain_is_refused(tmp_path: Path) -> None:
    config = tiny("cyclegan")
    with pytest.raises(ConfigError, match=r"^cyclegan: found one domain, needed two$"):
        train(build(config), Data(random_images(config)), tmp_path)


# The pool


def numbered(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1)


def listed(images: Tensor | None) -> list[int]:
    return [] if images is None else [int(value) for value in images.flatten()]


def test_a_pool_of_none_gives_back_what_it_is_given() -> None:
    assert listed(ImagePool(0).exchange(numbered(1, 2, 3), torch.Generator())) == [1, 2, 3]


def test_a_pool_is_filled_before_it_exchanges() -> None:
    pool = ImagePool(5)
    generator = torch.Generator().manual_seed(0)
    assert listed(pool.exchange(numbered(1, 2), generator)) == [1, 2]
    assert listed(pool.exchange(numbered(3, 4), generator)) == [3, 4]
    assert listed(pool.images) == [1, 2, 3, 4]
    mixed = listed(pool.exchange(numbered(5, 6), generator))
    assert mixed[0] == 5
    assert len(listed(pool.images)) == 5


@pytest.mark.parametrize("batch", [1, 3, 10, 25])
def test_images_are_exchanged_and_never_lost_or_doubled(batch: int) -> None:
    pool, given, got = ImagePool(10), [], []
    for step in range(40):
        images = list(range(step * batch, (step + 1) * batch))
        given += images
        got += listed(pool.exchange(numbered(*images), torch.Generator().manual_seed(step)))
    assert sorted(got + listed(pool.images)) == sorted(given + given[:10])  # while it fills they are given and kept
    assert len(listed(pool.images)) == 10


def test_half_of_the_new_images_go_in_and_any_slot_is_taken() -> None:
    pool = ImagePool(50)
    pool.exchange(numbered(*range(50)), torch.Generator().manual_seed(0))
    old, taken = 0, set()
    for step in range(1000):
        before = listed(pool.images)
        (got,) = listed(pool.exchange(numbered(1000 + step), torch.Generator().manual_seed(step)))
        if got != 1000 + step:
            old += 1
            taken.add(before.index(got))
    assert abs(old - 500) < 5 * 250**0.5
    assert taken == set(range(50))


def test_what_a_pool_holds_does_not_change_behind_its_back() -> None:
    pool, images = ImagePool(4), numbered(1, 2)
    got = pool.exchange(images, torch.Generator())
    images.fill_(9)
    assert listed(pool.images) == [1, 2]
    kept = listed(pool.images)
    got.fill_(7)
    assert listed(pool.images) == kept


def test_pools_are_laid_out_in_rows_whatever_a_translator_makes() -> None:
    pool = ImagePool(4)
    images = torch.randn(3, 3, 4, 4).to(memory_format=torch.channels_last)
    for _ in range(3):
        assert pool.exchange(images, torch.Generator()).is_contiguous()
    assert pool.images is not None
    assert pool.images.is_contiguous()


def test_pools_are_kept_and_taken_back() -> None:
    config = tiny("cyclegan")
    first, second = cyclegan(config), cyclegan(config)
    assert first.state() == {}
    batch = batch_of(config)
    first.objective("g", batch, UpdateContext(0, 0))
    first.objective("d", batch, UpdateContext(0, 0, 1))
    second.restore(first.state())
    assert listed(second.pools["a"].images) == listed(first.pools["a"].images)
    assert set(first.state()) == {"pool a", "pool b"}
