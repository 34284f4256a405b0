"""Runs side by side: rows that may be compared in one group, best, rank, and differences with their error. No torch.

What the numbers stand against (`yardstick`) and the seeds of one model (`--group`) are told from the reports alone.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ganeval.comparable import differences
from ganeval.errors import UsageError, unknown
from ganeval.headings import HEADLINES
from ganeval.report import Report, Score, load_reports

OUTSIDE = 1.96  # standard errors from which a difference is marked: 95 %, two-sided
YARDSTICKS = {"real (train)": "real", "noise": "noise"}  # by the samples' source, as `train-all` writes it
SEEDED = re.compile(r"[-_ ]?(?:s|seed)[-_ ]?\d+$")


@dataclass(frozen=True)
class Delta:
    """How far a score is from the baseline's: `value`, its standard error where known, whether it is outside it."""

    value: float
    error: float | None
    outside: bool


@dataclass(frozen=True)
class Row:
    """One line of a table: a name, and the report behind it, or one for each seed of one model."""

    name: str
    reports: tuple[Report, ...]

    @property
    def report(self) -> Report:
        """The first of its reports: protocol, reference and counts are those of all."""
        return self.reports[0]

    @property
    def yardstick(self) -> str | None:
        """`real` for held-out real pictures, `noise`, and None for what is to be judged."""
        return YARDSTICKS.get(self.report.samples.source)

    def score(self, name: str) -> Score | None:
        """One report's score; of several seeds the mean, whose error is their standard deviation."""
        found = [report.scores[name] for report in self.reports if name in report.scores]
        if not found or not all(math.isfinite(score.value) for score in found):
            return None
        return found[0] if len(self.reports) == 1 else mean_score(found)

    def standard_error(self, name: str) -> float | None:
        """Of the value on the samples' side, which is what differs between runs: of a mean, deviation / √seeds."""
        score = self.score(name)
        if score is None or len(self.reports) == 1:
            return None if score is None else score.error if score.error_samples is None else score.error_samples
        count = sum(name in report.scores for report in self.reports)
        return None if score.error is None else score.error / math.sqrt(count)


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


@dataclass(frozen=True)
class Group:
    """Rows that may be compared, sorted; `differs` says why not with the first group's (empty for that one)."""

    rows: tuple[Row, ...]
    sort: str
    baseline: Row | None = None
    differs: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The scores that any row has: headlines first, then the others as the reports have them."""
        have = dict.fromkeys(name for row in self.rows for report in row.reports for name in report.scores)
        return (*[name for name in HEADLINES if name in have], *[name for name in have if name not in HEADLINES])

    def best(self, name: str) -> tuple[Row, ...]:
        """The rows with the best value of a score, ties and all; yardsticks do not compete."""
        found = [(row, score) for row in self.judged if (score := row.score(name))]
        if not found:
            return ()
        choose = min if found[0][1].better == "lower" else max
        top = choose(score.value for _, score in found)
        return tuple(row for row, score in found if score.value == top)

    @property
    def judged(self) -> tuple[Row, ...]:
        """The rows that are no yardsticks."""
        return tuple(row for row in self.rows if row.yardstick is None)

    def rank(self, row: Row, name: str | None = None) -> int | None:
        """A row's place by a score (that of sorting), 1 for the best, equal for equals; None where it has none."""
        mine = row.score(name or self.sort)
        if mine is None or row.yardstick is not None:
            return None
        others = [score.value for one in self.judged if (score := one.score(name or self.sort))]
        return 1 + sum(_is_better(value, mine.value, mine.better) for value in others)

    def delta(self, row: Row, name: str) -> Delta | None:
        """A row's score less the baseline's; None for the baseline itself, and where either lacks it."""
        if self.baseline is None or row is self.baseline:
            return None
        mine, theirs = row.score(name), self.baseline.score(name)
        if mine is None or theirs is None:
            return None
        errors = [row.standard_error(name), self.baseline.standard_error(name)]
        known = [error for error in errors if error is not None]
        error = math.hypot(*known) if known else None
        value = mine.value - theirs.value
        return Delta(value, error, error is not None and abs(value) > OUTSIDE * error)


@dataclass(frozen=True)
class Comparison:
    """What `compare` found: groups that may not be compared with one another, the largest first."""

    groups: tuple[Group, ...]

    @property
    def grouped(self) -> bool:
        """Whether a row stands for several seeds."""
        return any(len(row.reports) > 1 for group in self.groups for row in group.rows)


def compare(
    reports: Sequence[Report | str | Path],
    *,
    sort: str = "fid",
    group: bool = False,
    baseline: str | Path | Report | None = None,
) -> Comparison:
    """Reports (or the files and run folders that hold them) side by side, best first by `sort`.

    What differs in protocol, weights, reference or counts is in a group of its own. `group` collapses seeds of one
    model to mean ± standard deviation. `baseline`, one of the reports or another one, gives each row a `delta`.
    Raises UsageError for a name that no report has, ContentError for a file that is no report.

    >>> from ganeval.report import ImageSet, Protocol
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> real = ImageSet("real", "real/", 500)
    >>> def scored(name, fid):
    ...     return Report("0.1.0", "", ImageSet(name, name, 500), real, how, {"fid": Score(fid, "lower", 0.1)})
    >>> group = compare([scored("a", 2.0), scored("b", 1.0)], baseline="a").groups[0]
    >>> [(row.name, group.rank(row)) for row in group.rows], group.delta(group.rows[0], "fid").outside
    ([('b', 1), ('a', 2)], True)
    """
    known = [one for given in reports for one in ([given] if isinstance(given, Report) else load_reports(given))]
    if not known:
        raise UsageError("compare: found no reports, needed one at least")
    scores = list(dict.fromkeys(name for report in known for name in report.scores))
    if sort != "name" and sort not in scores:
        raise unknown("score to sort by", sort, ["name", *scores])
    chosen = None if baseline is None else _baseline(baseline, known)
    if chosen is not None and all(chosen is not one for one in known):
        known = [chosen, *known]
    sets = sorted(_alike(known), key=lambda some: -sum(_is_judged(one) for one in some))
    return Comparison(tuple(_group(some, sets[0][0], sort, group, chosen) for some in sets))


