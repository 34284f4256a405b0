"""The table of scores: every row is whole. tests/documents/test_contributing.py adds one."""

import inspect

import pytest

from ganeval.reports.scores import FAMILIES, HEADLINES, METRICS, SCORES, TITLES


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_whole(family: str) -> None:
    row = FAMILIES[family]
    assert row.term
    assert row.source
    assert row.misleads.endswith(".")
    assert row.fewest_samples(k=5, width=8) >= 1
    assert row.default <= bool(row.function)
    assert row.condition or row.default
    for score in row.scores.values():
        assert score.better in ("lower", "higher")
        assert score.range[0] < score.range[1]
        assert score.means.endswith(".")


def test_no_score_and_no_title_stands_twice() -> None:
    assert len(SCORES) == sum(len(family.scores) for family in FAMILIES.values())
    assert len(set(TITLES.values())) == len(TITLES)
    assert set(HEADLINES) < set(SCORES)


@pytest.mark.parametrize("family", METRICS)
def test_a_family_takes_what_its_row_says_that_it_needs(family: str) -> None:
    parameters = inspect.signature(METRICS[family].load()).parameters
    required = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    assert required <= set(METRICS[family].needs) <= set(parameters)
