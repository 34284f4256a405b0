"""What the suite does while a model trains: progress, in-training scores, sample grids, TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganeval.errors import UsageError
from ganeval.progress import Tick
from ganeval.suite.judging import Judge, critic_gap
from ganeval.suite.material import Material, Split
from ganeval.suite.pictures import side_by_side, write_grid
from reference_models import Config, Sampler, Watch
from reference_models.data import Batch, signed
from reference_models.ema import Average
from reference_models.model import Model

SEED = 1  # of the samples that choose the best checkpoint; the report's are drawn with another
ROWS = 8


class Subject(Protocol):
    """What is scored of a run and shown in its grids: samples from noise, or translations."""

    def judged(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        """The measures of these generators; of raw ones the FID alone."""

    def show(self, path: Path, generators: nn.ModuleDict) -> None:
        """Write a grid of pictures."""

    def gap(self, model: Model, generators: nn.ModuleDict) -> float | None:
        """How far the critic takes held-out pictures for made ones."""


class Generated:
    """Samples from noise."""

    def __init__(self, config: Config, material: Material, judge: Judge | None, counts: list[int] | None) -> None:
        self.config, self.material, self.judge, self.counts = config, material, judge, counts
        self.count = min(1000, max(200, 5 * len(material.selection)))

    def judged(self, generators: nn.ModuleDict, raw: bool) -> dict[str, Any]:
        if self.judge is None:
            return {}
        pixels, labels = self._sampler(generators).draw(self.count, SEED)
        found = self.judge.judge(pixels, None if raw else labels)
        return {"fid_raw": found.get("fid")} if raw else found

    def show(self, path: Path, generators: nn.ModuleDict) -> None:
        if self.config.is_vector:
            return
        columns = self.config.classes if 0 < self.config.classes <= 16 else ROWS
        labels = torch.arange(columns).repeat(ROWS) if self.config.classes else None
        if labels is not None:
            labels = labels % self.config.classes
        z = torch.randn(columns * ROWS, self.config.latent, generator=torch.Generator().manual_seed(SEED))
        write_grid(path, self._sampler(generators).pictures(z, labels), columns)

    def gap(self, model: Model, generators: nn.ModuleDict) -> float | None:
        real = {"train": self.material.train, "selection": self.material.selection}
        scores = {name: judgements(model, split.pixels, split.labels) for name, split in real.items()}
        scores["fake"] = judgements(model, *self._sampler(generators).draw(self.count, SEED))
        return critic_gap(scores)

    def _sampler(self, generators: nn.ModuleDict) -> Sampler:
        return Sampler(generators["g"], self.config, self.counts)


class Translated:
    """Translations of held-out pictures, both ways."""

    def __init__(self, config: Config, domains: tuple[Material, Material], judges: tuple[Judge, Judge] | None) -> None:
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

    def show(self, path: Path, generators: nn.ModuleDict) -> None:
        """Picture, translation and back again, for each direction."""
        columns = []
        for (forth, back), split in zip((("ab", "ba"), ("ba", "ab")), self._sources(), strict=True):
            source = split.pixels[: 2 * ROWS]
            made = Sampler(generators[forth], self.config).translate(source)
            columns += [source, made, Sampler(generators[back], self.config).translate(made)]
        write_grid(path, side_by_side(*columns), 2 * len(columns))

    def gap(self, model: Model, generators: nn.ModuleDict) -> float | None:
        return None  # patches' critics, two of them: no one score of a picture

    def _sources(self) -> tuple[Split, Split]:
        return self.domains[0].selection, self.domains[1].selection


class SuiteWatch(Watch):
    """Tells the progress bar, scores at every check, and writes the grids."""

    def __init__(self, name: str, folder: Path, subject: Subject, tick: Tick, *, tensorboard: bool = False) -> None:
        self.name, self.folder, self.subject, self.tick = name, folder, subject, tick
        self.board = _summary_writer(folder) if tensorboard else None

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        losses = {key: value for key, value in record.items() if "/" in key}
        said = " ".join(f"{key} {value:.2f}" for key, value in losses.items() if key.endswith("/loss"))
        self.tick(f"{self.name}: {said}" if said else self.name, int(record["step"]), steps)
        if self.board is not None:
            for key, value in losses.items():
                self.board.add_scalar(key, value, record["step"])

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        raw = nn.ModuleDict({name: model.network(name) for name in model.generators})
        model.networks.eval()
        found = self.subject.judged(average.networks, False)
        if found:
            found |= self.subject.judged(raw, True) | {"critic_gap": self.subject.gap(model, average.networks)}
        self.subject.show(self.folder / "grids" / f"step-{step:08d}.png", average.networks)
        if self.board is not None:
            for key, value in found.items():
                if isinstance(value, float):
                    self.board.add_scalar(f"check/{key}", value, step)
            self.board.flush()  # a worker is ended, not left to close its files
        return found


@torch.inference_mode()
def judgements(model: Model, pixels: Tensor, labels: Tensor | None) -> Tensor | None:
    """The critic's scores of the first thousand pictures, in blocks; None where a model has no one critic."""
    device = next(model.networks.parameters()).device
    scores = []
    for start in range(0, min(1000, len(pixels)), 100):
        some = None if labels is None else labels[start : start + 100].to(device)
        found = model.judgement(Batch(signed(pixels[start : start + 100].to(device)), some))
        if found is None:
            return None
        scores.append(found.cpu())
    return torch.cat(scores)


def _summary_writer(folder: Path) -> Any:
    """TensorBoard's writer, which is an extra of the package."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))


def check_tensorboard() -> None:
    """UsageError where the extra is not installed: asked before a run begins."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise UsageError("--tensorboard: tensorboard is not installed; pip install 'ganeval[tensorboard]'") from error
