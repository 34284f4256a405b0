"""Trains in child processes that are killed with SIGKILL, for test_resume.py: `python killed_runs.py FOLDER`.

One process imports torch once; each attempt is a fork of it. Prints how often each run was killed, as JSON.
"""

import itertools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch._dynamo  # noqa: F401  # which the first optimiser would import, in every child anew
from tiny_models import ScoringWatch, data_of, every_switch, tiny, translating_switches

from reference_models import MODELS, build, train
from reference_models.engine import checkpoint
from reference_models.engine.checkpoint import read

RUNS = {name: tiny(name) for name in MODELS} | {
    "every switch": every_switch(),
    "colour": tiny("dcgan", shape=(3, 24, 24), historical_averaging=0.1, spectral_norm=True),
    "translating switches": translating_switches(),
}
KILLS = 3


def run(name: str, folder: Path) -> None:
    train(build(RUNS[name]), data_of(RUNS[name]), folder, watch=ScoringWatch())


def attempt(work: Callable[[], None], seconds: float | None = None) -> bool:
    """Work in a child process; whether it died of SIGKILL, which it is sent after so many seconds."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a child failed")
    return os.WIFSIGNALED(status)


def killed_at_random(name: str, folder: Path, draws: random.Random) -> int:
    """Straight to the end in one folder; killed several times and resumed in another."""
    began = time.monotonic()
    attempt(lambda: run(name, folder / "straight" / name))
    seconds = time.monotonic() - began
    killed = folder / "killed" / name
    kills = 0
    for _ in range(KILLS):
        done = read(killed / "checkpoints", "last")
        left = 1 - done["step"] / RUNS[name].steps if done else 1
        kills += attempt(lambda: run(name, killed), draws.uniform(0, 0.9) * left * seconds)
    attempt(lambda: run(name, killed))
    return kills


def killed_at_writing(number: int, folder: Path) -> bool:
    """Killed just before the file of that number gets its name or is deleted, or within weights; then resumed."""

    def work() -> None:
        moments = itertools.count(1)

        def passed() -> None:
            if next(moments) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        def counted(function: Any) -> Any:
            def counting(path: Any, *others: Any, **named: Any) -> None:
                if os.path.exists(path):
                    passed()
                function(path, *others, **named)

            return counting

        def save_file(tensors: Any, path: Path) -> None:
            path.with_name(".tmpAb3xYz").write_bytes(b"half")  # as safetensors does since 0.8, to rename it itself
            passed()
            written(tensors, path)

        written, checkpoint.save_file = checkpoint.save_file, save_file
        os.replace, os.unlink = counted(os.replace), counted(os.unlink)
        run("vanilla", folder)

    killed = attempt(work)
    attempt(lambda: run("vanilla", folder))
    return killed


if __name__ == "__main__":
    root, draws = Path(sys.argv[1]), random.Random(0)
    kills: dict[str, Any] = {name: killed_at_random(name, root, draws) for name in RUNS}
    kills["writing"] = 1
    while killed_at_writing(kills["writing"], root / "writing" / str(kills["writing"])):
        kills["writing"] += 1
    sys.stdout.write(json.dumps(kills))
