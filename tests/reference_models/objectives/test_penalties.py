"""The penalties on discriminators whose gradient is known in closed form."""

import math
from collections.abc import Callable

import pytest
import torch
from scipy.stats import kstest
from torch import Tensor, nn

from reference_models.configuration.config import PENALTY_SETTINGS
from reference_models.engine.randomness import Draw
from reference_models.objectives.penalties import PENALTIES, BatchMismatch

SHAPES = [(2,), (7,), (1, 8, 8), (3, 4, 6)]
BETWEEN = ("gradient", "zero-centred")


def drawn(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed))


def batches(shape: tuple[int, ...], count: int = 5) -> tuple[Tensor, Tensor]:
    generator = drawn(1).generator
    real, fake = torch.randn(2, count, *shape, generator=generator, dtype=torch.float64)
    return real, fake


def half_square(points: Tensor) -> Tensor:
    """A discriminator whose gradient is the point itself."""
    return points.square().flatten(1).sum(1) / 2


class Spy:
    """A discriminator that remembers where it was asked."""

    def __init__(self, discriminator: Callable[[Tensor], Tensor]) -> None:
        self.discriminator = discriminator
        self.asked: list[Tensor] = []

    def __call__(self, points: Tensor) -> Tensor:
        self.asked.append(points.detach().clone())
        return self.discriminator(points)


def test_no_penalty_was_forgotten() -> None:
    assert set(PENALTIES) == set(PENALTY_SETTINGS)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_linear_discriminator_pays_for_its_weights_alone(shape: tuple[int, ...]) -> None:
    real, fake = batches(shape)
    weights = torch.randn(shape, generator=drawn(2).generator, dtype=torch.float64)
    square = weights.square().sum().item()
    expected = {"gradient": (math.sqrt(square) - 1) ** 2, "r1": square / 2, "r2": square / 2, "zero-centred": square}
    for name, penalty in PENALTIES.items():
        paid = penalty(lambda x: (x * weights).flatten(1).sum(1) + 3, real, fake, drawn())
        assert paid.item() == pytest.approx(expected[name], rel=1e-12), name


@pytest.mark.parametrize("shape", SHAPES)
def test_r1_is_taken_at_reals_and_r2_at_fakes(shape: tuple[int, ...]) -> None:
    real, fake = batches(shape)
    r1, r2 = (PENALTIES[name](half_square, real, fake, drawn()).item() for name in ("r1", "r2"))
    assert r1 == pytest.approx(real.square().flatten(1).sum(1).mean().item() / 2, rel=1e-12)
    assert r2 == pytest.approx(fake.square().flatten(1).sum(1).mean().item() / 2, rel=1e-12)


def test_r1_and_r2_need_no_pairs() -> None:
    real, fake = torch.ones(3, 2), torch.ones(5, 2)
    assert PENALTIES["r1"](half_square, real, fake, drawn()).item() == 1
    assert PENALTIES["r2"](half_square, real, fake, drawn()).item() == 1


@pytest.mark.parametrize("name", BETWEEN)
def test_a_batch_that_cannot_be_paired_is_refused(name: str) -> None:
    with pytest.raises(BatchMismatch, match=r"real \(3, 2\) and fake \(1, 2\)"):
        PENALTIES[name](half_square, torch.ones(3, 2), torch.ones(1, 2), drawn())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", BETWEEN)
def test_every_sample_has_its_own_point_on_the_way(name: str, shape: tuple[int, ...]) -> None:
    real, fake = batches(shape, count=500)
    spy = Spy(half_square)
    paid = PENALTIES[name](spy, real, fake, drawn())
    (points,) = spy.asked
    alpha = ((points - fake) / (real - fake)).flatten(1)
    assert (alpha.amax(1) - alpha.amin(1)).max() < 1e-6  # one for all the values of a sample,
    assert kstest(alpha[:, 0].numpy(), "uniform").pvalue > 0.001  # and uniform over the samples
    norms = points.flatten(1).norm(dim=1)
    expected = (norms - 1).square() if name == "gradient" else norms.square()
    assert paid.item() == pytest.approx(expected.mean().item(), rel=1e-12)


