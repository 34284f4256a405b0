"""Trains with several processes, for test_ranks.py: `ranked_runs.py FOLDER` with the variables of torchrun.

One start of the processes trains all runs, each in a folder of its name, and of two processes some of them again with
an interruption.
"""

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tiny_models import ScoringWatch, data_of, tiny

from ganeval.runtime.distributed import ranks_of_torchrun
from reference_models import CheckpointError, Config, Outcome, build, train
from reference_models.configuration.config import CHOICES
from reference_models.engine.data import TrainingBatch
from reference_models.engine.loop import Run
from reference_models.engine.model import Objective
from reference_models.engine.randomness import UpdateContext
from reference_models.engine.ranks import TrainingRanks

NO_NORM: dict[str, Any] = {"norm_g": "none", "norm_d": "none"}
INPUTS: dict[str, Any] = {"instance_noise": 0.3, "augment": "+".join(CHOICES["augment"]), "flip": True}
STATEFUL: dict[str, Any] = {"historical_averaging": 0.1, "spectral_norm": True, "pack": 2}
UPDATES: dict[str, Any] = {"n_critic": 2, "pretrain": 2, "clip_gradients": 1.0, "feature_matching": 0.5}
# where cutout and instance norm meet, images of few pixels are chaotic: rounding grows tenfold a step. Small steps,
# and images of 16 pixels, keep it small
LARGE: dict[str, Any] = {"width": 4, "batch_size": 12}
SLOW: dict[str, Any] = {"lr_g": 1e-5, "lr_d": 1e-5, "beta1": 0.9}
RUNS = {  # none has batch norm: with any number of processes they train as with one
    "vanilla": tiny("vanilla", batch_size=12, **NO_NORM),
    "wgan-gp": tiny("wgan-gp", batch_size=12, norm_g="layer", n_critic=2),
    "cgan": tiny("cgan", batch_size=12, **NO_NORM),
    "cyclegan": tiny("cyclegan", shape=(1, 16, 16), **LARGE),
    "every switch": tiny("dcgan", batch_size=12, **NO_NORM, **INPUTS, **STATEFUL, **UPDATES),
    "translating switches": tiny("cyclegan", shape=(3, 16, 16), pool_size=0, r1=10.0, **LARGE, **SLOW, **INPUTS),
}
OF_THREE = ("wgan-gp", "cyclegan", "every switch")  # the runs of three processes
BATCH_NORM = tiny("dcgan", batch_size=12)
AGAIN = {"cyclegan": RUNS["cyclegan"], "every switch": RUNS["every switch"], "batch norm": BATCH_NORM}
IDLE = 2  # threads of torch's default group, which is never given anything
STOP = 8  # the steps done when a run is interrupted, two beyond its last checkpoint


def run(config: Config, folder: Path, ranks: TrainingRanks) -> Outcome:
    """A run whose checks the first rank alone scores: the others learn of them from it."""
    watch = None if ranks.rank else ScoringWatch()
    return train(build(config), data_of(config), folder, watch=watch, ranks=ranks)


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Within it a run stops after some steps, on all ranks, as Ctrl-C stops it."""
    step, count = Run._step, itertools.count()

    def stopped(self: Run, number: int) -> None:
        if next(count) == STOP:
            raise KeyboardInterrupt
        step(self, number)

    Run._step = stopped  # type: ignore[method-assign]
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        Run._step = step  # type: ignore[method-assign]


def save_weights(outcome: Outcome, path: Path) -> None:
    """The weights and statistics that this rank ended with."""
    networks = {"raw": outcome.model.networks, "average": outcome.average.networks}
    torch.save(
        {f"{at}.{key}": value for at, network in networks.items() for key, value in network.state_dict().items()}, path
    )


def diverged(folder: Path, ranks: TrainingRanks) -> None:
    """A loss that is no number on the second rank alone, at its sixth step; what each rank makes of the run."""
    config = RUNS["vanilla"]
    model = build(config)
    objective = model.objective

    def spoilt(group: str, batch: TrainingBatch, context: UpdateContext) -> Objective:
        whole = objective(group, batch, context)
        bad = torch.nan if ranks.rank == 1 and (group, context.step) == ("g", 5) else 1.0
        return Objective({name: bad * loss for name, loss in whole.losses.items()}, whole.logged)

    model.objective = spoilt  # type: ignore[method-assign]
    outcome = train(model, data_of(config), folder / "diverged", ranks=ranks)
    (folder / f"diverged {ranks.rank}.txt").write_text(f"{outcome.step} {outcome.divergence}", encoding="utf-8")


def refused(folder: Path, ranks: TrainingRanks) -> None:
    """The error where a rank has other data, or other weights to begin with."""
    config = RUNS["vanilla"]
    try:
        train(build(config), data_of(config, 20 + ranks.rank), folder / "refused", ranks=ranks)
    except CheckpointError as error:
        (folder / f"refused {ranks.rank}.txt").write_text(str(error), encoding="utf-8")
    model = build(config)
    with torch.no_grad():
        next(model.networks.parameters()).add_(0.1 * ranks.rank)  # as networks of one's own, drawn without a seed
    try:
        train(model, data_of(config), folder / "other weights", ranks=ranks)
    except CheckpointError as error:
        (folder / f"other weights {ranks.rank}.txt").write_text(str(error), encoding="utf-8")


def workers_of_gloo() -> int:
    """The threads that exchange for this process; one that was waited for is listed for a moment yet."""
    until = time.monotonic() + 10
    while (count := sum("gloo_runloop" in name for name in names_of_threads())) > IDLE and time.monotonic() < until:
        time.sleep(0.01)
    return count


def names_of_threads() -> Iterator[str]:
    for path in Path("/proc/self/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            yield path.read_text(encoding="utf-8")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with ranks_of_torchrun() as ranks:
        for name in RUNS if ranks.world == 2 else OF_THREE:
            save_weights(run(RUNS[name], folder / name, ranks), folder / f"{name} {ranks.rank}.pt")
        if ranks.world == 2:
            save_weights(run(BATCH_NORM, folder / "batch norm", ranks), folder / f"batch norm {ranks.rank}.pt")
            for name, config in AGAIN.items():
                with stopping():
                    run(config, folder / "again" / name, ranks)
                run(config, folder / "again" / name, ranks)
            diverged(folder, ranks)
            refused(folder, ranks)
    (folder / f"workers {ranks.rank}.txt").write_text(str(workers_of_gloo()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
