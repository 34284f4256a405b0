"""The headline: the best run and those within its error."""

from example_pages import (
    Outline,
    scored,
)

from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.page.headline import headline_of


def test_the_headline_names_the_best_and_those_within_its_error() -> None:
    runs = {"a": 1.0, "b": 1.2, "c": 3.0}
    comparison = compare([scored(name, {"fid": (value, 0.1)}) for name, value in runs.items()])
    headline = headline_of(comparison.groups[0])
    assert headline is not None
    assert (headline.best, headline.within, headline.beyond, headline.unknown) == (("a",), ("b",), 1, 0)
    text = Outline(page_of(comparison)).text
    assert "a has the best FID (digits classifier): 1.00 ±0.10 . Within the error of it: b." in text


def test_the_headline_claims_nothing_about_unknown_errors() -> None:
    comparison = compare([scored(name, {"fid": (value, None)}) for name, value in {"a": 1.0, "b": 9.0}.items()])
    headline = headline_of(comparison.groups[0])
    assert headline is not None
    assert (headline.within, headline.beyond, headline.unknown) == ((), 0, 1)
    assert "worse by more than" not in Outline(page_of(comparison)).text
