"""The score `human_error_rate` in a report: added to the JSON as it is, so that nothing else in the file changes."""

import json
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.human.plan import Plan
from ganeval.human.tally import Tally
from ganeval.reports.report import Report, dump
from ganeval.reports.run_folders import REPORTS, is_run, why_no_report
from ganeval.runtime.files import check_target, write_text

SCORE = "human_error_rate"


def score_of(found: Tally) -> dict[str, Any]:
    """The score as reports have it: higher is better, 0.5 is chance."""
    pooled, spread = found.pooled, found.spread
    return {
        "value": pooled.errors.value,
        "error": found.error,
        "error_samples": found.error,
        "better": "higher",
        "interval": list(pooled.errors.interval(found.confidence)),
        "confidence": found.confidence,
        "answers": pooled.errors.answers,
        "people": len(found.people),
        **({} if spread is None else {"std_people": spread}),
        "fakes_as_real": pooled.fakes_as_real.value,
        "reals_as_fake": pooled.reals_as_fake.value,
        "median_ms": pooled.median,
        "seconds": found.plan.seconds,
        "test": found.plan.id,
        "real_pictures": found.plan.reference.name,
    }


def add_to_report(given: Path, found: Tally) -> list[str]:
    """Write the score into the report, or each of a list, that is on the samples of the test; a line for each.

    Raises ContentError where no report is on these samples, UsageError where there is none.
    """
    lines: list[str] = []
    others: list[str] = []
    for file in report_files(given):
        document = _read(file)
        written: list[str] = []
        for one in document if isinstance(document, list) else [document]:
            report = Report.from_dict(one, str(file))
            if report.samples.fingerprint == found.plan.samples.fingerprint:
                written.append(_said(file, report, found))
                one["scores"][SCORE] = score_of(found)
            else:
                others.append(f"{report.samples.name} ({_short(report.samples.fingerprint)})")
        if written:
            _write(file, document)
            lines += written
    if not lines:
        raise ContentError(_mismatch(given, found.plan, others))
    return lines


def report_files(given: Path) -> list[Path]:
    """The files that hold a run's reports, CycleGAN's both, or the one that is given."""
    if not given.exists():
        raise UsageError(f"--report {given}: found no file or folder there, needed a run or a report file")
    if not given.is_dir():
        return [given]
    if is_run(given) and (line := why_no_report(given)):
        raise ContentError(line)
    files = [given / name for name in REPORTS if (given / name).is_file()]
    if not files:
        raise UsageError(f"--report {given}: found a folder without report.json, needed a run or a report file")
    return files


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as reason:
        raise ContentError(f"{file}: cannot be read ({reason.strerror}); needed a report.json") from reason
    except (ValueError, RecursionError) as reason:
        raise ContentError(f"{file}: found no JSON ({reason}); needed a ganeval report") from reason


def _write(file: Path, document: Any) -> None:
    check_target("--report", file)
    try:
        text = dump(document) + "\n"
    except ValueError as reason:  # NaN, which Python reads but no report may hold
        raise ContentError(f"{file}: holds a number that is none ({reason}); it was left as it is") from reason
    write_text("--report", file, text)


def _said(file: Path, report: Report, found: Tally) -> str:
    before = report.scores.get(SCORE)
    was = "" if before is None else f" (was {before.value:.1%})".replace("%", " %")
    value = f"{found.pooled.errors.value:.1%}".replace("%", " %")
    other = found.plan.reference.fingerprint != report.reference.fingerprint
    note = f"; real pictures were of {found.plan.reference.name}, the report's reference is {report.reference.name}"
    return f"{file}: {report.samples.name}: {SCORE} {value}{was}{note * other}"


def _mismatch(given: Path, plan: Plan, others: list[str]) -> str:
    asked = f"{plan.samples.name} ({_short(plan.samples.fingerprint)}, {plan.samples.count:,} pictures)"
    return (
        f"--report {given}: is on {', '.join(others) or 'nothing'}, the answers are on {asked}; "
        "needed a report on the same pictures: score them, or make the page with --limit N as `score -n N`"
    )


def _short(fingerprint: str | None) -> str:
    return "no fingerprint" if fingerprint is None else fingerprint.removeprefix("sha256:")[:8]
