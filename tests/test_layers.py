"""Who imports whom: the layers of the design, read from the syntax trees."""

import ast
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "ganeval"
EVERYONE_MAY = {"errors", "files", "progress"}
LAYERS = {
    "cli": {
        "checking",
        "comparison",
        "devices",
        "distributed",
        "evaluation",
        "gallery",
        "gating",
        "human",
        "launch",
        "listing",
        "page",
        "plots",
        "publishing",
        "render",
        "report",
        "runs",
        "settings",
        "sources",
        "statistics",
        "suite",
        "tables",
        "terminal",
        "training",
    },
    "suite": {
        "comparison",
        "datasets",
        "devices",
        "distributed",
        "evaluation",
        "extractors",
        "features",
        "gallery",
        "headings",
        "images",
        "launch",
        "metrics",
        "mixtures",
        "npz",
        "render",
        "report",
        "resize",
        "runs",
        "settings",
        "sources",
        "statistics",
        "store",
        "training",
        "census",
    },
    "terminal": set(),
    "checking": {"advice", "census", "images", "metrics"},
    "listing": {"datasets", "extractors", "metrics", "mixtures", "protocols"},
    "publishing": {"advice", "drawing", "features", "settings", "sources", "statistics", "store", "summing"},
    "training": {"extractors", "images", "sources"},
    "evaluation": {"advice", "census", "devices", "drawing", "features", "images", "metrics", "pair", "report"}
    | {"album", "gallery", "scoring", "settings", "sources", "statistics", "store", "summing"},
    "settings": {"devices", "extractors", "features", "metrics", "nvjpeg", "protocols", "sources"},
    "drawing": {"features", "images", "mixtures", "nvjpeg", "statistics"},
    "gallery": {"album", "devices", "metrics", "npz"},
    "album": {"devices", "features", "images"},
    "npz": set(),
    "scoring": {"devices", "metrics", "pair", "report"},
    "pair": {"devices", "exactness", "metrics", "store"},
    "advice": {"census", "report"},
    "sources": {"datasets", "images", "importing", "mixtures", "report", "runs", "statistics"},
    "mixtures": {"statistics"},
    "statistics": set(),
    "features": {"alike", "census", "devices", "exactness", "extractors", "images", "metrics", "resize", "store"},
    "alike": {"extractors", "images", "metrics", "store"},
    "exactness": {"extractors", "metrics"},
    "census": {"images", "launch"},
    "nvjpeg": {"decoding"},
    "summing": {"census", "devices", "exactness", "features", "images", "metrics", "store"},
    "extractors": {"datasets", "devices", "images", "importing"},
    "datasets": {"images", "stacking"},
    "stacking": {"images"},
    "images": {"archives", "arrays", "decoding", "image_set", "streams"},
    "streams": {"arrays", "decoding", "image_set", "pixels"},
    "arrays": {"archives", "decoding", "image_set", "pixels"},
    "image_set": {"decoding"},
    "decoding": {"pixels"},
    "archives": set(),
    "pixels": set(),
    "render": {"headings", "report"},
    "headings": {"report"},
    "comparable": {"report"},
    "comparison": {"comparable", "headings", "report", "runs"},
    "tables": {"comparison", "headings", "render", "report"},
    "gating": {"comparable", "comparison", "headings", "report", "runs"},
    "plots": {"comparison", "headings", "report", "runs"},
    "page": {"comparison", "headings", "plots", "report", "runs"},
    "human": {"census", "drawing", "images", "report", "runs", "sources", "statistics"},
    "runs": {"report"},
    "metrics": set(),
    "report": set(),
    "resize": set(),
    "store": {"metrics"},
    "importing": set(),
    "protocols": set(),
    "errors": set(),
    "devices": set(),
    "distributed": {"devices", "launch", "metrics"},
    "launch": set(),
    "progress": set(),
    "evaluator": {"advice", "census", "evaluation", "features", "images", "report", "settings", "sources"},
    "files": set(),
}
NO_TORCH = (
    "advice",
    "cli",
    "comparable",
    "comparison",
    "errors",
    "files",
    "gating",
    "headings",
    "human",
    "importing",
    "launch",
    "npz",
    "page",
    "plots",
    "protocols",
    "render",
    "report",
    "runs",
    "tables",
    "terminal",
)
DRAWING = {"matplotlib": "plots", "pandas": "tables"}  # nobody else may: they are slow to import
MODELS = PACKAGE.parent / "reference_models"


def parts() -> dict[str, list[Path]]:
    """The files of each part of the package: a module, or a folder taken as one."""
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name not in ("__init__", "__main__"):
            found.setdefault(name, []).append(path)
    return found


def imported(path: Path) -> set[str]:
    """The modules that a file imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "ganeval":
            names |= {f"ganeval.{alias.name}" for alias in node.names if alias.name != "__version__"}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def ours(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("ganeval.")}


def test_every_part_has_a_layer() -> None:
    assert set(parts()) == set(LAYERS)


def test_parts_import_only_what_their_layer_may() -> None:
    trespassers = {}
    for name, files in parts().items():
        found = ours(set().union(*map(imported, files))) - {name} - EVERYONE_MAY
        if found - LAYERS[name]:
            trespassers[name] = found - LAYERS[name]
    assert trespassers == {}


def test_no_layer_is_wider_than_needed() -> None:
    unused = {}
    for name, files in parts().items():
        allowed = LAYERS[name] - ours(set().union(*map(imported, files)))
        if allowed:
            unused[name] = allowed
    assert unused == {}


def test_only_the_commands_import_the_suite() -> None:
    importers = {name for name, files in parts().items() if "suite" in ours(set().union(*map(imported, files)))}
    assert importers - {"suite"} == {"cli"}


def test_the_reference_models_import_nothing_of_ganeval() -> None:
    light = {"torch", "numpy", "safetensors", "reference_models", *sys.stdlib_module_names}
    for path in MODELS.rglob("*.py"):
        found = {name.split(".")[0] for name in imported(path)}
        assert not found - light, f"{path} imports {found - light}"


def test_the_reference_models_are_imported_by_the_suite_or_inside_a_function_that_needs_them() -> None:
    """A run is sampled by `sources` and models are listed by `listing`; whoever imports either stays light."""
    inside, at_top = set(), set()
    for name, files in parts().items():
        for path in files:
            if any(one.split(".")[0] == "reference_models" for one in imported(path)):
                inside.add(name)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            modules = [getattr(node, "module", None) or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
            modules += [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
            if any(module.split(".")[0] == "reference_models" for module in modules):
                at_top.add(name)
    assert at_top == {"suite"}
    assert inside == {"suite", "sources", "listing"}


def test_light_parts_import_no_torch() -> None:
    for name in NO_TORCH:
        for path in parts()[name]:
            heavy = {one.split(".")[0] for one in imported(path)} & {"torch", "torchvision", *DRAWING}
            assert not heavy - {one for one, home in DRAWING.items() if home == name}, f"{path} imports {heavy}"
