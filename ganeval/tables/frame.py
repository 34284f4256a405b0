"""A comparison for machines: one record per run with every score and all its digits, as a frame, CSV or JSON."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganeval.comparison import Comparison, ComparisonGroup, Row
from ganeval.reports.report import dump

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # it ships no types

KINDS = {**dict.fromkeys(("group", "rank", "seeds", "n", "reference_n"), "Int64"), "baseline": "boolean"}


def to_frame(comparison: Comparison) -> "pandas.DataFrame":
    """A row for each run, the best of its group first: `fid`, `fid_error` and so on, empty where a run has none.

    With a baseline also `fid_delta`, `fid_delta_error` and `fid_outside`. `group` numbers the groups of comparable
    runs; `differs` says what sets a group apart from the first.

    >>> from ganeval.comparison import compare
    >>> from ganeval.reports.report import ImageSet, Protocol, Report, Score
    >>> protocol = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> images = ImageSet("a", "a/", 500)
    >>> report = Report("0.1.0", "", images, images, protocol, {"fid": Score(2.5, "lower", 0.1)})
    >>> to_frame(compare([report]))[["run", "rank", "n", "fid", "fid_error"]].to_dict("records")
    [{'run': 'a', 'rank': 1, 'n': 500, 'fid': 2.5, 'fid_error': 0.1}]
    """
    import pandas

    rows = records(comparison)
    outside = {f"{name}_outside": "boolean" for name in _columns(comparison) if comparison.has_baseline}
    return pandas.DataFrame(rows, columns=list(rows[0])).astype(KINDS | outside)


def csv_text(comparison: Comparison) -> str:
    """The frame as comma-separated values."""
    text = str(to_frame(comparison).to_csv(index=False, lineterminator="\n"))
    return text.encode(errors="backslashreplace").decode()  # names of files that are not UTF-8, in escapes


def json_text(comparison: Comparison) -> str:
    """The same records as JSON, null where there is nothing."""
    return dump(records(comparison)) + "\n"


def records(comparison: Comparison) -> list[dict[str, Any]]:
    """A record for each run, all with the same keys."""
    columns = _columns(comparison)
    return [
        {**_about(number, group, row), **_scores(group, row, columns, comparison.has_baseline)}
        for number, group in enumerate(comparison.groups, 1)
        for row in group.rows
    ]


def _columns(comparison: Comparison) -> dict[str, str]:
    """The scores by the columns that hold them: one called `rank` or `n` gets a column of another name."""
    first = comparison.groups[0]
    taken = _about(1, first, first.rows[0])
    names = dict.fromkeys(name for group in comparison.groups for name in group.names)
    return {f"score_{name}" if name in taken else name: name for name in names}


def _about(number: int, group: ComparisonGroup, row: Row) -> dict[str, Any]:
    folders = [str(folder) for folder in row.folders if folder is not None]
    return {
        "group": number,
        "differs": "; ".join(group.differs) or None,
        "run": row.name,
        "rank": group.rank(row),
        "seeds": len(row.reports),
        "yardstick": row.yardstick,
        "baseline": row is group.baseline,
        "n": row.report.samples.count,
        "reference": row.report.reference.name,
        "reference_n": row.report.reference.count,
        "extractor": row.report.protocol.extractor,
        "protocol": row.report.protocol.line(),
        "folder": folders[0] if len(folders) == len(row.reports) == 1 else None,
    }


def _scores(group: ComparisonGroup, row: Row, columns: Mapping[str, str], baseline: bool) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for column, name in columns.items():
        score = row.score(name)
        cells |= {column: score and score.value, f"{column}_error": score and score.error}
        if baseline:
            delta = group.delta(row, name)
            cells |= {f"{column}_delta": delta and delta.value, f"{column}_delta_error": delta and delta.error}
            cells |= {f"{column}_outside": delta and delta.outside}
    return cells
