"""docs/reproducing.md and the published rows: each command can be given as it stands, and each link leads somewhere."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import torch

from ganeval.cli import main
from ganeval.training.run_request import parse_settings
from ganeval.training.tables.results_readme import BEGIN, END
from reference_models import build, configure

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reproducing.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
SHAPES = {"cifar10": (3, 32, 32), "mnist": (1, 28, 28)}  # of data with classes
OF_MODES: dict[str, tuple[int, ...]] = {"ring8": (2,), "grid25": (2,), "stacked-mnist": (3, 28, 28)}
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS = "".join(BLOCKS).replace("\\\n", " ").splitlines()


def options(command: str) -> dict[str, Any]:
    """A command line as click understands it."""
    words = shlex.split(command)
    assert words[:2] == ["ganeval", "train"]
    group = click.Context(main, **main.context_settings)  # a command keeps the help flags that it is first given
    return dict(main.commands["train"].make_context("train", words[2:], group).params)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_a_configuration_whose_networks_can_be_built(command: str) -> None:
    given = options(command)
    changes, size = parse_settings(given["settings"])
    shape = {**SHAPES, **OF_MODES}.get(given["source"]) or (3, int(size or 0), int(size or 0))
    classes = 10 if given["source"] in SHAPES else 0
    config = configure(
        given["model"], shape, classes=classes, preset=given["preset"], steps=given["steps"], changes=changes
    )
    with torch.device("meta"):  # shapes alone
        assert len(build(config).networks) == (4 if given["model"] == "cyclegan" else 2)
    assert given["extractor"] == ("auto" if given["source"] in OF_MODES else "inception")
    assert given["preset"] is not None


def test_no_two_commands_share_a_folder() -> None:
    folders = [options(command)["out"] for command in COMMANDS]
    assert len(folders) >= 25
    assert len(set(folders)) == len(folders)


def test_links_lead_to_headings_that_are_there() -> None:
    pages = {"": PAGE, "../results/README.md": RESULTS, "../docs/reproducing.md": PAGE, "reproducing.md": PAGE}
    pages["metrics.md"] = pages["../docs/metrics.md"] = METRICS
    for page in (PAGE, RESULTS, METRICS):
        for path, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", page):
            target = page if path == "" else pages[path]
            assert anchor in {slug(line) for line in target.splitlines() if line.startswith("#")}


def published() -> list[str]:
    """The rows of the tables of published numbers, in Markdown."""
    mode_coverage = METRICS.partition("\nPublished, beside it")[2].partition("\n\nWith the small")[0]
    tables = RESULTS.partition("\n## Published\n")[2] + mode_coverage
    rows = [line for line in tables.splitlines() if re.match(r"\|(?!---)", line)]
    left_out = ("| model |", "| | ", "| real images |", "| measured here |")  # headings, and what is no model
    return [row for row in rows if not row.startswith(left_out)]


def sections() -> dict[str, str]:
    """The sections of the page by their anchors."""
    parts = re.split(r"^(#+ .*)$", PAGE, flags=re.MULTILINE)[1:]
    return {slug(heading): text for heading, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("row", published())
def test_each_published_row_has_a_command_or_a_reason_why_none_repeats_it(row: str) -> None:
    anchors = re.findall(r"reproducing\.md#([^)]+)\)", row)
    told = [anchor + sections()[anchor] for anchor in anchors]
    assert told, "the row leads to no section"
    numbers = re.findall(r"\d+\.\d+", re.sub(r"\(\S*reproducing\.md\S*\)|arXiv:\S+", "", row))
    for anchor, text in zip(anchors, told, strict=True):
        assert "```bash\nganeval train " in text or anchor == "published-rows-that-no-setting-repeats"
        headings = next(line for line in PAGE.splitlines() if line.startswith("#") and slug(line) == anchor)
        assert not numbers or any(number in headings + text for number in numbers), "the section is of another row"


def test_there_are_as_many_published_rows_as_the_tables_have() -> None:
    assert len(published()) == 25 + 1 + 4 + 10  # CIFAR-10, MNIST, CycleGAN, mode coverage


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def test_the_results_page_has_room_for_the_generated_table() -> None:
    assert RESULTS.count(BEGIN) == RESULTS.count(END) == 1
    assert RESULTS.index(BEGIN) < RESULTS.index(END)
