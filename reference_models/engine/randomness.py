"""Every random number of a run is a function of (seed, step, stream): nothing has to be saved to resume exactly.

The idea is EDM2's (Karras et al. 2024, arXiv:2312.02696), which seeds anew at each step; here each use has a stream of
its own, so that switching one technique on leaves the draws of the others as they were.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from reference_models.engine.ranks import ALONE, TrainingRanks, rows_of_rank


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
class Draw:
    """Random numbers, on the generator's device, for each sample of a batch: (count, *shape).

    Of several ranks each draws those of the whole batch and takes its own samples', so that together they draw what
    one process does.

    >>> Draw(torch.Generator()).integers(5, 5, 2, 1).tolist()
    [[5], [5]]
    """

    generator: torch.Generator
    ranks: TrainingRanks = ALONE

    def normal(self, count: int, *shape: int) -> Tensor:
        """From N(0, 1)."""
        size = (count * self.ranks.world, *shape)
        return rows_of_rank(self.ranks, torch.randn(size, generator=self.generator, device=self.generator.device))

    def uniform(self, count: int, *shape: int) -> Tensor:
        """From 0 to 1."""
        size = (count * self.ranks.world, *shape)
        return rows_of_rank(self.ranks, torch.rand(size, generator=self.generator, device=self.generator.device))

    def integers(self, low: int, high: int, count: int, *shape: int) -> Tensor:
        """Integers from low to high, both included."""
        size = (count * self.ranks.world, *shape)
        drawn = torch.randint(low, high + 1, size, generator=self.generator, device=self.generator.device)
        return rows_of_rank(self.ranks, drawn)


@dataclass(frozen=True)
class UpdateContext:
    """Which update of a run this is: number `update` of step `step`, on this rank. `draw(stream)` draws for one use."""

    seed: int
    step: int
    update: int = 0
    device: torch.device | str = "cpu"
    ranks: TrainingRanks = ALONE

    def draw(self, stream: str) -> Draw:
        return Draw(generator(self.seed, self.step, f"{self.update}/{stream}", self.device), self.ranks)

    def seed_layers(self) -> None:
        """Seed what layers draw from torch's global state (dropout, in networks of your own) for this update."""
        of_rank = f"/{self.ranks.rank}" if self.ranks.rank else ""  # samples of two ranks do not draw the same
        seed_global(_number(self.seed, self.step, f"{self.update}/layers{of_rank}"), self.device)


def _number(seed: int, step: int, stream: str) -> int:
    digest = hashlib.sha256(f"{seed}/{step}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
