"""The content of the page, before a template turns it into HTML."""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ganeval.comparison import Comparison, ComparisonGroup
from ganeval.page.cards import Card, CardMaker
from ganeval.page.figures import PageFigure, figures_of
from ganeval.page.headline import Headline, headline_of
from ganeval.plots import GROUP_PLOTS, draw_group
from ganeval.progress import Tick
from ganeval.reports.report import Report
from ganeval.reports.scores import FAMILIES, MetricFamily

PAGE_PLOTS = [name for name in GROUP_PLOTS if name != "modes-by-run"]  # the modes are on the card of each run


@dataclass(frozen=True)
class Section:
    """Comparable runs: their reference, the table, the plots, and a card for each run; `rows`: with yardsticks."""

    anchor: str
    name: str
    group: ComparisonGroup
    headline: Headline | None
    figures: list[PageFigure]
    warnings: list[str]
    rows: list[Card]

    @property
    def cards(self) -> list[Card]:
        """The rows that have a card: all but the yardsticks."""
        return [card for card in self.rows if card.anchor]

    @property
    def report(self) -> Report:
        """The first report: protocol, reference and counts are those of all."""
        return self.group.rows[0].report

    @property
    def counts(self) -> str:
        """The counts of both sets, on which precision, recall, density, coverage and FID depend."""
        kind = "points" if self.report.protocol.extractor == "points" else "images"
        samples, reference = (
            "an unknown number of" if images.count is None else f"{images.count:,}"
            for images in (self.report.samples, self.report.reference)
        )
        return f"{samples} samples each, {reference} reference {kind}"


@dataclass(frozen=True)
class Document:
    """The whole page; `glossary`: families of scores, each with what those of its scores mean that are shown."""

    title: str
    versions: str
    grouped: bool
    notices: Sequence[str]
    sections: list[Section]
    glossary: list[tuple[MetricFamily, str]]

    @property
    def leads(self) -> list[Section]:
        """The sections whose headlines open the page: those that compare runs, or all where none does."""
        sections = [section for section in self.sections if section.headline]
        return [section for section in sections if len(section.cards) > 1] or sections

    @property
    def copies(self) -> list[tuple[Card, int]]:
        """The cards with samples that may be copies of real images, and how many."""
        cards = [card for section in self.sections for card in section.cards]
        counted = [(card, sum(run.gallery.copies for run in card.runs if run.gallery)) for card in cards]
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
    reports = [report for group in comparison.groups for row in group.rows for report in row.reports]
    return Document(
        title or title_of(comparison),
        ", ".join(dict.fromkeys(report.ganeval for report in reports)),
        comparison.has_seeds,
        notices,
        sections,
        glossary_of({name for group in comparison.groups for name in group.names}),
    )


def glossary_of(names: Collection[str]) -> list[tuple[MetricFamily, str]]:
    """The families of the scores that a page shows, each with what these scores mean.

    >>> [family.term for family, _ in glossary_of(["recall", "kid"])]
    ['KID (kernel distance)', 'Precision and recall']
    """
    entries = []
    for family in FAMILIES.values():
        scores = [score for name, score in family.scores.items() if name in names]
        if scores:
            means = " ".join(f"{score.title[0].upper()}{score.title[1:]}: {score.means}" for score in scores)
            entries.append((family, means))
    return entries


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
    runs = _count(len({run.folder or id(run.report) for row in rows for run in row.stored}), "run")
    return f"{runs} of {_count(len(rows), 'model')}" if comparison.has_seeds else runs


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _section(group: ComparisonGroup, name: str, number: int, maker: CardMaker, advance: Callable[[], None]) -> Section:
    warnings = [report.warnings for row in group.contenders for report in row.reports]
    common = [text for text in warnings[0] if all(text in other for other in warnings)] if len(warnings) > 1 else []
    rows = []
    for place, row in enumerate(group.rows, 1):
        rows.append(maker.card(group, row, "" if row.yardstick else f"run-{number}-{place}", common))
        if not row.yardstick:
            advance()
    plots = draw_group(group.contenders, PAGE_PLOTS) if len(group.contenders) > 1 else []
    return Section(f"group-{number}", name, group, headline_of(group), figures_of(plots), common, rows)
