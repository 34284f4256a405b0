"""What the scores of a page mean and when they mislead, from the table of scores; `docs/metrics.md` has all of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ganeval.reports.scores import FAMILIES


@dataclass(frozen=True)
class GlossaryEntry:
    """One family of scores in words: its term, what those of its scores mean that are shown, when they mislead."""

    term: str
    means: str
    misleads: str
    source: str


def glossary_of(names: Iterable[str]) -> list[GlossaryEntry]:
    """The entries of the scores that a page shows.

    >>> [entry.term for entry in glossary_of(["recall", "kid"])]
    ['KID (kernel distance)', 'Precision and recall']
    """
    shown = set(names)
    entries = []
    for family in FAMILIES.values():
        scores = [score for name, score in family.scores.items() if name in shown]
        meanings = [f"{score.title[0].upper()}{score.title[1:]}: {score.means}" for score in scores]
        if meanings:
            entries.append(GlossaryEntry(family.term, " ".join(meanings), family.misleads, family.source))
    return entries
