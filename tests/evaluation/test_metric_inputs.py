"""The inputs of metric families: each need has its line in the table, and is computed once, when it is needed."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from toy_features import normal

from ganeval.evaluation import metric_inputs
from ganeval.evaluation.families import score_families
from ganeval.evaluation.metric_inputs import INPUTS, MetricInputs
from ganeval.features.feature_set import FeatureSet
from ganeval.reports.scores import METRICS


def test_every_need_of_a_family_is_an_input_and_every_input_is_needed() -> None:
    assert {need for family in METRICS.values() for need in family.needs} == set(INPUTS)


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        (("fid",), {"moments": 2}),
        (("pr", "dc"), {"real_neighbours": 1, "overlap": 1}),
        (("modes",), {"cells": 1, "modes_by_cell": 1}),
        (
            ("fid", "kid", "pr", "dc", "modes"),
            {"moments": 2, "real_neighbours": 1, "overlap": 1, "cells": 1, "modes_by_cell": 1},
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:modes are k-means cells")
def test_families_compute_what_they_need_once_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, families: tuple[str, ...], expected: dict[str, int]
) -> None:
    calls: Counter[str] = Counter()

    def count(name: str) -> Callable[..., Any]:
        function = getattr(metric_inputs, name)
        return lambda *arguments, **options: calls.update([name]) or function(*arguments, **options)

    for name in ("moments", "real_neighbours", "overlap", "cells", "modes_by_cell"):
        monkeypatch.setattr(metric_inputs, name, count(name))
    score_families(MetricInputs(FeatureSet(normal(0, 300, 8)), FeatureSet(normal(1, 250, 8))), families)
    assert calls == expected
