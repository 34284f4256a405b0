"""What the documents say is so: README commands and examples run, and docs/cli.md is the commands' own help."""

import json
import re
import runpy
from pathlib import Path

import click
import pytest
from recorded import FID_LIMITS

import ganeval
from ganeval.cli import main
from ganeval.evaluation.protocols import PROTOCOLS
from ganeval.reports.scores import FAMILIES, SCORES
from reference_models import MODELS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = "README.md") -> list[str]:
    """The fenced blocks of one language on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_opens_with_its_two_commands_and_real_output() -> None:
    install, test = (line for line in README.splitlines() if line.startswith("pip install"))
    assert test == "pip install '.[test]' && pytest -n 2"
    command = install.removeprefix("pip install . && ganeval ")
    assert command != install
    assert README.index(test) < len("\n".join(README.splitlines()[:50]))  # within one screen


def test_the_readmes_table_has_the_rows_and_columns_of_train_all() -> None:
    table = blocks("text")[0]
    names = [re.split(r"\s{2,}", line.strip())[0] for line in table.splitlines() if "±" in line]
    assert names == ["real (train)", *[name for name in MODELS if name != "cyclegan"], "noise"]
    for heading in (
        "FID (digits",
        "% of noise",
        "IS",
        "KID",
        "precision",
        "recall",
        "density",
        "coverage",
        "modes covered",
    ):
        assert heading in table


def test_the_readmes_figures_are_those_of_runs_that_learned() -> None:
    shares = re.findall(r"^\s*(\S+).* (\d[\d.]*) %", blocks("text")[0], flags=re.MULTILINE)
    found = {name: float(share) for name, share in shares}
    assert {name: found[name] <= 100 * most for name, most in FID_LIMITS.items()} == dict.fromkeys(FID_LIMITS, True)


def test_the_readmes_speeds_are_those_of_the_benchmark() -> None:
    found = json.loads((ROOT / "benchmarks" / "against.json").read_text(encoding="utf-8"))

    def faster(part: str, ours: str, theirs: str) -> str:
        return f"{found[part][theirs]['seconds'] / found[part][ours]['seconds']:.1f} times as fast"

    words = " ".join(README.split())
    inception = faster("network", "Inception, tf1", "torch-fidelity's Inception")
    assert f"Inception runs {inception} as torch-fidelity's" in words
    assert f"others {faster('folders', 'score, PNG', 'fidelity, PNG')} as `fidelity`" in words


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/training.md"])
def test_the_python_of_a_page_runs(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks("python", page)), encoding="utf-8")
    names = runpy.run_path(str(script))
    assert isinstance(names["report"], ganeval.Report)


def test_the_readme_shows_every_way_in_from_python() -> None:
    shown = " ".join(blocks("python"))
    names = ("evaluate", "Evaluator", "score_features", "load_report", "compare", "gate")
    assert [name for name in names if f"ganeval.{name}" not in shown] == []


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/training.md"])
def test_the_commands_of_a_page_exist_with_their_flags(page: str) -> None:
    shown = [line for block in blocks("bash", page) for line in block.splitlines() if "ganeval " in line]
    lines = [line.split("#")[0].split() for line in shown]
    for words in lines:
        words = words[words.index("ganeval") + 1 :]
        command = main.commands[words[0]]
        if isinstance(command, click.Group):
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known


def test_the_page_of_commands_is_their_own_help() -> None:
    document = runpy.run_path(str(ROOT / "docs" / "generate_cli.py"))["document"]
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == document(), "run python docs/generate_cli.py"


def test_the_page_of_metrics_has_the_tables_of_scores_and_names_every_protocol_and_paper() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(ROOT / "docs" / "generate_metrics.py"))["page"]
    assert page == generated(page), "run python docs/generate_metrics.py"
    assert [name for name in [*SCORES, *PROTOCOLS] if f"`{name}`" not in page] == []
    for family in FAMILIES.values():
        for cited in re.findall(r"arXiv:\d+\.\d+", family.source):
            assert cited in page


def test_the_changelog_has_the_version_and_the_numbers_that_changed() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {ganeval.__version__}" in changes
    assert "### Numbers that changed" in changes
