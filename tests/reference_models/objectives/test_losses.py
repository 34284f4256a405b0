"""The losses against torch's own, and against the divergences of distributions that are known."""

import math

import pytest
import torch
from scipy.special import rel_entr
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from reference_models.configuration.config import CHOICES, SMOOTHED, ConfigError
from reference_models.objectives.losses import LARGEST_EXPONENT, LOSSES, Terms

P = torch.tensor([8, 1, 4, 3])  # how often each of four outcomes is among the reals,
Q = torch.tensor([2, 5, 4, 5])  # and among the fakes: 16 draws each
RATIO = torch.log(P.double() / Q)  # what the best discriminator knows
SCORES = torch.linspace(-8, 8, 33, dtype=torch.float64)


def kl(p: Tensor, q: Tensor) -> float:
    return float(rel_entr((p.double() / p.sum()).numpy(), (q.double() / q.sum()).numpy()).sum())


def jensen_shannon() -> float:
    return (kl(P, P + Q) + kl(Q, P + Q)) / 2


def at_distributions(name: str, scores: Tensor) -> Tensor:
    """The discriminator's loss where each outcome has its score and comes as often as its probability says."""
    return LOSSES[name].discriminator(scores.repeat_interleave(P), scores.repeat_interleave(Q))


def gradients(name: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
    LOSSES[name].discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    return real.grad, fake.grad


def generator_slope(name: str, fake: Tensor) -> Tensor:
    fake = fake.clone().requires_grad_()
    LOSSES[name].generator(fake).backward()
    assert fake.grad is not None
    return fake.grad


def test_no_loss_was_forgotten_and_each_says_whose_it_is() -> None:
    assert tuple(LOSSES) == CHOICES["loss"]
    assert all(loss.cite.strip()[-4:].isdigit() for loss in LOSSES.values())


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", ["non-saturating", "minimax"])
def test_the_first_losses_are_cross_entropies(name: str, label_smoothing: float) -> None:
    real, fake = SCORES, SCORES.flip(0) / 3
    expected = binary_cross_entropy_with_logits(real, torch.full_like(real, 1 - label_smoothing))
    expected = expected + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    assert LOSSES[name].discriminator(real, fake, label_smoothing).item() == pytest.approx(expected.item(), rel=1e-12)


def test_the_two_first_generators_swap_the_label_or_the_sign() -> None:
    fooled = binary_cross_entropy_with_logits(SCORES, torch.ones_like(SCORES))
    caught = binary_cross_entropy_with_logits(SCORES, torch.zeros_like(SCORES))
    assert LOSSES["non-saturating"].generator(SCORES).item() == pytest.approx(fooled.item(), rel=1e-12)
    assert LOSSES["minimax"].generator(SCORES).item() == pytest.approx(-caught.item(), rel=1e-12)


def test_only_the_minimax_generator_saturates_where_the_discriminator_is_sure() -> None:
    rejected = torch.tensor([-30.0])
    assert generator_slope("minimax", rejected).abs().item() < 1e-12
    assert generator_slope("non-saturating", rejected).item() == pytest.approx(-1)


def test_a_confident_discriminator_keeps_the_digits_of_its_loss() -> None:
    sure = torch.tensor([30.0])
    assert LOSSES["non-saturating"].discriminator(sure, -sure).item() == pytest.approx(2 * math.exp(-30), rel=1e-6)


def test_the_best_discriminator_of_minimax_measures_jensen_shannon() -> None:
    expected = 2 * math.log(2) - 2 * jensen_shannon()
    assert at_distributions("minimax", RATIO).item() == pytest.approx(expected, abs=1e-12)


def divergences() -> list[tuple[str, Tensor, float]]:
    """Each f-GAN, its best variational function in terms of scores, and the divergence it should then measure."""
    return [
        ("f-kl", 1 + RATIO, kl(P, Q)),
        ("f-reverse-kl", RATIO, kl(Q, P)),
        ("f-js", RATIO, 2 * jensen_shannon()),  # the f of the paper's table lacks the half
    ]


@pytest.mark.parametrize(("name", "best", "divergence"), divergences())
def test_an_f_gan_measures_its_divergence_at_the_best_discriminator(name: str, best: Tensor, divergence: float) -> None:
    scores = best.clone().requires_grad_()
    loss = at_distributions(name, scores)
    assert -loss.item() == pytest.approx(divergence, abs=1e-12)
    (gradient,) = torch.autograd.grad(loss, scores)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("name", "best", "divergence"), divergences())
