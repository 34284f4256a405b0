"""The table of `train-all`: scores between real pictures and noise, how each model was trained, what only some have."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.render import ARROWS, HEADLINES, TITLES, measured
from ganeval.report import Report, Score, fid_heading
from ganeval.suite.finishing import Finished

SPECIAL = {
    "label_accuracy": "label accuracy",
    "intra_class_recall": "intra-class recall",
    "gan_train": "GAN-train",
    "gan_train_real": "(real)",
    "cycle_l1": "cycle L1",
    "labels_kept": "labels kept",
    "psnr": "PSNR dB",
    "psnr_nothing": "(nothing)",
}


@dataclass(frozen=True)
class Row:
    """One line: a name, the reports behind it (one for each seed), and the FID that is 100 %."""

    name: str
    reports: tuple[Report, ...]
    ceiling: tuple[float, ...]

    def score(self, name: str) -> Score | None:
        """One report's score; of several seeds the mean, with their standard deviation for its error."""
        found = [report.scores[name] for report in self.reports if name in report.scores]
        if not found:
            return None
        return found[0] if len(self.reports) == 1 else _mean(found)

    @property
    def share(self) -> str:
        """The FID as a share of the ceiling's."""
        shares = [r.scores["fid"].value / top for r, top in zip(self.reports, self.ceiling, strict=True) if top > 0]
        if not shares:
            return "–"
        value, error = measured(_mean([Score(100 * one, "lower") for one in shares])) if len(shares) > 1 else ("", "")
        return f"{value} ±{error} %" if value else f"{100 * shares[0]:.2g} %"


Column = tuple[str, Callable[[Row], str]]


def rows_of(reports: Sequence[Report], yardsticks: Sequence[Report]) -> tuple[list[Row], list[Row]]:
    """The rows of models that make pictures from noise, with their yardsticks, and those of translations.

    Reports of one model on one task, of different seeds, are one row.
    """
    noise = yardsticks[1].scores["fid"].value if yardsticks else 0.0
    groups: dict[str, list[Report]] = {}
    for report in reports:
        arrow = report.samples.name.rpartition(" ")[2] if "fid_nothing" in report.scores else ""
        groups.setdefault(f"{report.more['training']['model']} {arrow}".strip(), []).append(report)
    made, translated = [], []
    for name, some in groups.items():
        if "fid_nothing" in some[0].scores:
            tops = tuple(report.scores["fid_nothing"].value for report in some)
            translated.append(Row(name, tuple(some), tops))
        else:
            made.append(Row(name, tuple(some), (noise,) * len(some)))
    if yardsticks:
        real, ceiling = yardsticks
        made = [Row("real (train)", (real,), (noise,)), *made, Row("noise", (ceiling,), (noise,))]
    return made, translated


def suite_view(finished: Sequence[Finished], yardsticks: Sequence[Report]) -> RenderableType:
    """Everything that `train-all` prints."""
    made, translated = rows_of([report for run in finished for report in run.reports], yardsticks)
    parts: list[RenderableType] = []
    if made:
        first = made[0].reports[0]
        parts.append(_scores_table(made, f"against {first.reference.name}", "% of noise"))
    if translated:
        parts.append(_scores_table(translated, "translations, each against its own test pictures", "% of nothing"))
    special = _special_table([*made, *translated])
    parts += [special] if special else []
    parts.append(_training_table(finished))
    if rows := [*made, *translated]:
        parts.append(Text(rows[0].reports[0].protocol.line()))
    return Group(*parts)


def _mean(scores: Sequence[Score]) -> Score:
    values = [score.value for score in scores]
    return Score(float(np.mean(values)), scores[0].better, float(np.std(values, ddof=1)) if len(values) > 1 else None)


def columns_of(rows: Sequence[Row], share: str) -> list[Column]:
    """The columns of scores that any of these rows has: heading and cell."""
    columns: list[Column] = [("N", _count)]
    for name in [name for name in HEADLINES if any(row.score(name) for row in rows)]:
        heading = fid_heading(rows[0].reports[0].protocol.extractor) if name == "fid" else TITLES.get(name, name)
        columns.append(_column(name, heading, rows))
        if name == "fid":
            columns.append((share, lambda row: row.share))
    return columns


def special_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns that only conditional models or translations have; empty where no row has any."""
    return [_column(name, heading, rows) for name, heading in SPECIAL.items() if any(row.score(name) for row in rows)]


def _column(name: str, heading: str, rows: Sequence[Row]) -> Column:
    better = next(score.better for row in rows if (score := row.score(name)))
    return f"{heading} {ARROWS[better]}", lambda row: _cell(row.score(name))


def _scores_table(rows: Sequence[Row], title: str, share: str) -> Table:
    return _filled(title, rows, columns_of(rows, share))


def _special_table(rows: Sequence[Row]) -> Table | None:
    columns = special_columns(rows)
    chosen = [row for row in rows if any(row.score(name) for name in SPECIAL)]
    return _filled("classes and translations", chosen, columns) if columns else None


def _training_table(finished: Sequence[Finished]) -> Table:
    """A line for each run: budget, the best checkpoint, what the others score, time and verdict."""
    table = _table("training")
    for heading in ("run", "steps", "best at", "FID best", "last", "raw", "last raw", "seconds"):
        table.add_column(heading, justify="left" if heading == "run" else "right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for run in finished:
        for position, report in enumerate(run.reports or (None,)):
            scores = [_cell(report.scores.get(name), bare=True) if report else "–" for name in _CHECKPOINTS]
            facts = run.outcome
            verdict = "\n".join(one.sentence for one in run.verdicts) if position == 0 else ""
            name = run.order.name if position == 0 else "  and back"
            best = "–" if facts["best_step"] is None else f"{facts['best_step']:,}"
            table.add_row(name, f"{facts['steps']:,}", best, *scores, f"{facts['seconds']:.0f}", verdict)
    return table


_CHECKPOINTS = ("fid", "fid_last", "fid_raw", "fid_last_raw")


def _table(title: str) -> Table:
    return Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")


def _filled(title: str, rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    table = _table(title)
    table.add_column("", no_wrap=True)
    for heading, _ in columns:
        table.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.name, *[cell(row) for _, cell in columns])
    return table


def _count(row: Row) -> str:
    count = row.reports[0].samples.count
    return "–" if count is None else f"{count:,}"


def _cell(score: Score | None, *, bare: bool = False) -> str:
    if score is None or not math.isfinite(score.value):
        return "–"
    value, error = measured(score)
    return value if bare or not error else f"{value} ±{error}"
