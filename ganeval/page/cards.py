"""A card for each run: its scores on lines, its pictures, its plots, its verdicts, and where all of it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganeval.comparison import Group, Row
from ganeval.errors import ContentError
from ganeval.page.figures import Figures, figures_of_direction, figures_of_run
from ganeval.page.galleries import Gallery, gallery_of
from ganeval.page.provenance import Fact, config_text, facts_of
from ganeval.page.score_lines import Line, ledger_of
from ganeval.plots.training_log import training_of
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import REPORTS, StoredReport


@dataclass(frozen=True)
class Verdict:
    """What was seen in a training, and whether that is well."""

    name: str
    sentence: str

    @property
    def healthy(self) -> bool:
        """Whether no alarm was raised."""
        return self.name == "healthy"


@dataclass(frozen=True)
class Sheet:
    """What a card has of one report: pictures, plots and provenance; several where a row stands for several seeds."""

    name: str
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    gallery: Gallery | None
    figures: Figures
    facts: tuple[Fact, ...]
    config: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One row of the table at length."""

    anchor: str
    name: str
    subtitle: str
    rank: int | None
    of: int
    baseline: str
    lines: tuple[Line, ...]
    sheets: tuple[Sheet, ...]

    @property
    def headlines(self) -> list[Line]:
        """The scores that the table has too."""
        return [line for line in self.lines if line.headline]

    @property
    def further(self) -> list[Line]:
        """All others."""
        return [line for line in self.lines if not line.headline]


class Cards:
    """Makes cards; what is of a folder and no single report is drawn once: both directions of CycleGAN have one."""

    def __init__(self) -> None:
        self._drawn: dict[Path, str] = {}

    def card(self, group: Group, row: Row, anchor: str, common: Sequence[str]) -> Card:
        """The card of a row; `common` are the warnings that all of its group have, said elsewhere."""
        sheets = tuple(self._sheet(found, common) for found in found_of(row))
        baseline = group.baseline.name if group.baseline is not None and group.baseline is not row else ""
        judged = len(group.judged)
        return Card(anchor, row.name, _subtitle(row), group.rank(row), judged, baseline, ledger_of(group, row), sheets)

    def _sheet(self, found: StoredReport, common: Sequence[str]) -> Sheet:
        gallery, lines = _gallery(found)
        warnings = tuple(text for text in found.report.warnings if text not in common)
        return Sheet(
            found.report.samples.name,
            _verdicts(found.report),
            warnings,
            gallery,
            self._figures(found),
            facts_of(found),
            config_text(found),
            lines,
        )

    def _figures(self, found: StoredReport) -> Figures:
        if found.folder is None:
            return figures_of_run(found)
        first = self._drawn.setdefault(found.folder, found.report.samples.name)
        if first == found.report.samples.name:
            return figures_of_run(found)
        own = figures_of_direction(found)
        return replace(own, said=(*own.said, f"The pictures of this training are on the card of {first}."))


def found_of(row: Row) -> list[StoredReport]:
    """The reports of a row, each with the folder that it lies in."""
    folders = row.folders or (None,) * len(row.reports)
    return [StoredReport(report, folder) for report, folder in zip(row.reports, folders, strict=True)]


def _gallery(found: StoredReport) -> tuple[Gallery | None, tuple[str, ...]]:
    """A run's pictures; a line for files that cannot be read, as the scores stand without them."""
    if found.folder is None:
        return None, ("A report file by itself: its pictures are in the folder of its run.",)
    try:
        best = training_of(found.report).get("best_step")
        return gallery_of(found.folder, back=_is_back(found.folder, found.report), best=best), ()
    except ContentError as error:
        return None, (str(error),)


def _is_back(folder: Path, report: Report) -> bool:
    """Whether a report is of CycleGAN's other direction."""
    other = folder / REPORTS[1]
    return other.is_file() and load_report(other).samples.name == report.samples.name


def _verdicts(report: Report) -> tuple[Verdict, ...]:
    said = training_of(report).get("verdicts")
    some = [one for one in said if isinstance(one, Mapping)] if isinstance(said, Sequence) else []
    return tuple(Verdict(str(one.get("name", "")), str(one.get("sentence", ""))) for one in some)


def _subtitle(row: Row) -> str:
    training = training_of(row.report)
    count = "?" if row.report.samples.count is None else f"{row.report.samples.count:,}"
    model = f"{training['model']} on {training.get('data', '?')}" if "model" in training else row.report.samples.source
    parts = [model]
    parts += [f"mean of {len(row.reports)} seeds"] if len(row.reports) > 1 else []
    return " · ".join([*parts, f"{count} samples", f"against {row.report.reference.name}"])
