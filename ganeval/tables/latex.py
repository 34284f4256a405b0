"""A comparison in LaTeX: a table with booktabs for each group, for pdfLaTeX, XeLaTeX and LuaLaTeX."""

from collections.abc import Iterator, Sequence

from ganeval.comparison import Comparison
from ganeval.tables.sheets import Cell, Column, Sheet, heading_lines, laid_out, remarks, sheets

ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after \\ or \midrule it would begin an option
    "]": "{]}",
    "*": r"$^{*}$",
    "±": r"$\pm$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\rightarrow$",
    "↔": r"$\leftrightarrow$",
    "∞": r"$\infty$",
    "Δ": r"$\Delta$",
    "√": r"$\surd$",
    "–": r"\textendash{}",
    "…": r"\ldots{}",
}
LATIN = 0x17F  # the last character that pdfLaTeX's T1 fonts have
WIDTH = 96  # characters of a block, which is shrunk to a page where it is wider
WIDE = 136  # with differences: narrower blocks would be more than a page has room for
PREAMBLE = r"% \usepackage{booktabs,graphicx} \usepackage[T1]{fontenc}"


def latex_text(comparison: Comparison) -> str:
    """A table environment for each group; what it needs, XeLaTeX for some names included, is said in comments."""
    lines = [line for sheet in sheets(comparison) for line in _table(sheet, remarks(comparison))]
    beyond = sorted({one for line in lines for one in line if ord(one) > LATIN})
    hint = [f"% pdfLaTeX lacks {' '.join(beyond)}: take XeLaTeX or LuaLaTeX, with a font that has them"] * bool(beyond)
    return "\n".join([PREAMBLE, *hint, *lines]) + "\n"


def escaped(text: str) -> str:
    r"""A text that LaTeX sets as it is.

    >>> escaped("100 % a_b → c")
    '100 \\% a\\_b $\\rightarrow$ c'
    """
    return "".join(ESCAPES.get(one, one) for one in text).replace("--", "-{}-{}")  # no dash of two


def _table(sheet: Sheet, foot: list[str]) -> Iterator[str]:
    caption = "; ".join([sheet.caption, *filter(None, [sheet.differs])])
    yield r"\begin{table}"
    yield r"\centering\small"
    yield rf"\caption{{{escaped(caption)}. {escaped(' '.join(sheet.notes))}}}"
    wide = any(column.kind == "delta" for column in sheet.columns)
    for columns in laid_out(sheet, WIDE if wide else WIDTH):
        yield from _tabular(columns, sheet.yardsticks)
    yield rf"\par\smallskip{{\footnotesize {escaped(' '.join(foot))}\par}}"
    yield r"\end{table}"


def _tabular(columns: Sequence[Column], yardsticks: Sequence[bool]) -> Iterator[str]:
    yield r"\par\medskip\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield rf"\begin{{tabular}}{{{''.join('l' if column.kind == 'run' else 'r' for column in columns)}}}"
    yield r"\toprule"
    yield _line([_heading(column) for column in columns])
    yield r"\midrule"
    before = yardsticks[0]
    for cells, yardstick in zip(zip(*[column.cells for column in columns], strict=True), yardsticks, strict=True):
        if yardstick != before:
            yield r"\midrule"
        before = yardstick
        yield _line([_cell(column, cell) for column, cell in zip(columns, cells, strict=True)])
    yield r"\bottomrule"
    yield r"\end{tabular}}"


def _heading(column: Column) -> str:
    lines = [escaped(line) for line in heading_lines(column)]
    stacked = r" \\ ".join(lines)
    return stacked if len(lines) == 1 else rf"\shortstack[r]{{{stacked}}}"


def _cell(column: Column, cell: Cell) -> str:
    text = escaped(cell.text) if column.kind == "run" else escaped(cell.text).replace("-", "$-$")
    return rf"\textbf{{{text}}}" if cell.best else text


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
