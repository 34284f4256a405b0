"""What the suite does while a model trains: progress, in-training scores, sample grids, TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ganeval.errors import UsageError
from ganeval.progress import Tick
from ganeval.training.checks.subjects import Subject, gap
from ganeval.training.insight.stored_arrays import write_scores
from reference_models import Watch
from reference_models.engine.ema import Average
from reference_models.engine.model import Model

SAID = ("d/loss", "g/loss", "d/a", "d/b", "g/ab", "g/ba")  # what the progress bar shows, of either kind of model


class TrainingWatch(Watch):
    """Tells the progress bar, scores at every check, and writes the grids and the critic's scores."""

    def __init__(self, name: str, folder: Path, subject: Subject, tick: Tick, *, tensorboard: bool = False) -> None:
        self.name, self.folder, self.subject, self.tick = name, folder, subject, tick
        self.board = _summary_writer(folder) if tensorboard else None

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        losses = {key: value for key, value in record.items() if "/" in key}
        said = " ".join(f"{key} {value:.2f}" for key, value in losses.items() if key in SAID)
        self.tick(f"{self.name}: {said}" if said else self.name, int(record["step"]), steps)
        if self.board is not None:
            for key, value in losses.items():
                self.board.add_scalar(key, value, record["step"])

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        raw = nn.ModuleDict({name: model.network(name) for name in model.generators})
        model.networks.eval()
        found = self.subject.judged(average.networks, False)
        scores = self.subject.scores(model, average.networks)
        if found:
            found |= self.subject.judged(raw, True) | {"critic_gap": gap(scores)}
        write_scores(self.folder, step, scores)
        self.subject.show(self.folder / "grids" / f"step-{step:08d}.png", model, average.networks)
        if self.board is not None:
            for key, value in found.items():
                if isinstance(value, float):
                    self.board.add_scalar(f"check/{key}", value, step)
            self.board.flush()  # a worker is ended, not left to close its files
        return found


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
