"""`ganeval train-all`: every model, each in a process of one thread, then one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganeval.devices import pick_device
from ganeval.launch import cores
from ganeval.progress import Tick
from ganeval.report import Report
from ganeval.suite.finishing import Finished
from ganeval.suite.orders import Order
from ganeval.suite.workers import in_processes
from ganeval.suite.yardsticks import yardsticks


@dataclass(frozen=True)
class Everything:
    """What came of all orders: finished runs in their order, real pictures and noise, the reason for each failure."""

    finished: tuple[Finished, ...]
    yardsticks: tuple[Report, ...]
    failed: dict[str, str]


def train_everything(orders: Sequence[Order], out: Path, tick: Tick, said: Callable[[str], None]) -> Everything:
    """Train, sample and score all orders; one that fails does not stop the others. `said` hears of each that ends."""
    known = () if all(order.model == "cyclegan" for order in orders) else yardsticks(orders[0], out, tick)
    processes = processes_for(orders)
    share = max(1, cores() // processes)
    longest_first = [replace(order, threads=share) for order in reversed(orders)]
    results, failed = {}, {}
    for order, found in in_processes(longest_first, processes, tick):
        if isinstance(found, str):
            failed[order.name] = found
            said(f"{order.name}: {found}")
        else:
            results[order.name] = found
            said(line_of(found))
    return Everything(tuple(results[one.name] for one in orders if one.name in results), known, failed)


def line_of(run: Finished) -> str:
    """A finished run in one line."""
    facts, fid = run.outcome, [f"{report.scores['fid'].value:.4g}" for report in run.reports]
    scored = f", FID {' and '.join(fid)}" if fid else ", not scored"
    return f"{run.order.name}: {facts['steps']:,} steps in {facts['seconds']:.0f} s{scored}"


def processes_for(orders: Sequence[Order]) -> int:
    """One process per core of a CPU; a GPU is not shared."""
    return 1 if pick_device(orders[0].device).type != "cpu" else max(1, min(len(orders), cores()))
