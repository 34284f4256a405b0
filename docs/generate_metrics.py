"""Write the tables of scores in `docs/metrics.md` from `ganeval.reports.scores`: `python docs/generate_metrics.py`.

They stand between the lines `<!-- scores -->` or `<!-- trained -->` and the next `<!-- end -->`; the rest of the page
is written by hand. A test keeps the tables as they are here.
"""

import math
import re
from pathlib import Path

from ganeval.reports.scores import FAMILIES, MetricFamily, ScoreRow

TARGET = Path(__file__).parent / "metrics.md"
ENDS = {math.inf: "∞", -math.inf: "−∞", math.log(2): "log 2"}


def table(*, trained: bool) -> str:
    """A Markdown table of the scores that `--metrics` computes, or of those of trained models and people."""
    lines = [
        "| score | title | family | better | range | error bar from | fewest | what it means | source |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, family in FAMILIES.items():
        if bool(family.function) != trained:
            lines += [_line(score, row, name, family) for score, row in family.scores.items()]
    return "\n".join(lines)


def page(text: str) -> str:
    """The text of the page with both tables as they should be."""
    for marker, trained in (("scores", False), ("trained", True)):
        tables = f"<!-- {marker} -->\n{table(trained=trained)}\n<!-- end -->"
        text = re.sub(rf"<!-- {marker} -->\n.*?<!-- end -->", lambda _, new=tables: new, text, flags=re.DOTALL)
    return text


def _line(score: str, row: ScoreRow, name: str, family: MetricFamily) -> str:
    low, high = (ENDS.get(end, f"{end:g}") for end in row.range)
    condition = f" ({family.condition})" if family.condition else ""
    chosen = f"`{name}`{condition}" if family.function else family.condition
    facts = (row.better, f"{low} … {high}", row.error_bar or "–", family.fewest, row.means, family.source)
    return f"| {' | '.join((f'`{score}`', row.title, chosen, *facts))} |"


if __name__ == "__main__":
    TARGET.write_text(page(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
