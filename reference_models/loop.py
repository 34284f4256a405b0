"""The training loop, one for all models: it knows players, moves and terms, and nothing of what they mean.

Running the same command again resumes, bit for bit on a CPU: all draws are functions of (seed, step, stream), and the
checkpoint holds weights, optimisers, averages, what the model keeps (image pools), and the best so far.
"""

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reference_models.checkpoint import CheckpointError, beside, load, save
from reference_models.config import Config, differences
from reference_models.data import Data
from reference_models.ema import Average, decay
from reference_models.guard import Divergence, Guard
from reference_models.model import Model
from reference_models.precision import autocast, uses_channels_last
from reference_models.randomness import Moment


class Watch:
    """What a run tells while it trains; override what you want to hear."""

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        """After each logging interval: the means of losses since the last one."""

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        """At each check: scores of the model as it is; the lowest `fid` makes the best checkpoint."""
        return {}


@dataclass
class Progress:
    """How far a run is: what resuming needs besides tensors."""

    step: int = 0
    drawn: int = 0
    seconds: float = 0.0
    best: dict[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its model, the averaged generators, steps done, the best check, and what went wrong, if so."""

    model: Model
    average: Average
    step: int
    seconds: float
    best: Mapping[str, Any] | None = None
    divergence: Divergence | None = None


def train(
    model: Model,
    data: Data,
    folder: Path | str,
    *,
    watch: Watch | None = None,
    device: torch.device | str = "cpu",
    fingerprint: str = "",
) -> Outcome:
    """Train to `config.steps`, or go on where `folder` says an earlier call stopped; never raises for a NaN.

    Writes `log.jsonl` and `checkpoints/` in `folder`. Raises CheckpointError where the folder holds a run of another
    configuration or other data, with the difference, or a damaged checkpoint.
    """
    run = Run(model, data.to(torch.device(device)), Path(folder), watch or Watch(), torch.device(device), fingerprint)
    return run.to_the_end()


@dataclass
class Run:
    """A run in progress."""

    model: Model
    data: Data
    folder: Path
    watch: Watch
    device: torch.device
    fingerprint: str
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        config = self.config = self.model.config
        self.model.to(self.device, uses_channels_last(config, self.device))
        self.model.networks.train()
        self.average = Average({name: self.model.network(name) for name in self.model.generators})
        self.weights = {player: self.model.parameters_of(player) for player in self.model.players}
        self.optimisers = {player: self._optimiser(player) for player in self.model.players}
        self.guard = Guard()
        self.saved: int | None = None
        self._resume()
        self.started = time.perf_counter() - self.progress.seconds

    def to_the_end(self) -> Outcome:
        config = self.config
        while self.progress.step < config.steps:
            self._step(self.progress.step)
            step = self.progress.step = self.progress.step + 1
            at_check = step % config.check_every == 0 or step == config.steps
            if step % config.log_every == 0 or at_check:
                divergence = self._log()
                if divergence is not None:
                    return self._outcome(divergence)
            if at_check:
                self._check()
        return self._outcome(None)

    def _step(self, step: int) -> None:
        for number, player in enumerate(self.model.moves(step)):
            self._move(player, Moment(self.config.seed, step, number, self.device))
        seen = (step + 1) * self.config.batch
        self.average.update(decay(self.config.batch, self.config.ema_half_life, seen, self.config.ema_ramp))

    def _move(self, player: str, now: Moment) -> None:
        batch = self.data.batch(self.progress.drawn, self.config.batch, seed=self.config.seed)
        self.progress.drawn += 1
        with autocast(self.config, self.device):
            terms = self.model.terms(player, batch, now)
        weights, optimiser = self.weights[player], self.optimisers[player]
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(terms.losses.values())).sum().backward(inputs=weights)
        self.guard.look(player, {**terms.losses, **terms.watched}, now.step + 1)
        if self.config.clip_gradients:
            nn.utils.clip_grad_norm_(weights, self.config.clip_gradients)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(self.config, self.model.players[player].rate, now.step)
        optimiser.step()
        self.model.moved(player)

    def _optimiser(self, player: str) -> torch.optim.Adam:
        betas = (self.config.beta1, self.config.beta2)
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(self.weights[player], self.model.players[player].rate, betas, fused=fused)

    def _log(self) -> Divergence | None:
        """Read the guard, and write the interval's line; after a divergence its line alone, and nothing is saved."""
        step = self.progress.step
        means, divergence = self.guard.read(self.model.networks, step)
        self.progress.seconds = time.perf_counter() - self.started
        record: dict[str, Any] = {"step": step, "images": step * self.config.batch, **means}
        if divergence is not None:
            divergence = replace(divergence, last_good=self.saved)
            record = {"step": divergence.step, "diverged": divergence.name, "last_good": self.saved}
        record["seconds"] = round(self.progress.seconds, 3)
        append(self.folder / "log.jsonl", record)
        self.watch.logged(record, self.config.steps)
        return divergence

    def _check(self) -> None:
        """Score the model, keep the best, save."""
        step = self.progress.step
        found = self.watch.checked(step, self.model, self.average)
        self.model.networks.train()
        if found:
            append(self.folder / "log.jsonl", {"step": step, "check": found})
        fid, best = found.get("fid"), self.progress.best
        if fid is None or best is None or fid < best["fid"]:
            self.progress.best = {"step": step, **found}
            save(self._checkpoints, "best", self._generators(), self._document())
        self.progress.seconds = time.perf_counter() - self.started
        save(self._checkpoints, "last", self._everything(), self._document())
        self.saved = step

    @property
    def _checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def _generators(self) -> dict[str, Tensor]:
        raw = {f"networks.{name}": self.model.network(name) for name in self.model.generators}
        averaged = {f"average.{name}": network for name, network in self.average.networks.items()}
        return {f"{at}.{key}": v for at, net in {**raw, **averaged}.items() for key, v in net.state_dict().items()}

    def _everything(self) -> dict[str, Tensor]:
        tensors = self._generators()
        tensors |= {f"networks.{key}": value for key, value in self.model.networks.state_dict().items()}
        tensors |= {f"state.{key}": value for key, value in self.model.state().items()}
        for player, optimiser in self.optimisers.items():
            for index, state in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser.{player}.{index}.{key}": value for key, value in state.items()}
        return tensors

    def _document(self) -> dict[str, Any]:
        """What the checkpoint says of itself."""
        counts = None if self.data.labels is None else torch.bincount(self.data.labels).tolist()
        return {
            "step": self.progress.step,
            "drawn": self.progress.drawn,
            "seconds": round(self.progress.seconds, 3),
            "best": self.progress.best,
            "config": self.config.to_dict(),
            "class_counts": counts,
            "data_sha256": self.fingerprint,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }

    def _resume(self) -> None:
        """Take up the last checkpoint, if there is one, and forget what was logged after it."""
        found = load(self._checkpoints, "last")
        if found is None:
            (self.folder / "log.jsonl").unlink(missing_ok=True)
            return
        tensors, document = found
        self._check_same(document)
        self.model.networks.load_state_dict(_below(tensors, "networks."))
        self.average.networks.load_state_dict(_below(tensors, "average."))
        self.model.restore({key: value.to(self.device) for key, value in _below(tensors, "state.").items()})
        for player, optimiser in self.optimisers.items():
            _load_optimiser(optimiser, _below(tensors, f"optimiser.{player}."))
        self.progress = Progress(document["step"], document["drawn"], document["seconds"], document["best"])
        self.saved = self.progress.step
        forget_after(self.folder / "log.jsonl", self.progress.step)

    def _check_same(self, document: Mapping[str, Any]) -> None:
        changed = differences(document["config"], self.config.to_dict())
        if document.get("data_sha256") != self.fingerprint:
            changed.append("the training data: other pictures")
        if changed:
            raise CheckpointError(
                f"{self.folder}: holds a run of another configuration ({'; '.join(changed)}); "
                "give another folder, or delete this one"
            )

    def _outcome(self, divergence: Divergence | None) -> Outcome:
        progress = self.progress
        return Outcome(self.model, self.average, progress.step, progress.seconds, progress.best, divergence)


def rate_at(config: Config, rate: float, step: int) -> float:
    """The learning rate at a step: constant, then falling linearly towards 0 from the share `decay_from` on.

    >>> [rate_at(Config("dcgan", steps=100), 1.0, step) for step in (0, 50, 75)]
    [1.0, 1.0, 0.5]
    """
    begin = config.decay_from * config.steps
    if config.decay == "none" or step <= begin:
        return rate
    return rate * (config.steps - step) / (config.steps - begin)


def append(path: Path, record: Mapping[str, Any]) -> None:
    """One more line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def forget_after(path: Path, step: int) -> None:
    """Drop the lines of later steps, and a last line that was cut off."""
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    with beside(path) as partial:
        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
