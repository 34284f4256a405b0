"""CONTRIBUTING.md is so: what it says to add is added to a copy of the package, and is then found everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
Command = Callable[..., subprocess.CompletedProcess[str]]
STEP = re.compile(r"^<!-- (file|line|row): (\S+) ?(\w*) -->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages with every file and row of the page added."""
    tree = tmp_path_factory.mktemp("extended")
    for package in ("ganeval", "reference_models"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    for kind, path, table, text in STEP.findall(PAGE):
        target = tree / path
        if kind == "file":
            assert not target.exists()
            target.write_text(text, encoding="utf-8")
        elif kind == "line":
            target.write_text(
                re.sub(r"(?=^from )", text, target.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
            )
        else:
            text_before = target.read_text(encoding="utf-8")
            before, after = re.split(rf"(?<=^{table}\b)(?=[^\n]*= \{{\n)", text_before, flags=re.MULTILINE)
            target.write_text(before + after.replace("\n}\n", f"\n{text}}}\n", 1), encoding="utf-8")
    return tree


@pytest.fixture(scope="module")
def ganeval(extended: Path) -> Command:
    """A function that runs a command of the copy."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(extended), "COLUMNS": "200"}
        command = [sys.executable, "-m", "ganeval", *map(str, arguments)]
        return subprocess.run(command, env=environment, cwd=extended, capture_output=True, text=True, check=False)

    return run


def printed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_metric_is_in_the_help_the_list_and_the_docs(extended: Path, ganeval: Command) -> None:
    assert "mixture, mean-distance" in " ".join(printed(ganeval("score", "--help")).split())
    listed = printed(ganeval("list", "metrics"))
    assert "mean_distance ↓" in listed
    assert "Nobody 2026, arXiv:2601.00001" in listed
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['table'](trained=False))"
    command = [sys.executable, "-c", code, str(ROOT / "docs" / "generate_metrics.py")]
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    table = subprocess.run(command, env=environment, cwd=extended, capture_output=True, text=True, check=True).stdout
    cells = ("`mean_distance`", "mean distance", "`mean-distance`", "lower", "0 … ∞", "–", "37", "how far apart ")
    assert f"| {' | '.join(cells)}" in table


@pytest.mark.slow
def test_a_metric_a_protocol_and_an_extractor_are_in_scores_tables_gate_and_page(
    extended: Path, ganeval: Command, digits_folder: Path
) -> None:
    run = extended / "results" / "mine"
    asked = ("--metrics", "mean-distance", "--protocol", "half-pixel", "--extractor", "colour-means")
    table = printed(ganeval("score", "--samples", digits_folder, "--ref", "digits", *asked, "--out", run))
    assert "mean distance" in table
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert (report["protocol"]["name"], report["protocol"]["resize"]) == ("half-pixel", "bilinear")
    assert report["protocol"]["extractor"] == "colour-means"
    assert "mean distance" in printed(ganeval("compare", run))
    printed(ganeval("gate", run, "--max", "mean_distance=1000"))
    printed(ganeval("report", run, "-o", extended / "page.html"))
    page = (extended / "page.html").read_text(encoding="utf-8")
    for text in ("mean distance", "how far apart the means are.", "It sees nothing but means.", "Nobody 2026"):
        assert text in page


@pytest.mark.slow
def test_a_metric_has_its_smallest_number_of_samples(
    ganeval: Command, write_digits: Callable[..., Path], tmp_path: Path
) -> None:
    few = write_digits(tmp_path / "few", 36)
    done = ganeval("score", "--samples", few, "--ref", "digits", "--metrics", "mean-distance")
    assert done.returncode == 1
    assert "found 36 images, needed at least 37 for mean-distance" in done.stderr


@pytest.mark.slow
def test_protocols_and_extractors_are_listed(ganeval: Command) -> None:
    assert "half-pixel" in printed(ganeval("list", "protocols"))
    assert "colour-means" in printed(ganeval("list", "extractors"))


def idx(shape: tuple[int, ...], values: bytes) -> bytes:
    """A file as MNIST's are."""
    return bytes([0, 0, 8, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape) + values


@pytest.mark.slow
def test_a_data_set_is_listed_and_opened(ganeval: Command, tmp_path: Path) -> None:
    assert "missing: images.idx, labels.idx" in printed(ganeval("list", "datasets", "--data-root", tmp_path))
    (tmp_path / "stripes").mkdir()
    (tmp_path / "stripes" / "images.idx").write_bytes(idx((20, 8, 8), 5 * bytes(range(256))))
    (tmp_path / "stripes" / "labels.idx").write_bytes(idx((20,), 10 * bytes([0, 1])))
    checked = ganeval("check", "stripes", "--data-root", tmp_path).stdout  # refused: the example metric needs 37 images
    assert "horizontal 10, vertical 10" in checked


@pytest.mark.slow
def test_a_model_is_listed_trained_and_scored(extended: Path, ganeval: Command) -> None:
    assert "lsgan" in printed(ganeval("list", "models"))
    run = extended / "results" / "digits-lsgan-s0"
    options = ("--steps", 8, "--set", "check_every=4", "-n", 100, "--out", run)
    assert "lsgan" in printed(ganeval("train", "lsgan", *options))
    assert "fid" in json.loads((run / "report.json").read_text(encoding="utf-8"))["scores"]


@pytest.mark.slow
def test_the_losses_of_the_example_model_are_those_that_training_runs(extended: Path) -> None:
    code = (
        "import torch; from reference_models import lsgan; from reference_models.objectives.losses import LOSSES;"
        "real, fake = torch.randn(2, 9); D = lambda scores: scores; loss = LOSSES['least-squares'];"
        "of_d = lsgan.discriminator_loss(D, real, fake) - loss.discriminator(real, fake);"
        "print(float(abs(of_d) + abs(lsgan.generator_loss(D, fake) - loss.generator(fake))))"
    )
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=extended, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-6


def test_the_rooms_of_the_page_are_those_of_the_house() -> None:
    table = PAGE.partition("| room | purpose |")[2].partition("`reference_models/`")[0]
    rooms = re.findall(
        r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    )
    assert set(rooms) == {path.parent.name for path in (ROOT / "ganeval").glob("*/__init__.py")}


def test_the_commands_of_the_page_are_those_of_the_project() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert '-m "not slow"' in PAGE
    assert '-m "not slow"' in workflow
    for command in ("ruff check .", "mypy --strict"):
        assert command in PAGE
