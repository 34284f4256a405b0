"""`LOSSES`: what discriminator and generator minimise, as functions of the discriminator's scores (before any sigmoid).

- non-saturating, minimax: Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; every logarithm of a sigmoid is a
  softplus, and torch's `binary_cross_entropy_with_logits` is their oracle.
- one-sided label smoothing: Salimans et al. 2016, https://arxiv.org/abs/1606.03498; the target of reals is
  1 - label_smoothing, the target of fakes stays 0.
- least-squares: Mao et al. 2017, https://arxiv.org/abs/1611.04076, with its a, b, c = 0, 1, 1 and its halves.
  CycleGAN's generator leaves the half out: `lambda_adversarial=2` there.
- hinge: Lim and Ye 2017, https://arxiv.org/abs/1705.02894; Miyato et al. 2018, https://arxiv.org/abs/1802.05957.
- wasserstein: Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875; a Lipschitz bound has to come from elsewhere.
- f-kl, f-reverse-kl, f-js: Nowozin et al. 2016, https://arxiv.org/abs/1606.00709, with the activations and conjugates
  of its tables; minus the discriminator's loss estimates the divergence of real from fake samples (f-js: twice
  Jensen-Shannon's, as that table defines f). The generator takes the paper's practical variant, maximising the
  activation at fakes instead of minimising minus the conjugate, whose gradient vanishes (f-js) or explodes (f-kl): the
  fixed point is the same, the way there is no longer descent on the divergence itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from reference_models.configuration.config import SMOOTHED, ConfigError

# density ratios up to e¹⁰ are exact: more than a batch could estimate, and finite in any floating-point format
LARGEST_EXPONENT = 10.0

Terms = Callable[[Tensor], Tensor]  # scores to losses, elementwise


class DiscriminatorLoss(Protocol):
    """What a discriminator minimises, from its scores of real and of fake samples."""

    def __call__(self, real: Tensor, fake: Tensor, /, label_smoothing: float = 0.0) -> Tensor: ...


@dataclass(frozen=True)
class Loss:
    """The losses of D and G, float32 scalars (or wider) from scores of any shape, and who proposed them.

    Lower is better for the network that minimises it. ConfigError for `label_smoothing` of a loss without targets.

    >>> LOSSES["hinge"].discriminator(torch.tensor([0.5]), torch.tensor([-2.0])).item()
    0.5
    """

    discriminator: DiscriminatorLoss
    generator: Callable[[Tensor], Tensor]
    cite: str


def _mean(terms: Terms, scores: Tensor) -> Tensor:
    """The mean loss; scores of half precision are widened first."""
    return terms(scores.to(torch.promote_types(scores.dtype, torch.float32))).mean()


def _plain(real: Terms, fake: Terms, generator: Terms, cite: str) -> Loss:
    """A loss from its terms; its discriminator has no target to smooth."""

    def discriminator(real_scores: Tensor, fake_scores: Tensor, label_smoothing: float = 0.0) -> Tensor:
        if label_smoothing:
            raise ConfigError(
                f"label_smoothing={label_smoothing}: this loss has no target to smooth; needed {', '.join(SMOOTHED)}"
            )
        return _mean(real, real_scores) + _mean(fake, fake_scores)

    return Loss(discriminator, lambda scores: _mean(generator, scores), cite)


def _targeted(term: Callable[[Tensor, float], Tensor], generator: Terms, cite: str) -> Loss:
    """A loss whose discriminator has a target: 1 - label_smoothing at real and 0 at fake samples."""

    def discriminator(real_scores: Tensor, fake_scores: Tensor, label_smoothing: float = 0.0) -> Tensor:
        real_loss = _mean(lambda scores: term(scores, 1 - label_smoothing), real_scores)
        return real_loss + _mean(lambda scores: term(scores, 0.0), fake_scores)

    return Loss(discriminator, lambda scores: _mean(generator, scores), cite)


def _f_gan(activation: Terms, conjugate: Terms) -> Loss:
    """The f-GAN of an activation g and of f*(g(score)), its divergence's conjugate after the activation."""

    def negative(scores: Tensor) -> Tensor:
        return -activation(scores)

    return _plain(negative, conjugate, negative, "Nowozin et al. 2016")


def _cross_entropy(scores: Tensor, target: float) -> Tensor:
    """-t log s - (1 - t) log(1 - s) for s the sigmoid of the score."""
    return target * F.softplus(-scores) + (1 - target) * F.softplus(scores)  # no difference in which digits cancel


def _half_square(scores: Tensor, target: float) -> Tensor:
    return (scores - target).square() / 2


def _exponential(scores: Tensor) -> Tensor:
    """e to the score, continued by its tangent above the largest exponent, so that no score makes it infinite."""
    excess = F.relu(scores - LARGEST_EXPONENT)
    return scores.clamp(max=LARGEST_EXPONENT).exp() * (1 + excess)


LOSSES: dict[str, Loss] = {
    "non-saturating": _targeted(_cross_entropy, lambda fake: F.softplus(-fake), "Goodfellow et al. 2014"),
    "minimax": _targeted(_cross_entropy, lambda fake: -F.softplus(fake), "Goodfellow et al. 2014"),
    "least-squares": _targeted(_half_square, lambda fake: _half_square(fake, 1.0), "Mao et al. 2017"),
    "hinge": _plain(
        real=lambda scores: F.relu(1 - scores),
        fake=lambda scores: F.relu(1 + scores),
        generator=torch.neg,
        cite="Lim and Ye 2017; Miyato et al. 2018",
    ),
    "wasserstein": _plain(torch.neg, lambda fake: fake, torch.neg, "Arjovsky et al. 2017"),
    "f-kl": _f_gan(activation=lambda scores: scores, conjugate=lambda scores: _exponential(scores - 1)),
    "f-reverse-kl": _f_gan(activation=lambda scores: -_exponential(-scores), conjugate=lambda scores: scores - 1),
    "f-js": _f_gan(
        activation=lambda scores: math.log(2) - F.softplus(-scores),
        conjugate=lambda scores: F.softplus(scores) - math.log(2),
    ),
}
