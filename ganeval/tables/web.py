"""A comparison as a fragment of HTML: a table for each group, which says what it sorts by. All of it is ASCII."""

from collections.abc import Iterator
from html import escape

from ganeval.comparison import Comparison
from ganeval.tables.sheets import Cell, Column, Sheet, remarks, sheets

STYLE = """<style>
.ganeval-comparison { overflow-x: auto; }
.ganeval-comparison table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-bottom: 2em; }
.ganeval-comparison caption { text-align: left; padding-bottom: 0.5em; }
.ganeval-comparison th, .ganeval-comparison td { padding: 0.2em 0.7em; text-align: right; white-space: nowrap; }
.ganeval-comparison thead th { border-bottom: 1px solid; vertical-align: bottom; }
.ganeval-comparison .run { text-align: left; }
.ganeval-comparison .yardstick { font-style: italic; }
.ganeval-comparison tbody th { font-weight: normal; }
</style>"""
KIND = ' class="yardstick"'  # of a row that is none to judge


def html_text(comparison: Comparison) -> str:
    """The tables of all groups, then what the signs mean; it reads the same whatever encoding its page has."""
    lines = ['<div class="ganeval-comparison">', STYLE]
    for sheet in sheets(comparison):
        lines += _table(sheet)
    notes = "<br>\n".join(map(escape, remarks(comparison)))
    text = "\n".join([*lines, f'<p class="remarks">{notes}</p>', "</div>"]) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _table(sheet: Sheet) -> Iterator[str]:
    yield "<table>"
    yield f"<caption>{'<br>'.join(map(escape, filter(None, [sheet.caption, sheet.differs, *sheet.notes])))}</caption>"
    yield "<thead>"
    headings = [f'<th scope="col" class="{one.kind}">{escape(one.heading)}</th>' for one in sheet.columns]
    yield f"<tr>{''.join(headings)}</tr>"
    yield "</thead>"
    yield "<tbody>"
    rows = zip(*[column.cells for column in sheet.columns], strict=True)
    for cells, yardstick in zip(rows, sheet.yardsticks, strict=True):
        parts = [_cell(column, cell) for column, cell in zip(sheet.columns, cells, strict=True)]
        yield f"<tr{KIND * yardstick}>{''.join(parts)}</tr>"
    yield "</tbody>"
    yield "</table>"


def _cell(column: Column, cell: Cell) -> str:
    """A name heads its row; a number says what it sorts by, and nothing where it is missing."""
    if column.kind == "run":
        return f'<th scope="row" class="run" data-sort="{escape(cell.text)}">{escape(cell.text)}</th>'
    sort = "" if cell.value is None else f' data-sort="{cell.value!r}"'
    text = f"<strong>{escape(cell.text)}</strong>" if cell.best else escape(cell.text)
    return f'<td class="{column.kind}{" best" * cell.best}"{sort}>{text}</td>'
