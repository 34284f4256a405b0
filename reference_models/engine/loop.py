"""The training loop, one for all models: it knows updates and objectives, and nothing of what they mean.

Running the same command again resumes, bit for bit on a CPU (of one kind, with one number of threads): all draws are
functions of (seed, step, stream), and the checkpoint holds weights, optimisers, averages, the model's state (image
pools), and the best check so far. Several ranks update by the mean of all gradients, and the first alone writes.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reference_models.engine.checkpoint import save
from reference_models.engine.data import Data
from reference_models.engine.ema import Average, decay
from reference_models.engine.log import append, forget_after
from reference_models.engine.model import Model
from reference_models.engine.nan_guard import Divergence, Guard
from reference_models.engine.optimisers import adam, rate_at
from reference_models.engine.precision import autocast, plain_defaults, uses_channels_last
from reference_models.engine.randomness import UpdateContext
from reference_models.engine.ranks import (
    ALONE,
    TrainingRanks,
    average_gradients,
    average_over_ranks,
    synchronise_batch_norm,
)
from reference_models.engine.resuming import Progress, State, document_of, resume


class Watch:
    """Callbacks of a run while it trains; override those that you need."""

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        """After each logging interval: the means of losses since the last one."""

    def checked(self, step: int, model: Model, average: Average) -> dict[str, Any]:
        """At each check: scores of the model as it is; the lowest `fid` makes the best checkpoint.

        The model comes in training mode, and is put back into it; without a `fid` the latest check is the best.
        """
        return {}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its model, the averaged generators, steps done, the best check, and where it diverged."""

    model: Model
    average: Average
    step: int
    seconds: float
    best: Mapping[str, Any] | None = None
    divergence: Divergence | None = None
    processes: int = 1

    @property
    def best_step(self) -> int | None:
        """The step of the best checkpoint."""
        return None if self.best is None else int(self.best["step"])

    def record(self) -> dict[str, Any]:
        """How long it trained, as a report records it."""
        seconds = round(self.seconds, 1)
        return {"steps": self.step, "best_step": self.best_step, "seconds": seconds, "ranks": self.processes}


@plain_defaults()
def train(
    model: Model,
    data: Data,
    folder: Path | str,
    *,
    watch: Watch | None = None,
    device: torch.device | str = "cpu",
    fingerprint: str = "",
    ranks: TrainingRanks = ALONE,
) -> Outcome:
    """Train to `config.steps`, or resume from where an earlier call in `folder` stopped; never raises for a NaN.

    Writes `log.jsonl` and `checkpoints/` in `folder`; `fingerprint` identifies the data in checkpoints (by
    default their own hash). `ranks`: the processes that train together, each given the same arguments on a device of
    its own; the `watch` of the first is called. All return the same, with the losses of one process to rounding.

    Raises CheckpointError where the folder holds a run of another configuration or other data, with the difference, or
    a damaged checkpoint, and ConfigError for data of other shapes or classes than configured, and for a model that so
    many ranks cannot train. The global random state is left as it was.

    >>> import tempfile
    >>> from reference_models import Config, build
    >>> config = Config("vanilla", net="mlp", norm_d="none", width=4, batch_size=8, steps=6)
    >>> images = Data(torch.zeros(20, 1, 8, 8, dtype=torch.uint8))
    >>> train(build(config), images, tempfile.mkdtemp()).best
    {'step': 6}
    """
    data.check(model.config)
    model.check_split(ranks.world)
    device = torch.device(device)
    fingerprint = fingerprint or data.fingerprint()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        run = Run(model, data.to(device), Path(folder), watch or Watch(), device, fingerprint, ranks=ranks)
        run.resume()
        return run.finish()


