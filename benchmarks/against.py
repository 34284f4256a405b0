"""ganeval against its peers on the same inputs and weights, in turns in one run: time, memory, values.

    python benchmarks/against.py                     about forty minutes on two quiet cores
    python benchmarks/against.py --only features     or network, folders, commands
    python benchmarks/against.py --write             also its part of benchmarks/results.md, and against.json
    python benchmarks/against.py --quick             inputs too small to say anything: only to see that it runs

Each case runs in a process of its own: seconds are the best of its rounds; memory is the peak above imports and inputs,
and of whole commands the peak of the process tree. The load of the machine moves seconds, so read the ratios. Needs
the extra `benchmark`. Weights of Inception are random (seeded): time and agreement do not depend on them.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from cases import NETWORKS, ON_FEATURES, PRODUCTS, features
from measuring import HEADER, HERE, Measured, in_process, in_turns, inside, load, machine, row, write_part
from torch.utils.flop_counter import FlopCounterMode
from whole import FOLDER_ROWS, command_rows, folder_cases

sys.path.append(str(HERE.parent / "tests" / "support"))
from inception_weights import varied_images, write_inception_weights

PARTS = ("network", "features", "folders", "commands")
FEATURE_ROWS = (
    ("FID value", "torch-fidelity, FID"),
    ("FID value", "pytorch-fid, FID"),
    ("FID value", "clean-fid, FID"),
    ("FID value", "torchmetrics, FID"),
    ("FID with its error bar", "torch-fidelity, FID"),
    ("precision, recall, density, coverage with error bars", "torch-fidelity, precision and recall"),
    ("precision, recall, density, coverage with error bars", "prdc, all four"),
    ("KID with its error bar", "torch-fidelity, KID"),
    ("KID with its error bar", "clean-fid, KID"),
    ("KID with its error bar", "torchmetrics, KID"),
)
NETWORK_ROWS = (
    ("Inception, tf1", "torch-fidelity's Inception"),
    ("Inception, tf1", "torchmetrics' Inception"),
    ("Inception, pytorch-fid's protocol", "pytorch-fid's Inception"),
)


def case_of_features(name: str, count: int, width: int) -> Measured:
    """One metric in this process, its code warmed up on few features first."""
    real, fake = features(count, width)
    ON_FEATURES[name](real[:1001, :32].contiguous(), fake[:1001, :32].contiguous())
    return inside(lambda: ON_FEATURES[name](real, fake))


def case_of_network(name: str, weights: Path, count: int) -> Measured:
    """One network in this process on `count` CIFAR-sized pictures, 32 at a time; its values are some features."""
    pictures = varied_images(count, 32, seed=1)
    with torch.inference_mode():
        network = NETWORKS[name](weights)
        network(pictures[:32])

        def work() -> dict[str, float]:
            found = torch.cat([network(part) for part in pictures.split(32)]).double()
            return {"mean": float(found.mean()), "norm": float(found.norm()), "largest": float(found.max())}

        return inside(work)


def case_of_product(name: str, count: int) -> Measured:
    """A float32 product of 4096³, as often as makes the work of Inception on `count` pictures: its value."""
    left, right = torch.randn(2, 4096, 4096)
    product, once = PRODUCTS[name], 2 * 4096**3 / 1e9
    times = max(1, round(count * gigaflop() / once))

    def work() -> dict[str, float]:
        for _ in range(times):
            product(left, right)
        return {"gflop": times * once}

    product(left, right)
    return inside(work)


def gigaflop() -> float:
    """What one picture of 299 pixels costs Inception, as torch counts it."""
    from ganeval.extractors.inception import BareInception

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        BareInception()(torch.empty(1, 3, 299, 299, dtype=torch.uint8))
    return counter.get_total_flops() / 1e9


def elsewhere(*words: Any) -> Measured:
    """One case by this script in a process of its own."""
    _, _, out = in_process([sys.executable, __file__, *map(str, words)])
    return Measured(**json.loads(out.splitlines()[-1]))


def of_network(weights: Path, quick: bool, rounds: int) -> tuple[list[str], dict[str, Measured]]:
    count = 2 if quick else 96

    def measure(name: str) -> Measured:
        return elsewhere("--product", name, count) if name in PRODUCTS else elsewhere("--network", name, weights, count)

    found = in_turns([*NETWORKS, *PRODUCTS], rounds, measure)
    rate = count / found["Inception, tf1"].seconds
    reached = rate * gigaflop()
    tops = {name: found[name].values["gflop"] / found[name].seconds for name in PRODUCTS}
    lines = ["## Inception", f"{count} pictures of 32 pixels, 32 at a time, resized to 299; float32.", HEADER]
    lines[-1] += "\n" + "\n".join(row(*pair, found) for pair in NETWORK_ROWS)
    shares = " and ".join(f"**{reached / top:.0%}** of the {top:.0f} of {name}" for name, top in tops.items())
    lines.append(
        f"{rate:.1f} images/s are {reached:.0f} GFLOP/s: {shares}, a product of 4096³ repeated for as long. "
        f"clean-fid's network is a TorchScript file that is only downloaded, so it is not in the table."
    )
    return lines, found


def of_features(quick: bool, rounds: int) -> tuple[list[str], dict[str, Measured]]:
    count, width = (1001, 64) if quick else (10_000, 2048)
    found = in_turns(list(ON_FEATURES), rounds, lambda name: elsewhere("--features", name, count, width))
    lines = ["## Metrics", f"{count:,} × {count:,} × {width:,} float32 features.", HEADER]
    lines[-1] += "\n" + "\n".join(row(*pair, found) for pair in FEATURE_ROWS)
    lines.append(
        "torch-fidelity's FID takes its mean in float32, its KID draws our subsets; clean-fid and torchmetrics draw "
        "others. prdc has one k for all four (5 here, for density and coverage)."
    )
    return lines, found


def of_folders(weights: Path, quick: bool, rounds: int) -> tuple[list[str], dict[str, Measured]]:
    count = 20 if quick else 2_000
    with tempfile.TemporaryDirectory() as folder:
        cases = folder_cases(Path(folder), weights, count)
        found = in_turns(list(cases), rounds, lambda name: cases[name]())
    lines = [
        "## Whole commands",
        f"{count:,} files against {count:,} others, CIFAR-10 where it is here, nothing cached unless it says so: "
        "`ganeval score` (all metrics with error bars) and `fidelity --isc --fid --kid --prc`.",
        HEADER + "\n" + "\n".join(row(*pair, found) for pair in FOLDER_ROWS),
    ]
    return lines, found


def of_commands(rounds: int) -> tuple[list[str], dict[str, Measured]]:
    lines, found = command_rows(rounds)
    return ["## Commands without a network", lines], found


def main(words: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--features", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--network", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--product", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.only and asked.write:
        parser.error("--write renews the whole table: leave --only out")
    found = case(asked)
    if found is None:
        return report(asked)
    print(json.dumps(asdict(found)))
    return ""


def case(asked: argparse.Namespace) -> Measured | None:
    """The one case that this process is for, if it is one of those that the benchmark starts."""
    if asked.features:
        name, count, width = asked.features
        return case_of_features(name, int(count), int(width))
    if asked.network:
        name, weights, count = asked.network
        return case_of_network(name, Path(weights), int(count))
    if asked.product:
        name, count = asked.product
        return case_of_product(name, int(count))
    return None


def report(asked: argparse.Namespace) -> str:
    """Measure what is asked for, print it, and write it where that is asked for too."""
    rounds = 1 if asked.quick else asked.rounds
    sections = [f"# Against its peers\n\n{machine()}; {load()}; best of {rounds} rounds in turns (whole folders: 1)."]
    document: dict[str, Any] = {"machine": machine(), "load": load(), "rounds": rounds}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random_inception.pth"
        write_inception_weights(weights)
        parts: dict[str, Callable[[], tuple[list[str], dict[str, Measured]]]] = {
            "network": lambda: of_network(weights, asked.quick, rounds),
            "features": lambda: of_features(asked.quick, rounds),
            "folders": lambda: of_folders(weights, asked.quick, 1),
            "commands": lambda: of_commands(rounds),
        }
        for name in asked.only or PARTS:
            lines, found = parts[name]()
            sections += lines
            document[name] = {case: asdict(one) for case, one in found.items()}
    text = "\n\n".join(sections) + "\n"
    print(text)
    if asked.write:
        write_part("# Against its peers", text, "against", document)
    return text


if __name__ == "__main__":
    main()
