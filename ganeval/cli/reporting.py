"""`report`: the page."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from ganeval.cli.console import progress, warn
from ganeval.errors import GanevalError, GanevalWarning, UsageError


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN|REPORT|DIR ...]")
@click.option(
    "-o",
    "path",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE.html",
    help="Where to write the page.",
)
@click.option("--title", metavar="TEXT", help="What stands over the page; by default how many runs, and against what.")
@click.option("--sort", metavar="NAME", help="A score (fid, where there is any), or name.")
@click.option("--group", is_flag=True, help="Seeds of one model as one row: mean ± standard deviation.")
@click.option("--baseline", metavar="RUN", help="A row's name, or a path: differences to it, marked where significant.")
@click.option("--layer", metavar="NAME", help="Also show what drives this layer of the generators; needs checkpoints.")
def report(
    runs: tuple[Path, ...],
    path: Path,
    title: str | None,
    sort: str | None,
    group: bool,
    baseline: str | None,
    layer: str | None,
) -> None:
    """Write one page that shows runs side by side, with their pictures.

    \b
    ganeval report                                        all runs of results/, into report.html
    ganeval report results/a results/b -o compared.html   these
    ganeval report results/ --group --baseline digits-dcgan-s0 --title "Digits, three seeds each"

    The page is a single file that loads nothing: send it to anybody, open it anywhere, print it. Unfinished runs are
    said and left out.
    """
    from ganeval.comparison import compare
    from ganeval.page import page_of, runs_of
    from ganeval.reports.run_folders import find_reports, is_trained
    from ganeval.runtime.files import check_page, write_text

    check_page("-o", path)
    reports, omissions = find_reports(runs or (Path("results"),))
    with warnings.catch_warnings(record=True) as caught:
        comparison = compare(reports, sort=sort, group=group, baseline=baseline)
    said = [*omissions, *[str(one.message) for one in caught if issubclass(one.category, GanevalWarning)]]
    if layer is not None:
        trained = [run for run in dict.fromkeys(stored.folder for stored in reports) if run and is_trained(run)]
        said += _store_layer(trained, layer)
    with progress() as tick:
        text = page_of(comparison, said=said, title=title, tick=tick)
    write_text("-o", path, text)
    for line in said:
        warn(line)
    click.echo(f"{path}: {runs_of(comparison)}, {len(text.encode()) / 1e6:.1f} MB")


def _store_layer(runs: Sequence[Path], layer: str) -> list[str]:
    """Compute what drives a layer of each run's generator, which needs the networks; a line for each that has none.

    The error of the first where no run has it.
    """
    from ganeval.training.insight.activation import store_activation

    if not runs:
        raise UsageError(f"--layer {layer}: found no trained run, needed one with its checkpoint")
    failed = []
    for run in runs:
        try:
            store_activation(run, layer)
        except GanevalError as error:
            failed.append(error)
    if len(failed) == len(runs):
        raise failed[0]
    return [f"--layer {layer}: {error}" for error in failed]
