"""`PENALTIES` on the gradient of the discriminator with respect to its input, unweighted, for the discriminator's loss.

- gradient: Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028; two-sided, at one random point between each real
  and its fake sample. Each pair has its own coefficient: one for the whole batch, as is often seen, is another penalty.
- r1, r2: Mescheder et al. 2018, https://arxiv.org/abs/1801.04406; half the squared norm at real, at fake samples.
- zero-centred: Thanh-Tung et al. 2019, https://arxiv.org/abs/1902.03984; the squared norm between real and fake.

The gradient is that of a sample's score, of the sum of its scores where there are several (patches). It is a sample's
own only where the discriminator judges each sample by itself, so no batch norm. Under autocast the discriminator runs
in the lower precision while inputs, gradients and norms stay float32.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reference_models.engine.randomness import Draw

ScoreFunction = Callable[[Tensor], Tensor]
Penalty = Callable[[ScoreFunction, Tensor, Tensor, Draw], Tensor]


class BatchMismatch(ValueError):
    """Real and fake samples that cannot be paired."""


def gradient_penalty(D: ScoreFunction, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """The squared distance of the gradient's norm from 1 between real and fake; a float32 scalar with a graph.

    `real` and `fake` are (N, ...) of one shape, `D` gives N or more scores for them; BatchMismatch otherwise.

    >>> points = torch.zeros(4, 2)
    >>> gradient_penalty(lambda x: 3 * x[:, 0], points, points, Draw(torch.Generator())).item()
    4.0
    """
    norms: Tensor = torch.linalg.vector_norm(_gradients(D, _between(real, fake, draw)), dim=1)
    return (norms - 1).square().mean()


def zero_centered_penalty(D: ScoreFunction, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """The squared norm of the gradient between real and fake samples; shapes and errors as in `gradient_penalty`."""
    return _squared_norm(D, _between(real, fake, draw))


def r1(D: ScoreFunction, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """Half the squared norm of the gradient at real samples; `fake` and `draw` are not used."""
    return _squared_norm(D, real) / 2


def r2(D: ScoreFunction, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """Half the squared norm of the gradient at fake samples; `real` and `draw` are not used."""
    return _squared_norm(D, fake) / 2


PENALTIES: dict[str, Penalty] = {
    "gradient": gradient_penalty,
    "r1": r1,
    "r2": r2,
    "zero-centred": zero_centered_penalty,
}


def _squared_norm(D: ScoreFunction, points: Tensor) -> Tensor:
    """The squared norm of the gradient, averaged over the samples."""
    return _gradients(D, points).square().sum(1).mean()


def _between(real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """A uniformly random point between each fake and its real sample, each with its own coefficient."""
    if real.shape != fake.shape:
        raise BatchMismatch(f"found real {tuple(real.shape)} and fake {tuple(fake.shape)}; needed one shape")
    alpha = draw.uniform(len(real)).to(real.device)
    real, fake = _widened(real), _widened(fake)
    return torch.lerp(fake, real, alpha.to(real.dtype).view(-1, *[1] * (real.dim() - 1)))


def _gradients(D: ScoreFunction, points: Tensor) -> Tensor:
    """The gradient of each sample's score with respect to the sample, (N, D), differentiable in the weights of D."""
    leaf = _widened(points).detach().requires_grad_()
    score = _widened(D(leaf)).sum()
    (gradients,) = torch.autograd.grad(score, leaf, create_graph=True)
    return gradients.flatten(1)


def _widened(tensor: Tensor) -> Tensor:
    """In float32 at least: sums of squares in bfloat16 keep two digits."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
