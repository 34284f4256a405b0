"""An extension of griffe for the site: the doctests of a docstring are shown as code."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!>>> |$).*\n?)*)+", re.MULTILINE)


class DoctestFences(griffe.Extension):
    """Puts each run of examples between fences."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called with each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(lambda run: f"```python\n{run[0].rstrip()}\n```\n", obj.docstring.value)
