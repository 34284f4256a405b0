"""docs/calibration.md is what calibration.json says, and the benchmark tells right error bars from wrong ones."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from ganeval.reports.report import Score

ROOT = Path(__file__).parents[2]
NUMBERS = json.loads((ROOT / "benchmarks" / "calibration.json").read_text(encoding="utf-8"))


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def test_the_page_is_made_from_the_numbers(load) -> None:
    written = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert written == load("calibration_page").page(NUMBERS), "run python benchmarks/calibration.py --write"


def test_every_case_of_the_table_is_measured_and_no_other(load, tmp_path: Path) -> None:
    assert list(NUMBERS["cases"]) == list(load("calibration_cases").cases(tmp_path, None))
    assert list(NUMBERS["power"]) == list(load("calibration").POWER_CASES)


def groups_of_scores(stated: float) -> list[list[Score]]:
    values = np.random.default_rng(0).normal(5, 2, (10, 100))
    return [[Score(float(value), "lower", 2 * stated, 2 * stated) for value in group] for group in values]


@pytest.mark.parametrize(
    ("stated", "marked"), [(1.0, []), (0.7, ["ratio", "cover", "alarm"]), (1.5, ["ratio", "cover"])]
)
def test_errors_of_a_wrong_size_are_seen(load, stated: float, marked: list[str]) -> None:
    calibration, groups = load("calibration"), groups_of_scores(stated)
    case = load("calibration_cases").modes([1.0], [1.0], 100)
    alarm = calibration.false_alarms(case, [[{"fid": score} for score in group] for group in groups], ["fid"])["fid"]
    row = calibration.Calibration.of([sum(groups, [])], groups, alarm)  # noqa: RUF017
    assert row.ratio == pytest.approx(stated, rel=0.06)
    assert row.ratio_samples == pytest.approx(stated, rel=0.06)
    outside = load("calibration_page").beyond(vars(row), 1000)
    assert [name for name in outside if not name.endswith("samples")] == marked


def test_a_case_is_measured_by_the_scores_of_the_command(load) -> None:
    calibration, populations = load("calibration"), load("populations")
    plain = populations.even(4)
    makers = load("calibration_cases")
    case = makers.Pairing(plain, plain, 40, 40, ("fid", "kid"), draws=makers.Draws(4, 2, 4))
    found = calibration.measured(case)
    assert list(found["scores"]) == ["fid", "kid"]
    assert (found["samples"], found["draws"], found["kept"]) == (40, 4, [2, 4])


def test_sets_of_a_pool_are_disjoint(load) -> None:
    import torch

    from ganeval.features.feature_set import FeatureSet

    rows = torch.arange(60.0)[:, None]
    pool = FeatureSet(rows, rows, torch.arange(60) % 10)
    few = load("populations").Pool(pool, range(5))
    reference, *samples = few.sets(torch.Generator().manual_seed(0), [10, 10, 10])
    seen = torch.cat([one.features[:, 0] for one in (reference, *samples)]).tolist()
    assert len(set(seen)) == 30
    later = few.sets(torch.Generator().manual_seed(1), [10, 10, 10], reference)
    assert not {*reference.features[:, 0].tolist()} & {*torch.cat([one.features[:, 0] for one in later]).tolist()}
    assert {value % 10 for value in seen} == set(range(5))
