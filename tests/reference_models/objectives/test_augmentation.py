"""DiffAugment: what each draw may do to an image, and what it must leave alone."""

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import pad

from reference_models.configuration.config import CHOICES, ConfigError
from reference_models.engine.randomness import Draw
from reference_models.objectives.augmentation import (
    CHANGES,
    augmented,
    brightness,
    contrast,
    cutout,
    saturation,
    translation,
)

CHANGE_BY_NAME = {change.__name__: change for changes in CHANGES.values() for change in changes}


def drawn(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed))


def pictures(count: int = 6, channels: int = 3, height: int = 8, width: int = 8, seed: int = 1) -> Tensor:
    return torch.rand(count, channels, height, width, generator=drawn(seed).generator, dtype=torch.float64) * 2 - 1


def repeated(count: int, channels: int = 3, side: int = 8) -> Tensor:
    """One image many times, so that draws can be told apart."""
    return pictures(1, channels, side, side).expand(count, -1, -1, -1)


def factor(changed: Tensor, plain: Tensor, centre: Tensor) -> Tensor:
    """By how much each image's distances to its centre were multiplied, (N, values): all equal if they were."""
    return ((changed - centre) / (plain - centre)).flatten(1)


def test_no_policy_was_forgotten() -> None:
    assert tuple(CHANGES) == CHOICES["augment"]


def test_brightness_adds_one_number_to_an_image() -> None:
    plain = repeated(500)
    added = (brightness(plain, drawn()) - plain).flatten(1)
    torch.testing.assert_close(added.amin(1), added.amax(1))
    assert added[:, 0].unique().numel() == 500
    assert -0.5 <= added.min() < -0.45
    assert 0.45 < added.max() <= 0.5


def test_saturation_scales_the_distance_to_grey() -> None:
    plain = repeated(500)
    grey = plain.mean(1, keepdim=True)
    changed = saturation(plain, drawn())
    torch.testing.assert_close(changed.mean(1, keepdim=True), grey)
    factors = factor(changed, plain, grey)
    torch.testing.assert_close(factors.amin(1), factors.amax(1), rtol=1e-6, atol=1e-6)
    assert 0 <= factors.min() < 0.1
    assert 1.9 < factors.max() <= 2


def test_contrast_scales_the_distance_to_the_mean() -> None:
    plain = repeated(500)
    mean = plain.mean((1, 2, 3), keepdim=True)
    changed = contrast(plain, drawn())
    torch.testing.assert_close(changed.mean((1, 2, 3), keepdim=True), mean)
    factors = factor(changed, plain, mean)
    torch.testing.assert_close(factors.amin(1), factors.amax(1), rtol=1e-6, atol=1e-6)
    assert 0.5 <= factors.min() < 0.55
    assert 1.45 < factors.max() <= 1.5


@pytest.mark.parametrize("name", ["brightness", "saturation", "contrast"])
def test_colours_change_nothing_on_average(name: str) -> None:
    plain = repeated(4000)
    changed = CHANGE_BY_NAME[name](plain, drawn())
    error = changed.std(0) / 4000**0.5
    assert ((changed.mean(0) - plain[0]).abs() <= 4 * error + 1e-12).all()


def test_color_keeps_grey_grey() -> None:
    grey = pictures(channels=1).expand(-1, 3, -1, -1)
    changed = augmented(grey, ("color",), drawn())
    torch.testing.assert_close(changed, changed[:, :1].expand(-1, 3, -1, -1))
    assert not torch.allclose(changed, grey)


def test_saturation_leaves_images_of_one_channel_as_they_are() -> None:
    grey = pictures(channels=1)
    assert torch.equal(saturation(grey, drawn()), grey)


@pytest.mark.parametrize(("height", "width", "reach"), [(8, 8, (1, 1)), (32, 32, (4, 4)), (16, 24, (2, 3))])
def test_translation_moves_by_up_to_an_eighth_and_fills_with_zeros(
    height: int, width: int, reach: tuple[int, int]
) -> None:
    plain = pictures(1, 1, height, width)
    down, right = reach
    framed = pad(plain, (right, right, down, down))
    corners = list(product(range(2 * down + 1), range(2 * right + 1)))
    possible = torch.cat([framed[:, :, y : y + height, x : x + width] for y, x in corners])
    after_update = translation(plain.expand(20 * len(possible), -1, -1, -1), drawn())
    which = (after_update[:, None] == possible).flatten(2).all(2)
    assert (which.sum(1) == 1).all()  # each is one of the possible crops,
    assert which.sum(0).min() > 3  # each crop comes (20 times on average),
    assert which.sum(0).max() < 40  # and none too often


