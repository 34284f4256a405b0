"""What is scored and shown of a run while it trains: samples from noise, or translations of held-out images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganeval.training.checks.grids import side_by_side, write_grid
from ganeval.training.checks.measures import SelectionScorer
from ganeval.training.checks.planes import write_plane
from ganeval.training.data.dataset import Split, Splits
from ganeval.training.data.domains import DIRECTIONS, FORTH, Direction, Domains
from reference_models import Config, Sampler
from reference_models.engine.data import TrainingBatch, to_signed
from reference_models.engine.model import Model

SEED = 1  # of the samples that choose the best checkpoint; the report's are drawn with another
ROWS = 8
MAX_COLUMNS = 16  # of a grid with a column for each class
MAX_SCORES = 1000  # images of each set that the discriminator scores at a check
MAX_TRANSLATIONS = 200  # the same of translations, which cost a network of many times the work
BLOCK = 100  # images that a discriminator scores at a time, or the whole packs of so many


class Subject(Protocol):
    """What is scored of a run and shown in its grids: samples from noise, or translations."""

    def score(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        """The scores of these generators; of raw ones the FID alone."""

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Write a grid of images."""

    def discriminator_scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        """The discriminator's scores (n,) of `real` (training), `held_out` (selection) and `made` (generated) images.

        n is at most 1,000; sets that it cannot score, as where no pack is full, are left out.
        """


class GeneratorSubject:
    """Samples from noise; `class_counts` are the training images of each class, for a conditional model."""

    def __init__(
        self, config: Config, splits: Splits, scorer: SelectionScorer | None, class_counts: list[int] | None
    ) -> None:
        self.config, self.splits, self.scorer, self.class_counts = config, splits, scorer, class_counts
        self.count = min(MAX_SCORES, max(200, 5 * len(splits.selection)))

    def score(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        if self.scorer is None:
            return {}
        pixels, labels = self._sampler(generators).draw(self.count, SEED)
        scores = self.scorer.score(pixels, None if raw else labels)
        return {"fid_raw": scores.get("fid")} if raw else scores

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Samples of the same latents every time; column k is of class k, of more than 16 classes the first 8."""
        if self.config.is_vector:
            if self.config.shape == (2,):
                samples = self._sampler(generators).draw(len(self.splits.selection), SEED)[0]
                write_plane(path, model, self.splits.selection.pixels, samples)
            return
        columns = self.config.classes if 0 < self.config.classes <= MAX_COLUMNS else ROWS
        labels = torch.arange(columns).repeat(ROWS) if self.config.classes else None
        z = torch.randn(columns * ROWS, self.config.latent, generator=torch.Generator().manual_seed(SEED))
        write_grid(path, self._sampler(generators).images(z, labels), columns)

    def discriminator_scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        sets = {"real": subset(self.splits.train), "held_out": subset(self.splits.selection)}
        sets["made"] = self._sampler(generators).draw(self.count, SEED)
        scores = {name: scores_of(model, *samples) for name, samples in sets.items()}
        return {name: values for name, values in scores.items() if values is not None}

    def _sampler(self, generators: nn.ModuleDict) -> Sampler:
        return Sampler(generators["g"], self.config, self.class_counts)


class TranslatorSubject:
    """Translations of held-out images in both directions; each is scored in the domain that it leads to."""

    def __init__(self, config: Config, domains: Domains, scorers: Mapping[Direction, SelectionScorer]) -> None:
        self.config, self.domains, self.scorers = config, domains, scorers

    def score(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        """The scores of A to B; `fid` is the mean of both directions."""
        scores = {}
        for direction, scorer in self.scorers.items():
            held_out = self.domains.source(direction).selection.pixels
            scores[direction] = scorer.score(self._translate(generators, direction, held_out))
        if not scores:
            return {}
        fids = {f"fid_{direction.name}": values["fid"] for direction, values in scores.items()}
        mean = sum(fids.values()) / len(fids)
        return {"fid_raw": mean} if raw else {**scores[FORTH], "fid": mean, **fids}

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Image, translation and back again, for each direction."""
        columns = []
        for direction in DIRECTIONS.values():
            source = self.domains.source(direction).selection.pixels[: 2 * ROWS]
            translation = self._translate(generators, direction, source)
            columns += [source, translation, self._translate(generators, direction.back, translation)]
        write_grid(path, side_by_side(*columns), 2 * len(columns))

    def discriminator_scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        """Of both discriminators, as `real_a`, `real_b` and so on; an image's score is the mean over its patches."""
        scores: dict[str, Tensor] = {}
        for direction in (FORTH.back, FORTH):  # the discriminator of A first
            domain, source = self.domains.target(direction), self.domains.source(direction)
            sets = {"real": subset(domain.train, MAX_TRANSLATIONS)[0]}
            sets["held_out"] = subset(domain.selection, MAX_TRANSLATIONS)[0]
            sets["made"] = self._translate(generators, direction, subset(source.selection, MAX_TRANSLATIONS)[0])
            discriminator = model.network(f"d{direction.target}")
            scores |= {f"{name}_{direction.target}": patch_scores(discriminator, x) for name, x in sets.items()}
        return scores

    def _translate(self, generators: nn.ModuleDict, direction: Direction, pixels: Tensor) -> Tensor:
        return Sampler(generators[direction.name], self.config).translate(pixels)


def subset(split: Split, count: int = MAX_SCORES) -> tuple[Tensor, Tensor | None]:
    """At most so many samples of a split, drawn at random: in a folder sorted by class the first are of few classes."""
    chosen = torch.randperm(len(split), generator=torch.Generator().manual_seed(SEED))[:count]
    return split.pixels[chosen], None if split.labels is None else split.labels[chosen]


@torch.inference_mode()
def scores_of(model: Model, pixels: Tensor, labels: Tensor | None) -> Tensor | None:
    """The discriminator's scores, in blocks of whole packs; None where no pack is full, or a model has several."""
    device, pack = next(model.networks.parameters()).device, model.config.pack
    whole, block = len(pixels) - len(pixels) % pack, BLOCK - BLOCK % pack
    scores = []
    for start in range(0, whole, block):
        part = slice(start, min(start + block, whole))
        block_labels = None if labels is None else labels[part].to(device)
        block_scores = model.discriminator_scores(TrainingBatch(to_signed(pixels[part].to(device)), block_labels))
        if block_scores is None:
            return None
        scores.append(block_scores.cpu())
    return torch.cat(scores) if scores else None


@torch.inference_mode()
def patch_scores(discriminator: nn.Module, pixels: Tensor) -> Tensor:
    """The mean score of each image's patches (N,), by a discriminator of patches in `eval()` mode."""
    device = next(discriminator.parameters()).device
    blocks = pixels.split(BLOCK)
    return torch.cat([discriminator(to_signed(block.to(device))).float().flatten(1).mean(1).cpu() for block in blocks])
