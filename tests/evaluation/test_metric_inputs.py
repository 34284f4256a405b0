"""The inputs of metric families: each need of a row has its line in the table, and no line is without a use."""

from ganeval.evaluation.metric_inputs import INPUTS
from ganeval.reports.scores import METRICS


def test_every_need_of_a_family_is_an_input_and_every_input_is_needed() -> None:
    assert {need for family in METRICS.values() for need in family.needs} == set(INPUTS)
