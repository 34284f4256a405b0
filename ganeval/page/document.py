"""The content of the page, before a template turns it into HTML."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ganeval.comparison import Comparison, ComparisonGroup
from ganeval.page.cards import Card, CardMaker, reports_of
from ganeval.page.figures import PageFigure, figures_of_group
from ganeval.page.glossary import GlossaryEntry, glossary_of
from ganeval.page.headline import Headline, headline_of
from ganeval.page.table import TableView, table_of
from ganeval.progress import Tick
from ganeval.reports.report import Report


@dataclass(frozen=True)
class Section:
    """Comparable runs: their reference, the table, the plots, and a card for each run."""

    anchor: str
    name: str
    counts: str
    protocol: str
    differs: tuple[str, ...]
    headline: Headline | None
    table: TableView
    figures: tuple[PageFigure, ...]
    warnings: tuple[str, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Document:
    """The whole page."""

    title: str
    versions: str
    grouped: bool
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    glossary: tuple[GlossaryEntry, ...]

    @property
    def leads(self) -> list[Section]:
        """The sections whose headlines open the page: those that compare runs, or all where none does."""
        sections = [section for section in self.sections if section.headline]
        return [section for section in sections if len(section.cards) > 1] or sections

    @property
    def copies(self) -> list[tuple[Card, int]]:
        """The cards with samples that may be copies of real images, and how many."""
        counted = [
            (card, sum(run.gallery.copies for run in card.runs if run.gallery))
            for section in self.sections
            for card in section.cards
        ]
        return [(card, copies) for card, copies in counted if copies]


def document_of(comparison: Comparison, notices: Sequence[str], title: str | None, tick: Tick) -> Document:
    """The content of a page; `title` defaults to `title_of`; `tick` is called for each run."""
    maker = CardMaker()
    total = sum(len(group.contenders) for group in comparison.groups)
    done = itertools.count()

    def advance() -> None:
        tick("runs", next(done), total)

    advance()
    named = zip(names_of(comparison.groups), comparison.groups, strict=True)
    sections = [_section(group, name, number, maker, advance) for number, (name, group) in enumerate(named, 1)]
    names = [name for group in comparison.groups for name in group.names]
    reports = [report for group in comparison.groups for row in group.rows for report in row.reports]
    return Document(
        title or title_of(comparison),
        ", ".join(dict.fromkeys(report.ganeval for report in reports)),
        comparison.has_seeds,
        tuple(notices),
        tuple(sections),
        tuple(glossary_of(names)),
    )


def names_of(groups: Sequence[ComparisonGroup]) -> list[str]:
    """The names of groups: their reference, with the number of samples or of the group where that is ambiguous."""
    first = [group.rows[0].report for group in groups]
    names = [report.reference.name for report in first]
    longer = [f"{report.reference.name}, {report.samples.count or 0:,} samples" for report in first]
    names = [long if names.count(name) > 1 else name for name, long in zip(names, longer, strict=True)]
    return [f"{name} ({number})" if names.count(name) > 1 else name for number, name in enumerate(names, 1)]


def title_of(comparison: Comparison) -> str:
    """The default title of a page: its runs and their reference."""
    judged = [group for group in comparison.groups if group.contenders] or comparison.groups
    references = list(dict.fromkeys(group.rows[0].report.reference.name for group in judged))
    against = references[0] if len(references) == 1 else f"{len(references)} references"
    return f"{runs_of(comparison)} against {against}"


def runs_of(comparison: Comparison) -> str:
    """The number of runs: `4 runs`, or where rows are of several seeds `4 runs of 2 models`.

    Both directions of a translation are one run; yardsticks count only where there is nothing else.
    """
    rows = [row for group in comparison.groups for row in group.contenders]
    if not rows:
        return _count(sum(len(group.rows) for group in comparison.groups), "yardstick")
    runs = _count(len({run.folder or id(run.report) for row in rows for run in reports_of(row)}), "run")
    return f"{runs} of {_count(len(rows), 'model')}" if comparison.has_seeds else runs


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _section(group: ComparisonGroup, name: str, number: int, maker: CardMaker, advance: Callable[[], None]) -> Section:
    anchors = [f"run-{number}-{place}" for place in range(1, len(group.rows) + 1)]
    first = group.rows[0].report
    common = _common([report for row in group.contenders for report in row.reports])
    cards: list[Card] = []
    for row, anchor in zip(group.rows, anchors, strict=True):
        if row.yardstick is None:
            cards.append(maker.card(group, row, anchor, common))
            advance()
    linked = [anchor if row.yardstick is None else "" for row, anchor in zip(group.rows, anchors, strict=True)]
    runs = [run for row in group.contenders for run in reports_of(row)]
    return Section(
        f"group-{number}",
        name,
        counts_of(first),
        first.protocol.line(),
        group.differs,
        headline_of(group),
        table_of(group, linked),
        figures_of_group(group.contenders, runs) if len(group.contenders) > 1 else (),
        common,
        tuple(cards),
    )


def _common(reports: Sequence[Report]) -> tuple[str, ...]:
    """The warnings that all of several reports share."""
    if len(reports) < 2:
        return ()
    return tuple(text for text in reports[0].warnings if all(text in report.warnings for report in reports))


def counts_of(report: Report) -> str:
    """The counts of both sets, on which precision, recall, density, coverage and FID depend."""
    kind = "points" if report.protocol.extractor == "points" else "images"
    samples, reference = (
        "an unknown number of" if images.count is None else f"{images.count:,}"
        for images in (report.samples, report.reference)
    )
    return f"{samples} samples each, {reference} reference {kind}"
