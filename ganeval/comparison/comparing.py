"""`compare`: reports, files, run folders and folders of runs made into a comparison."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ganeval.comparison.groups import Comparison, Group, names_of, sorted_rows
from ganeval.comparison.rows import Row, distinct
from ganeval.comparison.seeds import rows_by_kind
from ganeval.errors import GanevalWarning, UsageError, unknown
from ganeval.reports.report import Protocol, Report, Score, is_number
from ganeval.reports.run_folders import StoredReport, find_reports
from ganeval.reports.scores import TITLES


def differences(one: Report, other: Report) -> list[str]:
    """What keeps two reports from being compared, each as `what: the first's, not the second's`; empty where nothing.

    The seed of a training is no part of it, nor what the samples are called. An extractor's own keys in a protocol
    count as the known ones do.

    >>> from ganeval.reports.report import ImageSet
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> report = Report("0.1.0", "", ImageSet("a", "a/", 500), ImageSet("real", "real/", 500), how, {})
    >>> fewer = Report("0.1.0", "", ImageSet("b", "b/", 400), ImageSet("real", "real/", 500), how, {})
    >>> differences(report, fewer)
    ['number of samples: 500, not 400']
    """
    found = _protocols(one.protocol, other.protocol)
    if one.reference.fingerprint != other.reference.fingerprint or _only_names(one, other):
        found.append(f"reference: {_reference(one)}, not {_reference(other)}")
    elif one.reference.count != other.reference.count:
        found.append(f"number of reference images: {_count(one.reference.count)}, not {_count(other.reference.count)}")
    if one.samples.count != other.samples.count:
        found.append(f"number of samples: {_count(one.samples.count)}, not {_count(other.samples.count)}")
    return found


def _protocols(one: Protocol, other: Protocol) -> list[str]:
    mine, theirs = _settings(one), _settings(other)
    keys = [*mine, *[key for key in theirs if key not in mine]]
    return [
        f"{key}: {_short(mine.get(key))}, not {_short(theirs.get(key))}"
        for key in keys
        if mine.get(key) != theirs.get(key)
    ]


def _settings(protocol: Protocol) -> dict[str, object]:
    document = asdict(protocol)
    more = document.pop("more")
    document.pop("precision_effect")  # measured, not chosen
    settings = {"protocol": document.pop("name"), **document, **more}
    return {key.replace("_", " "): value for key, value in settings.items()}


def _only_names(one: Report, other: Report) -> bool:
    """Whether two references without fingerprints, as reports of early versions have, go by different names."""
    return one.reference.fingerprint is None and one.reference.name != other.reference.name


def _reference(report: Report) -> str:
    mark = report.reference.fingerprint
    return report.reference.name + (f" ({mark.removeprefix('sha256:')[:8]})" if mark else "")


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 else text  # a sha256


def _count(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


Given = Report | StoredReport | str | Path


def compare(
    reports: Sequence[Given] | Given,
    *,
    sort: str | None = None,
    group: bool = False,
    baseline: Given | None = None,
) -> Comparison:
    """Runs side by side, the best first: groups of rows that may be compared, each with `best`, `rank` and `delta`.

    `reports` are reports, report files, run folders or folders of runs. What differs in protocol, weights, reference or
    counts is in a group of its own, which says how. `sort` is the name of a score (FID, or what there is in its place)
    or "name". `group` collapses the seeds of one model to mean ± standard deviation. `baseline`, a row's name, a path
    or a report, among those compared or not, gives each row of its group a `delta`.

    Raises UsageError for a name or a path that is not there, ContentError for a file that is no report. What is left
    out (an unfinished run in a folder, a value that is not a number) is a GanevalWarning.

    >>> from ganeval.reports.report import ImageSet, Protocol
    >>> how = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> real = ImageSet("real", "real/", 500)
    >>> def scored(name, fid):
    ...     return Report("0.1.0", "", ImageSet(name, name, 500), real, how, {"fid": Score(fid, "lower", 0.1)})
    >>> group = compare([scored("a", 2.0), scored("b", 1.0)], baseline="a").groups[0]
    >>> [(row.name, group.rank(row)) for row in group.rows], group.delta(group.rows[0], "fid").outside
    ([('b', 1), ('a', 2)], True)
    """
    found = _found([reports] if isinstance(reports, Given) else reports)
    if not found:
        raise UsageError("compare: found no reports, needed one at least")
    known = dict.fromkeys(name for one in found for name in one.report.scores)
    if sort not in (None, "name", *known):
        raise unknown("score to sort by", str(sort), ["name", *known], TITLES)
    sets = _alike(found, group)
    chosen = [] if baseline is None else _baseline(baseline, sets)
    if baseline is not None and not chosen:
        others = _found([baseline])
        sets = _alike([*others, *found], group)
        chosen = [row for one in others for row in _holding(one.report, sets)]
    return _comparison(sets, sort, chosen)


def _found(given: Sequence[Given]) -> list[StoredReport]:
    """All reports that are given, and where each lies, without the values that are no numbers."""
    found: list[StoredReport] = []
    for one in given:
        if isinstance(one, str | Path):
            reports, omissions = find_reports([Path(one)])
            for line in omissions:
                warnings.warn(line, GanevalWarning, stacklevel=3)
            found += reports
        else:
            found.append(StoredReport(one, None) if isinstance(one, Report) else one)
    return [_finite(one) for one in found]


def _finite(found: StoredReport) -> StoredReport:
    """A report without what is not finite, of which a warning says so: NaN is no score, and never the best."""
    scores: dict[str, Score] = {}
    for name, score in found.report.scores.items():
        numbers = {"value": score.value, "error": score.error, "error_samples": score.error_samples}
        wrong = {what: number for what, number in numbers.items() if number is not None and not is_number(number)}
        for what, number in wrong.items():
            line = f"{found.report.samples.name}: the {what} of {name} is {number}, which is no number: left out"
            warnings.warn(line, GanevalWarning, stacklevel=4)
        numbers |= dict.fromkeys(wrong)
        if numbers["value"] is not None:
            whole = replace(score, error=numbers["error"], error_samples=numbers["error_samples"])
            scores[name] = whole if wrong else score
    same = all(score is scores.get(name) for name, score in found.report.scores.items())
    return found if same else replace(found, report=replace(found.report, scores=scores))


def _alike(found: Sequence[StoredReport], group: bool) -> list[list[Row]]:
    """The rows by what may be compared, in the order in which each kind comes first."""
    sets: list[list[StoredReport]] = []
    for one in found:
        home = next((some for some in sets if not differences(some[0].report, one.report)), None)
        if home is None:
            sets.append([one])
        else:
            home.append(one)
    return [distinct(rows_by_kind(some) if group else [_row(one) for one in some]) for some in sets]


def _row(found: StoredReport) -> Row:
    return Row(found.report.samples.name, (found.report,), folders=(found.folder,))


def _baseline(given: Given, sets: Sequence[Sequence[Row]]) -> list[Row]:
    """The rows that are meant, one in a group at most: a translation is one run and two rows. None where it is another.

    A row's name comes before the name of what was scored, that before a path.
    """
    rows = [row for some in sets for row in some]
    if isinstance(given, Report | StoredReport):
        return _holding(given if isinstance(given, Report) else given.report, sets)
    text = str(given)
    named = [row for row in rows if row.name == text] or [row for row in rows if text in _names(row)]
    if not named and not Path(given).exists():
        raise unknown("baseline", text, dict.fromkeys(row.name for row in rows))
    chosen = named or [row for one in _found([given]) for row in _holding(one.report, sets)]
    for some in sets:
        here = [row.name for row in some if any(row is one for one in chosen)]
        if len(here) > 1:
            raise UsageError(f"baseline {text}: found {len(here)} that may be meant ({', '.join(here)}), needed one")
    return chosen


def _names(row: Row) -> set[str]:
    """What else a row may be called: by what was scored, and by the run's folder."""
    folders = {folder.name for folder in row.folders if folder is not None}
    return folders | {report.samples.name for report in row.reports}


def _holding(report: Report, sets: Sequence[Sequence[Row]]) -> list[Row]:
    """The row that a report is in; none where it is not compared."""
    rows = [row for some in sets for row in some]
    return [row for row in rows if any(one is report or one == report for one in row.reports)][:1]


def _comparison(sets: Sequence[Sequence[Row]], sort: str | None, chosen: Sequence[Row]) -> Comparison:
    """The baseline's group first, then the largest; rows and groups keep their order where nothing sets them apart."""
    bases = [next((row for row in rows if any(row is one for one in chosen)), None) for rows in sets]
    order = sorted(range(len(sets)), key=lambda at: (bases[at] is None, -sum(not row.yardstick for row in sets[at])))
    first = sets[order[0]][0].report
    return Comparison(tuple(_group(sets[at], sort, bases[at], differences(sets[at][0].report, first)) for at in order))


def _group(rows: Sequence[Row], sort: str | None, baseline: Row | None, differs: Sequence[str]) -> Group:
    by = sort or next(iter(names_of(rows)), "name")
    return Group(sorted_rows(rows, by), by, baseline, tuple(differs))
