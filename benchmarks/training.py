"""Training speed: ganeval's loop against the same recipe written plainly, and what precision and layout bring.

    python benchmarks/training.py                    about fifteen minutes on two quiet cores
    python benchmarks/training.py --write            also its part of benchmarks/results.md, and training.json
    python benchmarks/training.py --quick            a few steps of small networks: only to see that it runs

The plain loop (plain_loop.py says what is plain about it) may have 0 or 2 worker processes: the faster one counts.
Measured in rounds, each of one stretch of steps of every contestant after another, on random pictures; the best stretch
of each counts. The load of the machine moves all figures, so read the ratios. images/s: batch times generator's steps.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from measuring import machine, write_part
from plain_loop import PlainLoop
from torch import Tensor

from reference_models import Config, Data, Watch, build, configure, train
from reference_models.engine.precision import uses_bfloat16, uses_channels_last

HERE = Path(__file__).parent
HEADING = "# Training against the same recipe written plainly"
QUIET = 1.0  # load average up to which the figures can be trusted
PICTURES = 10_000
CLASSES = 10
VARIANTS = {
    "float32": ("float32", False),
    "float32, channels last": ("float32", True),
    "bf16": ("bf16", False),
    "bf16, channels last": ("bf16", True),
}


@dataclass(frozen=True)
class Case:
    """What is measured: a model at a size, so many steps a stretch; one thread where training takes one."""

    model: str
    preset: str
    shape: tuple[int, int, int]
    steps: int
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.model}, {self.shape[1]} px"

    @property
    def threads(self) -> int:
        return 1 if self.shape[1] <= 16 else min(2, len(os.sched_getaffinity(0)))

    def config(self, precision: str = "auto") -> Config:
        """Two stretches of steps, a reading of the losses after each."""
        changes = {"log_every": str(self.steps), "check_every": str(2 * self.steps), "precision": precision}
        found = configure(
            self.model, self.shape, classes=CLASSES, preset=self.preset, changes={**changes, **self.changes}
        )
        return replace(found, steps=2 * self.steps)


SMALL, GREY, COLOUR = (1, 8, 8), (1, 28, 28), (3, 32, 32)
# WGAN-GP's preset for MNIST is a ResNet; beside DCGAN's convolutions stand convolutions, and the penalty's full share
CONV = {"net": "conv", "width": "32", "norm_d": "none", "n_critic": "3"}
LOOPS = (
    Case("dcgan", "cifar10", COLOUR, 20),
    Case("wgan-gp", "cifar10", COLOUR, 10),
    Case("vanilla", "mnist", GREY, 60),
    Case("dcgan", "mnist", GREY, 30),
    Case("wgan-gp", "mnist", GREY, 10, CONV),
    Case("cgan", "mnist", GREY, 30),
    Case("vanilla", "digits", SMALL, 400),
    Case("dcgan", "digits", SMALL, 150),
    Case("wgan-gp", "digits", SMALL, 50),
    Case("cgan", "digits", SMALL, 150),
)
LAYOUTS = (
    Case("dcgan", "digits", SMALL, 100),
    Case("wgan-gp", "digits", SMALL, 40),
    Case("dcgan", "digits", (1, 16, 16), 50),
    Case("wgan-gp", "digits", (1, 16, 16), 15),
    Case("cyclegan", "digits", (1, 16, 16), 25),
    Case("dcgan", "mnist", GREY, 25),
    Case("wgan-gp", "mnist", GREY, 8, CONV),
    Case("cyclegan", "mnist", GREY, 6),
    Case("dcgan", "cifar10", COLOUR, 10),
    Case("wgan-gp", "cifar10", COLOUR, 5),
    Case("cyclegan", "cifar10", COLOUR, 6),
)
QUICK = {"width": "4", "batch_size": "8"}


def pictures(case: Case) -> tuple[Tensor, Tensor]:
    """Random pixels and classes: what they show does not change the speed."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (PICTURES, *case.shape), generator=generator, dtype=torch.uint8)
    return pixels, torch.randint(CLASSES, (PICTURES,), generator=generator)


class Clock(Watch):
    """The time between two readings of the losses."""

    def __init__(self) -> None:
        self.readings: list[float] = []

    def logged(self, record: Mapping[str, Any], steps: int) -> None:
        self.readings.append(time.perf_counter())


def loop_seconds(case: Case, precision: str = "auto") -> float:
    """A stretch of our loop, as `ganeval train` runs it, after one to warm up."""
    config, clock = case.config(precision), Clock()
    pixels, labels = pictures(case)
    other = pixels.flip(0) if case.model == "cyclegan" else None
    with tempfile.TemporaryDirectory() as folder:
        train(build(config), Data(pixels, labels if config.classes else None, other), folder, watch=clock)
    return clock.readings[1] - clock.readings[0]


def plain_seconds(case: Case, workers: int) -> float:
    """A stretch of the plain loop, after a few steps to warm up."""
    loop = PlainLoop(case.config("float32"), *pictures(case), workers)
    for number in range(min(3, case.steps)):
        loop.step(number)
    start = time.perf_counter()
    for number in range(case.steps):
        loop.step(number)
    return time.perf_counter() - start


