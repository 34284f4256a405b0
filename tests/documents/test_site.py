"""The documentation site is built strictly, and names everything that the package gives."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import ganeval
import reference_models

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHON = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `docs/` has it: a broken link, anchor or reference fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in navigation
        assert (site / ("" if page.stem == "index" else page.stem) / "index.html").is_file()


@pytest.mark.slow
def test_pages_ask_no_other_host_for_anything(site: Path) -> None:
    for page in site.rglob("index.html"):
        fetched = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page.read_text(encoding="utf-8")
        )
        assert [address for address in fetched if "canonical" not in address] == []


@pytest.mark.slow
def test_examples_of_docstrings_are_shown_as_code(site: Path) -> None:
    page = (site / "python" / "index.html").read_text(encoding="utf-8")
    assert "&gt;&gt;&gt; " in re.sub(r"<[^>]+>", "", page)
    assert "<blockquote>" not in page


def test_every_public_name_has_its_entry() -> None:
    entries = {line.rpartition(".")[2] for line in PYTHON.splitlines() if line.startswith("::: ")}
    assert set(ganeval.__all__) - {"__version__"} <= entries
    public = {name for name in reference_models.__all__ if name[0].isupper() or name in ("train", "load_sampler")}
    assert public - {name for name in public if name.isupper()} - entries == {
        "CheckpointError",
        "ConfigError",
        "Divergence",
    }


def test_workflows_run_what_the_readme_and_ci_run() -> None:
    workflows = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / ".github/workflows").iterdir()
    }
    assert set(workflows) == {"tests", "gate", "docs"}
    steps = {
        name: [step.get("run", "") for job in flow["jobs"].values() for step in job["steps"]]
        for name, flow in workflows.items()
    }
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("ruff check .", "ruff format --check .", "mypy --strict"):
        assert command in steps["tests"]
        assert command in script
    assert 'pytest -n auto -m "not slow"' in steps["tests"]
    assert "mkdocs build --strict" in steps["docs"]
    assert "--limits .ci/limits.toml" in script
    pythons = workflows["tests"]["jobs"]["whole"]["strategy"]["matrix"]["python"]
    assert pythons[0] == PROJECT["requires-python"].removeprefix(">=")


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == ganeval.__version__
    assert (
        citation["license"] == re.search(r'^license = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    )  # type: ignore[index]


def test_the_hooks_before_a_commit_are_commands_of_the_project() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"].split()[0] for hook in hooks] == ["ruff", "ruff", "mypy", "bash"]
    assert all((ROOT / script).is_file() for script in re.findall(r"docs/\w+\.py", hooks[-1]["entry"]))
