"""docs/reproducing.md and results/README.md: each command can be given as it stands, and each link leads somewhere."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from ganeval.cli import main
from ganeval.suite.orders import parsed
from ganeval.suite.page import BEGIN, END
from reference_models import build, configuration

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reproducing.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
SHAPES = {"cifar10": (3, 32, 32), "mnist": (1, 28, 28)}
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS = "".join(BLOCKS).replace("\\\n", " ").splitlines()


def options(command: str) -> dict[str, Any]:
    """A command line as click understands it."""
    words = shlex.split(command)
    assert words[:2] == ["ganeval", "train"]
    return dict(main.commands["train"].make_context("train", words[2:]).params)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_a_configuration_whose_networks_can_be_built(command: str) -> None:
    given = options(command)
    changes, size = parsed(given["settings"])
    shape = SHAPES.get(given["source"]) or (3, int(size or 0), int(size or 0))
    classes = 10 if given["source"] in SHAPES else 0
    config = configuration(
        given["model"], shape, classes=classes, preset=given["preset"], steps=given["steps"], changes=changes
    )
    with torch.device("meta"):  # shapes alone
        assert len(build(config).networks) == (4 if given["model"] == "cyclegan" else 2)
    assert given["extractor"] == "inception"
    assert given["preset"] is not None


def test_no_two_commands_share_a_folder() -> None:
    folders = [options(command)["out"] for command in COMMANDS]
    assert len(folders) >= 16
    assert len(set(folders)) == len(folders)


def test_links_lead_to_headings_that_are_there() -> None:
    pages = {"": PAGE, "../results/README.md": RESULTS, "../docs/reproducing.md": PAGE}
    pages["metrics.md"] = pages["../docs/metrics.md"] = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for page in (PAGE, RESULTS):
        for path, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", page):
            target = page if path == "" else pages[path]
            assert anchor in {slug(line) for line in target.splitlines() if line.startswith("#")}


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def test_the_results_page_has_room_for_the_generated_table() -> None:
    assert RESULTS.count(BEGIN) == RESULTS.count(END) == 1
    assert RESULTS.index(BEGIN) < RESULTS.index(END)
