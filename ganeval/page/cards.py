"""A card for each run: its scores, its gallery, its plots, its verdicts, and the provenance of all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganeval.comparison import ComparisonGroup, Row
from ganeval.errors import ContentError
from ganeval.page.figures import PageFigure, figures_of
from ganeval.page.galleries import Gallery, gallery_of
from ganeval.page.provenance import Fact, config_text, facts_of
from ganeval.page.score_lines import ScoreLine, score_lines
from ganeval.plots import Plot, draw_run
from ganeval.plots.training_log import training_of
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import REPORTS, StoredReport

ON_CARD = "modes"  # the other plots of a run are folded away


@dataclass(frozen=True)
class RunDetails:
    """What a card shows of one report besides its scores; a row of several seeds has several.

    `omissions`: a line for each plot that cannot be drawn; `notices`: why there are no images.
    """

    name: str
    verdicts: list[Mapping[str, Any]]
    warnings: list[str]
    gallery: Gallery | None
    modes: PageFigure | None
    figures: list[PageFigure]
    omissions: list[str]
    facts: tuple[Fact, ...]
    config: str
    notices: list[str]


@dataclass(frozen=True)
class Card:
    """One row of the table in full; a yardstick has scores alone, and no `anchor` to lead to."""

    anchor: str
    row: Row
    lines: Mapping[str, ScoreLine]
    runs: list[RunDetails]

    @property
    def subtitle(self) -> str:
        """The model and its data, or the source of the samples; their number, and the reference."""
        report, training = self.row.report, training_of(self.row.report)
        count = "?" if report.samples.count is None else f"{report.samples.count:,}"
        model = f"{training['model']} on {training.get('data', '?')}" if "model" in training else report.samples.source
        seeds = [f"mean of {len(self.row.reports)} seeds"] if len(self.row.reports) > 1 else []
        return " · ".join([model, *seeds, f"{count} samples", f"against {report.reference.name}"])


class CardMaker:
    """Makes cards; draws the plots of a folder once, although both directions of a translation share it."""

    def __init__(self) -> None:
        self._names: dict[Path, str] = {}

    def card(self, group: ComparisonGroup, row: Row, anchor: str, common: Sequence[str]) -> Card:
        """The card of a row; `common` are the warnings of the whole group, which are listed elsewhere."""
        runs = [self._details(run, common) for run in row.stored] if anchor else []
        return Card(anchor, row, score_lines(group, row), runs)

    def _details(self, run: StoredReport, common: Sequence[str]) -> RunDetails:
        gallery, notices, report = None, list[str](), run.report
        if run.folder is None:
            notices.append("A report file on its own: its images are in the folder of its run.")
        else:
            try:
                best = training_of(report).get("best_step")
                gallery = gallery_of(run.folder, back=_is_back(run.folder, report), best=best)
            except ContentError as error:  # the scores stand without it
                notices.append(str(error))
        plots, omissions = self._plots(run)
        figures = figures_of(plots)
        verdicts = training_of(report).get("verdicts")
        return RunDetails(
            report.samples.name,
            [verdict for verdict in verdicts if isinstance(verdict, Mapping)] if isinstance(verdicts, Sequence) else [],
            [text for text in report.warnings if text not in common],
            gallery,
            next((figure for figure in figures if figure.name == ON_CARD), None),
            [figure for figure in figures if figure.name != ON_CARD],
            omissions,
            facts_of(run),
            config_text(run),
            notices,
        )

    def _plots(self, run: StoredReport) -> tuple[list[Plot], list[str]]:
        """The plots of a run, of a folder's second report those that differ; a line for each that cannot be drawn."""
        name = run.report.samples.name
        first = self._names.setdefault(run.folder, name) if run.folder else name
        if first == name:
            result = draw_run(run)
            return result.plots, [*result.missing, *result.broken]
        result = draw_run(run, [ON_CARD])
        return result.plots, [*result.broken, f"The plots of this training are on the card of {first}."]


def _is_back(folder: Path, report: Report) -> bool:
    """Whether a report is of a translation's other direction."""
    other = folder / REPORTS[1]
    return other.is_file() and load_report(other).samples.name == report.samples.name
