"""`report`: the page."""

from collections.abc import Sequence
from pathlib import Path

import click

from ganeval.cli.command import Command
from ganeval.cli.console import progress, warn
from ganeval.cli.options import BASELINE, GROUP, LAYER, OUTPUT, RUNS, SORT
from ganeval.errors import GanevalError, UsageError, collected


@click.command(cls=Command)
@RUNS
@click.option(
    "-o",
    "path",
    type=OUTPUT,
    default=Path("report.html"),
    show_default=True,
    metavar="FILE.html",
    help="HTML file to write.",
)
@click.option("--title", metavar="TEXT", help="Page title. Default: the number of runs and the reference.")
@SORT
@GROUP
@BASELINE
@LAYER
def report(
    runs: tuple[Path, ...],
    path: Path,
    title: str | None,
    sort: str | None,
    group: bool,
    baseline: str | None,
    layer: str | None,
) -> None:
    """Write one HTML page that shows runs side by side, with their images and plots.

    \b
    ganeval report                                        all runs of results/, into report.html
    ganeval report results/a results/b -o compared.html   these two
    ganeval report results/ --group --baseline digits-dcgan-s0 --title "Digits, three seeds each"

    The page is a single file that loads nothing: send it to anybody, open it anywhere, print it. Unfinished runs are
    listed on the page and on stderr, and left out.
    """
    from ganeval.comparison import compare
    from ganeval.reports.run_folders import find_reports, is_trained
    from ganeval.runtime.files import check_page, write_text

    check_page("-o", path)
    reports, notices = find_reports(runs or (Path("results"),))
    with collected() as warnings:
        comparison = compare(reports, sort=sort, group=group, baseline=baseline)
        notices += warnings()
    if layer is not None:
        folders = dict.fromkeys(run.folder for run in reports)
        notices += _store_layer([folder for folder in folders if folder and is_trained(folder)], layer)
    from ganeval.page import page_of, runs_of  # with matplotlib, which is slow to import

    with progress() as tick:
        text = page_of(comparison, notices=notices, title=title, tick=tick)
    write_text("-o", path, text)
    for line in notices:
        warn(line)
    click.echo(f"{path}: {runs_of(comparison)}, {len(text.encode()) / 1e6:.1f} MB")


def _store_layer(folders: Sequence[Path], layer: str) -> list[str]:
    """Run activation maximisation on a layer of each run's generator; a line for each run that lacks it.

    Raises the first error where no run has it.
    """
    from ganeval.training.insight.activation import store_activation

    if not folders:
        raise UsageError(f"--layer {layer}: found no trained run, needed one with its checkpoint")
    errors = []
    for folder in folders:
        try:
            store_activation(folder, layer)
        except GanevalError as error:
            errors.append(error)
    if len(errors) == len(folders):
        raise errors[0]
    return [f"--layer {layer}: {error}" for error in errors]
