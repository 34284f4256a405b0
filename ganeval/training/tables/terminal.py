"""The tables of `train-all`: scores between real images and noise, scores of only some models, and the training."""

import textwrap
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.reports.report import Report
from ganeval.tables.report_view import columns_tables
from ganeval.training.diagnosis.verdicts import Verdict
from ganeval.training.final_scores import FinishedRun
from ganeval.training.tables.rows import (
    SPECIAL,
    TRAINING,
    Column,
    ModelRow,
    columns_of,
    count_of,
    plus_minus,
    reference_line,
    rows_of,
    special_columns,
    training_row,
)

MIN_CHECKS = 3  # after which a run can be called healthy without the figures
HEADING_WIDTH = 13  # characters


def training_view(
    finished: Sequence[FinishedRun], yardsticks: Sequence[Report], width: int | None = None
) -> RenderableType:
    """Everything that `train-all` prints; within a `width`, columns that do not fit go into further tables."""
    generators, translators = rows_of([report for run in finished for report in run.reports], yardsticks)
    parts: list[RenderableType] = []
    if generators:
        columns = columns_of(generators, "% of noise")
        title = f"against {reference_line(generators, columns)}, M = {generators[0].reports[0].reference.count:,}"
        parts += _tables(title, generators, columns, width)
    if translators:
        title = f"translations against the other domain, N = {count_of(translators[0])}"
        parts += _tables(title, translators, columns_of(translators, "% of doing nothing"), width)
    special = [row for row in [*generators, *translators] if any(row.score(name) for name in SPECIAL)]
    if special:
        parts += _tables("classes and translations", special, special_columns(special), width)
    parts.append(_training_table(finished))
    if rows := [*generators, *translators]:
        parts.append(Text(f"{rows[0].reports[0].protocol.line()}; {plus_minus(rows)}"))
    return Group(*parts)


def _tables(title: str, rows: Sequence[ModelRow], columns: Sequence[Column], width: int | None) -> list[Table]:
    """The columns side by side as far as there is room."""
    labels = [["", *[row.name for row in rows]]]
    texts = [[textwrap.fill(heading, HEADING_WIDTH), *[cell(row) for row in rows]] for heading, cell in columns]
    return columns_tables(title, labels, texts, width)


def _training_table(finished: Sequence[FinishedRun]) -> Table:
    """A line for each run, and one for the way back of a translation."""
    table = Table(box=SIMPLE_HEAD, title="training", title_justify="left", title_style="bold")
    for heading in TRAINING[:-1]:
        table.add_column(heading, justify="left" if heading == "run" else "right", no_wrap=True)
    table.add_column(TRAINING[-1], overflow="fold")
    for run in finished:
        checks = len(run.facts["selection_fid"])
        text = "\n".join(verdict_text(verdict, checks) for verdict in run.verdicts)
        first, *others = run.reports or (None,)
        table.add_row(*training_row(run.request.name, run.facts, first, text))
        for report in others:
            table.add_row(*training_row("  and back", run.facts, report, ""))
    return table


def verdict_text(verdict: Verdict, checks: int) -> str:
    """The sentence of a verdict; `healthy` alone is enough, unless few checks support it."""
    return verdict.name if verdict.name == "healthy" and checks >= MIN_CHECKS else verdict.sentence
