"""Rows of a comparison: a run, or several seeds of one model; whether it is a yardstick; names that are distinct."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path

from ganeval.comparison.components import Components, components
from ganeval.reports.report import Report, Score
from ganeval.reports.run_folders import StoredReport

YARDSTICKS = {"real (train)": "real", "noise": "noise"}  # by the source of the samples, as `train-all` writes it
NAMED_SET = re.compile(r"([\w-]+)(?::(?:train|test))?")  # `digits` or `digits:train`: no path, and no module:function


@dataclass(frozen=True)
class Row:
    """One line of a table: a name, and its report, or one report for each seed of one model.

    `folders` are the run folders of the reports, None for a report that is a file by itself; empty where unknown.
    """

    name: str
    reports: tuple[Report, ...]
    folders: tuple[Path | None, ...] = field(default=(), kw_only=True)

    @classmethod
    def of(cls, name: str, stored: Sequence[StoredReport]) -> "Row":
        """A row of stored reports."""
        return cls(name, tuple(part.report for part in stored), folders=tuple(part.folder for part in stored))

    @property
    def stored(self) -> list[StoredReport]:
        """Its reports, each with the folder that it lies in."""
        folders = self.folders or (None,) * len(self.reports)
        return [StoredReport(report, folder) for report, folder in zip(self.reports, folders, strict=True)]

    @property
    def aliases(self) -> set[str]:
        """The names of its samples and of its run folders."""
        folders = {folder.name for folder in self.folders if folder is not None}
        return folders | {report.samples.name for report in self.reports}

    @property
    def report(self) -> Report:
        """The first of its reports: protocol, reference and counts are those of all."""
        return self.reports[0]

    @cached_property
    def yardstick(self) -> str | None:
        """`real` for real images (the reference's own data set, or `train-all`'s), `noise`, None for a contender."""
        samples, reference = self.report.samples.source, self.report.reference.source
        sets = NAMED_SET.fullmatch(samples), NAMED_SET.fullmatch(reference)
        same = sets[0] and sets[1] and sets[0][1] == sets[1][1]
        return "real" if same else YARDSTICKS.get(samples)

    def score(self, name: str) -> Score | None:
        """One report's score; of several seeds the mean, whose error is their standard deviation."""
        scores = self._scores(name)
        if not scores:
            return None
        return scores[0] if len(self.reports) == 1 else mean_score(scores)

    def standard_error(self, name: str) -> float | None:
        """The error from the samples, which is what differs between runs; of a mean over seeds, deviation / √seeds."""
        score = self.score(name)
        if score is None or score.error is None:
            return None
        if len(self.reports) > 1:
            return score.error / math.sqrt(self.seeds(name))
        return score.error if score.error_samples is None else score.error_samples

    def components(self, name: str) -> Components | None:
        """What of a score's variance over seeds is training; None for one seed, or for scores without errors."""
        scores = self._scores(name)
        errors = [score.error if score.error_samples is None else score.error_samples for score in scores]
        known = [error for error in errors if error is not None]
        if len(scores) < 2 or len(known) < len(scores):
            return None
        return components([[float(score.value)] for score in scores], known, self.report.samples.count)

    def seeds(self, name: str) -> int:
        """How many of its reports have a score."""
        return len(self._scores(name))

    def _scores(self, name: str) -> list[Score]:
        return [report.scores[name] for report in self.reports if name in report.scores]


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean of one score over seeds, with their standard deviation (ddof 1) for its error; None of one alone.

    >>> mean = mean_score([Score(1.0, "lower"), Score(2.0, "lower")])
    >>> mean.value, mean.error
    (1.5, 0.7071067811865476)
    """
    values = [float(score.value) for score in scores]
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)) if values[1:] else None
    return Score(mean, scores[0].better, spread, total=scores[0].total)


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The rows in their order, each with a name that no other has.

    >>> from pathlib import Path
    >>> dcgan = lambda folder: Row("dcgan", (), folders=(Path(folder),))
    >>> [row.name for row in distinct([dcgan("a/dcgan"), dcgan("b/dcgan"), Row("noise", ())])]
    ['a/dcgan', 'b/dcgan', 'noise']
    """
    namesakes: dict[str, list[Row]] = {}
    for row in rows:
        namesakes.setdefault(row.name, []).append(row)
    names = {id(row): name for same in namesakes.values() for row, name in zip(same, _by_folder(same), strict=True)}
    numbers = {name: count(2) for name in names.values()}
    result: dict[str, Row] = {}
    for row in rows:  # one with the name of an earlier one gets the next free number
        own = name = names[id(row)]
        while name in result:
            name = f"{own} ({next(numbers[own])})"
        result[name] = replace(row, name=name)
    return list(result.values())


def _by_folder(rows: Sequence[Row]) -> list[str]:
    """The names behind as much of their folders' paths as makes them distinct."""
    paths = [_above(row) for row in rows]
    kinds = len(set(paths))
    if kinds == 1:
        return [row.name for row in rows]
    lengths = range(1, max(map(len, paths)) + 1)
    enough = next(length for length in lengths if len({path[-length:] for path in paths}) == kinds)
    return ["/".join((*path[-enough:], row.name)) for path, row in zip(paths, rows, strict=True)]


def _above(row: Row) -> tuple[str, ...]:
    """The parts of the path to a row's folder, without the last where the row has its name."""
    folder = next(filter(None, row.folders), None)
    if folder is None:
        return ()
    own = row.name == folder.name or row.name.startswith(f"{folder.name} ")
    absolute = folder.absolute()
    return (absolute.parent if own else absolute).parts[1:]