def test_an_f_gan_bounds_its_divergence_from_below(name: str, best: Tensor, divergence: float) -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = best + torch.randn(4, generator=generator, dtype=torch.float64)
        assert -at_distributions(name, other).item() < divergence


def test_f_gan_activations_and_conjugates_are_the_papers() -> None:
    log2, none = math.log(2), torch.zeros(1, dtype=torch.float64)
    table: dict[str, tuple[Terms, Terms]] = {  # activation g(v), conjugate f*(t)
        "f-kl": (lambda v: v, lambda t: (t - 1).exp()),
        "f-reverse-kl": (lambda v: -(-v).exp(), lambda t: -1 - (-t).log()),
        "f-js": (lambda v: log2 - (1 + (-v).exp()).log(), lambda t: -(2 - t.exp()).log()),
    }
    for name, (activation, conjugate) in table.items():
        loss = LOSSES[name]
        for score in SCORES.unsqueeze(1):
            at_reals = loss.discriminator(score, none) - loss.discriminator(none, none)
            at_fakes = loss.discriminator(none, score) - loss.discriminator(none, none)
            torch.testing.assert_close(at_reals, (activation(none) - activation(score)).squeeze())
            expected = conjugate(activation(score)) - conjugate(activation(none))
            torch.testing.assert_close(at_fakes, expected.squeeze())
            torch.testing.assert_close(loss.generator(score), -activation(score).squeeze())


def test_least_squares_is_half_the_squared_distance_to_the_targets() -> None:
    real, fake = SCORES, SCORES / 2
    expected = mse_loss(real, torch.ones_like(real)) / 2 + mse_loss(fake, torch.zeros_like(fake)) / 2
    assert LOSSES["least-squares"].discriminator(real, fake).item() == pytest.approx(expected.item(), rel=1e-12)
    at_reals, at_fakes = gradients("least-squares", real, fake)
    torch.testing.assert_close(at_reals, (real - 1) / len(real))
    torch.testing.assert_close(at_fakes, fake / len(fake))
    torch.testing.assert_close(generator_slope("least-squares", fake), (fake - 1) / len(fake))


def test_the_best_discriminator_of_least_squares_is_the_share_of_reals() -> None:
    best = P.double() / (P + Q)
    expected = (P * Q / (P + Q).double()).sum() / 32  # 1/2 of the sum of pq / (p + q), Mao et al. with a, b = 0, 1
    assert at_distributions("least-squares", best).item() == pytest.approx(expected.item(), rel=1e-12)


def test_hinge_asks_for_its_margin_and_no_more() -> None:
    beyond = torch.tensor([1.0, 1.5, 40.0])
    assert LOSSES["hinge"].discriminator(beyond, -beyond).item() == 0
    assert LOSSES["hinge"].discriminator(torch.tensor([0.25]), torch.tensor([-0.5])).item() == 0.75 + 0.5
    at_reals, at_fakes = gradients("hinge", torch.tensor([0.0, 2.0]), torch.tensor([0.0, -2.0]))
    assert at_reals.tolist() == [-0.5, 0]
    assert at_fakes.tolist() == [0.5, 0]


def test_the_best_discriminator_of_hinge_measures_total_variation() -> None:
    total_variation = (P - Q).abs().sum().item() / 32
    assert at_distributions("hinge", RATIO.sign()).item() == pytest.approx(2 - 2 * total_variation, abs=1e-12)