class Run:
    """A run in progress: at its beginning, until `resume` takes up what its folder holds."""

    def __init__(
        self,
        model: Model,
        data: Data,
        folder: Path,
        watch: Watch,
        device: torch.device,
        fingerprint: str,
        *,
        ranks: TrainingRanks = ALONE,
    ) -> None:
        self.model, self.data, self.config = model, data, model.config
        self.folder, self.log, self.fingerprint = folder, folder / "log.jsonl", fingerprint
        self.device, self.ranks = device, ranks
        self.writes = ranks.rank == 0
        self.watch = watch if self.writes else Watch()
        self.guard = Guard()

        # Networks on the device, their average and their optimisers
        model.to(device, uses_channels_last(self.config, device))
        synchronise_batch_norm(model.networks, ranks.world, device)
        model.networks.train()
        self.average = Average({name: model.network(name) for name in model.generators})
        self.weights = {group: model.parameters_of(group) for group in model.groups}
        self.optimisers = {group: adam(self.config, weights, device) for group, weights in self.weights.items()}
        self.state = State(model, self.average, self.optimisers)
        self.progress = Progress(ranks=ranks.world)
        self.saved_step: int | None = None
        self.start = time.perf_counter()

    def resume(self) -> None:
        """Take up the last checkpoint of the folder, where there is one; later lines of the log are dropped."""
        self.progress = resume(self.state, self.folder, self.device, self.fingerprint, self.ranks)
        self.saved_step = self.progress.step or None
        if self.writes:
            forget_after(self.log, self.progress.step)
        self.start = time.perf_counter() - self.progress.seconds

    def finish(self) -> Outcome:
        """Train up to the configured steps, or to a divergence."""
        config, progress, divergence = self.config, self.progress, None
        while progress.step < config.steps and divergence is None:
            self._step(progress.step)
            progress.step += 1
            at_check = progress.step % config.check_every == 0 or progress.step == config.steps
            if progress.step % config.log_every == 0 or at_check:
                divergence = self._log()
            if at_check and divergence is None:
                self._check()
        return Outcome(
            self.model, self.average, progress.step, progress.seconds, progress.best, divergence, progress.ranks
        )

    def _step(self, step: int) -> None:
        for number, group in enumerate(self.model.updates(step)):
            self._update(group, UpdateContext(self.config.seed, step, number, self.device, self.ranks))
        images = (step + 1) * self.config.batch_size
        self.average.update(decay(self.config.batch_size, self.config.ema_half_life, images, self.config.ema_ramp))

    def _update(self, group: str, context: UpdateContext) -> None:
        config, weights, optimiser = self.config, self.weights[group], self.optimisers[group]

        # This rank's part of the next batch
        number, size = self.progress.drawn, config.batch_size
        batch = self.data.batch(number, size, seed=config.seed, flip=config.flip, part=context.part)
        self.progress.drawn += 1

        # Losses and their gradients, averaged over the ranks
        context.seed_layers()
        with autocast(config, self.device):
            objective = self.model.objective(group, batch, context)
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(objective.losses.values())).sum().backward(inputs=weights)
        means = average_gradients(self.ranks, weights, {**objective.losses, **objective.logged})
        self.guard.add(group, means, context.step + 1)

        # The update
        if config.clip_gradients:
            nn.utils.clip_grad_norm_(weights, config.clip_gradients)
        for param_group in optimiser.param_groups:
            param_group["lr"] = rate_at(config, self.model.groups[group].rate, context.step)
        optimiser.step()
        self.model.after_update(group)

    def _log(self) -> Divergence | None:
        """Read the guard, and write the interval's line; after a divergence its line alone, and nothing is saved."""
        step = self.progress.step
        statistics = [buffer for buffer in self.model.networks.buffers() if buffer.is_floating_point()]
        average_over_ranks(self.ranks, statistics)  # from here on all ranks hold one model, and judge it alike
        self.average.copy_buffers()
        means, divergence = self.guard.read(self.model.networks, step)
        self.progress.seconds = self._elapsed()
        record: dict[str, Any] = {"step": step, "images": step * self.config.batch_size, **means}
        if divergence is not None:
            divergence = replace(divergence, last_good=self.saved_step)
            record = {"step": divergence.step, "diverged": divergence.name, "last_good": self.saved_step}
        record["seconds"] = self.progress.seconds
        self._append(record)
        self.watch.logged(record, self.config.steps)
        return divergence

    def _check(self) -> None:
        """Score the model, keep the best, save."""
        step = self.progress.step
        scores = self.watch.checked(step, self.model, self.average)
        infinite = {key: None for key, value in scores.items() if isinstance(value, float) and not math.isfinite(value)}
        check: dict[str, Any] = self.ranks.gather({**scores, **infinite})[0]  # JSON holds no NaN
        self.model.networks.train()
        if check:
            self._append({"step": step, "check": check})
        if _is_better(check, self.progress.best):
            self.progress.best = {"step": step, **check}
            self._save("best", self.state.generators())
        self.progress.seconds = self._elapsed()
        self._save("last", self.state.tensors())
        self.saved_step = step

    def _elapsed(self) -> float:
        """To the millisecond, as it is written, so that a resumed run goes on from the time that was reported."""
        return round(time.perf_counter() - self.start, 3)

    def _append(self, record: Mapping[str, Any]) -> None:
        if self.writes:
            append(self.log, record)

    def _save(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        if self.writes:
            document = document_of(self.progress, self.config, self.data, self.fingerprint)
            save(self.folder / "checkpoints", name, tensors, document)


def _is_better(check: Mapping[str, Any], best: Mapping[str, Any] | None) -> bool:
    """Whether a check is the best so far: the lowest FID; while no check has one, the latest."""
    if best is None or best.get("fid") is None:
        return True
    fid = check.get("fid")
    return fid is not None and bool(fid < best["fid"])
