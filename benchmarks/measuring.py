"""How the benchmarks measure: every case in a process of its own, in turns; seconds, and the peak of memory."""

import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
TITLES = (  # the parts of results.md, each of one command
    "# Against its peers",
    "# Networks other than Inception",
    "# How it grows",
    "# Training against",
)
Values = dict[str, float]


@dataclass(frozen=True)
class Measured:
    """The best of several turns: seconds, peak MB (above what was there before, where that is known), what came out."""

    seconds: float
    megabytes: float
    values: Values

    def better(self, other: "Measured | None") -> "Measured":
        if other is None:
            return self
        return Measured(min(self.seconds, other.seconds), max(self.megabytes, other.megabytes), other.values)


def in_turns(names: Sequence[str], rounds: int, measure: Callable[[str], Measured]) -> dict[str, Measured]:
    """Every case once, then every case again: the load of a machine that changes slowly meets all of them."""
    found: dict[str, Measured] = {}
    for turn in range(rounds):
        for name in names:
            found[name] = measure(name).better(found.get(name))
            last = found[name]
            print(f"{turn + 1}/{rounds} {last.seconds:8.2f} s {last.megabytes:7.0f} MB  {name}", file=sys.stderr)
    return found


def inside(work: Callable[[], Values]) -> Measured:
    """What some work takes in this process, above what it holds already."""
    before, start = highest(anew=True), time.perf_counter()
    values = work()
    seconds = time.perf_counter() - start
    return Measured(seconds, max(0.0, highest() - before), values)


def highest(anew: bool = False) -> float:
    """The most memory that this process has held, MB; counted `anew` from now on, or imports hide it."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def in_process(command: Sequence[str], environment: dict[str, str] | None = None) -> tuple[float, float, str]:
    """A command's seconds, the peak of its whole process tree in MB, and what it printed; its end if it fails."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    ) as process:
        peak = [0.0]
        watching = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watching.start()
        out, error = process.communicate()
    seconds = time.perf_counter() - start
    watching.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {error[-2000:]}")
    return seconds, peak[0], out


def _watch(process: "subprocess.Popen[str]", peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_proportional(pid) for pid in _tree(process.pid)))
        time.sleep(0.2)


def _tree(root: int) -> Iterable[int]:
    """A process and all that it started, and they."""
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def _proportional(pid: int) -> float:
    """A process's memory in MB, each shared page divided among those that share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def row(ours: str, theirs: str, found: dict[str, Measured]) -> str:
    """One line of the table: seconds, how many times faster, memory, and by how much the values differ."""
    own, peer = found[ours], found[theirs]
    shared = [name for name in own.values if name in peer.values]
    off = [abs(own.values[name] - peer.values[name]) / max(abs(peer.values[name]), 1e-12) for name in shared]
    differs = f"{max(off):.1e}" if off else "–"
    times = f"{own.seconds:.2f} | {peer.seconds:.2f} | **{peer.seconds / own.seconds:.2f}**"
    memory = f"{own.megabytes:.0f} | {peer.megabytes:.0f} | {own.megabytes / max(peer.megabytes, 1):.2f}"
    return f"| {ours} | {theirs} | {times} | {memory} | {differs} |"


HEADER = (
    "| ganeval | peer | seconds | peer's | times faster | MB | peer's | of its memory | largest relative difference |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|"
)


def machine() -> str:
    """What this runs on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0))
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{cores} cores, {model.partition(': ')[2]}{gpu}, {versions}"


def load() -> str:
    """How busy the machine was with other things at the start."""
    return f"load average {os.getloadavg()[0]:.2f} at the start"


def write_part(title: str, text: str, name: str, document: Any, folder: Path = HERE) -> None:
    """Renew one part of results.md, the others stay; and its numbers as JSON."""
    page = folder / "results.md"
    parts = _parts(page.read_text(encoding="utf-8") if page.is_file() else "")
    parts[next(known for known in TITLES if title.startswith(known))] = text.strip()
    page.write_text("\n\n".join(parts[known] for known in TITLES if known in parts) + "\n", encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in ("\n" + text).split("\n# ")[1:]:
        known = next((title for title in TITLES if f"# {section}".startswith(title)), None)
        if known is not None:
            found[known] = f"# {section}".strip()
    return found
