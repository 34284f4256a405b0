"""`PENALTIES`: prices on the critic's slope with respect to its input, unweighted, for the critic's loss.

- gradient: Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028; two-sided, at one random point between each real
  and its fake. Each pair draws its own coefficient: one for the whole batch, as is often seen, is another penalty.
- r1, r2: Mescheder et al. 2018, https://arxiv.org/abs/1801.04406; half the squared slope at reals, at fakes.
- zero-centred: Thanh-Tung et al. 2019, https://arxiv.org/abs/1902.03984; the squared slope between reals and fakes.

The slope is that of a sample's raw score, of the sum of its scores where there are several (patches). It is a
sample's own only where the critic judges each sample by itself, so no batch norm. Under autocast the critic runs in the
lower precision while points, slopes and norms stay float32.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reference_models.engine.randomness import Draw

Critic = Callable[[Tensor], Tensor]
Penalty = Callable[[Critic, Tensor, Tensor, Draw], Tensor]


class BatchMismatch(ValueError):
    """Reals and fakes that cannot be paired."""


def gradient(critic: Critic, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """How far the slope's norm is from 1 between reals and fakes, squared; a float32 scalar with a graph.

    `real` and `fake` are (N, ...) of one shape, `critic` gives N or more scores for them; BatchMismatch otherwise.

    >>> points = torch.zeros(4, 2)
    >>> gradient(lambda x: 3 * x[:, 0], points, points, Draw(torch.Generator())).item()
    4.0
    """
    norms: Tensor = torch.linalg.vector_norm(_slopes(critic, _between(real, fake, draw)), dim=1)
    return (norms - 1).square().mean()


def zero_centred(critic: Critic, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """The squared norm of the slope between reals and fakes; shapes and errors as in `gradient`."""
    return _squared_norm(critic, _between(real, fake, draw))


def r1(critic: Critic, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """Half the squared norm of the slope at reals; `fake` and `draw` are not used."""
    return _squared_norm(critic, real) / 2


def r2(critic: Critic, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """Half the squared norm of the slope at fakes; `real` and `draw` are not used."""
    return _squared_norm(critic, fake) / 2


PENALTIES: dict[str, Penalty] = {"gradient": gradient, "r1": r1, "r2": r2, "zero-centred": zero_centred}


def _squared_norm(critic: Critic, points: Tensor) -> Tensor:
    """The slope's squared norm, averaged over the samples."""
    return _slopes(critic, points).square().sum(1).mean()


def _between(real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """A point on the way from each fake to its real, uniformly, each with its own coefficient."""
    if real.shape != fake.shape:
        raise BatchMismatch(f"found reals of {tuple(real.shape)} and fakes of {tuple(fake.shape)}; needed one shape")
    alpha = draw.uniform(len(real)).to(real.device)
    real, fake = _widened(real), _widened(fake)
    return torch.lerp(fake, real, alpha.to(real.dtype).view(-1, *[1] * (real.dim() - 1)))


def _slopes(critic: Critic, points: Tensor) -> Tensor:
    """The gradient of each sample's score with respect to the sample, (N, D), differentiable in the critic."""
    leaf = _widened(points).detach().requires_grad_()
    score = _widened(critic(leaf)).sum()
    (slopes,) = torch.autograd.grad(score, leaf, create_graph=True)
    return slopes.flatten(1)


def _widened(tensor: Tensor) -> Tensor:
    """In float32 at least: sums of squares in bfloat16 keep two digits."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
