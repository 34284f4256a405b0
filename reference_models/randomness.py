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
    digest = hashlib.sha256(f"{seed}/{step}/{stream}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


@dataclass(frozen=True)
class Moment:
    """A place in a run: the move `move` of step `step`. `draw(stream)` is its generator for one use."""

    seed: int
    step: int
    move: int = 0
    device: torch.device | str = "cpu"

    def draw(self, stream: str) -> torch.Generator:
        return generator(self.seed, self.step, f"{self.move}/{stream}", self.device)
