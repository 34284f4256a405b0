"""The commands `train` and `train-all`: the view to print, and the line that says what failed, if anything did."""

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import RenderableType

from ganeval.errors import GanevalWarning, MissingWeights, UsageError
from ganeval.extractors import EXTRACTORS
from ganeval.extractors.classifier_command import ensure_classifier
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.reports.report import Report
from ganeval.runtime.devices import pick_device
from ganeval.runtime.distributed import LostRank, device_of_rank, ranks_of_torchrun
from ganeval.runtime.launch import cores
from ganeval.sources.datasets import open_dataset
from ganeval.tables.report_view import facts_view
from ganeval.training.final_scores import FinishedRun, finish
from ganeval.training.plan import TrainingPlan, validate
from ganeval.training.run import load, open_extraction, train_run
from ganeval.training.run_lock import check_resumable, holds_run
from ganeval.training.run_request import RunRequest, requests_for
from ganeval.training.tables.results_readme import write_readme
from ganeval.training.tables.terminal import training_view
from ganeval.training.workers import in_processes
from ganeval.training.yardsticks import yardsticks
from reference_models import build, translates
from reference_models.configuration.validation import ignored


def plan_view(request: RunRequest, ranks: Ranks = ALONE) -> RenderableType:
    """What `train --dry-run` prints: data, networks and settings of a run of these ranks."""
    _check_count(request)
    prepared = load(_plan(request, ranks), None, silent)
    config = prepared.config
    counts = ", ".join(f"{count:,} {part}" for part, count in prepared.splits.counts().items())
    networks = {
        f"network {name}": f"{sum(weight.numel() for weight in network.parameters()):,} weights"
        for name, network in build(config).networks.items()
    }
    settings = {
        key: str(value)
        for key, value in config.to_dict().items()
        if value != "" and not ignored(config, key, translates=request.translates)
    }
    return facts_view(str(request.folder), {"data": f"{request.source}: {counts}", **networks, **settings})


def _plan(request: RunRequest, ranks: Ranks) -> TrainingPlan:
    """The plan of a request on the device of this rank."""
    return replace(validate(request, ranks.world), device=device_of_rank(request.device, ranks))


def train_one(
    request: RunRequest, tick: Tick, width: int | None = None, *, dry_run: bool = False
) -> tuple[RenderableType, str | None] | None:
    """Train and score one model; None on all ranks of torchrun but the first, which reports for all.

    Without the extractor's weights the model is trained, and its losses alone are judged.
    """
    with ranks_of_torchrun(request.device) as ranks:
        if ranks.rank == 0:
            return (plan_view(request, ranks), None) if dry_run else _train_first(request, tick, width, ranks)
        if not dry_run:
            ranks.gather(None)  # until the first rank has read the data: they are fetched once
            train_run(load(_plan(request, ranks), None, silent), silent, ranks)
            end_together(ranks)
        return None


def _train_first(request: RunRequest, tick: Tick, width: int | None, ranks: Ranks) -> tuple[RenderableType, str | None]:
    """As the first rank: everything but training is done here alone, and a mistake is reported once."""
    _check_count(request)
    plan = _plan(request, ranks)
    _ensure_classifier(request, tick)
    try:
        extraction = open_extraction(plan, tick)
    except MissingWeights as reason:
        warnings.warn(f"no scores while training, and no best checkpoint: {reason}", GanevalWarning, 2)
        extraction = None
    prepared = load(plan, extraction, tick)
    ranks.gather(None)
    run = finish(prepared, train_run(prepared, tick, ranks), tick)
    end_together(ranks)
    return training_view([run], (), width) if prepared.scored else _unscored_view(run), _divergence(run)


def end_together(ranks: Ranks) -> None:
    """Wait for the others, as the first rank goes on scoring when training has ended.

    A rank that fails meanwhile reports its own error; its exit code decides.
    """
    with contextlib.suppress(LostRank):
        ranks.gather(None)


@dataclass(frozen=True)
class Scope:
    """What `train-all` trains: these models (None for all that the data can train), for these seeds, below `out`."""

    models: Sequence[str] | None
    seeds: Sequence[int]
    out: Path


