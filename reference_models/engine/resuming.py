"""How far a run is, and all that it needs to resume as if it had never stopped."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reference_models.configuration.config import Config, as_of_today, differences
from reference_models.engine import optimisers
from reference_models.engine.checkpoint import CheckpointError, load, load_into, read, strip_prefix, tidy
from reference_models.engine.data import Data, digest_of
from reference_models.engine.ema import Average
from reference_models.engine.model import Model
from reference_models.engine.ranks import TrainingRanks


@dataclass
class Progress:
    """Steps done, batches drawn, time, the best check so far, and how many processes trained."""

    step: int = 0
    drawn: int = 0
    seconds: float = 0.0
    best: dict[str, Any] | None = None
    ranks: int = 1


@dataclass(frozen=True)
class State:
    """All tensors of a run."""

    model: Model
    average: Average
    optimisers: Mapping[str, torch.optim.Optimizer]

    def generators(self) -> dict[str, Tensor]:
        """What sampling needs: the generators, raw and averaged."""
        raw = {f"networks.{name}": self.model.network(name) for name in self.model.generators}
        averaged = {f"average.{name}": network for name, network in self.average.networks.items()}
        return {f"{at}.{key}": v for at, net in {**raw, **averaged}.items() for key, v in net.state_dict().items()}

    def tensors(self) -> dict[str, Tensor]:
        """What training needs to resume."""
        tensors = self.generators()
        tensors |= {f"networks.{key}": value for key, value in self.model.networks.state_dict().items()}
        tensors |= {f"state.{key}": value for key, value in self.model.state().items()}
        for group, optimiser in self.optimisers.items():
            state = optimisers.state_of(optimiser)
            tensors |= {f"optimiser.{group}.{key}": value for key, value in state.items()}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], device: torch.device, where: str) -> None:
        """Take back what `tensors` gave; CheckpointError for the tensors of other networks."""
        load_into(self.model.networks, strip_prefix(tensors, "networks."), where)
        load_into(self.average.networks, strip_prefix(tensors, "average."), where)
        try:
            self.model.restore({key: value.to(device) for key, value in strip_prefix(tensors, "state.").items()})
            for group, optimiser in self.optimisers.items():
                optimisers.restore(optimiser, strip_prefix(tensors, f"optimiser.{group}."))
        except (KeyError, IndexError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{where}: its state is of another model ({error})") from error


def document_of(progress: Progress, config: Config, data: Data, fingerprint: str) -> dict[str, Any]:
    """The header of a checkpoint: progress, configuration, data and versions."""
    return {
        **asdict(progress),
        "config": config.to_dict(),
        "class_counts": None if data.labels is None else torch.bincount(data.labels).tolist(),
        "data_sha256": fingerprint,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def resume(state: State, folder: Path, device: torch.device, fingerprint: str, ranks: TrainingRanks) -> Progress:
    """Restore the last checkpoint of a run folder, if there is one, and return how far it was.

    CheckpointError where it is damaged or of another run, with the difference, and where ranks do not see the same.
    """
    if ranks.rank:
        ranks.gather(None)  # after the first rank: it tidies up, and reports alone what is at fault
    progress = _restore(state, folder, device, fingerprint, ranks) or Progress(ranks=ranks.world)
    if not ranks.rank:
        ranks.gather(None)
    start = {"step": progress.step, "device": device.type, "training data": fingerprint[:12]}
    if ranks.world > 1:
        start["set of weights"] = digest_of(state.model.networks.state_dict().values())[:12]
    starts: list[dict[str, Any]] = ranks.gather({**start, **state.model.config.to_dict()})
    for rank, other in enumerate(starts):  # on machines that do not share a folder, or have other data
        for key, value in starts[0].items():
            if other[key] != value:
                raise CheckpointError(
                    f"{folder}: rank {rank} has another {key} than rank 0 ({other[key]} and {value}); needed the same "
                    "on all, and a folder that all of them see"
                )
    return progress


def _restore(
    state: State, folder: Path, device: torch.device, fingerprint: str, ranks: TrainingRanks
) -> Progress | None:
    checkpoint = load(folder / "checkpoints", "last")
    if checkpoint is None:
        return None
    tensors, document = checkpoint
    config, processes = state.model.config, int(document.get("ranks", 1))  # earlier versions trained with one
    if changed := changed_since(document, config, fingerprint):
        raise CheckpointError(
            f"{folder}: holds a run of another configuration ({'; '.join(changed)}); "
            "give another folder, or delete this one"
        )
    if processes != ranks.world and document["step"] < config.steps:  # which would round other sums
        raise CheckpointError(
            f"{folder}: found a run of {processes} processes at step {document['step']}, now {ranks.world}; they would "
            f"not resume it exactly; start {processes} (torchrun --nproc-per-node), or give another folder"
        )
    state.restore(tensors, device, str(folder))
    # killed between its two checkpoints, a run has a best one that is newer than the last one knows
    best = read(folder / "checkpoints", "best")
    if best is None:
        missing = folder / "checkpoints" / "best.json"
        raise CheckpointError(f"{missing}: missing beside last.json; delete {folder} to train anew")
    if ranks.rank == 0:
        for name, about in {"last": document, "best": best}.items():
            tidy(folder / "checkpoints", name, about["file"])
    return Progress(document["step"], document["drawn"], document["seconds"], best.get("best"), processes)


def changed_since(document: Mapping[str, Any], config: Config, fingerprint: str) -> list[str]:
    """The differences of a run from the one that a checkpoint or a `config.json` describes, a line each."""
    changed = differences(as_of_today(document["config"]), config.to_dict())
    if document.get("data_sha256") != fingerprint:
        changed.append("the training data: other samples")
    return changed