def test_translation_loses_what_leaves_and_wraps_nothing() -> None:
    edge = torch.zeros(200, 1, 8, 8)
    edge[:, :, :, 0] = 1
    after_update = translation(edge, drawn())
    assert after_update[..., 2:].abs().max() == 0
    assert (after_update.sum((1, 2, 3)) == 0).any()


@pytest.mark.parametrize("side", [8, 9, 32])
def test_cutout_zeroes_one_window_of_half_the_side_and_nothing_else(side: int) -> None:
    plain = repeated(800, side=side)
    changed = cutout(plain, drawn())
    gone = (changed != plain).all(1)
    assert torch.equal(changed, plain.masked_fill(gone[:, None], 0))
    rows, columns = gone.any(2), gone.any(1)
    assert torch.equal(gone, rows[:, :, None] & columns[:, None, :])
    window = (side + 1) // 2
    for axis in (rows, columns):
        starts, lengths = axis.int().argmax(1), axis.sum(1)
        assert ((axis.int().diff(dim=1) != 0).sum(1) <= 2).all()  # in one piece
        clipped = (starts == 0) | (starts + lengths == side)
        assert (lengths[~clipped] == window).all()
        assert lengths.max() == window
        assert lengths.min() == (window + 1) // 2  # the centre is never outside
        assert axis.any(0).all()  # and can be anywhere


def test_cutout_puts_its_window_anywhere_alike() -> None:
    hidden = (cutout(torch.ones(20000, 1, 8, 8), drawn()) == 0).double().mean((0, 1))
    ways = torch.tensor([3, 4, 4, 4, 4, 4, 4, 3]) / 9.0  # a window of 4 has 9 places; of the outer ones 3 hide a border
    torch.testing.assert_close(hidden, torch.outer(ways, ways).double(), atol=4 * 0.4 / 20000**0.5, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_policies_are_applied_in_turn_with_one_stream_of_draws(channels: int) -> None:
    plain, draw = pictures(channels=channels), drawn()
    expected = plain
    for change in (translation, cutout, brightness, saturation, contrast):
        expected = change(expected, draw)
    assert torch.equal(augmented(plain, ("translation", "cutout", "color"), drawn()), expected)


def test_without_a_policy_nothing_changes() -> None:
    plain = pictures()
    assert augmented(plain, (), drawn()) is plain


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"augment=colour is unknown, needed color, translation, cutout"):
        augmented(pictures(), ("color", "colour"), drawn())


@pytest.mark.parametrize("name", sorted(CHANGE_BY_NAME))
def test_draws_come_from_the_generator_alone_and_differ_between_images(name: str) -> None:
    plain, state = repeated(50), torch.get_rng_state()
    change = CHANGE_BY_NAME[name]
    first, again, other = (change(plain, drawn(seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.unique(dim=0).shape[0] > 5


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policies", [*((name,) for name in CHOICES["augment"]), CHOICES["augment"]])
def test_gradients_flow_and_can_be_penalised(policies: tuple[str, ...], channels: int) -> None:
    plain = pictures(2, channels).requires_grad_()
    assert gradcheck(lambda x: augmented(x, policies, drawn()), plain)
    assert gradgradcheck(lambda x: augmented(x, policies, drawn()).square(), plain)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_type_are_kept(channels: int, dtype: torch.dtype) -> None:
    plain = pictures(4, channels, 16, 24).to(dtype).contiguous(memory_format=torch.channels_last)
    changed = augmented(plain, CHOICES["augment"], drawn())
    assert changed.shape == plain.shape
    assert changed.dtype == dtype
    join_packs = augmented(plain.contiguous(), CHOICES["augment"], drawn())
    torch.testing.assert_close(changed, join_packs)


def test_what_is_hidden_or_gone_leaves_no_trace_not_even_of_nan() -> None:
    plain = torch.full((50, 1, 8, 8), torch.nan)
    assert (cutout(plain, drawn()) == 0).any()
    assert (translation(plain, drawn()) == 0).any()