def test_wasserstein_is_the_difference_of_the_means() -> None:
    real, fake = torch.tensor([1.0, 5.0]), torch.tensor([-1.0, 0.0, 4.0])
    assert LOSSES["wasserstein"].discriminator(real, fake).item() == -3 + 1
    assert LOSSES["wasserstein"].generator(fake).item() == -1


@pytest.mark.parametrize("name", CHOICES["loss"])
def test_the_discriminator_lifts_reals_and_lowers_fakes_and_the_generator_lifts_them(name: str) -> None:
    scores = torch.linspace(0.02, 0.98, 25, dtype=torch.float64)  # between the targets, inside the margins
    at_reals, at_fakes = gradients(name, scores, scores)
    assert at_reals.max() < 0
    assert at_fakes.min() > 0
    assert generator_slope(name, scores).max() < 0


@pytest.mark.parametrize("name", CHOICES["loss"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_no_score_is_too_far_out(name: str, dtype: torch.dtype) -> None:
    far = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=dtype).requires_grad_()
    for loss in (LOSSES[name].discriminator(far, far), LOSSES[name].generator(far)):
        (gradient,) = torch.autograd.grad(loss, far)
        assert loss.isfinite()
        assert gradient.isfinite().all()
        assert loss.dtype == torch.promote_types(dtype, torch.float32)


@pytest.mark.parametrize("name", ["f-kl", "f-reverse-kl"])
def test_the_exponential_goes_on_as_its_tangent(name: str) -> None:
    edge = 1 + LARGEST_EXPONENT if name == "f-kl" else -LARGEST_EXPONENT
    outwards = 1 if name == "f-kl" else -1
    offsets = torch.tensor([-0.5, -1e-9, 1e-9, 0.5, 3.0], dtype=torch.float64)
    at_reals, at_fakes = gradients(name, edge + outwards * offsets, edge + outwards * offsets)
    steep = (at_fakes if name == "f-kl" else -at_reals) * len(offsets)
    expected = (LARGEST_EXPONENT + offsets.clamp(max=0)).exp()
    torch.testing.assert_close(steep, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", CHOICES["loss"])
def test_scores_may_have_any_shape_and_the_sets_any_size(name: str) -> None:
    real, fake = torch.randn(3, 1, 4, 4), torch.randn(5, 1, 2, 2)
    assert LOSSES[name].discriminator(real, fake).shape == ()
    torch.testing.assert_close(
        LOSSES[name].discriminator(real, fake), LOSSES[name].discriminator(real.flatten(), fake.flatten())
    )
    torch.testing.assert_close(LOSSES[name].generator(fake), LOSSES[name].generator(fake.flatten()))


@pytest.mark.parametrize("name", ["non-saturating", "minimax"])
@pytest.mark.parametrize("label_smoothing", [0.1, 0.25])
def test_smoothing_gives_reals_a_finite_best_score(name: str, label_smoothing: float) -> None:
    best = torch.tensor([math.log((1 - label_smoothing) / label_smoothing)], dtype=torch.float64).requires_grad_()
    fake = torch.zeros(1, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(LOSSES[name].discriminator(best, fake, label_smoothing), best)
    assert gradient.item() == pytest.approx(0, abs=1e-12)


def test_smoothing_moves_the_target_of_least_squares() -> None:
    fake = torch.zeros(1)
    assert LOSSES["least-squares"].discriminator(torch.tensor([0.75]), fake, 0.25).item() == 0


@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothing_is_one_sided(name: str) -> None:
    real, fake = torch.zeros(4), torch.randn(4).requires_grad_()
    plain, smoothed = (LOSSES[name].discriminator(real, fake, label_smoothing) for label_smoothing in (0.0, 0.3))
    assert torch.equal(torch.autograd.grad(plain, fake)[0], torch.autograd.grad(smoothed, fake)[0])


@pytest.mark.parametrize("name", sorted(set(CHOICES["loss"]) - set(SMOOTHED)))
def test_a_loss_without_targets_refuses_to_smooth_them(name: str) -> None:
    with pytest.raises(ConfigError, match="no target to smooth"):
        LOSSES[name].discriminator(torch.zeros(2), torch.zeros(2), 0.1)
