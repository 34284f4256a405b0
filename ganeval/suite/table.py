"""The table of `train-all`: scores between real pictures and noise, what only some models have, and the training."""

import textwrap
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.render import blocks, column_width, columns_table
from ganeval.report import Report
from ganeval.suite.finishing import Finished
from ganeval.suite.rows import (
    NOTHING,
    SPECIAL,
    Column,
    Row,
    cell_of,
    columns_of,
    count_of,
    plus_minus,
    rows_of,
    special_columns,
)
from ganeval.suite.verdicts import Verdict

CHECKPOINTS = {"FID best": "fid", "last": "fid_last", "raw": "fid_raw", "last raw": "fid_last_raw"}
ENOUGH = 3  # checks by which a run can be called healthy without saying by what
HEADING = 13  # characters of a heading's line


def suite_view(finished: Sequence[Finished], yardsticks: Sequence[Report], width: int | None = None) -> RenderableType:
    """Everything that `train-all` prints; within a `width`, columns that do not fit go into further tables."""
    made, translated = rows_of([report for run in finished for report in run.reports], yardsticks)
    parts: list[RenderableType] = []
    if made:
        reference, columns = made[0].reports[0].reference, columns_of(made, "% of noise")
        counts = "" if columns[0][0] == "N" else f", N = {count_of(made[0])}"
        parts += _tables(f"against {reference.name}{counts}, M = {reference.count:,}", made, columns, width)
    if translated:
        title = f"translations against the other domain, N = {count_of(translated[0])}"
        parts += _tables(title, translated, columns_of(translated, "% of doing nothing"), width)
    special = [row for row in [*made, *translated] if any(row.score(name) for name in SPECIAL)]
    if special:
        parts += _tables("classes and translations", special, special_columns(special), width)
    parts.append(_training_table(finished))
    if rows := [*made, *translated]:
        parts.append(Text(f"{rows[0].reports[0].protocol.line()}; {plus_minus(rows)}"))
    return Group(*parts)


def _tables(title: str, rows: Sequence[Row], columns: Sequence[Column], width: int | None) -> list[Table]:
    """The columns side by side as far as there is room."""
    labels = [["", *[row.name for row in rows]]]
    texts = [[textwrap.fill(heading, HEADING), *[cell(row) for row in rows]] for heading, cell in columns]
    room = None if width is None else width - column_width(labels[0])
    tables = [columns_table(labels, block) for block in blocks(texts, room)]
    tables[0].title = title
    return tables


def _training_table(finished: Sequence[Finished]) -> Table:
    """A line for each run: budget, the best checkpoint, what the others score, time and verdict."""
    table = Table(box=SIMPLE_HEAD, title="training", title_justify="left", title_style="bold")
    for heading in ("run", "steps", "best at", *CHECKPOINTS, "seconds"):
        table.add_column(heading, justify="left" if heading == "run" else "right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for run in finished:
        for position, report in enumerate(run.reports or (None,)):
            scores = [
                cell_of(report.scores.get(name), bare=True) if report else NOTHING for name in CHECKPOINTS.values()
            ]
            facts = run.outcome
            verdict = (
                "\n".join(_said(one, len(facts["selection_fid"])) for one in run.verdicts) if position == 0 else ""
            )
            name = run.order.name if position == 0 else "  and back"
            best = NOTHING if facts["best_step"] is None else f"{facts['best_step']:,}"
            table.add_row(name, f"{facts['steps']:,}", best, *scores, f"{facts['seconds']:.0f}", verdict)
    return table


def _said(verdict: Verdict, checks: int) -> str:
    """The sentence; of a healthy run the word is enough, unless it was judged by little."""
    return verdict.name if verdict.name == "healthy" and checks >= ENOUGH else verdict.sentence