def _alike(reports: Sequence[Report]) -> list[list[Report]]:
    """The reports by what may be compared, in the order in which each kind comes first."""
    found: list[list[Report]] = []
    for report in reports:
        home = next((some for some in found if not differences(some[0], report)), None)
        if home is None:
            found.append([report])
        else:
            home.append(report)
    return found


def _group(reports: Sequence[Report], first: Report, sort: str, group: bool, baseline: Report | None) -> Group:
    rows = _by_seed(reports, baseline) if group else [Row(report.samples.name, (report,)) for report in reports]
    rows = sorted(_distinct(rows), key=lambda row: _place(row, sort))
    of_baseline = next((row for row in rows if any(one is baseline for one in row.reports)), None)
    return Group(tuple(rows), sort, of_baseline, tuple(differences(reports[0], first)))


def _place(row: Row, sort: str) -> tuple[int, float, str]:
    """Real data first and noise last, between them the best first; what lacks the score goes below."""
    outer = {"real": 0, None: 1, "noise": 3}[row.yardstick]
    score = None if sort == "name" else row.score(sort)
    if sort == "name":
        return outer, 0.0, row.name
    if score is None:
        return max(outer, 2), math.inf, row.name
    return outer, score.value if score.better == "lower" else -score.value, row.name


def _by_seed(reports: Sequence[Report], baseline: Report | None) -> list[Row]:
    """One row for each kind of run; the same pictures given twice are one seed, not two."""
    kinds: dict[str, list[Report]] = {}
    for report in reports:
        kinds.setdefault(kind_of(report), []).append(report)
    return [Row(_kind_name(some), tuple(_once(some, baseline))) for some in kinds.values()]


def _once(reports: Iterable[Report], baseline: Report | None) -> list[Report]:
    found: dict[object, Report] = {}
    for report in reports:
        key = report.samples.fingerprint or id(report)
        if key not in found or report is baseline:
            found[key] = report
    return list(found.values())


def kind_of(report: Report) -> str:
    """What the seeds of one model share: its configuration but for the seed, else its name without a seed's number.

    >>> from ganeval.report import ImageSet, Protocol
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> kind_of(Report("0.1.0", "", ImageSet("mine-seed3", "", 1), ImageSet("real", "", 1), how, {}))
    'mine'
    """
    training = _training(report)
    if training is None:
        return SEEDED.sub("", report.samples.name) or report.samples.name
    config = {key: value for key, value in training["config"].items() if key != "seed"}
    direction = report.samples.name.rpartition(" ")[2] if "→" in report.samples.name else ""
    return json.dumps([training.get("data"), training.get("count"), direction, config], sort_keys=True)


def _training(report: Report) -> Mapping[str, Any] | None:
    training = report.more.get("training")
    return training if isinstance(training, Mapping) and isinstance(training.get("config"), Mapping) else None


def _kind_name(reports: Sequence[Report]) -> str:
    """What a row of seeds is called: the names without the seed's number where that leaves one name, else the first."""
    if len(reports) == 1:
        return reports[0].samples.name
    bare = dict.fromkeys(_without_seed(report.samples.name) for report in reports)
    return next(iter(bare)) if len(bare) == 1 else reports[0].samples.name


def _without_seed(name: str) -> str:
    """`digits-cyclegan-s0 digit→outline` is `digits-cyclegan digit→outline`."""
    head, space, arrow = name.partition(" ") if "→" in name else (name, "", "")
    return (SEEDED.sub("", head) or head) + space + arrow


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Rows of one name are numbered: nobody can tell them apart otherwise."""
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        seen[row.name] = seen.get(row.name, 0) + 1
        found.append(row if seen[row.name] == 1 else replace(row, name=f"{row.name} ({seen[row.name]})"))
    return found


def _baseline(given: str | Path | Report, reports: Sequence[Report]) -> Report:
    """The report that is meant: one of those compared, by name or by where it is, or another one."""
    if isinstance(given, Report):
        return given
    named = [one for one in reports if one.samples.name == str(given)]
    if len(named) == 1:
        return named[0]
    if not Path(given).exists():
        raise unknown("baseline", str(given), dict.fromkeys(one.samples.name for one in reports))
    found = load_reports(given)
    if len(found) != 1:
        raise UsageError(f"--baseline {given}: found {len(found)} reports, needed one")
    return next((one for one in reports if one == found[0]), found[0])


def _is_judged(report: Report) -> bool:
    return report.samples.source not in YARDSTICKS


def _is_better(one: float, other: float, better: str) -> bool:
    return one < other if better == "lower" else one > other
