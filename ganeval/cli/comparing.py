"""`compare`: the table across runs."""

from pathlib import Path

import click

from ganeval.cli.command import Command
from ganeval.cli.console import print_view, terminal_width, warn
from ganeval.cli.options import BASELINE, GROUP, OUTPUT, RUNS, SORT


@click.command(cls=Command)
@RUNS
@SORT
@GROUP
@BASELINE
@click.option(
    "--format",
    "form",
    metavar="NAME",
    help="Format: table, markdown, csv, json, latex or html. Default: by the ending of -o, else table.",
)
@click.option("-o", "target", type=OUTPUT, metavar="FILE", help="File to write instead of stdout.")
def compare(
    runs: tuple[Path, ...], sort: str | None, group: bool, baseline: str | None, form: str | None, target: Path | None
) -> None:
    """Compare runs in one table: best in bold, ranks, and which differences are more than their error.

    \b
    ganeval compare                                              all runs in results/
    ganeval compare a/ b/report.json --baseline a/               differences to a, * where outside their error
    ganeval compare results/ --group --sort recall               mean ± standard deviation over seeds
    ganeval compare results/ -o table.tex                        .md .csv .json .tex .html .txt

    Runs that are not comparable (other protocol, reference, extractor or image count) go into a separate table that
    states the difference. Tables show the headline scores; csv and json hold all scores with every digit. Unfinished
    runs are listed on stderr and left out.
    """
    from ganeval.comparison import compare as compared
    from ganeval.reports.run_folders import check_no_report, find_reports
    from ganeval.runtime.files import write_text
    from ganeval.tables import FORMATS, comparison_view, format_for

    name = format_for(form, target)
    if target is not None:
        check_no_report("-o", target)
    reports, omissions = find_reports(runs or (Path("results"),))
    for line in omissions:
        warn(line)
    comparison = compared(reports, sort=sort, group=group, baseline=baseline)
    if target is not None:
        rows = sum(len(part.rows) for part in comparison.groups)
        write_text("-o", target, FORMATS[name](comparison))
        click.echo(f"{target}: {rows} {'row' if rows == 1 else 'rows'}, {name}")
    elif name == "table":
        print_view(comparison_view(comparison, terminal_width()))
    else:
        click.echo(FORMATS[name](comparison), nl=False)
