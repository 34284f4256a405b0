"""Batches: each epoch a permutation, each batch a function of the seed and its number alone."""

import hashlib

import pytest
import torch
from tiny_models import random_images, tiny
from torch import Tensor

from reference_models import ConfigError, Data
from reference_models.engine.data import random_flip, to_pixels, to_signed
from reference_models.engine.randomness import Draw, UpdateContext, generator, seed_global


def numbered(count: int, other: int = 0) -> Data:
    """Vectors that are their own number, and class."""
    values = torch.arange(count, dtype=torch.float32)[:, None]
    others = torch.arange(other, dtype=torch.float32)[:, None] if other else None
    return Data(values, torch.arange(count), others)


def seen(data: Data, batches: range, size: int, seed: int = 0) -> list[int]:
    return [int(value) for number in batches for value in data.batch(number, size, seed=seed).images.flatten()]


@pytest.mark.parametrize(("count", "size"), [(12, 4), (12, 5), (10, 10), (7, 3), (5, 13), (1, 4)])
def test_every_epoch_is_a_permutation_across_its_ends(count: int, size: int) -> None:
    found = seen(numbered(count), range(3 * count), size)
    epochs = [found[start : start + count] for start in range(0, len(found) - count + 1, count)]
    assert len(epochs) >= 3
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs)


def test_epochs_and_seeds_are_in_different_orders() -> None:
    data = numbered(50)
    orders = {tuple(seen(data, range(number, number + 1), 50, seed)) for number in range(5) for seed in range(3)}
    assert len(orders) == 15


def test_a_batch_does_not_depend_on_those_before() -> None:
    ahead, backwards = numbered(11, 7), numbered(11, 7)
    expected = [ahead.batch(number, 4, seed=3) for number in range(20)]
    for number in reversed(range(20)):
        found = backwards.batch(number, 4, seed=3)
        assert found.images.equal(expected[number].images)
        others = found.other, expected[number].other
        assert others[0] is not None
        assert others[1] is not None
        assert others[0].equal(others[1])
        assert numbered(11, 7).batch(number, 4, seed=3).images.equal(found.images)


def test_the_other_domain_has_an_order_and_epochs_of_its_own() -> None:
    data = numbered(12, 12)
    batches = [data.batch(number, 12, seed=0) for number in range(3)]
    for batch in batches:
        assert batch.other is not None
        assert sorted(batch.other.flatten().tolist()) == list(range(12))
        assert not batch.other.equal(batch.images)  # unpaired
    short = numbered(12, 5)
    others = torch.cat([other for k in range(5) if (other := short.batch(k, 4, seed=0).other) is not None])
    assert others[:5].flatten().sort().values.tolist() == list(range(5))
    assert len(others) == 20


def test_classes_stay_with_their_samples() -> None:
    data = numbered(9)
    for number in range(5):
        batch = data.batch(number, 4, seed=1)
        assert batch.labels is not None
        assert batch.labels.tolist() == batch.images.flatten().tolist()


def test_orders_of_past_epochs_are_forgotten() -> None:
    data = numbered(6, 4)
    for number in range(500):
        data.batch(number, 3, seed=0)
    assert len(data._orders) <= 6


def test_images_come_signed_and_vectors_as_they_are() -> None:
    config = tiny("dcgan")
    values = random_images(config)
    batch = Data(values).batch(0, len(values), seed=0)
    assert batch.images.dtype == torch.float32
    assert batch.images.min() >= -1
    assert batch.images.max() <= 1
    assert to_pixels(batch.images).flatten(1).sort(0).values.equal(values.flatten(1).sort(0).values)
    vectors = torch.randn(4, 2)
    assert to_signed(vectors) is vectors
    assert to_pixels(vectors) is vectors


def test_all_256_levels_survive_signing() -> None:
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert to_pixels(to_signed(levels)).equal(levels)
    assert to_pixels(torch.full((1, 1, 1, 1), 1.5)).item() == 255


def test_half_of_the_images_are_mirrored_and_the_data_are_not() -> None:
    ramp = torch.arange(8, dtype=torch.uint8).expand(2000, 1, 8, 8).contiguous()
    data, before = Data(ramp, other=ramp), ramp.clone()
    batch = data.batch(0, 2000, seed=0, flip=True)
    assert batch.other is not None
    mirrored = [images[:, 0, 0, 0] > images[:, 0, 0, 7] for images in (batch.images, batch.other)]
    assert all(abs(int(some.sum()) - 1000) < 5 * (2000 / 4) ** 0.5 for some in mirrored)
    assert not mirrored[0].equal(mirrored[1])
    assert data.batch(0, 2000, seed=0, flip=True).images.equal(batch.images)
    assert data.images.equal(before)
    assert not bool((data.batch(0, 2000, seed=0).images[:, 0, 0, 0] > 0).any())


