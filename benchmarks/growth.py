"""How time and memory grow with pictures, features and ranks, each with a fitted exponent.

    python benchmarks/growth.py                      about fifteen minutes on two quiet cores
    python benchmarks/growth.py --write              also its part of benchmarks/results.md, and growth.json
    python benchmarks/growth.py --quick              inputs too small to say anything: only to see that it runs

Random features; each size in a process of its own; memory is the peak above imports and inputs. The exponent p of
"seconds ~ size^p" is fitted to the three largest sizes: below them fixed costs hide it.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import torch
from cases import Values, ganeval_fid, ganeval_kid, ganeval_neighbours
from measuring import HERE, Measured, in_process, inside, load, machine, write_part

COUNTS, WIDTHS, RANKS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000), (64, 128, 256, 512, 1024, 2048), (1, 2)
SUMMED = (10_000, 30_000, 100_000, 300_000, 1_000_000)
WIDTH, COUNT = 512, 5_000  # where the other one grows
BLOCK = 500  # features that arrive at a time where only sums are kept
QUICK = 20  # by which --quick divides counts

WORK: dict[str, Callable[[torch.Tensor, torch.Tensor], Values]] = {
    "FID with its error bar": ganeval_fid,
    "precision, recall, density, coverage": ganeval_neighbours,
    "KID": ganeval_kid,
}


def given(count: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two sets of uncorrelated features: making them must not take longer than scoring them."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, width, generator=generator), torch.randn(count, width, generator=generator)


def case(name: str, count: int, width: int) -> Measured:
    """One metric of so many features in this process."""
    if name == "sums":
        summed(2 * BLOCK, width)  # warms the imports up
        return inside(lambda: summed(count, width))
    real, fake = given(count, width)
    WORK[name](real[:1001], fake[:1001])
    return inside(lambda: WORK[name](real, fake))


def summed(count: int, width: int) -> Values:
    """FID of two streams of features, of which only the sums are kept."""
    from ganeval.metrics.frechet import frechet_distance
    from ganeval.metrics.moments import MomentSum

    sides = []
    for seed in (0, 1):
        total = MomentSum()
        for block in stream(seed, count, width):
            total.add(block)
        sides.append(total.moments())
    return {"fid": frechet_distance(*sides)}


def stream(seed: int, count: int, width: int) -> Iterator[torch.Tensor]:
    """Blocks of random features, one block turned in itself: drawing a million rows anew would be what is measured."""
    block = torch.randn(BLOCK, width, generator=torch.Generator().manual_seed(seed))
    for number in range(count // BLOCK):
        yield block.roll(number % width, 1)


def of_ranks(count: int, width: int) -> None:
    """One rank of a whole comparison of features; rank 0 prints what it took."""
    from ganeval.evaluation.metric_inputs import MetricInputs
    from ganeval.evaluation.scorer import scores_by_first_rank
    from ganeval.features.feature_set import FeatureSet
    from ganeval.runtime.distributed import ranks_of_torchrun

    sides = [FeatureSet(features) for features in given(count, width)]
    families = ("fid", "kid", "pr", "dc")
    with ranks_of_torchrun() as ranks:

        def work() -> Values:
            scores = scores_by_first_rank(MetricInputs(*sides, ranks=ranks), families)
            return {name: score.value for name, score in scores.items()}

        ranks.gather("ready")
        found = inside(work)
        if ranks.rank == 0:
            print(json.dumps(asdict(found)), flush=True)


def elsewhere(*words: Any, ranks: int | None = None) -> Measured:
    """A case by this script in a process of its own, or in as many ranks of one thread."""
    start = [] if ranks is None else ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone"]
    threads = {} if ranks is None else {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    _, _, out = in_process([sys.executable, *start, __file__, *map(str, words)], threads)
    found = Measured(**json.loads(next(line for line in reversed(out.splitlines()) if line.startswith("{"))))
    print(f"{found.seconds:8.2f} s {found.megabytes:7.0f} MB  {' '.join(map(str, words))}", file=sys.stderr)
    return found


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """p of seconds ~ size^p by least squares of the logarithms, over the three largest sizes.

    >>> round(exponent([1, 2, 4, 8], [9, 4, 16, 64]), 6)
    2.0
    """
    xs, ys = ([math.log(value) for value in values[-3:]] for values in (sizes, seconds))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def table(what: str, sizes: Sequence[int], found: dict[str, list[Measured]]) -> str:
    """Seconds (and MB) at each size, and the exponent of the seconds."""
    lines = [f"| {what} | " + " | ".join(f"{size:,}" for size in sizes) + " | exponent |"]
    lines.append("|---" + "|---:" * (len(sizes) + 1) + "|")
    for name, row in found.items():
        cells = [f"{one.seconds:.2f} s, {one.megabytes:.0f} MB" for one in row]
        lines.append(f"| {name} | {' | '.join(cells)} | **{exponent(sizes, [one.seconds for one in row]):.2f}** |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.case:
        name, count, width = asked.case[0], int(asked.case[1]), int(asked.case[2])
        if name == "ranks":
            of_ranks(count, width)
        else:
            print(json.dumps(asdict(case(name, count, width))))
        return ""
    return report(QUICK if asked.quick else 1, asked.write)


def report(smaller: int, write: bool) -> str:
    """Measure, print, and write where that is asked for."""
    counts = [max(1001, size // smaller) for size in COUNTS[-3:]] if smaller > 1 else list(COUNTS)
    widths = list(WIDTHS[:3]) if smaller > 1 else list(WIDTHS)
    sums = [size // smaller for size in SUMMED]
    width, count = (WIDTHS[0], 1001) if smaller > 1 else (WIDTH, COUNT)
    by_count = {name: [elsewhere("--case", name, size, width) for size in counts] for name in WORK}
    by_width = {name: [elsewhere("--case", name, count, size) for size in widths] for name in WORK}
    by_sums = {"FID value of sums": [elsewhere("--case", "sums", size, width) for size in sums]}
    by_ranks = {
        "FID, KID, precision, recall, density, coverage": [
            elsewhere("--case", "ranks", 2 * count, width, ranks=world) for world in RANKS
        ]
    }
    cores = len(os.sched_getaffinity(0))
    text = "\n\n".join(
        [
            f"# How it grows\n\n{machine()}; {load()}.",
            f"## With the number of pictures\n\nAs many reals as fakes, {width} features each.",
            table("N", counts, by_count),
            f"Only sums kept, {BLOCK} features at a time, {width} each: memory stays where it is.",
            table("N", sums, by_sums),
            f"## With the number of features\n\n{count:,} reals, {count:,} fakes.",
            table("d", widths, by_width),
            f"## With the number of ranks\n\n{2 * count:,} reals and fakes, {width} features; one thread a rank, "
            f"{cores} cores. The eigenproblem of FID is rank 0's alone.",
            table("ranks", RANKS, by_ranks),
        ]
    )
    print(text)
    if write:
        found = {"counts": by_count, "widths": by_width, "sums": by_sums, "ranks": by_ranks}
        numbers = {part: {k: [asdict(one) for one in v] for k, v in rows.items()} for part, rows in found.items()}
        sizes = {"counts": counts, "widths": widths, "sums": sums, "ranks": RANKS}
        document = {"machine": machine(), "load": load(), "sizes": sizes, "found": numbers}
        write_part("# How it grows", text, "growth", document, HERE)
    return text


if __name__ == "__main__":
    main()
