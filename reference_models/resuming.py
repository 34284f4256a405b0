"""How far a run is, and all that it needs to go on as if it had never stopped."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reference_models import optimisers
from reference_models.checkpoint import CheckpointError, below, load, load_into, read, tidy
from reference_models.config import Config, differences
from reference_models.data import Data
from reference_models.ema import Average
from reference_models.model import Model


@dataclass
class Progress:
    """Steps done, batches drawn, time, and the best check so far."""

    step: int = 0
    drawn: int = 0
    seconds: float = 0.0
    best: dict[str, Any] | None = None


@dataclass(frozen=True)
class State:
    """All tensors of a run."""

    model: Model
    average: Average
    optimisers: Mapping[str, torch.optim.Optimizer]

    def generators(self) -> dict[str, Tensor]:
        """What samples are made with: the generators, raw and averaged."""
        raw = {f"networks.{name}": self.model.network(name) for name in self.model.generators}
        averaged = {f"average.{name}": network for name, network in self.average.networks.items()}
        return {f"{at}.{key}": v for at, net in {**raw, **averaged}.items() for key, v in net.state_dict().items()}

    def everything(self) -> dict[str, Tensor]:
        """What training goes on with."""
        tensors = self.generators()
        tensors |= {f"networks.{key}": value for key, value in self.model.networks.state_dict().items()}
        tensors |= {f"state.{key}": value for key, value in self.model.state().items()}
        for player, optimiser in self.optimisers.items():
            state = optimisers.state_of(optimiser)
            tensors |= {f"optimiser.{player}.{key}": value for key, value in state.items()}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], device: torch.device, where: str) -> None:
        """Take back `everything`; CheckpointError for the tensors of other networks."""
        load_into(self.model.networks, below(tensors, "networks."), where)
        load_into(self.average.networks, below(tensors, "average."), where)
        try:
            self.model.restore({key: value.to(device) for key, value in below(tensors, "state.").items()})
            for player, optimiser in self.optimisers.items():
                optimisers.restore(optimiser, below(tensors, f"optimiser.{player}."))
        except (KeyError, IndexError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{where}: its state is of another model ({error})") from error


def document_of(progress: Progress, config: Config, data: Data, fingerprint: str) -> dict[str, Any]:
    """What a checkpoint says of itself."""
    return {
        **asdict(progress),
        "seconds": round(progress.seconds, 3),
        "config": config.to_dict(),
        "class_counts": None if data.labels is None else torch.bincount(data.labels).tolist(),
        "data_sha256": fingerprint,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def resumed(state: State, folder: Path, device: torch.device, fingerprint: str) -> Progress | None:
    """Take up the last checkpoint of a run folder, and say how far it was; None where there is none.

    CheckpointError where it is damaged or of another run, with the difference.
    """
    found = load(folder / "checkpoints", "last")
    if found is None:
        return None
    tensors, document = found
    _check_same(folder, document, state.model.config, fingerprint)
    state.restore(tensors, device, str(folder))
    # killed between its two checkpoints, a run has a best one that is newer than the last one knows
    best = read(folder / "checkpoints", "best")
    if best is None:
        missing = folder / "checkpoints" / "best.json"
        raise CheckpointError(f"{missing}: missing beside last.json; delete {folder} to train anew")
    for name, about in {"last": document, "best": best}.items():
        tidy(folder / "checkpoints", name, about["file"])
    return Progress(document["step"], document["drawn"], document["seconds"], best.get("best"))


def changed_since(document: Mapping[str, Any], config: Config, fingerprint: str) -> list[str]:
    """What sets a run apart from the one that a checkpoint or a `config.json` tells of, a line each.

    A setting that an earlier version did not have was at its default then.
    """
    changed = differences({**Config(config.model).to_dict(), **document["config"]}, config.to_dict())
    if document.get("data_sha256") != fingerprint:
        changed.append("the training data: other samples")
    return changed


def _check_same(folder: Path, document: Mapping[str, Any], config: Config, fingerprint: str) -> None:
    if changed := changed_since(document, config, fingerprint):
        raise CheckpointError(
            f"{folder}: holds a run of another configuration ({'; '.join(changed)}); "
            "give another folder, or delete this one"
        )