def test_a_mirrored_image_is_the_image_from_right_to_left() -> None:
    images = torch.randn(64, 3, 4, 5)
    found = random_flip(images, Draw(torch.Generator().manual_seed(0)))
    assert all(one.equal(image) or one.equal(image.flip(2)) for one, image in zip(found, images, strict=True))
    assert not found.equal(images)


BAD: dict[str, tuple[Tensor, Tensor | None, Tensor | None]] = {
    "images: found uint8 (0, 1, 8, 8), needed images uint8 (N, C, H, W) or vectors float32 (N, D)": (
        torch.zeros(0, 1, 8, 8, dtype=torch.uint8),
        None,
        None,
    ),
    "images: found float32 (4, 1, 8, 8), needed images uint8 (N, C, H, W) or vectors float32 (N, D)": (
        torch.zeros(4, 1, 8, 8),
        None,
        None,
    ),
    "images: found float64 (4, 2), needed images uint8 (N, C, H, W) or vectors float32 (N, D)": (
        torch.zeros(4, 2, dtype=torch.float64),
        None,
        None,
    ),
    "other: found float32 (4,), needed images uint8 (N, C, H, W) or vectors float32 (N, D)": (
        torch.zeros(4, 2),
        None,
        torch.zeros(4),
    ),
    "labels: found int64 (3,), needed int64 (4,)": (torch.zeros(4, 2), torch.zeros(3).long(), None),
    "labels: found float32 (4,), needed int64 (4,)": (torch.zeros(4, 2), torch.zeros(4), None),
}


@pytest.mark.parametrize("reason", BAD)
def test_other_shapes_and_types_are_refused(reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole text is compared below
        Data(*BAD[reason])
    assert str(caught.value) == reason


def test_data_of_another_configuration_are_refused() -> None:
    config = tiny("cgan")
    of_config = random_images(config)
    labels = torch.arange(len(of_config)) % 4
    colour = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    refused = {
        "data: found samples of (3, 8, 8), needed (1, 8, 8)": (tiny("dcgan"), Data(colour)),
        "data of the other domain: found samples of (3, 8, 8), needed (1, 8, 8)": (
            tiny("cyclegan"),
            Data(of_config, other=colour),
        ),
        "data: found no labels, needed 3 classes": (config, Data(of_config)),
        "data: found labels of 0 to 3, needed 3 classes": (config, Data(of_config, labels)),
        "data: found labels of -1 to 2, needed 3 classes": (config, Data(of_config, labels - 1)),
    }
    for reason, (configuration, data) in refused.items():
        with pytest.raises(ConfigError) as caught:
            data.check(configuration)
        assert str(caught.value) == reason
    Data(of_config, labels - labels // 3).check(config)
    Data(of_config, other=colour).check(tiny("cyclegan", other_channels=3))


def test_fingerprints_tell_values_types_shapes_and_roles_apart() -> None:
    values = torch.arange(16, dtype=torch.float32).reshape(4, 4)
    several = [
        Data(values),
        Data(values + 1),
        Data(values.reshape(8, 2)),
        Data(values, torch.arange(4)),
        Data(values, torch.arange(4).flip(0)),
        Data(values, other=values),
    ]
    assert len({data.fingerprint() for data in several}) == len(several)
    assert Data(values.T.contiguous().T).fingerprint() == Data(values).fingerprint()


# Randomness


def test_a_draw_depends_on_seed_step_update_and_stream_alone() -> None:
    def drawn(moment: UpdateContext, stream: str) -> float:
        return torch.rand(1, generator=moment.draw(stream).generator).item()

    moments = (UpdateContext(0, 0), UpdateContext(1, 0), UpdateContext(0, 1), UpdateContext(0, 0, 1))
    places = [(moment, stream) for moment in moments for stream in ("z", "noise")]
    assert len({drawn(*place) for place in places}) == len(places)
    assert [drawn(*place) for place in reversed(places)][::-1] == [drawn(*place) for place in places]


def test_a_generator_is_seeded_by_a_hash_that_is_the_same_everywhere() -> None:
    digest = hashlib.sha256(b"5/7/z").digest()
    assert generator(5, 7, "z").initial_seed() == int.from_bytes(digest[:8], "little") // 2


def test_the_global_state_can_be_seeded_by_the_moment() -> None:
    with torch.random.fork_rng(devices=[]):
        draws = []
        for step in (0, 1, 0):
            UpdateContext(0, step).seed_layers()
            draws.append(torch.rand(1).item())
        assert draws[0] == draws[2] != draws[1]
        seed_global(9)
        first = torch.rand(1)
        torch.manual_seed(9)
        assert first.equal(torch.rand(1))
