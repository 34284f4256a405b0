"""The watch of a training run: progress, scores at every check, sample grids, TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ganeval.errors import UsageError
from ganeval.progress import Tick
from ganeval.training.checks.measures import critic_gap
from ganeval.training.checks.subjects import Subject
from ganeval.training.insight.stored_arrays import write_scores
from reference_models import Watch
from reference_models.engine.ema import Average
from reference_models.engine.model import Model

BAR_LOSSES = ("d/loss", "g/loss", "d/a", "d/b", "g/ab", "g/ba")  # in the progress bar, of either kind of model


class TrainingWatch(Watch):
    """Moves the progress bar, scores at every check, and writes the grids and the discriminator's scores."""

    def __init__(self, name: str, folder: Path, subject: Subject, tick: Tick, *, tensorboard: bool = False) -> None:
        self.name, self.folder, self.subject, self.tick = name, folder, subject, tick
        self.board: Any = None
        if tensorboard:  # an extra of the package
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"))

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        losses = {key: value for key, value in record.items() if "/" in key}
        text = " ".join(f"{key} {value:.2f}" for key, value in losses.items() if key in BAR_LOSSES)
        self.tick(f"{self.name}: {text}" if text else self.name, int(record["step"]), steps)
        if self.board is not None:
            for key, value in losses.items():
                self.board.add_scalar(key, value, record["step"])

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        raw = nn.ModuleDict({name: model.network(name) for name in model.generators})
        model.networks.eval()
        scores = self.subject.score(average.networks, False)
        discriminator_scores = self.subject.discriminator_scores(model, average.networks)
        if scores:
            scores |= self.subject.score(raw, True) | {"critic_gap": critic_gap(discriminator_scores)}
        write_scores(self.folder, step, discriminator_scores)
        self.subject.show(self.folder / "grids" / f"step-{step:08d}.png", model, average.networks)
        if self.board is not None:
            for key, value in scores.items():
                if isinstance(value, float):
                    self.board.add_scalar(f"check/{key}", value, step)
            self.board.flush()  # a worker is ended, not left to close its files
        return scores


def check_tensorboard() -> None:
    """UsageError where the extra is not installed: asked before a run begins."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise UsageError("--tensorboard: tensorboard is not installed; pip install 'ganeval[tensorboard]'") from error
