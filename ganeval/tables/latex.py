"""A comparison in LaTeX: a table with booktabs for each group, for pdfLaTeX, XeLaTeX and LuaLaTeX."""

import re
from collections.abc import Iterator, Sequence

from ganeval.comparison import Comparison
from ganeval.tables.group_table import GroupTable, TableColumn, group_tables, remarks

ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{special: f"\\{special}" for special in "{}_%&#$"},
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
)
LATIN = 0x17F  # the last character that pdfLaTeX's T1 fonts have
WIDTH = 120  # characters of a block of columns, which is shrunk to the line where it is wider
PREAMBLE = r"% \usepackage{booktabs,graphicx} \usepackage[T1]{fontenc}"
SHRUNK = r"\par\medskip\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def latex_text(comparison: Comparison) -> str:
    """A table environment for each group; comments list what it needs, XeLaTeX for some names included."""
    lines = [line for table in group_tables(comparison) for line in _table(table, remarks(comparison))]
    beyond = sorted({letter for line in lines for letter in line if ord(letter) > LATIN})
    hint = [f"% pdfLaTeX lacks {' '.join(beyond)}: take XeLaTeX or LuaLaTeX, with a font that has them"] * bool(beyond)
    return "\n".join([PREAMBLE, *hint, *lines]) + "\n"


def escaped(text: str) -> str:
    r"""A text that LaTeX sets as it is.

    >>> escaped("100 % a_b → c"), escaped("a---b")
    ('100 \\% a\\_b $\\rightarrow$ c', 'a-{}-{}-b')
    """
    return re.sub("-(?=-)", "-{}", text.translate(ESCAPES))  # hyphens in a row make no dash


def _table(table: GroupTable, remarks: list[str]) -> Iterator[str]:
    caption = "; ".join(filter(None, [table.caption, table.differs]))
    yield "\\begin{table}\n\\centering\\small"
    yield rf"\caption{{{escaped(caption)}. {escaped(' '.join(table.notes))}}}"
    for columns in table.blocks(WIDTH):
        yield f"{SHRUNK}\n{_tabular(columns, table.yardsticks)}}}"
    yield rf"\par\smallskip{{\footnotesize {escaped(' '.join(remarks))}\par}}"
    yield r"\end{table}"


def _tabular(columns: Sequence[TableColumn], yardsticks: Sequence[bool]) -> str:
    """The best in bold, yardsticks in italics."""
    import pandas  # type: ignore[import-untyped]  # it ships no types

    frame = pandas.DataFrame({at: column.cells for at, column in enumerate(columns)})
    style = frame.style.hide(axis="index").format_index(lambda at: _heading(columns[at]), axis="columns")
    style.format(lambda cell: escaped(cell.text) if cell.value is None else escaped(cell.text).replace("-", "$-$"))
    style.map(lambda cell: "textbf:--rwrap;" * cell.best)
    style.map(lambda _: "textit:--rwrap;", subset=(list(yardsticks), slice(None)))
    alignment = "".join("l" if column.kind == "run" else "r" for column in columns)
    return str(style.to_latex(hrules=True, column_format=alignment)).rstrip()


def _heading(column: TableColumn) -> str:
    lines = [escaped(line) for line in column.heading_lines]
    stacked = r" \\ ".join(lines)
    return stacked if len(lines) == 1 else rf"\shortstack[r]{{{stacked}}}"
