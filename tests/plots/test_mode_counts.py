"""Counts by mode in a report: which modes are lost, and broken counts."""

from dataclasses import replace

import pytest
from example_runs import report_on

from ganeval.errors import ContentError
from ganeval.plots.mode_counts import mode_counts_of
from ganeval.plots.theme import MissingData
from ganeval.reports.report import Score


def test_modes_that_the_score_does_not_count_are_lost():
    more = {"samples": [90, 1, 9, 0], "reference": [40, 10, 40, 10], "names": None}
    counts = mode_counts_of(report_on("a", modes_covered=Score(3, "higher", total=4, more=more)))
    assert counts.sample_shares.tolist() == [0.9, 0.01, 0.09, 0.0]
    assert counts.lost.tolist() == [3]  # 0.01 is not below a tenth of 0.1
    assert counts.error[0] == pytest.approx((0.9 * 0.1 / 100) ** 0.5)


def test_modes_of_points_are_lost_where_no_sample_is_near():
    report = report_on("a")
    more = {"samples": [500, 0, 1], "reference": [10, 10, 10]}
    points = replace(report, scores={"modes_captured": Score(2, "higher", total=3, more=more)})
    assert mode_counts_of(points).lost.tolist() == [1]


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ({}, "no modes were counted"),
        ({"modes_covered": Score(9, "higher", total=10)}, "10 modes are too many, or an earlier version scored it"),
        (
            {"modes_covered": Score(9, "higher", total=1000)},
            "1,000 modes are too many, or an earlier version scored it",
        ),
    ],
)
def test_a_report_without_counts_is_missing_data_with_the_reason(scores, why):
    with pytest.raises(MissingData) as caught:
        mode_counts_of(replace(report_on("a"), scores=scores))
    assert str(caught.value) == f"no counts by mode in the report: {why}"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"samples": [1, 2], "reference": [1]}, "found counts of 2 and of 1 modes"),
        ({"samples": [1, 2.5], "reference": [1, 1]}, r"samples by mode is \[1, 2.5\], needed whole numbers"),
        ({"samples": "12", "reference": [1, 1]}, "samples by mode is 12, needed whole numbers"),
        ({"samples": [True, False], "reference": [1, 1]}, "samples by mode is .True, False., needed whole numbers"),
        ({"samples": [1, 2**63], "reference": [1, 1]}, "samples by mode is .1, 9223372036854775808., needed whole"),
        ({"samples": [1, 2], "reference": [1, -1]}, r"reference by mode is \[1, -1\], needed whole numbers"),
        ({"samples": [1, 2], "reference": [1, 1], "names": ["a"]}, "found counts of 2 and of 2 modes"),
    ],
)
def test_broken_counts_are_one_line(more, message):
    with pytest.raises(ContentError, match=message):
        mode_counts_of(report_on("a", modes_covered=Score(2, "higher", total=2, more=more)))
