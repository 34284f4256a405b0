"""The two sides of a gate: one report each, or several seeds of one model, measured as one. Needs no torch."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganeval.comparison import mean_score
from ganeval.comparison.comparing import differences
from ganeval.errors import ContentError, UsageError
from ganeval.reports.report import Report, Score, is_number, load_reports
from ganeval.reports.run_folders import REPORTS, is_run, why_no_report


@dataclass(frozen=True)
class Measure:
    """A score as a gate takes it: a value, one standard error of it, and from how many seeds.

    `missing`: why there is no error, which then counts as 0.
    """

    value: float
    error: float
    better: str
    count: int = 1
    missing: str = ""


@dataclass(frozen=True)
class Side:
    """Reports that stand for one model, and what messages call them."""

    reports: tuple[Report, ...]
    name: str

    @property
    def first(self) -> Report:
        """Its protocol, reference and counts are those of all, where `differences` finds nothing."""
        return self.reports[0]

    def differences(self) -> list[str]:
        """What keeps the reports from being taken together; empty where nothing."""
        found = [line for other in self.reports[1:] for line in differences(self.first, other)]
        return list(dict.fromkeys(found))

    def problem(self, metric: str) -> str:
        """Why a metric cannot be measured: it is missing, or not finite; empty where it can."""
        lacking = [one for one in self.reports if metric not in one.scores]
        if lacking:
            return f"missing from {self._some(len(lacking))}"
        values = [one.scores[metric].value for one in self.reports]
        broken = [value for value in values if not is_number(value)]
        return f"{broken[0]} in {self._some(len(broken))}" if broken else ""

    def measure(self, metric: str) -> Measure:
        """A score that has no `problem`: of one report with its sampling error, of several the mean over seeds."""
        scores = [one.scores[metric] for one in self.reports]
        if len(scores) == 1:
            return _single(scores[0], f"{metric} has no error bar in {self.name}")
        mean = mean_score(scores)
        return Measure(mean.value, (mean.error or 0.0) / math.sqrt(len(scores)), mean.better, len(scores))

    def _some(self, count: int) -> str:
        return self.name + f" ({count} of {len(self.reports)} seeds)" * (len(self.reports) > 1)


def side(given: Report | str | Path | Sequence[Report | str | Path], name: str) -> Side:
    """The reports that are meant: reports, files of one or several, run folders. UsageError for what is none of these.

    >>> side("lost.json", "the baseline")
    Traceback (most recent call last):
    ganeval.errors.UsageError: lost.json: no such file; needed a report, or a run folder
    """
    parts = [given] if isinstance(given, Report | str | Path) else list(given)
    reports = [one for part in parts for one in ([part] if isinstance(part, Report) else _read(Path(part)))]
    if not reports:
        raise UsageError(f"{name}: found no report, needed one at least")
    _check_distinct(reports, name)
    return Side(tuple(reports), name)


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


def _check_distinct(reports: Iterable[Report], name: str) -> None:
    """The same pictures given twice are one seed: taken for two they would halve the spread."""
    seen: set[str] = set()
    for report in reports:
        mark = report.samples.fingerprint
        if mark is not None and mark in seen:
            raise UsageError(f"{name}: {report.samples.name} is there twice, the same pictures; needed different seeds")
        seen |= {mark} if mark is not None else set()


def _single(score: Score, missing: str) -> Measure:
    """With an error that is null or no number counted as 0: nothing above a limit can then pass for noise."""
    found = score.error if score.error_samples is None else score.error_samples
    error = float(found) if found is not None and is_number(found) and found >= 0 else None
    return Measure(float(score.value), error or 0.0, score.better, missing=missing if error is None else "")
