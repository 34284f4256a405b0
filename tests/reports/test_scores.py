"""The table of scores: every row is whole, and a metric is added by one file and one row."""

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ganeval.reports.scores import FAMILIES, HEADLINES, METRICS, SCORES, TITLES

ROOT = Path(__file__).parents[2]
TOY = '''"""A toy metric: the distance between the mean features. Lower is better."""

from torch import Tensor

from ganeval.metrics.estimate import Estimate


def toy(real: Tensor, fake: Tensor) -> dict[str, Estimate]:
    return {"toy_distance": Estimate(float((real.mean(0) - fake.mean(0)).norm()))}
'''
TOY_ROW = """    "toy": MetricFamily(
        term="The toy term",
        source="Nobody 2026, arXiv:2601.00001",
        lies="It only looks at means.",
        function="toy:toy",
        needs=("real", "fake"),
        fewest="37",
        scores={"toy_distance": ScoreRow("toy title", "lower", POSITIVE, "The toy meaning.", headline=True)},
    ),
}
METRICS = """


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_whole(family: str) -> None:
    row = FAMILIES[family]
    assert row.term
    assert row.source
    assert row.lies.endswith(".")
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


def ganeval(tree: Path, *arguments: object) -> str:
    """What a command of the package in `tree` prints."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    command = [sys.executable, "-m", "ganeval", *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one file and one row more."""
    tree = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "ganeval", tree / "ganeval", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "reference_models", tree / "reference_models", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "ganeval" / "metrics" / "toy.py").write_text(TOY)
    table = tree / "ganeval" / "reports" / "scores.py"
    text = table.read_text(encoding="utf-8")
    assert text.count("\n}\nMETRICS = ") == 1
    table.write_text(text.replace("}\nMETRICS = ", TOY_ROW, 1), encoding="utf-8")
    return tree


def test_one_file_and_one_row_add_a_metric_to_help_list_and_docs(extended: Path) -> None:
    assert "mixture, toy" in " ".join(ganeval(extended, "score", "--help").split())
    listed = ganeval(extended, "list", "metrics")
    assert "toy_distance ↓" in listed
    assert "Nobody 2026, arXiv:2601.00001" in listed
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['table'](trained=False))"
    page = subprocess.run(
        [sys.executable, "-c", code, ROOT / "docs" / "generate_metrics.py"],
        env={**os.environ, "PYTHONPATH": str(extended)},
        cwd=extended,
        capture_output=True,
        text=True,
        check=True,
    )
    cells = ("`toy_distance`", "toy title", "`toy`", "lower", "0 … ∞", "–", "37", "The toy meaning.", "Nobody 2026, ")
    assert f"| {' | '.join(cells)}" in page.stdout


def test_one_file_and_one_row_add_a_metric_to_scores_tables_and_page(extended: Path, digits_folder: Path) -> None:
    run = extended / "results" / "mine"
    table = ganeval(
        extended, "score", "--samples", digits_folder, "--ref", "digits", "--metrics", "toy", "--out", run, "--no-cache"
    )
    assert "toy title" in table
    assert "toy title" in ganeval(extended, "compare", run)
    ganeval(extended, "gate", run, "--max", "toy_distance=1000")
    ganeval(extended, "report", run, "-o", extended / "page.html")
    page = (extended / "page.html").read_text(encoding="utf-8")
    for text in ("toy title", "The toy term", "The toy meaning.", "It only looks at means.", "Nobody 2026"):
        assert text in page


def test_one_file_and_one_row_add_a_metric_with_its_smallest_number_of_samples(
    extended: Path, write_digits: object, tmp_path: Path
) -> None:
    few = write_digits(tmp_path / "few", 36)  # type: ignore[operator]
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    command = [sys.executable, "-m", "ganeval", "score", "--samples", few, "--ref", "digits", "--metrics", "toy"]
    done = subprocess.run(command, env=environment, cwd=extended, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "found 36 images, needed at least 37 for toy" in done.stderr
