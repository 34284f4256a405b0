"""The command `gate` behind its options: options and limits file as one, the outcome shown, a new baseline written."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.errors import ContentError, UsageError, plain
from ganeval.gating.limits import GateOptions, Limit, parse_limits, read_limits_file
from ganeval.gating.measures import ModelReports, read_model
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate
from ganeval.gating.proving import CAUGHT, FAILED, MISSED, NOT_POSSIBLE, PASSED, Proof
from ganeval.gating.rule import check_metrics
from ganeval.reports.report import dump
from ganeval.reports.run_folders import check_no_report, check_not_in_run
from ganeval.reports.score_names import title
from ganeval.reports.scores import HEADLINES
from ganeval.runtime.files import write_text

STYLES = {HELD: "green", REGRESSED: "bold red", INCONCLUSIVE: "yellow", NOT_COMPARABLE: "bold magenta"}
RESULT_STYLES = {PASSED: "green", CAUGHT: "green", FAILED: "bold red", MISSED: "bold red", NOT_POSSIBLE: "yellow"}


def gate_options(
    flags: Mapping[str, Sequence[str]],
    *,
    limits_file: Path | None = None,
    baseline: tuple[Path, ...] = (),
    confidence: float | None = None,
    inconclusive: str | None = None,
    junit: Path | None = None,
) -> GateOptions:
    """The options over the file's entries; UsageError where any is malformed, or the JUnit file cannot be written.

    >>> gate_options({"max": ["fid=25"]}).limits[0].flag
    '--max fid=25'
    """
    defaults = GateOptions() if limits_file is None else read_limits_file(limits_file)
    if limits_file is not None and os.path.realpath(limits_file) in map(os.path.realpath, baseline):
        raise UsageError(f"--baseline {limits_file}: found the file of --limits, needed another one")
    options = GateOptions(
        defaults.with_flags(limit for kind, texts in flags.items() for limit in parse_limits(kind, texts)),
        baseline or defaults.baseline,
        defaults.confidence if confidence is None else confidence,
        defaults.inconclusive if inconclusive is None else inconclusive,
    )
    if junit is not None:
        check_no_report("--junit", junit)
    return options


def gate_view(gate: Gate, inconclusive: str) -> RenderableType:
    """A line for each limit, then the verdict."""
    rows = [(Text(judgement.outcome, STYLES[judgement.outcome]), judgement.sentence) for judgement in gate.judgements]
    return _outcomes(rows, gate.verdict(inconclusive), STYLES[gate.outcome])


def proof_view(gate: Gate, proof: Proof) -> RenderableType:
    """A line for each trial, the smallest regression for each limit, then the verdict."""
    rows = [(Text(trial.result, RESULT_STYLES[trial.result]), trial.sentence) for trial in proof.trials]
    powers = [(Text("power"), sentence) for sentence in gate.sensitivities]
    return _outcomes([*rows, *powers], proof.verdict, "bold red" if proof.exit_code else "green")


def _outcomes(rows: Sequence[tuple[Text, str]], verdict: str, style: str) -> RenderableType:
    """Outcomes beside their sentences, and below them a verdict, `name: text`."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for outcome, sentence in rows:
        table.add_row(outcome, Text(sentence))
    name, _, text = verdict.partition(": ")
    table.add_row(Text(name, "bold"), Text(text, style))
    return table


def update_baseline(reports: Sequence[Path], options: GateOptions) -> list[str]:
    """Write the reports as the new baseline, without any judgement, and list what changed.

    UsageError where the baseline is not one file, or the reports cannot be read or taken together; ContentError where a
    limited score is missing or not finite.
    """
    if len(options.baseline) != 1:
        raise UsageError(f"--update-baseline: found {len(options.baseline)} files to write, needed one --baseline")
    target = options.baseline[0]
    check_not_in_run("--baseline", target)
    new = read_model(reports, "the report")
    metrics = _baseline_metrics(options.limits, new)
    more = f" and {len(new.reports) - 1} more" * (len(new.reports) > 1)
    lines = [plain(f"{target}: the new baseline, {new.first.samples.name}{more}"), *_changes(metrics, new, target)]
    try:
        documents = [report.to_dict() for report in new.reports]
        text = dump(documents[0] if len(documents) == 1 else documents)
    except (TypeError, ValueError) as reason:  # a NaN that no limit is on, or a foreign document
        raise ContentError(f"--update-baseline: the report cannot be written as one ({reason})") from reason
    write_text("--baseline", target, text + "\n")
    return lines


def _baseline_metrics(limits: Sequence[Limit], new: ModelReports) -> list[str]:
    """The limited scores, or without limits those of any table; checked, as no gate could use a baseline without."""
    if disagreements := new.disagreements():
        raise UsageError(f"--update-baseline: the reports differ among themselves: {'; '.join(disagreements)}")
    metrics = list(dict.fromkeys(limit.metric for limit in limits))
    check_metrics(metrics, new)
    for metric in metrics:
        if problem := new.problem(metric):
            raise ContentError(f"--update-baseline: {metric} is {problem}; the baseline stays as it was")
    for limit in limits:
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
        before = "–" if old is None or old.problem(metric) else old.measure(metric).text
        lines.append(f"{title(metric, new.first.protocol)}: {before} → {new.measure(metric).text}")
    return [f"  {plain(line)}" for line in lines]
