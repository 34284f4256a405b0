"""`compare`: a comparison of reports, files, run folders and folders of runs; and the rule of what is comparable."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ganeval.comparison.groups import Comparison, ComparisonGroup, names_of, sorted_rows
from ganeval.comparison.rows import Row, distinct
from ganeval.comparison.seeds import rows_of_seeds
from ganeval.errors import GanevalWarning, UsageError, unknown
from ganeval.reports.report import Protocol, Report, Score, is_number
from ganeval.reports.run_folders import StoredReport, find_reports
from ganeval.reports.scores import METRICS, TITLES

ReportSource = Report | StoredReport | str | Path
FREE_OF_K = {name for family in METRICS.values() if "overlap" not in family.needs for name in family.scores}


def compare(
    reports: Sequence[ReportSource] | ReportSource,
    *,
    sort: str | None = None,
    group: bool = False,
    baseline: ReportSource | None = None,
) -> Comparison:
    """Runs side by side, the best first: groups of comparable rows, each with `best`, `rank` and `delta`.

    `reports` are reports, report files, run folders or folders of runs. Reports that differ in protocol, weights,
    reference or counts are in groups of their own, which say how. `sort` is the name of a score (default: FID, or the
    first headline) or "name". `group` makes one row of all seeds of a model: mean ± standard deviation. `baseline`, a
    row's name, a path or a report, among those compared or not, gives each row of its group a `delta`.

    Raises UsageError for an unknown name or path, ContentError for a file without a report. An unfinished run in a
    folder and a value that is not finite are left out with a GanevalWarning.

    >>> from ganeval.reports.report import ImageSet, Protocol
    >>> protocol = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> real = ImageSet("real", "real/", 500)
    >>> def scored(name, fid):
    ...     return Report("0.1.0", "", ImageSet(name, name, 500), real, protocol, {"fid": Score(fid, "lower", 0.1)})
    >>> group = compare([scored("a", 2.0), scored("b", 1.0)], baseline="a").groups[0]
    >>> [(row.name, group.rank(row)) for row in group.rows], group.delta(group.rows[0], "fid").outside
    ([('b', 1), ('a', 2)], True)
    """
    stored = _stored([reports] if isinstance(reports, ReportSource) else reports)
    if not stored:
        raise UsageError("compare: found no reports, needed at least one")
    names = dict.fromkeys(name for part in stored for name in part.report.scores)
    if sort not in (None, "name", *names):
        raise unknown("score to sort by", str(sort), ["name", *names], TITLES)
    groups = _comparable(stored, group)
    bases = [] if baseline is None else _baseline_rows(baseline, groups)
    if baseline is not None and not bases:  # it joins those that are compared
        others = _stored([baseline])
        groups = _comparable([*others, *stored], group)
        bases = _rows_with(others, groups)
    return _comparison(groups, sort, bases)


def _stored(sources: Sequence[ReportSource]) -> list[StoredReport]:
    """All reports of some sources, without values that are not finite."""
    stored: list[StoredReport] = []
    for source in sources:
        if isinstance(source, str | Path):
            reports, omissions = find_reports([Path(source)])
            for line in omissions:
                warnings.warn(line, GanevalWarning, stacklevel=3)
            stored += reports
        else:
            stored.append(StoredReport(source, None) if isinstance(source, Report) else source)
    return [_finite(part) for part in stored]


def _finite(stored: StoredReport) -> StoredReport:
    """A report without its values that are not finite, each with a warning: NaN is no score, and never the best."""
    report = stored.report
    scores: dict[str, Score] = {}
    for name, score in report.scores.items():
        numbers = {"value": score.value, "error": score.error, "error_samples": score.error_samples}
        for field, number in numbers.items():
            if number is not None and not is_number(number):
                line = f"{report.samples.name}: the {field} of {name} is {number}, which is no number: left out"
                warnings.warn(line, GanevalWarning, stacklevel=4)
                numbers[field] = None
        if numbers["value"] is not None:
            scores[name] = replace(score, error=numbers["error"], error_samples=numbers["error_samples"])
    return stored if scores == report.scores else replace(stored, report=replace(report, scores=scores))


def _comparable(stored: Sequence[StoredReport], group: bool) -> list[list[Row]]:
    """Rows that are comparable with one another, in the order in which each kind comes first."""
    kinds: list[list[StoredReport]] = []
    alike: dict[object, list[list[StoredReport]]] = {}  # of equal sets: what differs among these is the protocol
    names = {name for part in stored for name in part.report.scores}
    for part in stored:
        near = alike.setdefault(_sets(part.report), [])
        kind = next((kind for kind in near if not reasons_not_comparable(kind[0].report, part.report, names)), None)
        if kind is None:
            kind = []
            near.append(kind)
            kinds.append(kind)
        kind.append(part)
    return [
        distinct(rows_of_seeds(kind) if group else [Row.of(part.report.samples.name, [part]) for part in kind])
        for kind in kinds
    ]


def _sets(report: Report) -> tuple[str, int | None, int | None]:
    """What comparable reports share of their sets: the reference, and both counts."""
    mark = report.reference.fingerprint or report.reference.name  # in reports of early versions the name decides
    return mark, report.reference.count, report.samples.count


def _baseline_rows(baseline: ReportSource, groups: Sequence[Sequence[Row]]) -> list[Row]:
    """The rows of a baseline, at most one in a group: a translation is one run and two rows. None where it is another.

    A row's name comes before the names of its samples and folders, and these before a path.
    """
    chosen: list[Row] = []
    if isinstance(baseline, str | Path):
        rows, name = [row for group in groups for row in group], str(baseline)
        chosen = [row for row in rows if row.name == name] or [row for row in rows if name in row.aliases]
        if not chosen and not Path(baseline).exists():
            raise unknown("baseline", name, dict.fromkeys(row.name for row in rows))
    chosen = chosen or _rows_with(_stored([baseline]), groups)
    for group in groups:
        names = [row.name for row in group if row in chosen]
        if len(names) > 1:
            raise UsageError(f"baseline {name}: found {len(names)} rows of this name ({', '.join(names)}), needed one")
    return chosen


def _rows_with(stored: Sequence[StoredReport], groups: Sequence[Sequence[Row]]) -> list[Row]:
    """The rows that reports are in; none where they are not compared."""
    rows = [row for group in groups for row in group]
    return [row for part in stored for row in [row for row in rows if part.report in row.reports][:1]]


def _comparison(groups: Sequence[Sequence[Row]], sort: str | None, bases: Sequence[Row]) -> Comparison:
    """The baseline's group first, then the largest; rows and groups keep their order where nothing sets them apart."""
    pairs = [(rows, next((row for row in rows if row in bases), None)) for rows in groups]
    pairs.sort(key=lambda pair: (pair[1] is None, -sum(not row.yardstick for row in pair[0])))
    first = pairs[0][0][0].report
    names = {name for rows in groups for name in names_of(rows)}
    result = []
    for rows, baseline in pairs:
        by = sort or next(iter(names_of(rows)), "name")
        differs = tuple(reasons_not_comparable(rows[0].report, first, names))
        result.append(ComparisonGroup(sorted_rows(rows, by), by, baseline, differs))
    return Comparison(tuple(result))


