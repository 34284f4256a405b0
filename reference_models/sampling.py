"""Samples of a trained generator: seeded, in `eval()` mode, and equal whatever the size of the batches asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reference_models.checkpoint import CheckpointError, load
from reference_models.config import Config
from reference_models.data import signed, unsigned
from reference_models.models import build
from reference_models.randomness import generator

BLOCK = 100  # samples are always made so many at a time, as rounding depends on it


@dataclass(frozen=True)
class Sampler:
    """A generator in `eval()` mode, of noise (`draw`) or of pictures (`translate`)."""

    network: nn.Module
    config: Config
    class_counts: Sequence[int] | None = None

    def draw(self, count: int, seed: int) -> tuple[Tensor, Tensor | None]:
        """`count` samples, uint8 (N, C, H, W) or float vectors (N, D), and their classes where conditional.

        The first samples of a longer draw are those of a shorter one.
        """
        blocks = list(self.blocks(count, seed))
        labels = None if blocks[0][1] is None else torch.cat([one for _, one in blocks if one is not None])
        return torch.cat([pictures for pictures, _ in blocks]), labels

    def blocks(self, count: int, seed: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """The same as `draw`, at most `BLOCK` at a time."""
        for number, start in enumerate(range(0, count, BLOCK)):
            z = torch.randn(BLOCK, self.config.latent, generator=generator(seed, number, "sample z"))
            labels = self._labels(seed, number)
            pictures = self.pictures(z, labels)[: count - start]
            yield pictures, None if labels is None else labels[: count - start]

    @torch.inference_mode()
    def pictures(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The samples of given latents (N, latent), and classes (N,) where conditional; on the CPU."""
        device = next(self.network.parameters()).device
        given = () if labels is None else (labels.to(device),)
        return unsigned(self.network(z.to(device), *given).float()).cpu()

    @torch.inference_mode()
    def translate(self, pictures: Tensor) -> Tensor:
        """Pictures uint8 (N, C, H, W) as the other domain has them, uint8."""
        device = next(self.network.parameters()).device
        size = min(BLOCK, max(1, 400_000 // pictures[0].numel()))
        made = []
        for part in pictures.split(size):
            padded = torch.cat([part, part[:1].expand(size - len(part), *part.shape[1:])])
            made.append(unsigned(self.network(signed(padded.to(device))).float())[: len(part)].cpu())
        return torch.cat(made)

    def _labels(self, seed: int, number: int) -> Tensor | None:
        """Classes as often as the training data has them; all alike where their counts are not known."""
        if not self.config.classes:
            return None
        shares = torch.ones(self.config.classes)
        if self.class_counts is not None:
            shares[: len(self.class_counts)] = torch.tensor(self.class_counts, dtype=torch.float32)
            shares[len(self.class_counts) :] = 0
        return torch.multinomial(shares, BLOCK, replacement=True, generator=generator(seed, number, "sample classes"))


def load_sampler(
    run: Path | str, *, checkpoint: str = "best", raw: bool = False, direction: str = "ab", device: str = "cpu"
) -> Sampler:
    """The sampler of a run folder: its best or last checkpoint, the averaged generator or the `raw` one.

    `direction` chooses between CycleGAN's two translators. Raises CheckpointError where there is no such checkpoint.
    """
    found = load(Path(run) / "checkpoints", checkpoint)
    if found is None:
        raise CheckpointError(f"{run}: found no {checkpoint} checkpoint (checkpoints are not in git); train it again")
    tensors, document = found
    config = Config.from_dict(document["config"])
    model = build(config)
    name = direction if direction in model.generators else model.generators[0]
    network = model.network(name)
    prefix = f"{'networks' if raw else 'average'}.{name}."
    network.load_state_dict({key.removeprefix(prefix): v for key, v in tensors.items() if key.startswith(prefix)})
    network.to(device).eval().requires_grad_(False)
    return Sampler(network, config, document.get("class_counts"))