def train_all(
    common: RunRequest, scope: Scope, tick: Tick, report: Callable[[str], None], width: int | None = None
) -> tuple[RenderableType, str | None]:
    """Train and score all models for all seeds, and write the table into the results folder as well.

    Every run is validated before any is trained; one that fails does not stop the others. `report` gets a line as each
    run ends.
    """
    out = scope.out
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: found a file, needed a folder for the runs")
    plans = []
    for requests in requests_for(common, scope.models, scope.seeds, out):
        plan = validate(requests[0])
        plans += [plan.for_seed(request) for request in requests]
    _ensure_classifier(common, tick)
    _check_folders(plans, tick)
    reports: tuple[Report, ...] = ()
    generators = [plan for plan in plans if not plan.request.translates]
    if generators:
        splits = load(generators[0], None, tick).splits
        reports = yardsticks(generators[0].request, splits, out, tick)
    runs, failures = _train(plans, tick, report)
    view = training_view(runs, reports, width)
    if runs:
        write_readme(out)
    return view, "; ".join([*failures, *filter(None, map(_divergence, runs))]) or None


def _check_folders(plans: Sequence[TrainingPlan], tick: Tick) -> None:
    """UsageError where a folder holds another run; only where it holds any must the data be read, to compare them."""
    extraction = open_extraction(plans[0], tick)  # all have the same data, and so the same extractor
    for plan in plans:
        if holds_run(plan.request.folder):
            prepared = load(plan, extraction, tick)
            check_resumable(plan.request.folder, prepared.config, prepared.fingerprint, prepared.extractor)


def _train(
    plans: Sequence[TrainingPlan], tick: Tick, report: Callable[[str], None]
) -> tuple[list[FinishedRun], list[str]]:
    """The finished runs in the order of their plans, and a line for each that failed."""
    processes = processes_for(plans)
    runs: dict[str, FinishedRun] = {}
    failures: dict[str, str] = {}
    longest_first = list(reversed(plans))
    for plan, result in in_processes(longest_first, processes, max(1, cores() // processes), tick):
        name = plan.request.name
        if isinstance(result, str):
            failures[name] = result if name in result else f"{name}: {result}"
            report(f"{name}: {result}")
        else:
            runs[name] = result
            report(line_of(result))
    return [runs[plan.request.name] for plan in plans if plan.request.name in runs], list(failures.values())


def line_of(run: FinishedRun) -> str:
    """A finished run in one line."""
    fid = " and ".join(f"{report.scores['fid'].value:.4g}" for report in run.reports)
    scores = f"FID {fid}" if fid else "not scored"
    return f"{run.request.name}: {run.facts['steps']:,} steps in {run.facts['seconds']:.0f} s, {scores}"


def processes_for(plans: Sequence[TrainingPlan]) -> int:
    """One process per core of a CPU; a GPU is not shared."""
    return 1 if plans[0].device.type != "cpu" else max(1, min(len(plans), cores()))


def _ensure_classifier(request: RunRequest, tick: Tick) -> None:
    """Train the data set's own classifier where `auto` stands for it and it is not on this machine yet."""
    dataset = EXTRACTORS[str(request.scoring.extractor)].trained_on if request.extractor == "auto" else None
    if dataset is None:
        return
    images = open_dataset(dataset, data_root=request.data_root, offline=request.offline)
    ensure_classifier(images, None, seed=2020, device=pick_device(request.device), tick=tick)


def _check_count(request: RunRequest) -> None:
    """UsageError for a count that the model would ignore: in `train-all` others may use it."""
    if translates(request.model) and request.count is not None:
        raise UsageError(f"-n {request.count}: {request.model} is always scored on all test images; leave it out")


def _divergence(run: FinishedRun) -> str | None:
    sentences = [verdict.sentence for verdict in run.verdicts if verdict.name == "diverged"]
    return f"{run.request.name}: {sentences[0]}" if sentences else None


def _unscored_view(run: FinishedRun) -> RenderableType:
    """A run that nothing could score: how long it trained, and what its losses show."""
    facts = {"steps": f"{run.facts['steps']:,}", "seconds": f"{run.facts['seconds']:.0f}"}
    verdicts = "\n".join(verdict.sentence for verdict in run.verdicts)
    return facts_view(str(run.request.folder), {**facts, "scored": "no: see the warning", "verdict": verdicts})