def reasons_not_comparable(one: Report, other: Report, names: Iterable[str] | None = None) -> list[str]:
    """Why two reports are not comparable, each as `what: the first's, not the second's`; empty where they are.

    The seed of a training and the names of the samples do not count, nor does k where no score that is compared depends
    on it: `names`, else those of both. An extractor's own keys in a protocol count as the known ones do.

    >>> from ganeval.reports.report import ImageSet
    >>> protocol = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> report = Report("0.1.0", "", ImageSet("a", "a/", 500), ImageSet("real", "real/", 500), protocol, {})
    >>> fewer = Report("0.1.0", "", ImageSet("b", "b/", 400), ImageSet("real", "real/", 500), protocol, {})
    >>> reasons_not_comparable(report, fewer)
    ['number of samples: 500, not 400']
    """
    free_of_k = FREE_OF_K.issuperset([*one.scores, *other.scores] if names is None else names)
    mine, theirs = _settings(one.protocol, free_of_k), _settings(other.protocol, free_of_k)
    lines = [
        f"{key}: {_short(mine.get(key))}, not {_short(theirs.get(key))}"
        for key in dict.fromkeys([*mine, *theirs])
        if mine.get(key) != theirs.get(key)
    ]
    (mark, *_), (other_mark, *_) = _sets(one), _sets(other)
    if mark != other_mark:
        lines.append(f"reference: {_reference(one)}, not {_reference(other)}")
    elif one.reference.count != other.reference.count:
        lines.append(f"number of reference images: {_count(one.reference.count)}, not {_count(other.reference.count)}")
    if one.samples.count != other.samples.count:
        lines.append(f"number of samples: {_count(one.samples.count)}, not {_count(other.samples.count)}")
    return lines


def _settings(protocol: Protocol, free_of_k: bool) -> dict[str, object]:
    document = asdict(protocol)
    more = document.pop("more")
    document.pop("precision_effect")  # measured, not chosen
    settings = {"protocol": document.pop("name"), **document, **more}
    return {key.replace("_", " "): value for key, value in settings.items() if not (free_of_k and key.startswith("k_"))}


def _reference(report: Report) -> str:
    mark = report.reference.fingerprint
    return report.reference.name + (f" ({mark.removeprefix('sha256:')[:8]})" if mark else "")


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 else text  # a sha256


def _count(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"
