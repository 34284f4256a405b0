"""ganeval's metrics against their peers' on the same features, side by side in one run.

    python benchmarks/metrics.py                     10,000 × 10,000 × 2048, about five minutes on two cores
    python benchmarks/metrics.py --count 2000        smaller
    python benchmarks/metrics.py --write             also benchmarks/results.md and results.json

Each case runs in a process of its own: seconds are the best of its rounds, memory is the peak above imports and inputs.
The load of the machine moves seconds, so read the ratios.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
Values = dict[str, float]


def features(count: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two correlated Gaussian sets, reals and fakes, float32."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(width, width, generator=generator) / width**0.5
    real = torch.randn(count, width, generator=generator) @ mixing
    return real, torch.randn(count, width, generator=generator) @ mixing * 1.05 + 0.01


def ganeval_fid(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from ganeval.metrics.frechet import fid

    found = fid(real, fake)["fid"]
    return {"fid": found.value, "fid error": found.error or 0.0}


def ganeval_fid_value(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from ganeval.metrics.frechet import frechet_distance, moments

    return {"fid": frechet_distance(moments(real), moments(fake))}


def torch_fidelity_fid(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    found = fid_statistics_to_metric(fid_features_to_statistics(fake), fid_features_to_statistics(real), False)
    return {"fid": found["frechet_inception_distance"]}


def ganeval_neighbours(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from ganeval.metrics.neighbours import density_coverage, overlap, precision_recall

    found = overlap(real, fake)
    return {name: one.value for name, one in {**precision_recall(found), **density_coverage(found)}.items()}


def torch_fidelity_neighbours(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from torch_fidelity.metric_prc import prc_features_to_metric

    found = prc_features_to_metric(fake, real, verbose=False)
    return {name: found[name] for name in ("precision", "recall")}


def prdc_neighbours(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    return {name: float(found[name]) for name in ("density", "coverage")}


def ganeval_kid(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from ganeval.metrics.kernel import kid

    return {"kid": kid(real, fake)["kid"].value}


def torch_fidelity_kid(real: torch.Tensor, fake: torch.Tensor) -> Values:
    from torch_fidelity.metric_kid import kid_features_to_metric

    found = kid_features_to_metric(fake, real, verbose=False)
    return {"kid": found["kernel_inception_distance_mean"]}


CASES: dict[str, Callable[[torch.Tensor, torch.Tensor], Values]] = {
    "FID with its error bar, ganeval": ganeval_fid,
    "FID value, ganeval": ganeval_fid_value,
    "FID value, torch-fidelity": torch_fidelity_fid,
    "precision, recall, density, coverage with error bars, ganeval": ganeval_neighbours,
    "precision, recall, torch-fidelity": torch_fidelity_neighbours,
    "precision, recall, density, coverage, prdc": prdc_neighbours,
    "KID with its error bar, ganeval": ganeval_kid,
    "KID, torch-fidelity": torch_fidelity_kid,
}
AGAINST = (
    ("FID with its error bar, ganeval", "FID value, torch-fidelity"),
    ("FID value, ganeval", "FID value, torch-fidelity"),
    ("precision, recall, density, coverage with error bars, ganeval", "precision, recall, torch-fidelity"),
    ("precision, recall, density, coverage with error bars, ganeval", "precision, recall, density, coverage, prdc"),
    ("KID with its error bar, ganeval", "KID, torch-fidelity"),
)


def resident() -> float:
    """Memory this process holds now, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run_case(name: str, count: int, width: int, rounds: int) -> dict[str, Any]:
    """One case in this process."""
    real, fake = features(count, width)
    small = real[:200, :32].contiguous(), fake[:200, :32].contiguous()
    with contextlib.suppress(ValueError):  # torch-fidelity's KID wants 1,000 rows; this only warms the imports up
        CASES[name](*small)
    before, taken, values = resident(), [], {}
    for _ in range(rounds):
        start = time.perf_counter()
        values = CASES[name](real, fake)
        taken.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(taken), "megabytes": max(0.0, peak - before), "values": values}


def in_process(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One case in a process of its own."""
    sizes = ["--count", str(arguments.count), "--width", str(arguments.width), "--rounds", str(arguments.rounds)]
    command = [sys.executable, __file__, "--case", name, *sizes]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(finished.stdout.splitlines()[-1])


def table(results: dict[str, dict[str, Any]]) -> list[str]:
    """The comparison as markdown: how many times faster, and how much of the peer's memory."""
    lines = [
        "| ganeval | peer | seconds | peer's | times faster | MB | peer's | of its memory | largest difference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for ours, theirs in AGAINST:
        own, peer = results[ours], results[theirs]
        shared = own["values"].keys() & peer["values"].keys()
        off = max(abs(own["values"][key] - peer["values"][key]) / abs(peer["values"][key]) for key in shared)
        times = f"{own['seconds']:.2f} | {peer['seconds']:.2f} | {peer['seconds'] / own['seconds']:.2f}"
        memory = f"{own['megabytes']:.0f} | {peer['megabytes']:.0f} | {own['megabytes'] / peer['megabytes']:.2f}"
        lines.append(f"| {ours} | {theirs} | {times} | {memory} | {off:.1e} relative |")
    return lines


def training_part() -> str:
    """What `training.py` has written into the same page: it stays."""
    page = HERE / "results.md"
    _, mark, rest = (page.read_text(encoding="utf-8") if page.is_file() else "").partition("# Training against")
    return f"\n{mark}{rest}" if mark else ""


def machine() -> str:
    """What this ran on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {model.partition(': ')[2]}, Python {platform.python_version()}, torch {torch.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(run_case(arguments.case, arguments.count, arguments.width, arguments.rounds)))
        return
    results = {}
    for name in CASES:
        results[name] = in_process(name, arguments)
        print(f"{results[name]['seconds']:8.2f} s {results[name]['megabytes']:7.0f} MB  {name}", file=sys.stderr)
    size = f"{arguments.count:,} × {arguments.count:,} × {arguments.width:,} float32 features"
    text = "\n".join(["# Metrics against their peers", "", f"{size}; {machine()}.", "", *table(results), ""])
    print(text)
    if arguments.write:
        (HERE / "results.md").write_text(text + training_part(), encoding="utf-8")
        (HERE / "results.json").write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
