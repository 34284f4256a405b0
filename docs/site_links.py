"""A hook of mkdocs: links from docs/ to files of the repository that the site does not hold become their paths."""

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)\s#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """`[every row](../benchmarks/results.md)` reads "every row (`benchmarks/results.md`)" on the site."""
    return OUTSIDE.sub(r"\1 (`\2`)", markdown)