def test_a_penalty_varies_as_one_coefficient_per_sample_makes_it() -> None:
    count = 64
    real, fake = torch.ones(count, 1), torch.zeros(count, 1)  # the gradient is then the coefficient
    paid = torch.stack([PENALTIES["zero-centred"](half_square, real, fake, drawn(seed)) for seed in range(400)])
    assert paid.mean().item() == pytest.approx(1 / 3, abs=0.01)
    assert paid.std().item() == pytest.approx(math.sqrt(4 / 45 / count), rel=0.15)  # 8 times that with one in all


@pytest.mark.parametrize("name", PENALTY_SETTINGS)
def test_the_scores_of_a_samples_patches_add_up(name: str) -> None:
    real, fake = batches((1, 4, 4))
    patches = PENALTIES[name](lambda x: 2 * x[:, :, ::2, ::2], real, fake, drawn())  # 4 patches of gradient 2
    square = 4 * 2.0**2
    expected = {"gradient": (math.sqrt(square) - 1) ** 2, "zero-centred": square, "r1": square / 2, "r2": square / 2}
    assert patches.item() == pytest.approx(expected[name], rel=1e-12)


@pytest.mark.parametrize("name", PENALTY_SETTINGS)
def test_penalties_have_the_right_gradient_in_the_discriminators_weights(name: str) -> None:
    real, fake = batches((3,))

    def price(first: Tensor, second: Tensor) -> Tensor:
        return PENALTIES[name](lambda x: torch.tanh(x @ first) @ second, real, fake, drawn())

    weights = torch.randn(3, 4, generator=drawn(3).generator, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(price, [weight.requires_grad_() for weight in weights])


@pytest.mark.parametrize("name", PENALTY_SETTINGS)
def test_only_the_discriminator_is_updated(name: str) -> None:
    real, fake = (batch.requires_grad_() for batch in batches((3,)))
    discriminator = nn.Linear(3, 1).double()
    PENALTIES[name](lambda x: discriminator(x.sin()), real, fake, drawn()).backward()
    assert discriminator.weight.grad is not None
    assert discriminator.weight.grad.abs().min() > 0
    assert real.grad is None
    assert fake.grad is None


def test_a_flat_discriminator_pays_one_and_has_no_nan_in_its_gradient() -> None:
    weight = torch.zeros(3, requires_grad=True)
    paid = PENALTIES["gradient"](lambda x: x @ weight, torch.randn(4, 3), torch.randn(4, 3), drawn())
    (gradient,) = torch.autograd.grad(paid, weight)
    assert paid.item() == 1
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", PENALTY_SETTINGS)
def test_draws_come_from_the_generator_alone(name: str) -> None:
    real, fake = batches((3,))
    state = torch.get_rng_state()
    first, again, other = (PENALTIES[name](half_square, real, fake, drawn(seed)).item() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert first == again
    assert (first != other) == (name in BETWEEN)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", PENALTY_SETTINGS)
def test_under_autocast_only_the_discriminator_is_rounded(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    discriminator = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 1, 3, 2, 1))
    real, fake = (batch.to(dtype) for batch in batches((1, 8, 8), count=32))
    spy = Spy(discriminator)
    with torch.autocast("cpu", torch.bfloat16):
        paid = PENALTIES[name](spy, real, fake, drawn())
    paid.backward()
    exact = PENALTIES[name](discriminator, real.float(), fake.float(), drawn())
    assert spy.asked[0].dtype == torch.float32
    assert paid.dtype == torch.float32
    assert paid.item() == pytest.approx(exact.item(), rel=0.02)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in discriminator[0].parameters() if p.dim() > 1)
