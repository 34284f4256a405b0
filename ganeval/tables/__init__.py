"""A comparison as text, in each format of `ganeval compare`: for the screen, for papers and pages, and for machines.

group_table  what the formats for people show: a caption, columns of cells and notes for each group
terminal     rich tables, in blocks as wide as the terminal; plain text in a pipe
markdown, latex, web   GitHub's Markdown, LaTeX with booktabs, a fragment of HTML
frame        a pandas frame, CSV and JSON: every score with all its digits
report_view  single reports and lists of facts on the screen
"""

from collections.abc import Callable
from pathlib import Path

from ganeval.comparison import Comparison
from ganeval.errors import UsageError, unknown
from ganeval.tables.frame import csv_text, json_text, to_frame
from ganeval.tables.latex import latex_text
from ganeval.tables.markdown import markdown_text
from ganeval.tables.terminal import comparison_view, plain_text
from ganeval.tables.web import html_text

FORMATS: dict[str, Callable[[Comparison], str]] = {
    "table": plain_text,
    "markdown": markdown_text,
    "csv": csv_text,
    "json": json_text,
    "latex": latex_text,
    "html": html_text,
}
ENDINGS = {".txt": "table", ".md": "markdown", ".csv": "csv", ".json": "json", ".tex": "latex", ".html": "html"}

__all__ = ["ENDINGS", "FORMATS", "comparison_view", "format_for", "to_frame"]


def format_for(name: str | None, target: Path | None) -> str:
    """The format that was asked for, else that of a file's ending, else a table.

    >>> format_for(None, Path("table.tex")), format_for("csv", Path("table.txt")), format_for(None, None)
    ('latex', 'csv', 'table')
    """
    if name is not None:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
        return name
    if target is None:
        return "table"
    if target.suffix.lower() not in ENDINGS:
        raise UsageError(f"-o {target}: needed an ending of {', '.join(ENDINGS)}, or a --format")
    return ENDINGS[target.suffix.lower()]
