"""A card for each run: its scores, its gallery, its plots, its verdicts, and the provenance of all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganeval.comparison import ComparisonGroup, Row
from ganeval.errors import ContentError
from ganeval.page.figures import RunFigures, figures_of_direction, figures_of_run
from ganeval.page.galleries import Gallery, gallery_of
from ganeval.page.provenance import Fact, config_text, facts_of
from ganeval.page.score_lines import ScoreLine, score_lines
from ganeval.plots.training_log import training_of
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import REPORTS, StoredReport


@dataclass(frozen=True)
class VerdictLine:
    """A verdict on a training run: its name and its sentence."""

    name: str
    sentence: str

    @property
    def healthy(self) -> bool:
        """Whether no alarm was raised."""
        return self.name == "healthy"


@dataclass(frozen=True)
class RunDetails:
    """What a card shows of one report besides its scores; a row of several seeds has several."""

    name: str
    verdicts: tuple[VerdictLine, ...]
    warnings: tuple[str, ...]
    gallery: Gallery | None
    figures: RunFigures
    facts: tuple[Fact, ...]
    config: str
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One row of the table in full."""

    anchor: str
    name: str
    subtitle: str
    rank: int | None
    of: int
    baseline: str
    lines: tuple[ScoreLine, ...]
    runs: tuple[RunDetails, ...]

    @property
    def headlines(self) -> list[ScoreLine]:
        """The scores that the table has too."""
        return [line for line in self.lines if line.headline]

    @property
    def further(self) -> list[ScoreLine]:
        """All other scores."""
        return [line for line in self.lines if not line.headline]


class CardMaker:
    """Makes cards; draws the plots of a folder once, although both directions of a translation share it."""

    def __init__(self) -> None:
        self._names: dict[Path, str] = {}

    def card(self, group: ComparisonGroup, row: Row, anchor: str, common: Sequence[str]) -> Card:
        """The card of a row; `common` are the warnings of the whole group, which are listed elsewhere."""
        runs = tuple(self._details(run, common) for run in reports_of(row))
        baseline = group.baseline.name if group.baseline is not None and group.baseline is not row else ""
        ranked, lines = len(group.contenders), score_lines(group, row)
        return Card(anchor, row.name, _subtitle(row), group.rank(row), ranked, baseline, lines, runs)

    def _details(self, run: StoredReport, common: Sequence[str]) -> RunDetails:
        gallery, notices = None, list[str]()
        if run.folder is None:
            notices.append("A report file on its own: its images are in the folder of its run.")
        else:
            try:
                best = training_of(run.report).get("best_step")
                gallery = gallery_of(run.folder, back=_is_back(run.folder, run.report), best=best)
            except ContentError as error:  # the scores stand without it
                notices.append(str(error))
        return RunDetails(
            run.report.samples.name,
            _verdicts(run.report),
            tuple(text for text in run.report.warnings if text not in common),
            gallery,
            self._figures(run),
            facts_of(run),
            config_text(run),
            tuple(notices),
        )

    def _figures(self, run: StoredReport) -> RunFigures:
        if run.folder is None:
            return figures_of_run(run)
        first = self._names.setdefault(run.folder, run.report.samples.name)
        if first == run.report.samples.name:
            return figures_of_run(run)
        figures = figures_of_direction(run)
        return replace(
            figures, omissions=(*figures.omissions, f"The plots of this training are on the card of {first}.")
        )


def reports_of(row: Row) -> list[StoredReport]:
    """The reports of a row, each with the folder that it lies in."""
    folders = row.folders or (None,) * len(row.reports)
    return [StoredReport(report, folder) for report, folder in zip(row.reports, folders, strict=True)]


def _is_back(folder: Path, report: Report) -> bool:
    """Whether a report is of a translation's other direction."""
    other = folder / REPORTS[1]
    return other.is_file() and load_report(other).samples.name == report.samples.name


def _verdicts(report: Report) -> tuple[VerdictLine, ...]:
    stored = training_of(report).get("verdicts")
    verdicts = [verdict for verdict in stored if isinstance(verdict, Mapping)] if isinstance(stored, Sequence) else []
    return tuple(VerdictLine(str(verdict.get("name", "")), str(verdict.get("sentence", ""))) for verdict in verdicts)


def _subtitle(row: Row) -> str:
    training = training_of(row.report)
    count = "?" if row.report.samples.count is None else f"{row.report.samples.count:,}"
    model = f"{training['model']} on {training.get('data', '?')}" if "model" in training else row.report.samples.source
    seeds = [f"mean of {len(row.reports)} seeds"] if len(row.reports) > 1 else []
    return " · ".join([model, *seeds, f"{count} samples", f"against {row.report.reference.name}"])
