"""What the page says, all of it, before a template makes HTML of it."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ganeval.comparison import Comparison, Group
from ganeval.page.cards import Card, Cards, found_of
from ganeval.page.figures import Figure, figures_of_group
from ganeval.page.glossary import GlossaryEntry, glossary_of
from ganeval.page.headline import Headline, headline_of
from ganeval.page.table import TableView, table_of
from ganeval.progress import Tick
from ganeval.reports.report import Report


@dataclass(frozen=True)
class Section:
    """Runs that may be compared: what they are scored against, the table, the plots, and a card for each run."""

    anchor: str
    name: str
    counts: str
    protocol: str
    differs: tuple[str, ...]
    headline: Headline | None
    table: TableView
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Document:
    """The whole page."""

    title: str
    versions: str
    grouped: bool
    said: tuple[str, ...]
    sections: tuple[Section, ...]
    glossary: tuple[GlossaryEntry, ...]

    @property
    def leads(self) -> list[Section]:
        """The sections whose headlines open the page: those that compare runs, all where none does."""
        known = [section for section in self.sections if section.headline]
        return [section for section in known if len(section.cards) > 1] or known

    @property
    def copies(self) -> list[tuple[Card, int]]:
        """The cards with samples that may be copies of real pictures, and how many."""
        counted = [
            (card, sum(sheet.gallery.copies for sheet in card.sheets if sheet.gallery))
            for section in self.sections
            for card in section.cards
        ]
        return [(card, copies) for card, copies in counted if copies]


def document_of(comparison: Comparison, said: Sequence[str], title: str | None, tick: Tick) -> Document:
    """Everything of a page: `title` over it, or else what it is about; `tick` is told as runs are drawn."""
    maker = Cards()
    total = sum(len(group.judged) for group in comparison.groups)
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
        comparison.grouped,
        tuple(said),
        tuple(sections),
        tuple(glossary_of(names)),
    )


def names_of(groups: Sequence[Group]) -> list[str]:
    """What groups are called: by their reference, with the number of samples or their own where that is not enough."""
    first = [group.rows[0].report for group in groups]
    names = [one.reference.name for one in first]
    counted = [f"{one.reference.name}, {one.samples.count or 0:,} samples" for one in first]
    names = [many if names.count(name) > 1 else name for name, many in zip(names, counted, strict=True)]
    return [f"{name} ({at})" if names.count(name) > 1 else name for at, name in enumerate(names, 1)]


def title_of(comparison: Comparison) -> str:
    """What a page is about where nobody says: its runs and their reference."""
    judged = [group for group in comparison.groups if group.judged] or comparison.groups
    references = list(dict.fromkeys(group.rows[0].report.reference.name for group in judged))
    against = references[0] if len(references) == 1 else f"{len(references)} references"
    return f"{runs_of(comparison)} against {against}"


def runs_of(comparison: Comparison) -> str:
    """How many runs are judged: `4 runs`, or where rows stand for several seeds `4 runs of 2 models`.

    Both directions of a CycleGAN are one run; where there are only yardsticks they are counted.
    """
    rows = [row for group in comparison.groups for row in group.judged]
    if not rows:
        return _counted(sum(len(group.rows) for group in comparison.groups), "yardstick")
    runs = _counted(len({found.folder or id(found.report) for row in rows for found in found_of(row)}), "run")
    return f"{runs} of {_counted(len(rows), 'model')}" if comparison.grouped else runs


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _section(group: Group, name: str, number: int, maker: Cards, drawn: Callable[[], None]) -> Section:
    anchors = [f"run-{number}-{place}" for place in range(1, len(group.rows) + 1)]
    first = group.rows[0].report
    common = _common([report for row in group.judged for report in row.reports])
    cards: list[Card] = []
    for row, anchor in zip(group.rows, anchors, strict=True):
        if row.yardstick is None:
            cards.append(maker.card(group, row, anchor, common))
            drawn()
    linked = [anchor if row.yardstick is None else "" for row, anchor in zip(group.rows, anchors, strict=True)]
    runs = [found for row in group.judged for found in found_of(row)]
    return Section(
        f"group-{number}",
        name,
        counts_of(first),
        first.protocol.line(),
        group.differs,
        headline_of(group),
        table_of(group, linked),
        figures_of_group(group.judged, runs) if len(group.judged) > 1 else (),
        common,
        tuple(cards),
    )


def _common(reports: Sequence[Report]) -> tuple[str, ...]:
    """The warnings that all of several reports have."""
    if len(reports) < 2:
        return ()
    return tuple(text for text in reports[0].warnings if all(text in report.warnings for report in reports))


def counts_of(report: Report) -> str:
    """How many of each set: the numbers that precision, recall, density, coverage and FID depend on."""
    kind = "points" if report.protocol.extractor == "points" else "images"
    samples, reference = (
        "an unknown number of" if some.count is None else f"{some.count:,}"
        for some in (report.samples, report.reference)
    )
    return f"{samples} samples each, {reference} reference {kind}"
