"""What `train` and `train-all` do: views to print, and the line that says what went wrong, if anything did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import RenderableType

from ganeval.errors import UsageError, unknown
from ganeval.extractors import EXTRACTORS
from ganeval.extractors.classifier_command import ensure_classifier
from ganeval.media.base import SampleSet
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import Report
from ganeval.runtime.devices import pick_device
from ganeval.runtime.launch import cores
from ganeval.sources.opening import Opening, open_source
from ganeval.tables.report_view import facts_view
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.run import chosen_extractor, end_together, prepare, train_run
from ganeval.training.run_lock import check_free
from ganeval.training.run_request import RunRequest, Wish, orders_for
from ganeval.training.tables.results_readme import write_page
from ganeval.training.tables.terminal import suite_view
from ganeval.training.workers import in_processes
from ganeval.training.yardsticks import yardsticks
from reference_models import MODELS, build
from reference_models.configuration.validation import ignored


@dataclass(frozen=True)
class Everything:
    """What came of all orders: finished runs in their order, real pictures and noise, the reason for each failure."""

    finished: tuple[FinishedRun, ...]
    yardsticks: tuple[Report, ...]
    failed: dict[str, str]


def train_everything(orders: Sequence[RunRequest], out: Path, tick: Tick, said: Callable[[str], None]) -> Everything:
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


def line_of(run: FinishedRun) -> str:
    """A finished run in one line."""
    facts, fid = run.outcome, [f"{report.scores['fid'].value:.4g}" for report in run.reports]
    scored = f", FID {' and '.join(fid)}" if fid else ", not scored"
    return f"{run.order.name}: {facts['steps']:,} steps in {facts['seconds']:.0f} s{scored}"


def processes_for(orders: Sequence[RunRequest]) -> int:
    """One process per core of a CPU; a GPU is not shared."""
    return 1 if pick_device(orders[0].device).type != "cpu" else max(1, min(len(orders), cores()))


def planned(order: RunRequest, ranks: Ranks = ALONE) -> RenderableType:
    """What a run of these ranks would be: data, networks, settings."""
    _check_alone(order)
    prepared = prepare(order, silent, judged=None, ranks=ranks)
    sizes = {
        f"network {name}": f"{sum(weight.numel() for weight in network.parameters()):,} weights"
        for name, network in build(prepared.config).networks.items()
    }
    splits = {name: len(getattr(prepared.material, name)) for name in ("train", "selection", "test")}
    data = ", ".join(f"{count:,} {name}" for name, count in splits.items())
    config = prepared.config
    settings = {
        key: str(value)
        for key, value in config.to_dict().items()
        if value != "" and not ignored(config, key, translates=MODELS[config.model].translates)
    }
    return facts_view(str(order.folder), {"data": f"{order.source}: {data}", **sizes, **settings})


def train_beside(order: RunRequest, ranks: Ranks) -> None:
    """Train as one of the ranks that are not the first: all else is its business, which `train_one` does."""
    ranks.everyone(None)  # it has read the data: they are fetched once, and a mistake is said once
    train_run(prepare(order, silent, judged=None, ranks=ranks), silent)
    end_together(ranks)


def train_one(
    order: RunRequest, tick: Tick, width: int | None = None, ranks: Ranks = ALONE
) -> tuple[RenderableType, str | None]:
    """Train and score one model. Without weights for the extractor it is trained, and judged by its losses alone.

    `ranks`: the others call `train_beside`.
    """
    _check_alone(order)
    prepare(order, tick, judged=None, ranks=ranks)  # a mistake is said before a classifier is trained
    ranks.everyone(None)
    _ensure_classifier(order, tick)
    prepared = prepare(order, tick, judged=False, ranks=ranks)
    run = finish(prepared, train_run(prepared, tick), tick)
    end_together(ranks)
    return suite_view([run], (), width) if prepared.scored else _unscored_view(run), _diverged(run)


def train_all_of(
    common: RunRequest,
    models: Sequence[str] | None,
    seeds: Sequence[int],
    out: Path,
    tick: Tick,
    said: Callable[[str], None],
    width: int | None = None,
) -> tuple[RenderableType, str | None]:
    """Train and score all models for all seeds, and write the table into the results folder as well.

    `said` hears a line as each run ends.
    """
    _check_folder(out)
    orders = orders_for(Wish(models, seeds, out), common)
    firsts = list({order.model: order for order in orders}.values())
    for order in firsts:
        prepare(order, tick, judged=None)  # a mistake is said before a classifier is trained
    _ensure_classifier(common, tick)
    for order in firsts:
        prepared = prepare(order, tick)
        for one in (one for one in orders if one.model == order.model):
            check_free(one.folder, replace(prepared.config, seed=one.seed), prepared.fingerprint, prepared.judge)
    found = train_everything(orders, out, tick, said)
    view = suite_view(found.finished, found.yardsticks, width)
    if found.finished:
        write_page(out)
    problems = [
        *(why if name in why else f"{name}: {why}" for name, why in found.failed.items()),
        *filter(None, map(_diverged, found.finished)),
    ]
    return view, "; ".join(problems) or None


def _ensure_classifier(order: RunRequest, tick: Tick) -> None:
    """Train the data's own classifier where `auto` means it and it is not here yet."""
    dataset = EXTRACTORS[chosen_extractor(order)].trained_on if order.extractor == "auto" else None
    if dataset is None:
        return
    images = open_source(dataset, Opening(order.data_root, order.offline))
    if isinstance(images, SampleSet):
        from ganeval.runtime.devices import pick_device

        ensure_classifier(images, None, seed=2020, device=pick_device(order.device), tick=tick)


def _check_alone(order: RunRequest) -> None:
    """UsageError for a model that is none, and a count that it would ignore: in `train-all` others may use it."""
    if order.model not in MODELS:
        raise unknown("model", order.model, MODELS)
    if order.model == "cyclegan" and order.count is not None:
        raise UsageError(f"-n {order.count}: cyclegan is always scored on all test pictures; leave it out")


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: found a file, needed a folder for the runs")


def _diverged(run: FinishedRun) -> str | None:
    sentences = [verdict.sentence for verdict in run.verdicts if verdict.name == "diverged"]
    return f"{run.order.name}: {sentences[0]}" if sentences else None


def _unscored_view(run: FinishedRun) -> RenderableType:
    """A run that nothing could score: how long it trained, and what its losses show."""
    facts, said = run.outcome, "\n".join(verdict.sentence for verdict in run.verdicts)
    done = {"steps": f"{facts['steps']:,}", "seconds": f"{facts['seconds']:.0f}", "scored": "no: see the warning"}
    return facts_view(str(run.order.folder), {**done, "verdict": said})
