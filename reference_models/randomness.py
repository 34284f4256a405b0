"""Every random number of a run is a function of (seed, step, stream): nothing has to be saved to resume exactly.

The idea is EDM2's (Karras et al. 2024, arXiv:2312.02696), which seeds anew at each step; here each use has a stream of
its own, so that switching one technique on leaves the draws of the others as they were.
"""

import hashlib
from dataclasses import dataclass

import torch


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
        torch.cuda.manual_seed(number)


@dataclass(frozen=True)
class Moment:
    """A place in a run: the move `move` of step `step`. `draw(stream)` is its generator for one use."""

    seed: int
    step: int
    move: int = 0
    device: torch.device | str = "cpu"

    def draw(self, stream: str) -> torch.Generator:
        return generator(self.seed, self.step, f"{self.move}/{stream}", self.device)

    def seed_layers(self) -> None:
        """Make what layers draw from torch's global state (dropout, in networks of your own) depend on this moment."""
        seed_global(_number(self.seed, self.step, f"{self.move}/layers"), self.device)


def _number(seed: int, step: int, stream: str) -> int:
    digest = hashlib.sha256(f"{seed}/{step}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
