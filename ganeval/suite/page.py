"""The table of a results folder's README.md, made anew from the reports in it."""

from pathlib import Path

from ganeval.errors import ContentError
from ganeval.files import replacing
from ganeval.report import Report, load_report
from ganeval.suite.table import Column, Row, columns_of, rows_of, special_columns

BEGIN, END = "<!-- ganeval train-all: begin -->", "<!-- ganeval train-all: end -->"
HEAD = f"# Results\n\n{BEGIN}\n{END}\n"


def write_page(out: Path) -> None:
    """Renew the part of `out/README.md` between the two marks; a README without them is left alone."""
    path = out / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else HEAD
    if BEGIN not in text or END not in text:
        return
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    with replacing(path) as partial:
        partial.write_text(f"{before}{BEGIN}\n\n{tables(out)}\n{END}{after}", encoding="utf-8")


def tables(out: Path) -> str:
    """The tables of all runs below a folder, in Markdown, a section for each data set."""
    sections = []
    for data, reports in sorted(_by_data(out).items()):
        made, translated = rows_of(reports, _yardsticks(out, data))
        sections.append(f"## {data}\n")
        if made:
            reference = made[0].reports[0].reference.name
            sections += [f"Against {reference}.\n", _markdown(made, columns_of(made, "% of noise"))]
        if translated:
            sections += ["Translations.\n", _markdown(translated, columns_of(translated, "% of doing nothing"))]
        rows = [*made, *translated]
        if special := special_columns(rows):
            sections.append(_markdown([row for row in rows if "–" * len(special) != _cells(row, special)], special))
        sections += [_training(reports), f"{rows[0].reports[0].protocol.line()}.\n"]
    return "\n".join(sections)


def _by_data(out: Path) -> dict[str, list[Report]]:
    """The trained runs' reports, by data; what is no report is passed over."""
    found: dict[str, list[Report]] = {}
    for path in sorted(out.glob("*/report*.json")):
        try:
            report = load_report(path)
        except ContentError:
            continue
        if training := report.more.get("training"):
            found.setdefault(str(training["data"]), []).append(report)
    return found


def _yardsticks(out: Path, data: str) -> list[Report]:
    from ganeval.suite.material import name_of

    folders = [out / f"{name_of(data)}-{kind}" for kind in ("real", "noise")]
    return [load_report(one) for one in folders] if all((one / "report.json").is_file() for one in folders) else []


def _training(reports: list[Report]) -> str:
    columns = ("run", "steps", "best at", "FID best", "last", "raw", "last raw", "seconds", "verdict")
    lines = []
    for report in reports:
        facts = report.more["training"]
        names = ("fid", "fid_last", "fid_raw", "fid_last_raw")
        fids = [f"{report.scores[name].value:.4g}" if name in report.scores else "–" for name in names]
        verdict = "; ".join(one["sentence"] for one in facts["verdicts"])
        lines.append((report.samples.name, facts["steps"], facts["best_step"], *fids, facts["seconds"], verdict))
    return _lines(columns, lines)


def _markdown(rows: list[Row], columns: list[Column]) -> str:
    return _lines(
        ("", *[name for name, _ in columns]), [(row.name, *[cell(row) for _, cell in columns]) for row in rows]
    )


def _lines(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    table = [heads, ("---", *["---:"] * (len(heads) - 1)), *rows]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in table) + "\n"


def _cells(row: Row, columns: list[Column]) -> str:
    return "".join(cell(row) for _, cell in columns)
