"""The command `gate` behind its options: options and limits file as one request, its outcome shown and written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.errors import ContentError, UsageError, plain
from ganeval.gating.junit import junit
from ganeval.gating.limits import (
    CONFIDENCE,
    Limit,
    LimitsFile,
    check_confidence,
    check_policy,
    parse_limits,
    read_limits_file,
)
from ganeval.gating.measures import ModelReports, read_model
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, value_text
from ganeval.gating.rule import check_metrics, judge
from ganeval.reports.report import dump
from ganeval.reports.run_folders import check_no_report, check_not_in_run
from ganeval.reports.score_names import title
from ganeval.reports.scores import HEADLINES
from ganeval.runtime.files import write_text

STYLES = {HELD: "green", REGRESSED: "bold red", INCONCLUSIVE: "yellow", NOT_COMPARABLE: "bold magenta"}


@dataclass(frozen=True)
class GateRequest:
    """The request to `ganeval gate`, options and limits file taken together."""

    reports: tuple[Path, ...]
    limits: tuple[Limit, ...]
    baseline: tuple[Path, ...] = ()
    confidence: float = CONFIDENCE
    inconclusive: str = "3"
    junit: Path | None = None


def gate_request(
    reports: Sequence[Path],
    flags: Mapping[str, Sequence[str]],
    *,
    limits_file: Path | None = None,
    baseline: Sequence[Path] = (),
    confidence: float | None = None,
    inconclusive: str | None = None,
    junit: Path | None = None,
) -> GateRequest:
    """The options over the file's entries; UsageError where any is malformed, or the JUnit file cannot be written.

    >>> gate_request([Path("report.json")], {"max": ["fid=25"]}).limits[0].flag
    '--max fid=25'
    """
    defaults = LimitsFile() if limits_file is None else read_limits_file(limits_file)
    for flag, paths in (("--baseline", baseline), ("--junit", (junit,))):
        if limits_file is not None and limits_file.resolve() in [path.resolve() for path in paths if path]:
            raise UsageError(f"{flag} {limits_file}: found the file of --limits, needed another one")
    limits = defaults.with_flags(limit for kind, texts in flags.items() for limit in parse_limits(kind, texts))
    confidence = defaults.confidence if confidence is None else confidence
    policy = defaults.inconclusive if inconclusive is None else inconclusive
    check_confidence(confidence)
    check_policy(policy)
    if junit is not None:
        check_no_report("--junit", junit)
    return GateRequest(tuple(reports), limits, tuple(baseline) or defaults.baseline, confidence, policy, junit)


def run_gate(request: GateRequest) -> Gate:
    """The reports judged by the limits. UsageError for a file that is lost, broken or no report."""
    old = read_model(request.baseline, "the baseline") if request.baseline else None
    return judge(request.limits, read_model(request.reports, "the report"), old, request.confidence)


def gate_view(gate: Gate, inconclusive: str) -> RenderableType:
    """A line for each limit, then the verdict."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for judgement in gate.judgements:
        table.add_row(Text(judgement.outcome, STYLES[judgement.outcome]), Text(judgement.sentence))
    name, _, verdict = gate.verdict(inconclusive).partition(": ")
    table.add_row(Text(name, "bold"), Text(verdict, STYLES[gate.outcome]))
    return table


def write_junit(gate: Gate, request: GateRequest, seconds: float) -> None:
    """The file of `--junit`, where one is asked for. UsageError where it cannot be written: no regression."""
    if request.junit is not None:
        write_text("--junit", request.junit, junit(gate, request.inconclusive, seconds))


def update_baseline(request: GateRequest) -> list[str]:
    """Write the reports as the new baseline, without any judgement, and list what changed.

    UsageError where the baseline is not one file, or the reports cannot be read or taken together; ContentError where a
    limited score is missing or not finite.
    """
    if len(request.baseline) != 1:
        raise UsageError(f"--update-baseline: found {len(request.baseline)} files to write, needed one --baseline")
    target = request.baseline[0]
    check_not_in_run("--baseline", target)
    new = read_model(request.reports, "the report")
    metrics = _baseline_metrics(request, new)
    more = f" and {len(new.reports) - 1} more" * (len(new.reports) > 1)
    lines = [plain(f"{target}: the new baseline, {new.first.samples.name}{more}"), *_changes(metrics, new, target)]
    try:
        documents = [report.to_dict() for report in new.reports]
        text = dump(documents[0] if len(documents) == 1 else documents)
    except (TypeError, ValueError) as reason:  # a NaN that no limit is on, or a foreign document
        raise ContentError(f"--update-baseline: the report cannot be written as one ({reason})") from reason
    write_text("--baseline", target, text + "\n")
    return lines


def _baseline_metrics(request: GateRequest, new: ModelReports) -> list[str]:
    """The limited scores, or without limits those of any table; checked, as no gate could use a baseline without."""
    if disagreements := new.disagreements():
        raise UsageError(f"--update-baseline: the reports differ among themselves: {'; '.join(disagreements)}")
    metrics = list(dict.fromkeys(limit.metric for limit in request.limits))
    check_metrics(metrics, new)
    for metric in metrics:
        if problem := new.problem(metric):
            raise ContentError(f"--update-baseline: {metric} is {problem}; the baseline stays as it was")
    for limit in request.limits:
        if limit.percent and (value := new.measure(limit.metric).value) <= 0:
            raise ContentError(f"--update-baseline: {limit.flag} needs a {limit.metric} above 0, found {value:.6g}")
    measurable = [name for name in new.first.scores if not new.problem(name)]
    if not measurable:
        raise ContentError(f"--update-baseline: {new.name} has no score; the baseline stays as it was")
    return metrics or [name for name in HEADLINES if name in measurable] or measurable


def _changes(metrics: Sequence[str], new: ModelReports, target: Path) -> list[str]:
    """Old → new for each score; the old baseline may be absent or broken."""
    lines: list[str] = []
    old = None
    if target.exists():
        try:
            old = read_model(target, "the baseline")
        except UsageError as reason:
            lines.append(f"the old one could not be read: {reason}")
    for metric in metrics:
        before = "–" if old is None or old.problem(metric) else value_text(old.measure(metric))
        lines.append(f"{title(metric, new.first.protocol)}: {before} → {value_text(new.measure(metric))}")
    return [f"  {plain(line)}" for line in lines]
