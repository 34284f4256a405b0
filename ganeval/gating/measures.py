"""What a gate measures: the reports of one model, one or several seeds, and a score of them with its error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganeval.comparison import mean_score
from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import Report, Score, is_number, load_reports
from ganeval.reports.run_folders import REPORTS, is_run, why_no_report
from ganeval.reports.score_names import cell


@dataclass(frozen=True)
class Measurement:
    """A score for a gate: a value, one standard error of it, and over how many seeds.

    `missing` says why there is no error, which then counts as 0.
    """

    value: float
    error: float
    better: str
    count: int = 1
    missing: str = ""

    @property
    def text(self) -> str:
        """The value ± its error, as tables have it, and over how many seeds it is the mean."""
        text = cell(Score(self.value, self.better, None if self.missing else self.error))
        return text + f" of {self.count} seeds" * (self.count > 1)


@dataclass(frozen=True)
class ModelReports:
    """Reports of one model, one for each seed, and what messages call them."""

    reports: tuple[Report, ...]
    name: str

    @property
    def first(self) -> Report:
        """Its protocol, reference and counts are those of all, where `reasons_not_comparable` gives none."""
        return self.reports[0]

    def disagreements(self) -> list[str]:
        """Why the reports are not comparable with one another; empty where they are."""
        return list(
            dict.fromkeys(line for other in self.reports[1:] for line in reasons_not_comparable(self.first, other))
        )

    def problem(self, metric: str) -> str:
        """Why a metric cannot be measured: it is missing, or not finite; empty where it can."""
        values = [report.scores[metric].value for report in self.reports if metric in report.scores]
        broken = [value for value in values if not is_number(value)]
        seeds = len(self.reports)
        if len(values) < seeds:
            return f"missing from {self.name}" + f" ({seeds - len(values)} of {seeds} seeds)" * (seeds > 1)
        return f"{broken[0]} in {self.name}" + f" ({len(broken)} of {seeds} seeds)" * (seeds > 1) if broken else ""

    def measure(self, metric: str) -> Measurement:
        """A score that has no `problem`: of one report with its sampling error, of several the mean over seeds.

        An error that is null or no number counts as 0: then nothing above a limit can pass for noise.
        """
        scores = [report.scores[metric] for report in self.reports]
        if len(scores) > 1:
            mean = mean_score(scores)
            return Measurement(mean.value, (mean.error or 0.0) / math.sqrt(len(scores)), mean.better, len(scores))
        score = scores[0]
        error = score.error if score.error_samples is None else score.error_samples
        if error is None or not is_number(error) or error < 0:
            missing = f"{metric} has no error bar in {self.name}"
            return Measurement(float(score.value), 0.0, score.better, missing=missing)
        return Measurement(float(score.value), float(error), score.better)


def read_model(sources: Report | str | Path | Sequence[Report | str | Path], name: str) -> ModelReports:
    """The reports of one model: reports, files of one or several, run folders. UsageError for anything else.

    >>> read_model("lost.json", "the baseline")
    Traceback (most recent call last):
    ganeval.errors.UsageError: lost.json: no such file; needed a report, or a run folder
    """
    parts = [sources] if isinstance(sources, Report | str | Path) else list(sources)
    reports = [report for part in parts for report in ([part] if isinstance(part, Report) else _read(Path(part)))]
    if not reports:
        raise UsageError(f"{name}: found no report, needed at least one")
    for number, report in enumerate(reports):  # the same images taken for two seeds would halve the spread
        mark = report.samples.fingerprint
        if mark is not None and mark in [other.samples.fingerprint for other in reports[:number]]:
            raise UsageError(f"{name}: found the same images twice, of {report.samples.name}; needed different seeds")
    return ModelReports(tuple(reports), name)


def _read(path: Path) -> list[Report]:
    """A lost or broken file says nothing about the model: it is never a regression, so never a ContentError."""
    try:
        if not path.exists():
            raise UsageError(f"{path}: no such file; needed a report, or a run folder")
        if path.is_dir() and not (path / REPORTS[0]).is_file():
            line = why_no_report(path) if is_run(path) else None
            raise UsageError(line or f"{path}: found no report.json in it, needed a report, or a run folder")
        return load_reports(path)
    except ContentError as reason:
        raise UsageError(str(reason)) from reason
    except OSError as reason:
        raise UsageError(f"{path}: cannot be read ({reason.strerror}); needed a report") from reason
