"""The losses that each model's file shows are those that training runs, on the same networks, batch and draws."""

from typing import Any

import pytest
import torch
from tiny_models import batch_of, tiny
from torch import Tensor

from reference_models import MODELS, Config, build, cgan, configure, cyclegan, dcgan, translates, vanilla, wgan_gp
from reference_models.engine.data import TrainingBatch
from reference_models.engine.model import Model
from reference_models.engine.randomness import UpdateContext

PLAIN = {"vanilla": vanilla, "dcgan": dcgan}
CONTEXT = UpdateContext(seed=3, step=5)


def total(model: Model, group: str, batch: TrainingBatch) -> float:
    """What an update of the group minimises."""
    return torch.stack(list(model.objective(group, batch, CONTEXT).losses.values())).sum().item()


def fake_of(model: Model, batch: TrainingBatch) -> Tensor:
    """The samples that the generator gives at that update."""
    z = CONTEXT.draw("z").normal(len(batch.images), model.config.latent)
    condition = (batch.labels,) if model.config.classes else ()
    images: Tensor = model.network("g")(z, *condition)
    return images


def built(model: str, preset: str | None = None) -> tuple[Model, TrainingBatch]:
    """The model with its own defaults and few weights, or with those of a preset."""
    config = tiny(model, shape=(1, 16, 16), width=4, pool_size=50)
    if preset is not None:
        config = configure(model, (1, 16, 16), classes=3, preset=preset, changes={"width": "4", "batch_size": "6"})
    return build(config), batch_of(config)


def equals(value: Tensor) -> Any:
    return pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize("preset", [None, "digits", "mnist"])
@pytest.mark.parametrize("name", PLAIN)
def test_gans_minimise_what_their_files_show(name: str, preset: str | None) -> None:
    model, batch = built(name, preset)
    D, fake = model.network("d"), fake_of(model, batch)
    assert total(model, "d", batch) == equals(PLAIN[name].discriminator_loss(D, batch.images, fake))
    assert total(model, "g", batch) == equals(PLAIN[name].generator_loss(D, fake))


@pytest.mark.parametrize("preset", [None, "digits", "mnist"])
def test_wgan_gp_minimises_what_its_file_shows(preset: str | None) -> None:
    model, batch = built("wgan-gp", preset)
    D, fake = model.network("d"), fake_of(model, batch)
    alpha = CONTEXT.draw("penalty gradient").uniform(len(fake), 1, 1, 1)
    assert total(model, "d", batch) == equals(wgan_gp.discriminator_loss(D, batch.images, fake, alpha))
    assert total(model, "g", batch) == equals(wgan_gp.generator_loss(D, fake))


@pytest.mark.parametrize("preset", [None, "digits", "mnist"])
def test_cgan_minimises_what_its_file_shows(preset: str | None) -> None:
    model, batch = built("cgan", preset)
    D, fake = model.network("d"), fake_of(model, batch)
    assert batch.labels is not None
    assert total(model, "d", batch) == equals(cgan.discriminator_loss(D, batch.images, fake, batch.labels))
    assert total(model, "g", batch) == equals(cgan.generator_loss(D, fake, batch.labels))


@pytest.mark.parametrize("preset", [None, "digits", "mnist"])
def test_cyclegan_minimises_what_its_file_shows(preset: str | None) -> None:
    model, batch = built("cyclegan", preset)
    G_ab, G_ba, D_a, D_b = (model.network(name) for name in ("ab", "ba", "da", "db"))
    a, b = batch.images, batch.other
    assert b is not None
    assert total(model, "g", batch) == equals(cyclegan.generators_loss(G_ab, G_ba, D_a, D_b, a, b))
    loss_a = cyclegan.discriminator_loss(D_a, a, G_ba(b))  # the pool is empty: it gives back the new translations
    loss_b = cyclegan.discriminator_loss(D_b, b, G_ab(a))
    assert total(model, "d", batch) == equals(loss_a + loss_b)


def test_no_model_is_forgotten() -> None:
    """A new model's losses are compared above as the others' are: by PLAIN where (D, real, fake) is all they need."""
    assert set(MODELS) == {*PLAIN, "wgan-gp", "cgan", "cyclegan"}


def test_every_model_has_its_own_capabilities() -> None:
    assert {name for name, row in MODELS.items() if row.conditional} == {"cgan"}
    assert {name for name, row in MODELS.items() if row.translates} == {"cyclegan"} == set(filter(translates, MODELS))
    assert {row.medium for row in MODELS.values()} == {"image"}
    for name, row in MODELS.items():
        assert build(tiny(name)).translates is row.translates
    assert not translates("mine")


def test_a_model_that_cannot_be_trained_is_refused_before_it_is_built() -> None:
    with pytest.raises(ValueError, match=r"^mine: not a reference model \(vanilla, dcgan, wgan-gp, cgan, cyclegan\); "):
        build(Config("mine"))
    with pytest.raises(ValueError, match=r"^dcgan: width=0: needed 1 to 4096$"):
        build(tiny("dcgan", width=0))
