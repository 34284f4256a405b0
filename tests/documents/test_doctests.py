"""Every example in a docstring is so."""

import doctest
import importlib
import pkgutil

import pytest

import ganeval
import reference_models

PACKAGES = {"ganeval.": ganeval.__path__, "reference_models.": reference_models.__path__}
FOUND = {one.name for prefix, path in PACKAGES.items() for one in pkgutil.walk_packages(path, prefix)}
MODULES = sorted({"reference_models", *FOUND} - {"ganeval.__main__"})


def examples_in(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    return [one for one in found if one.examples]


@pytest.mark.filterwarnings("ignore::ganeval.GanevalWarning")
@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    for one in examples_in(name):
        assert doctest.DocTestRunner(verbose=False).run(one).failed == 0, one.name


def test_public_functions_and_classes_have_an_example() -> None:
    """All but the errors, what holds a report, and what reads one."""
    without = {"Report", "Score", "load_report", "__version__"}
    public = {name: getattr(ganeval, name) for name in ganeval.__all__ if name not in without}
    used = {name: one for name, one in public.items() if not (isinstance(one, type) and issubclass(one, Exception))}
    assert {name for name, one in used.items() if ">>>" not in (one.__doc__ or "")} == set()
    assert len(used) >= 5
