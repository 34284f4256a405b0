"""Every random number of a run is a function of (seed, step, stream): nothing has to be saved to resume exactly.

The idea is EDM2's (Karras et al. 2024, arXiv:2312.02696), which seeds anew at each step; here each use has a stream of
its own, so that switching one technique on leaves the draws of the others as they were.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from reference_models.engine.ranks import ALONE, TrainingRanks


def generator(seed: int, step: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that depends on these three alone; Python's own `hash` of a text would differ between processes.

    >>> draws = [torch.rand(1, generator=generator(0, step, "z")).item() for step in (7, 7, 8)]
    >>> draws[0] == draws[1], draws[0] == draws[2]
    (True, False)
    """
    return torch.Generator(device).manual_seed(_number(seed, step, stream))


def seed_global(number: int, device: torch.device | str = "cpu") -> None:
    """Seed torch's global state on the CPU and on this device; `torch.manual_seed` takes fifty times as long."""
    torch.default_generator.manual_seed(number)
    if torch.device(device).type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)


@dataclass(frozen=True)
class BatchPart:
    """The equal part of every batch that a process has: number `index` of `count`. By default the whole.

    >>> BatchPart(1, 2).of(torch.arange(4)).tolist()
    [2, 3]
    """

    index: int = 0
    count: int = 1

    def of(self, rows: Tensor) -> Tensor:
        """This part of the rows of a whole batch."""
        return rows.chunk(self.count)[self.index]


WHOLE = BatchPart()


@dataclass(frozen=True)
class Draw:
    """Random numbers, on the generator's device, for each sample of a part of a batch: (count, *shape).

    Those of the whole batch are drawn, and the part's own are taken, so that all parts together have the whole's.

    >>> Draw(torch.Generator()).integers(5, 5, 2, 1).tolist()
    [[5], [5]]
    """

    generator: torch.Generator
    part: BatchPart = WHOLE

    def normal(self, count: int, *shape: int) -> Tensor:
        """From N(0, 1)."""
        return self._own(torch.randn, count, *shape)

    def uniform(self, count: int, *shape: int) -> Tensor:
        """From 0 to 1."""
        return self._own(torch.rand, count, *shape)

    def integers(self, low: int, high: int, count: int, *shape: int) -> Tensor:
        """Integers from low to high, both included."""
        return self._own(partial(torch.randint, low, high + 1), count, *shape)

    def _own(self, draw: Callable[..., Tensor], count: int, *shape: int) -> Tensor:
        size = (count * self.part.count, *shape)
        return self.part.of(draw(size, generator=self.generator, device=self.generator.device))


@dataclass(frozen=True)
class UpdateContext:
    """Which update of a run this is, number `update` of step `step`, and what its objective needs beside the batch.

    Of several `ranks`, each has its `part` of the batch.
    """

    seed: int
    step: int
    update: int = 0
    device: torch.device | str = "cpu"
    ranks: TrainingRanks = ALONE

    @property
    def part(self) -> BatchPart:
        return BatchPart(self.ranks.rank, self.ranks.world)

    def draw(self, stream: str) -> Draw:
        """The random numbers of one use."""
        return Draw(generator(self.seed, self.step, f"{self.update}/{stream}", self.device), self.part)

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all parts of the batch, whose gradient with respect to this part's own value is 1.

        With gradients averaged over the parts, any function of it then has the gradient that the whole batch gives.
        """
        if self.ranks.world == 1:
            return value
        constant = value.detach()
        return value + (self.ranks.total(constant) / self.ranks.world - constant)

    def whole(self, rows: Tensor) -> Tensor:
        """The rows of the whole batch, from those of this part."""
        return self.ranks.gather_rows(rows)

    def seed_layers(self) -> None:
        """Seed what layers draw from torch's global state (dropout, in networks of your own) for this update."""
        of_part = f"/{self.part.index}" if self.part.index else ""  # samples of two parts do not draw the same
        seed_global(_number(self.seed, self.step, f"{self.update}/layers{of_part}"), self.device)


def _number(seed: int, step: int, stream: str) -> int:
    digest = hashlib.sha256(f"{seed}/{step}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
