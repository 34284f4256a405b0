"""The rows and columns of the tables of trained models, from reports alone: for the terminal and for README.md."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganeval import comparison
from ganeval.comparison import kind_of, mean_score
from ganeval.reports.report import Report, Score
from ganeval.reports.score_names import NOTHING, cell, measured, title
from ganeval.reports.scores import ARROWS, FAMILIES, HEADLINES

TOO_MANY = {"fid_infinity", "modes_kl"}  # headlines for which this table has no room; the report has them
COLUMNS = tuple(name for name in HEADLINES if name not in TOO_MANY)
OF_ITS_KIND = [*FAMILIES["conditional"].scores, *FAMILIES["translation"].scores]
SPECIAL = tuple(name for name in OF_ITS_KIND if name != "fid_nothing")  # that one is what 100 % stands for

CHECKPOINTS = {"FID best": "fid", "last": "fid_last", "raw": "fid_raw", "last raw": "fid_last_raw"}
TRAINING = ("run", "steps", "best at", *CHECKPOINTS, "seconds", "verdict")


@dataclass(frozen=True)
class ModelRow(comparison.Row):
    """One line: a name, its reports (one for each seed), and for each of them the FID that is 100 %."""

    ceiling: tuple[float, ...]

    @property
    def share(self) -> str:
        """The FID as a share of the ceiling's."""
        shares = [
            report.scores["fid"].value / ceiling
            for report, ceiling in zip(self.reports, self.ceiling, strict=True)
            if ceiling > 0
        ]
        if not shares:
            return NOTHING
        if len(shares) == 1:
            return f"{_two_digits(100 * shares[0])} %"
        value, error = measured(mean_score([Score(100 * share, "lower") for share in shares]))
        return f"{value} ±{error} %"


Column = tuple[str, Callable[[ModelRow], str]]


def rows_of(reports: Sequence[Report], yardsticks: Sequence[Report]) -> tuple[list[ModelRow], list[ModelRow]]:
    """The rows of models that generate from noise, with their yardsticks, and the rows of translations.

    Reports of one model on one task, which differ by the seed alone, are one row; several kinds of a model are named
    after their folders.
    """
    of_images = bool(yardsticks) and yardsticks[1].samples.shape is not None
    noise = yardsticks[1].scores["fid"].value if of_images else 0.0  # noise can have the two moments of points
    generators, translators = [], []
    for name, seeds in _named(reports):
        if "fid_nothing" in seeds[0].scores:
            ceilings = tuple(report.scores["fid_nothing"].value for report in seeds)
            translators.append(ModelRow(name, tuple(seeds), ceilings))
        else:
            generators.append(ModelRow(name, tuple(seeds), (noise,) * len(seeds)))
    if yardsticks:
        floor, ceiling = yardsticks
        generators.insert(0, ModelRow("real (train)", (floor,), (noise,)))
        generators.append(ModelRow("noise", (ceiling,), (noise,)))
    return generators, translators


def _named(reports: Sequence[Report]) -> list[tuple[str, list[Report]]]:
    """The reports of each row, and its name."""
    groups: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        arrow = report.samples.name.rpartition(" ")[2] if "fid_nothing" in report.scores else ""
        name = f"{report.more['training']['model']} {arrow}".strip()
        groups.setdefault((name, kind_of(report)), []).append(report)
    kinds = Counter(name for name, _ in groups)
    return [
        (name if kinds[name] == 1 else ", ".join(report.samples.name for report in seeds), seeds)
        for (name, _), seeds in groups.items()
    ]


def plus_minus(rows: Sequence[ModelRow]) -> str:
    """The meaning of ± in a table of these rows."""
    seeds = max(len(row.reports) for row in rows)
    several = f"; of {seeds} seeds the mean ± their standard deviation" if seeds > 1 else ""
    return f"± one standard error over new draws{several}"


def columns_of(rows: Sequence[ModelRow], share: str) -> list[Column]:
    """The columns of scores that any of these rows has: heading and cell."""
    columns: list[Column] = []
    counts = {row.reports[0].samples.count for row in rows}
    if len(counts) > 1:
        columns.append(("N", count_of))
    for name in [name for name in COLUMNS if any(row.score(name) for row in rows)]:
        columns.append(_column(name, rows))
        if name == "fid" and any(row.share != NOTHING for row in rows):
            columns.append((share, lambda row: row.share))
    return columns


def reference_line(rows: Sequence[ModelRow], columns: Sequence[Column]) -> str:
    """The reference of these rows and, where they have no column of it, the number of images of each."""
    counts = "" if columns[0][0] == "N" else f", N = {count_of(rows[0])}"
    return f"{rows[0].reports[0].reference.name}{counts}"


def training_row(name: str, facts: Mapping[str, Any], report: Report | None, verdict: str) -> tuple[str, ...]:
    """The cells below `TRAINING`: budget, the best checkpoint, what it and the others score, time and verdict."""
    best = NOTHING if facts["best_step"] is None else f"{facts['best_step']:,}"
    scores = [cell(report.scores.get(key) if report else None, bare=True) for key in CHECKPOINTS.values()]
    return (name, f"{facts['steps']:,}", best, *scores, f"{facts['seconds']:.0f}", verdict)


def special_columns(rows: Sequence[ModelRow]) -> list[Column]:
    """The columns that only conditional models or translations have; empty where no row has one."""
    return [_column(name, rows) for name in SPECIAL if any(row.score(name) for row in rows)]


def _column(name: str, rows: Sequence[ModelRow]) -> Column:
    heading = title(name, rows[0].reports[0].protocol)
    better = next(score.better for row in rows if (score := row.score(name)))
    return f"{heading} {ARROWS[better]}", lambda row: cell(row.score(name))


def _two_digits(value: float) -> str:
    """Two digits, and never an exponent.

    >>> _two_digits(0.1992), _two_digits(4.25), _two_digits(100.0)
    ('0.20', '4.2', '100')
    """
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def count_of(row: ModelRow) -> str:
    """The number of images that were scored."""
    count = row.reports[0].samples.count
    return NOTHING if count is None else f"{count:,}"
