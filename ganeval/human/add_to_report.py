"""Adds the score `human_error_rate` to the JSON of a report; nothing else in the file changes."""

import json
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, UsageError
from ganeval.human.tally import Tally, per_cent
from ganeval.reports.report import Report, dump, load_reports
from ganeval.reports.run_folders import REPORTS, is_run, why_no_report
from ganeval.runtime.files import check_target, write_text

SCORE = "human_error_rate"


def score_of(tally: Tally) -> dict[str, Any]:
    """The score as reports hold it: higher is better, 0.5 is chance."""
    pooled, spread = tally.pooled, tally.spread
    return {
        "value": pooled.errors.value,
        "error": tally.error,
        "error_samples": tally.error,
        "better": "higher",
        "interval": list(pooled.errors.interval(tally.confidence)),
        "confidence": tally.confidence,
        "answers": pooled.errors.answers,
        "people": len(tally.people),
        **({} if spread is None else {"std_people": spread}),
        "fakes_as_real": pooled.fakes_as_real.value,
        "reals_as_fake": pooled.reals_as_fake.value,
        "median_ms": pooled.median,
        "seconds": tally.plan.seconds,
        "test": tally.plan.id,
        "real_pictures": tally.plan.reference.name,
    }


def add_to_report(path: Path, tally: Tally) -> list[str]:
    """Write the score into each report on the samples of the test; a line for each.

    Raises ContentError where no report is on these samples, UsageError where there is no report.
    """
    lines: list[str] = []
    others: list[str] = []
    for file in report_files(path):
        reports, count = load_reports(file), len(lines)
        document = json.loads(file.read_text(encoding="utf-8"))
        for report, part in zip(reports, document if isinstance(document, list) else [document], strict=True):
            if report.samples.fingerprint == tally.plan.samples.fingerprint:
                lines.append(_line(file, report, tally))
                part["scores"][SCORE] = score_of(tally)
            else:
                others.append(f"{report.samples.name} ({_short(report.samples.fingerprint)})")
        if len(lines) > count:
            _write(file, document)
    if not lines:
        samples = tally.plan.samples
        raise ContentError(
            f"--report {path}: is on {', '.join(others) or 'nothing'}, the answers are on {samples.name} "
            f"({_short(samples.fingerprint)}, {samples.count:,} images); needed a report on the same images: "
            "score them, or make the page with --limit N as `score -n N`"
        )
    return lines


def report_files(path: Path) -> list[Path]:
    """The report files of a run, two for a translation, or the file itself."""
    if not path.exists():
        raise UsageError(f"--report {path}: found no such file or folder, needed a run or a report file")
    if not path.is_dir():
        return [path]
    if is_run(path) and (line := why_no_report(path)):
        raise ContentError(line)
    files = [path / name for name in REPORTS if (path / name).is_file()]
    if not files:
        raise UsageError(f"--report {path}: found a folder without report.json, needed a run or a report file")
    return files


def _write(file: Path, document: Any) -> None:
    check_target("--report", file)
    try:
        text = dump(document) + "\n"
    except ValueError as reason:  # Python reads NaN
        raise ContentError(f"{file}: holds NaN or infinity ({reason}); the file was left unchanged") from reason
    write_text("--report", file, text)


def _line(file: Path, report: Report, tally: Tally) -> str:
    before = report.scores.get(SCORE)
    change = "" if before is None else f" (was {per_cent(before.value)})"
    real, reference = tally.plan.reference, report.reference
    note = f"; the real images were of {real.name}, the report's reference is {reference.name}"
    note = note if real.fingerprint != reference.fingerprint else ""
    return f"{file}: {report.samples.name}: {SCORE} {per_cent(tally.pooled.errors.value)}{change}{note}"


def _short(fingerprint: str | None) -> str:
    return "no fingerprint" if fingerprint is None else fingerprint.removeprefix("sha256:")[:8]
