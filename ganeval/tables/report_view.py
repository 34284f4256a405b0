"""Reports as a person reads them: rich tables on a terminal, plain aligned text in a pipe. Needs no torch."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.reports.report import ImageSet, Report, Score
from ganeval.reports.score_names import cell, measured, title
from ganeval.reports.scores import ARROWS, HEADLINES

Column = TypeVar("Column")


def report_view(report: Report) -> RenderableType:
    """One report: every score with its error and direction, then what was scored and how."""
    heading = f"{report.samples.name} against {report.reference.name}"
    table = Table(box=SIMPLE_HEAD, title=heading, title_justify="left", title_style="bold")
    table.add_column("score")
    for heading in ("value", "± error"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("better")
    table.add_column("also")
    for name, score in report.scores.items():
        value, error = measured(score)
        better = f"{ARROWS[score.better]} {score.better}"
        table.add_row(title(name, report.protocol), value, error, better, _also(name, score))
    samples = f"N = {count_text(report.samples)} samples"
    return Group(table, Text(f"{samples}; {_reference_line(report)}"), Text(report.protocol.line()))


def reports_view(reports: Sequence[Report], width: int | None = None) -> RenderableType:
    """Several reports of one reference and protocol: a row each, headline scores only (`--json` has the rest).

    Within a `width`, headings are broken, errors stand below values, and what does not fit goes into a further table.
    """
    first = reports[0]
    columns = []
    for name in HEADLINES:
        scores = [report.scores.get(name) for report in reports]
        if not any(scores):
            continue
        better = next(score.better for score in scores if score)
        heading, cells = f"{title(name, first.protocol)} {ARROWS[better]}", [cell(score) for score in scores]
        if width is not None:
            heading, cells = heading.replace(" ", "\n"), [text.replace(" ±", "\n±") for text in cells]
        columns.append([heading, *cells])
    names = ["samples", *[report.samples.name for report in reports]]
    labels = [names, ["N", *[count_text(report.samples) for report in reports]]]
    tables = columns_tables(f"against {first.reference.name}", labels, columns, width)
    return Group(*tables, Text(_reference_line(first)), Text(first.protocol.line()))


def blocks(columns: Sequence[Column], widths: Sequence[int], room: int | None) -> list[list[Column]]:
    """Columns side by side as far as there is room, at least one, then the others in further blocks.

    >>> blocks("abc", [4, 4, 9], room=8)
    [['a', 'b'], ['c']]
    """
    result: list[list[Column]] = [[]]
    taken = 0
    for column, width in zip(columns, widths, strict=True):
        if room is not None and result[-1] and taken + width > room:
            result.append([])
            taken = 0
        result[-1].append(column)
        taken += width
    return result


def column_width(column: Sequence[str]) -> int:
    """How wide a column of these texts is, with its padding."""
    return max(len(line) for text in column for line in text.split("\n")) + 3  # the padding


def columns_tables(
    title: str, labels: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], width: int | None
) -> list[Table]:
    """Labels, then columns flush right, each a heading and its cells; in several tables where a `width` needs them."""
    room = None if width is None else width - sum(map(column_width, labels))
    tables: list[Table] = []
    for block in blocks(columns, list(map(column_width, columns)), room):
        table = Table(box=SIMPLE_HEAD, title=None if tables else title, title_justify="left", title_style="bold")
        table.add_column(labels[0][0], overflow="fold")
        for heading, *_ in [*labels[1:], *block]:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in zip(*[column[1:] for column in [*labels, *block]], strict=True):
            table.add_row(*row)
        tables.append(table)
    return tables


def facts_view(title: str, rows: Mapping[str, str]) -> RenderableType:
    """A table of two columns, for `check` and `list`."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _also(name: str, score: Score) -> str:
    notes = []
    if score.std:
        notes.append(f"std over {'splits' if name == 'inception_score' else 'subsets'} {score.std:.3g}")
    if score.whole is not None:
        notes.append(f"unsplit {score.whole:.5g}")
    if score.total is not None and not isinstance(score.value, int):
        notes.append(f"of {score.total} cells")
    return ", ".join(notes)


def _reference_line(report: Report) -> str:
    kind = "points" if report.protocol.extractor == "points" else "images"
    line = f"M = {count_text(report.reference)} reference {kind}"
    dependent = ", ".join(name for name in ("precision", "recall", "density", "coverage") if name in report.scores)
    return f"{line} ({dependent} depend on N and M)" if dependent else line


def count_text(images: ImageSet) -> str:
    """How many images, `?` where unknown."""
    return "?" if images.count is None else f"{images.count:,}"
