"""A user's own code, named `module:function` on the command line."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

from ganeval.errors import UsageError


def import_function(target: str) -> Callable[..., Any]:
    """The callable behind `module:function`; modules in the current folder count.

    Raises UsageError where it cannot be imported or is not callable.

    >>> import_function("math:sqrt")(9.0)
    3.0
    """
    module, _, path = target.rpartition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # importing runs the user's code, which may raise anything
        raise UsageError(f"{target}: cannot be imported ({type(error).__name__}: {error})") from error
    if not callable(found):
        raise UsageError(f"{target}: found a {type(found).__name__}, needed a function")
    function: Callable[..., Any] = found
    return function
