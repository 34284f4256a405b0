"""A recipe of ours written as tutorials write it: what `benchmarks/training.py` measures our loop against.

float32 and contiguous tensors; `torch.optim.Adam` as it comes; `.item()` of the loss at every move; a moving average
weight by weight; a shuffled DataLoader over a data set that turns one uint8 picture after another into floats and
mirrors it by chance where the recipe does (no PIL: that would only slow it down).

The same as ours: networks and first weights, losses, penalty, batch, moves, and fakes for the critic without a graph.
In its favour: the learning rate stays as it is, and nothing is checked, logged or saved.
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from reference_models import Config, build
from reference_models.engine.ema import decay
from reference_models.engine.randomness import Draw
from reference_models.objectives.losses import LOSSES
from reference_models.objectives.penalties import PENALTIES


class OneByOne(Dataset[tuple[Tensor, Tensor]]):
    """uint8 pictures as float32 in -1..1, converted and mirrored singly when they are asked for."""

    def __init__(self, pixels: Tensor, labels: Tensor, flip: bool) -> None:
        self.pixels, self.labels, self.flip = pixels, labels, flip

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture = self.pixels[index].float() / 127.5 - 1
        mirrored = self.flip and torch.rand(1).item() < 0.5
        return (picture.flip(2) if mirrored else picture), self.labels[index]


class PlainLoop:
    """A model that makes pictures from noise, trained by a configuration; `workers` as DataLoader has them."""

    def __init__(self, config: Config, pixels: Tensor, labels: Tensor, workers: int) -> None:
        self.config = config
        networks = build(config).networks
        self.g, self.d, self.average = networks["g"], networks["d"], copy.deepcopy(networks["g"])
        betas = (config.beta1, config.beta2)
        self.optimiser_g = torch.optim.Adam(self.g.parameters(), lr=config.lr_g, betas=betas)
        self.optimiser_d = torch.optim.Adam(self.d.parameters(), lr=config.lr_d, betas=betas)
        self.loss = LOSSES[config.loss]
        data = OneByOne(pixels, labels, config.flip)
        self.loader = DataLoader(data, config.batch_size, shuffle=True, num_workers=workers, drop_last=True)
        self.batches = self._batches()
        self.generator = torch.Generator().manual_seed(config.seed)

    def step(self, number: int) -> list[float]:
        """The critic's moves, the generator's, the average's; the losses as numbers."""
        said = [self._critic_move() for _ in range(self.config.n_critic)]
        said.append(self._generator_move())
        self._average(decay(self.config.batch_size, self.config.ema_half_life, number * self.config.batch_size, 0.0))
        return said

    def _critic_move(self) -> float:
        real, labels = next(self.batches)
        self.given = (labels,) if self.config.classes else ()
        with torch.no_grad():
            fake = self.g(torch.randn(len(real), self.config.latent), *self.given)
        loss = self.loss.discriminator(self.d(real, *self.given), self.d(fake, *self.given))
        for name, weight in self.config.penalties.items():
            penalty = PENALTIES[name](lambda x: self.d(x, *self.given), real, fake, Draw(self.generator))
            loss = loss + weight * penalty
        self.optimiser_d.zero_grad()
        loss.backward()
        self.optimiser_d.step()
        return loss.item()

    def _generator_move(self) -> float:
        fake = self.g(torch.randn(self.config.batch_size, self.config.latent), *self.given)
        loss = self.loss.generator(self.d(fake, *self.given))
        self.optimiser_g.zero_grad()
        loss.backward()
        self.optimiser_g.step()
        return loss.item()

    @torch.no_grad()
    def _average(self, kept: float) -> None:
        for mean, weight in zip(self.average.parameters(), self.g.parameters(), strict=True):
            mean.mul_(kept).add_(weight, alpha=1 - kept)
        for copied, buffer in zip(self.average.buffers(), self.g.buffers(), strict=True):
            copied.copy_(buffer)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.loader