def in_turns(case: Case, contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """images/s of each contestant in each round."""
    torch.set_num_threads(case.threads)
    images = case.steps * case.config().batch_size
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, seconds in contestants.items():
            found[name].append(images / seconds())
    rates = ", ".join(f"{name} {max(values):,.0f}" for name, values in found.items())
    print(f"{case.name}: {rates} images/s", file=sys.stderr)
    return found


def against_plain(case: Case, rounds: int, workers: Sequence[int] = (0, 2)) -> dict[str, list[float]]:
    """Our loop and the plain one, without and with worker processes, in turns."""
    plain = {f"plain, {count} workers": partial(plain_seconds, case, count) for count in workers}
    return in_turns(case, {"ganeval": partial(loop_seconds, case), **plain}, rounds)


def layouts(case: Case, rounds: int) -> dict[str, list[float]]:
    """Our loop in each precision and layout, in turns."""
    return in_turns(case, {name: partial(variant_seconds, case, name) for name in VARIANTS}, rounds)


def variant_seconds(case: Case, variant: str) -> float:
    """A stretch of our loop with the layout decided here."""
    precision, channels_last = VARIANTS[variant]
    with mock.patch("reference_models.engine.precision.uses_channels_last", return_value=channels_last):
        return loop_seconds(case, precision)


def chosen(case: Case) -> str:
    """The variant that reference_models/engine/precision.py takes on this machine."""
    config, device = case.config(), torch.device("cpu")
    taken = ("bf16" if uses_bfloat16(config, device) else "float32", uses_channels_last(config, device))
    return next(name for name, variant in VARIANTS.items() if variant == taken)


def loops_table(results: Mapping[str, Mapping[str, Sequence[float]]], cases: Sequence[Case]) -> list[str]:
    """How many times faster than the better of the plain loops."""
    lines = [
        "| | batch | critic moves | threads | ganeval, images/s | plain, best | its workers | times faster |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for case in cases:
        best = {name: max(rates) for name, rates in results[case.name].items()}
        own = best.pop("ganeval")
        peer = max(best, key=lambda name: best[name])
        config, workers = case.config(), peer.removeprefix("plain, ").removesuffix(" workers")
        setting = f"{case.name} | {config.batch_size} | {config.n_critic} | {case.threads}"
        lines.append(f"| {setting} | {own:,.0f} | {best[peer]:,.0f} | {workers} | {own / best[peer]:.2f} |")
    return lines


def layouts_table(results: Mapping[str, Mapping[str, Sequence[float]]], cases: Sequence[Case]) -> list[str]:
    """Each variant as a share of float32, contiguous; the one that is taken in bold."""
    lines = [
        f"| | threads | {' | '.join(VARIANTS)} | taken, of the best |",
        f"|---|---:|{'---:|' * len(VARIANTS)}---:|",
    ]
    for case in cases:
        rates = {name: max(found) for name, found in results[case.name].items()}
        taken = chosen(case)
        cells = [f"{rates['float32']:,.0f} images/s"]
        cells += [f"× {rates[name] / rates['float32']:.2f}" for name in list(VARIANTS)[1:]]
        marked = [f"**{cell}**" if name == taken else cell for name, cell in zip(VARIANTS, cells, strict=True)]
        share = rates[taken] / max(rates.values())
        lines.append(f"| {case.name} | {case.threads} | {' | '.join(marked)} | {share:.2f} |")
    return lines


def page(found: Mapping[str, Any], loops: Sequence[Case], precisions: Sequence[Case]) -> str:
    """The section of results.md."""
    start = f"load average {found['load']:.2f} at the start"
    paragraphs = [
        HEADING,
        f"{found['machine']}; {start}; best of {found['rounds']} rounds in turns.",
        *([f"**{found['warning']}**"] if found["warning"] else []),
        "Presets cifar10 (32 px), mnist (28 px) and digits (8 px), random pictures. Plain: float32, contiguous, Adam "
        "as it comes, `.item()` at every move, a DataLoader that converts picture by picture (`plain_loop.py`).",
        "\n".join(loops_table(found["loops"], loops)),
        "## Precision and layout",
        "Our loop in float32 or under bf16 autocast, contiguous or with channels last, against float32, contiguous; in "
        "bold what `reference_models/engine/precision.py` takes here, last what share of the best speed that has.",
        "\n".join(layouts_table(found["layouts"], precisions)),
    ]
    return "\n\n".join(paragraphs) + "\n"


def quickened(cases: Sequence[Case]) -> list[Case]:
    """The cases with networks and stretches too small to say anything."""
    return [replace(case, steps=2, changes=QUICK) for case in cases]


def measured(loops: Sequence[Case], precisions: Sequence[Case], rounds: int, workers: Sequence[int]) -> dict[str, Any]:
    """Everything that training.json holds."""
    load = os.getloadavg()[0]
    warning = f"The machine was not quiet: load average {load:.2f}." if load > QUIET else ""
    if warning:
        print(warning, file=sys.stderr)
    return {
        "machine": machine(),
        "load": load,
        "warning": warning,
        "rounds": rounds,
        "loops": {case.name: against_plain(case, rounds, workers) for case in loops},
        "layouts": {case.name: layouts(case, rounds) for case in precisions},
    }


def main(words: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args(words)
    if arguments.quick:
        loops, precisions = quickened(LOOPS), quickened(LAYOUTS[:1])
        found = measured(loops, precisions, rounds=1, workers=(0,))
    else:
        loops, precisions = list(LOOPS), list(LAYOUTS)
        found = measured(loops, precisions, arguments.rounds, workers=(0, 2))
    section = page(found, loops, precisions)
    if arguments.write:
        write_part(HEADING, section, "training", found, HERE)
    print(section)
    return section


if __name__ == "__main__":
    main()
