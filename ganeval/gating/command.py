"""The command `gate` behind its flags: what is asked for, judged, shown and written. Needs no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.errors import ContentError, UsageError, plain
from ganeval.gating.junit import junit
from ganeval.gating.limits import CONFIDENCE, Limit, Plan, check_confidence, check_policy, parsed, read_plan
from ganeval.gating.measures import Side, side
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, shown
from ganeval.gating.rule import check_metrics, judge
from ganeval.reports.report import dump
from ganeval.reports.run_folders import check_no_report, check_not_in_run
from ganeval.reports.score_names import title
from ganeval.reports.scores import HEADLINES
from ganeval.runtime.files import write_text

STYLES = {HELD: "green", REGRESSED: "bold red", INCONCLUSIVE: "yellow", NOT_COMPARABLE: "bold magenta"}


@dataclass(frozen=True)
class Order:
    """What `ganeval gate` is asked for, flags and limits file taken together."""

    reports: tuple[Path, ...]
    limits: tuple[Limit, ...]
    baseline: tuple[Path, ...] = ()
    confidence: float = CONFIDENCE
    inconclusive: str = "3"
    junit: Path | None = None


def ordered(
    reports: Sequence[Path],
    flags: Mapping[str, Sequence[str]],
    *,
    limits_file: Path | None = None,
    baseline: Sequence[Path] = (),
    confidence: float | None = None,
    inconclusive: str | None = None,
    junit: Path | None = None,
) -> Order:
    """The flags over the file's entries; UsageError where any is malformed, or the JUnit file has nowhere to go.

    >>> ordered([Path("report.json")], {"max": ["fid=25"]}).limits[0].flag
    '--max fid=25'
    """
    plan = read_plan(limits_file) if limits_file is not None else Plan()
    for flag, paths in (("--baseline", baseline), ("--junit", (junit,))):
        if limits_file is not None and limits_file.resolve() in [path.resolve() for path in paths if path]:
            raise UsageError(f"{flag} {limits_file}: found the file of --limits, needed another one")
    limits = plan.overridden(one for kind, texts in flags.items() for one in parsed(kind, texts))
    sure = plan.confidence if confidence is None else confidence
    policy = plan.inconclusive if inconclusive is None else inconclusive
    check_confidence(sure)
    check_policy(policy)
    if junit is not None:
        check_no_report("--junit", junit)
    return Order(tuple(reports), limits, tuple(baseline) or plan.baseline, sure, policy, junit)


def judged(order: Order) -> Gate:
    """The reports held against the limits. UsageError for a file that is lost, broken or no report."""
    old = side(order.baseline, "the baseline") if order.baseline else None
    return judge(order.limits, side(order.reports, "the report"), old, order.confidence)


def gate_view(gate: Gate, inconclusive: str) -> RenderableType:
    """A line for each limit, then the verdict."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in gate.judgements:
        table.add_row(Text(one.outcome, STYLES[one.outcome]), Text(one.sentence))
    name, _, rest = gate.verdict(inconclusive).partition(": ")
    table.add_row(Text(name, "bold"), Text(rest, STYLES[gate.outcome]))
    return table


def write_junit(gate: Gate, order: Order, seconds: float) -> None:
    """The file of `--junit`, where one is asked for. UsageError where it cannot be written: no regression, that."""
    if order.junit is not None:
        write_text("--junit", order.junit, junit(gate, order.inconclusive, seconds))


def renewed(order: Order) -> list[str]:
    """Write the reports as the new baseline, and say what changed: it is the human's word, so nothing is asked.

    UsageError where the baseline is not one file, or the reports cannot be read or taken together; ContentError where a
    limited score is missing or not finite.
    """
    if len(order.baseline) != 1:
        raise UsageError(f"--update-baseline: found {len(order.baseline)} files to write, needed one --baseline")
    target = order.baseline[0]
    check_not_in_run("--baseline", target)
    new = side(order.reports, "the report")
    metrics = _metrics(order, new)
    said = [plain(f"{target}: {_counted(new)}"), *_changes(metrics, new, target)]
    try:
        documents = [report.to_dict() for report in new.reports]
        text = dump(documents[0] if len(documents) == 1 else documents)
    except (TypeError, ValueError) as reason:  # a NaN that no limit is on, or a foreign document
        raise ContentError(f"--update-baseline: the report cannot be written as one ({reason})") from reason
    write_text("--baseline", target, text + "\n")
    return said


def _metrics(order: Order, new: Side) -> list[str]:
    """The limited scores, or without limits those of any table; checked, as no gate could use a baseline without."""
    if found := new.differences():
        raise UsageError(f"--update-baseline: the reports differ among themselves: {'; '.join(found)}")
    check_metrics([one.metric for one in order.limits], new)
    metrics = list(dict.fromkeys(one.metric for one in order.limits))
    for metric in metrics:
        if problem := new.problem(metric):
            raise ContentError(f"--update-baseline: {metric} is {problem}; the baseline stays as it was")
    for one in order.limits:
        if one.percent and (value := new.measure(one.metric).value) <= 0:
            raise ContentError(f"--update-baseline: {one.flag} needs a {one.metric} above 0, found {value:.6g}")
    whole = [name for name in new.first.scores if not new.problem(name)]
    if not whole:
        raise ContentError(f"--update-baseline: {new.name} has no score; the baseline stays as it was")
    return metrics or [name for name in HEADLINES if name in whole] or whole


def _changes(metrics: Sequence[str], new: Side, target: Path) -> list[str]:
    """Old → new for each score; the old baseline may be absent or broken."""
    lines: list[str] = []
    old = None
    if target.exists():
        try:
            old = side(target, "the baseline")
        except UsageError as reason:
            lines.append(plain(f"the old one could not be read: {reason}"))
    for metric in metrics:
        before = "–" if old is None or old.problem(metric) else shown(old.measure(metric))
        heading = title(metric, new.first.protocol)
        lines.append(plain(f"{heading}: {before} → {shown(new.measure(metric))}"))
    return [f"  {line}" for line in lines]


def _counted(new: Side) -> str:
    return f"the new baseline, {new.first.samples.name}" + f" and {len(new.reports) - 1} more" * (len(new.reports) > 1)
