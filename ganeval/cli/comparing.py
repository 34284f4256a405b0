"""`compare`: the table across runs."""

from pathlib import Path

import click

from ganeval.cli.console import print_view, terminal_width, warn

RESULTS = Path("results")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN|REPORT|DIR ...]")
@click.option("--sort", metavar="NAME", help="A score (fid, where there is any), or name.")
@click.option("--group", is_flag=True, help="Seeds of one model as one row: mean ± standard deviation.")
@click.option("--baseline", metavar="RUN", help="A row's name, or a path: differences to it, marked where significant.")
@click.option(
    "--format", "form", metavar="NAME", help="table, markdown, csv, json, latex or html; by the ending of -o."
)
@click.option("-o", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file.")
def compare(
    paths: tuple[Path, ...], sort: str | None, group: bool, baseline: str | None, form: str | None, target: Path | None
) -> None:
    """Compare runs in one table: best in bold, ranks, and which differences are more than their error.

    \b
    ganeval compare                                              all runs in results/
    ganeval compare a/ b/report.json --baseline a/               differences to a, * where outside their error
    ganeval compare results/ --group --sort recall               mean ± standard deviation over seeds
    ganeval compare results/ -o table.tex                        .md .csv .json .tex .html .txt

    Runs of another protocol, reference, extractor or number of images stand in a table of their own, which says what
    differs. Tables have the headline scores, csv and json all of them, with every digit. Unfinished runs are said on
    stderr, and never shown.
    """
    from ganeval.comparison import compare as compared
    from ganeval.reports.run_folders import check_no_report, find_reports
    from ganeval.runtime.files import write_text
    from ganeval.tables import FORMATS, comparison_view, format_for

    wanted = format_for(form, target)
    if target is not None:
        check_no_report("-o", target)
    reports, omissions = find_reports(paths or (RESULTS,))
    for line in omissions:
        warn(line)
    found = compared(reports, sort=sort, group=group, baseline=baseline)
    if target is not None:
        rows = sum(len(one.rows) for one in found.groups)
        write_text("-o", target, FORMATS[wanted](found))
        click.echo(f"{target}: {rows} {'row' if rows == 1 else 'rows'}, {wanted}")
    elif wanted == "table":
        print_view(comparison_view(found, terminal_width()))
    else:
        click.echo(FORMATS[wanted](found), nl=False)
