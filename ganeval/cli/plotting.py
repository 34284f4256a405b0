"""`plot`: plots of runs, as files."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganeval.cli.command import Command, joined
from ganeval.cli.console import warn
from ganeval.cli.options import LAYER, OUTPUT, PATH
from ganeval.errors import ContentError, UsageError, unknown

if TYPE_CHECKING:
    from ganeval.reports.run_folders import StoredReport


@click.command(cls=Command)
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option(
    "-o",
    "target",
    type=OUTPUT,
    metavar="DIR",
    help="Folder to write to. Default: RUN/plots, or plots for several runs.",
)
@LAYER
@click.option(
    "--only",
    multiple=True,
    callback=joined,
    metavar="LIST",
    help="Comma-separated plot names, as listed above. Default: all.",
)
def plot(paths: tuple[Path, ...], target: Path | None, layer: str | None, only: str | None) -> None:
    """Draw how a run learned, or several runs side by side.

    \b
    ganeval plot results/digits-dcgan-s0                         all its plots, into its folder plots/
    ganeval plot results/digits-dcgan-s0 --only losses,evolution -o figures
    ganeval plot results/digits-dcgan-s0 --layer block2          also what activates a layer of the generator
    ganeval plot results -o figures                              all runs of a folder: FID, precision and recall

    Each plot is a PNG and an SVG. Of one run: evolution, interpolation, losses, training, critic-scores, detector,
    boundary, activation, modes. Of several runs: fid-over-training, precision-recall, fid, modes-by-run.
    Plots that cannot be drawn are listed with the reason.
    Only --layer loads the network; everything else is drawn from what `ganeval train` stored.
    """
    from ganeval.reports.run_folders import find_reports

    runs, omissions = find_reports(paths)
    for line in omissions:
        warn(line)
    folder = runs[0].folder if len({run.folder for run in runs}) == 1 else None
    if folder is not None:
        _plot_run(runs, folder, target or folder / "plots", layer, only)
    elif layer is not None:
        raise UsageError(f"--layer {layer}: found {len(runs)} reports, needed one run folder with its checkpoint")
    else:
        _plot_group(runs, target or Path("plots"), only)


def _plot_run(runs: "Sequence[StoredReport]", folder: Path, target: Path, layer: str | None, only: str | None) -> None:
    """Write the plots of one run; the two reports of a translation differ in their modes only."""
    from ganeval.plots.catalogue import RUN_PLOTS, draw_run
    from ganeval.plots.output import write_plots
    from ganeval.runtime.files import check_target

    names = _names(only, RUN_PLOTS)
    check_target("-o", target / f"{names[0]}.svg")
    if layer is not None:
        from ganeval.training.insight.activation import store_activation

        store_activation(folder, layer)
    result = draw_run(runs[0], names)
    for back in [draw_run(run, ["modes"]) for run in runs[1:] if "modes" in names]:
        result.plots.extend(replace(plot, name=f"{plot.name}-back") for plot in back.plots)
        result.missing.extend(back.missing)
        result.broken.extend(back.broken)
    for path in write_plots(result.plots, target):
        click.echo(path)
    if not result.plots and not result.broken:
        reasons = dict.fromkeys(line.partition(": ")[2] for line in [*result.inapplicable, *result.missing])
        raise ContentError(f"{folder}: nothing to draw: {'; '.join(reasons)}")
    for line in dict.fromkeys([*result.missing, *(result.inapplicable if len(names) < len(RUN_PLOTS) else [])]):
        click.echo(f"not drawn: {line}", err=True)
    if result.broken:
        raise ContentError(f"not drawn: {'; '.join(_join_reasons(result.broken))}")


def _join_reasons(lines: Sequence[str]) -> list[str]:
    """The plots that one broken file affects, before their common reason.

    >>> _join_reasons(["losses: no JSON", "training: no JSON", "modes: no counts"])
    ['losses, training: no JSON', 'modes: no counts']
    """
    names: dict[str, list[str]] = {}
    for line in lines:
        name, _, reason = line.partition(": ")
        names.setdefault(reason, []).append(name)
    return [f"{', '.join(plots)}: {reason}" for reason, plots in names.items()]


def _plot_group(runs: "Sequence[StoredReport]", target: Path, only: str | None) -> None:
    """Write the plots of several runs; each further comparable group has a number in the names of its files."""
    from ganeval.comparison import compare
    from ganeval.plots.catalogue import GROUP_PLOTS, draw_group
    from ganeval.plots.output import write_plots
    from ganeval.runtime.files import check_target

    names = _names(only, GROUP_PLOTS)
    check_target("-o", target / f"{names[0]}.svg")
    count = 0
    for number, group in enumerate(compare(runs).groups, 1):
        plots = draw_group(group.rows, names)
        plots = [replace(plot, name=f"{plot.name}-{number}") for plot in plots] if number > 1 else plots
        if group.differs:
            click.echo(f"not comparable, so in files of their own (-{number}): {'; '.join(group.differs)}", err=True)
        for path in write_plots(plots, target):
            click.echo(path)
        count += len(plots)
    if not count:
        raise ContentError(f"nothing to draw: found no {', '.join(names)} in {len(runs)} reports")


def _names(only: str | None, plots: Collection[str]) -> list[str]:
    """The plots of `--only`, or all there are. UsageError for an unknown one."""
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    for name in names:
        if name not in plots:
            raise unknown("plot", name, plots)
    return names or list(plots)
