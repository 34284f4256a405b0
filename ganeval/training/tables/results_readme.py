"""The tables in a results folder's README.md, written from the reports in it."""

from pathlib import Path

from ganeval.errors import ContentError
from ganeval.reports.report import Report, load_report
from ganeval.reports.score_names import NOTHING
from ganeval.runtime.files import replacing
from ganeval.tables.markdown import escaped, pipe_table
from ganeval.training.data.dataset import name_of
from ganeval.training.tables.rows import (
    TRAINING,
    Column,
    ModelRow,
    columns_of,
    plus_minus,
    reference_line,
    rows_of,
    special_columns,
    training_row,
)
from reference_models import MODELS

BEGIN, END = "<!-- ganeval train-all: begin -->", "<!-- ganeval train-all: end -->"
HEAD = f"# Results\n\n{BEGIN}\n{END}\n"


def write_readme(out: Path) -> None:
    """Renew the part of `out/README.md` between the two marks; a README without them is left alone."""
    path = out / "README.md"
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else HEAD
    except ValueError:  # somebody else's README, which is not UTF-8
        return
    if BEGIN not in text or END not in text:
        return
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    with replacing(path) as partial:
        partial.write_text(f"{before}{BEGIN}\n\n{tables(out)}\n{END}{after}", encoding="utf-8")


def tables(out: Path) -> str:
    """The tables of all runs below a folder, in Markdown, a section for each data set."""
    sections = []
    for (data, protocol), reports in sorted(_by_task(out).items()):
        generators, translators = rows_of(reports, _yardsticks(out, data, protocol))
        sections.append(f"## {data}\n")
        if generators:
            columns = columns_of(generators, "% of noise")
            sections += [f"Against {reference_line(generators, columns)}.\n", _markdown(generators, columns)]
        if translators:
            sections += ["Translations.\n", _markdown(translators, columns_of(translators, "% of doing nothing"))]
        rows = [*generators, *translators]
        if special := special_columns(rows):
            sections.append(
                _markdown([row for row in rows if any(cell(row) != NOTHING for _, cell in special)], special)
            )
        sections += [_training(reports), f"{protocol}; {plus_minus(rows)}.\n"]
    return "\n".join(sections)


def _by_task(out: Path) -> dict[tuple[str, str], list[Report]]:
    """The trained runs' reports by data and protocol, in the order of models; files that are no report are left out."""
    tasks: dict[tuple[str, str], list[Report]] = {}
    for path in sorted(out.glob("*/report*.json")):
        try:
            report = load_report(path)
        except ContentError:
            continue
        training = report.more.get("training")
        if training and training["model"] in MODELS:
            tasks.setdefault((str(training["data"]), report.protocol.line()), []).append(report)
    order = list(MODELS)
    for reports in tasks.values():
        reports.sort(key=lambda report: (order.index(report.more["training"]["model"]), report.samples.name))
    return tasks


def _yardsticks(out: Path, data: str, protocol: str) -> list[Report]:
    """The reports of real images and of noise, where both are there and were scored under this protocol."""
    folders = [out / f"{name_of(data)}-{kind}" for kind in ("real", "noise")]
    reports = [load_report(folder) for folder in folders if (folder / "report.json").is_file()]
    return reports if len(reports) == 2 and all(report.protocol.line() == protocol for report in reports) else []


def _training(reports: list[Report]) -> str:
    rows = []
    for report in reports:
        facts = report.more["training"]
        sentences = "; ".join(verdict["sentence"] for verdict in facts["verdicts"])
        rows.append(training_row(report.samples.name, facts, report, sentences))
    return _table(TRAINING, rows)


def _markdown(rows: list[ModelRow], columns: list[Column]) -> str:
    return _table(
        ("", *[name for name, _ in columns]), [(row.name, *[cell(row) for _, cell in columns]) for row in rows]
    )


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    rules = ["---", *["---:"] * (len(headings) - 1)]
    return pipe_table([*map(escaped, headings)], rules, [[*map(escaped, row)] for row in rows]) + "\n"
