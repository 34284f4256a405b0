"""What is scored and shown of a run while it trains: samples from noise, or translations of held-out pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganeval.training.checks.grids import side_by_side, write_grid
from ganeval.training.checks.measures import Judge, critic_gap
from ganeval.training.checks.planes import write_plane
from ganeval.training.data.dataset import Split, Splits
from reference_models import Config, Sampler
from reference_models.engine.data import Batch, signed
from reference_models.engine.model import Model

SEED = 1  # of the samples that choose the best checkpoint; the report's are drawn with another
ROWS = 8
MOST = 1000  # pictures of each set that a critic judges at a check
FEW = 200  # of translations, which cost a network of many times the work
BLOCK = 100  # pictures that a critic judges at a time, or the whole packs of so many


class Subject(Protocol):
    """What is scored of a run and shown in its grids: samples from noise, or translations."""

    def judged(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        """The measures of these generators; of raw ones the FID alone."""

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Write a grid of pictures."""

    def scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        """The critic's scores (n,), n at most 1,000, of `real` (training), `held_out` (selection) and `made` pictures.

        Without those that it cannot give, as where no pack is full.
        """


class Generated:
    """Samples from noise."""

    def __init__(self, config: Config, material: Splits, judge: Judge | None, counts: list[int] | None) -> None:
        self.config, self.material, self.judge, self.counts = config, material, judge, counts
        self.count = min(MOST, max(200, 5 * len(material.selection)))

    def judged(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        if self.judge is None:
            return {}
        pixels, labels = self._sampler(generators).draw(self.count, SEED)
        found = self.judge.judge(pixels, None if raw else labels)
        return {"fid_raw": found.get("fid")} if raw else found

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Samples of the same latents every time; column k is of class k, of more than 16 classes the first 8."""
        if self.config.is_vector:
            if self.config.shape == (2,):
                samples = self._sampler(generators).draw(len(self.material.selection), SEED)[0]
                write_plane(path, model, self.material.selection.pixels, samples)
            return
        columns = self.config.classes if 0 < self.config.classes <= 16 else ROWS
        labels = torch.arange(columns).repeat(ROWS) if self.config.classes else None
        z = torch.randn(columns * ROWS, self.config.latent, generator=torch.Generator().manual_seed(SEED))
        write_grid(path, self._sampler(generators).pictures(z, labels), columns)

    def scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        sets = {"real": _some(self.material.train), "held_out": _some(self.material.selection)}
        sets["made"] = self._sampler(generators).draw(self.count, SEED)
        found = {name: judgements(model, *pictures) for name, pictures in sets.items()}
        return {name: scores for name, scores in found.items() if scores is not None}

    def _sampler(self, generators: nn.ModuleDict) -> Sampler:
        return Sampler(generators["g"], self.config, self.counts)


def _some(split: Split, most: int = MOST) -> tuple[Tensor, Tensor | None]:
    """So many of a split at most, drawn: in a folder sorted by class the first would be of few classes."""
    chosen = torch.randperm(len(split), generator=torch.Generator().manual_seed(SEED))[:most]
    return split.pixels[chosen], None if split.labels is None else split.labels[chosen]


class Translated:
    """Translations of held-out pictures, both ways."""

    def __init__(self, config: Config, domains: tuple[Splits, Splits], judges: tuple[Judge, Judge] | None) -> None:
        self.config, self.domains, self.judges = config, domains, judges

    def judged(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        """The measures of A to B; `fid` is the mean of both directions."""
        if self.judges is None:
            return {}
        forth, back = (
            judge.judge(Sampler(generators[name], self.config).translate(split.pixels))
            for name, judge, split in zip(("ab", "ba"), self.judges, self._sources(), strict=True)
        )
        fid = (forth["fid"] + back["fid"]) / 2
        return {"fid_raw": fid} if raw else {**forth, "fid": fid, "fid_ab": forth["fid"], "fid_ba": back["fid"]}

    def show(self, path: Path, model: Model, generators: nn.ModuleDict) -> None:
        """Picture, translation and back again, for each direction."""
        columns = []
        for (forth, back), split in zip((("ab", "ba"), ("ba", "ab")), self._sources(), strict=True):
            source = split.pixels[: 2 * ROWS]
            made = Sampler(generators[forth], self.config).translate(source)
            columns += [source, made, Sampler(generators[back], self.config).translate(made)]
        write_grid(path, side_by_side(*columns), 2 * len(columns))

    def scores(self, model: Model, generators: nn.ModuleDict) -> dict[str, Tensor]:
        """Of both critics, as `real_a`, `real_b` and so on; a picture's score is the mean over its patches."""
        found: dict[str, Tensor] = {}
        for at, (domain, forth) in enumerate((("a", "ba"), ("b", "ab"))):
            own, other = self.domains[at], self.domains[1 - at]
            sets = {name: _some(split, FEW)[0] for name, split in (("real", own.train), ("held_out", own.selection))}
            sets["made"] = Sampler(generators[forth], self.config).translate(_some(other.selection, FEW)[0])
            critic = model.network(f"d{domain}")
            found |= {f"{name}_{domain}": patch_judgements(critic, pixels) for name, pixels in sets.items()}
        return found

    def _sources(self) -> tuple[Split, Split]:
        return self.domains[0].selection, self.domains[1].selection


@torch.inference_mode()
def judgements(model: Model, pixels: Tensor, labels: Tensor | None) -> Tensor | None:
    """The critic's scores, in blocks of whole packs; None where no pack is full, or a model has no one critic."""
    device, pack = next(model.networks.parameters()).device, model.config.pack
    whole, block = len(pixels) - len(pixels) % pack, BLOCK - BLOCK % pack
    scores = []
    for start in range(0, whole, block):
        part = slice(start, min(start + block, whole))
        some = None if labels is None else labels[part].to(device)
        found = model.judgement(Batch(signed(pixels[part].to(device)), some))
        if found is None:
            return None
        scores.append(found.cpu())
    return torch.cat(scores) if scores else None


@torch.inference_mode()
def patch_judgements(critic: nn.Module, pixels: Tensor) -> Tensor:
    """The mean score of each picture's patches (N,), by a critic of patches in `eval()` mode."""
    device = next(critic.parameters()).device
    scores = [critic(signed(part.to(device))).float().flatten(1).mean(1).cpu() for part in pixels.split(BLOCK)]
    return torch.cat(scores)


def gap(scores: Mapping[str, Tensor]) -> float | None:
    """How far the critic takes held-out pictures for made ones (see `critic_gap`); None of a translator's two."""
    names = {"train": "real", "selection": "held_out", "fake": "made"}
    return critic_gap({name: scores.get(ours) for name, ours in names.items()})
