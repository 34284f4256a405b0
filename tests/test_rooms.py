"""The rooms of the house: each imports only rooms below it, and the light ones load no torch.

The order is the design's. To add a room, add its name where it belongs; there is no table of single modules.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (  # each imports only what stands below it
    "cli",
    "training",
    "page",
    "human",
    "evaluation",
    "features",
    "extractors",
    "gating",
    "tables",
    "plots",
    "sources",
    "comparison",
    "media",
    "reports",
    "runtime",
    "metrics",
)
GROUND = {"errors", "progress", "version"}  # what everybody stands on
WITHOUT_TORCH = ("reports", "comparison", "gating", "tables", "plots", "page", "human", "cli")
SLOW_TO_IMPORT = {"matplotlib": "plots", "pandas": "tables"}  # and the one room that may import each at its top
HEAVY = {"torch", "torchvision", "reference_models", *SLOW_TO_IMPORT}


def files_of(room: str) -> Iterator[Path]:
    return (ROOT / "ganeval" / room).rglob("*.py")


def imports(path: Path, *, at_top: bool = False) -> set[str]:
    """The modules that a file imports, at its top or also inside functions, by their dotted names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body if at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages(path: Path, *, at_top: bool = False) -> set[str]:
    return {name.split(".")[0] for name in imports(path, at_top=at_top)}


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("ganeval.")} - GROUND


def test_every_folder_is_a_room_and_no_module_lies_loose() -> None:
    package = ROOT / "ganeval"
    assert {path.parent.name for path in package.glob("*/__init__.py")} == set(ROOMS)
    assert {path.stem for path in package.glob("*.py")} == {"__init__", "__main__", *GROUND}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    below = set(ROOMS[ROOMS.index(room) + 1 :])
    above = {str(path.relative_to(ROOT)): rooms_imported(path) - below - {room} for path in files_of(room)}
    assert {path: names for path, names in above.items() if names} == {}


def test_the_ground_imports_nothing_of_ours() -> None:
    assert {name for stem in GROUND for name in imports(ROOT / "ganeval" / f"{stem}.py") if "ganeval" in name} == set()


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_a_light_room_imports_nothing_heavy(room: str) -> None:
    allowed = {package for package, home in SLOW_TO_IMPORT.items() if home == room}
    heavy = {str(path.relative_to(ROOT)): packages(path, at_top=True) & (HEAVY - allowed) for path in files_of(room)}
    assert {path: names for path, names in heavy.items() if names} == {}


def test_the_reference_models_import_nothing_of_ganeval() -> None:
    allowed = {"torch", "numpy", "safetensors", "reference_models", *sys.stdlib_module_names}
    others = {str(path): packages(path) - allowed for path in (ROOT / "reference_models").rglob("*.py")}
    assert {path: names for path, names in others.items() if names} == {}


def test_only_training_imports_the_reference_models_at_the_top() -> None:
    importers = {room for room in ROOMS for path in files_of(room) if "reference_models" in packages(path, at_top=True)}
    assert importers == {"training"}


def definitions(kind: type[ast.AST]) -> list[tuple[str, Path]]:
    """The public classes, say, of all files, each with its file."""
    files = [path for package in ("ganeval", "reference_models") for path in sorted((ROOT / package).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    found = [(node, path) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, kind)]
    return [(node.name, path.relative_to(ROOT)) for node, path in found if not node.name.startswith("_")]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_no_class_name_stands_twice() -> None:
    places: dict[str, list[str]] = {}
    for name, path in definitions(ast.ClassDef):
        places.setdefault(name, []).append(str(path))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "misc"}
    assert [
        path
        for package in ("ganeval", "reference_models")
        for path in (ROOT / package).rglob("*.py")
        if path.stem in empty
    ] == []
