"""`plot`: pictures of runs, as files."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganeval.cli.console import warn
from ganeval.errors import ContentError, UsageError, unknown

if TYPE_CHECKING:
    from ganeval.reports.run_folders import StoredReport

FOLDER = "plots"


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o", "target", type=click.Path(path_type=Path), metavar="DIR", help="Where to (RUN/plots; several: plots)."
)
@click.option("--layer", metavar="NAME", help="Also make a layer of the generator active; needs its checkpoint.")
@click.option("--only", metavar="LIST", help="Of the names above, with commas between.")
def plot(runs: tuple[Path, ...], target: Path | None, layer: str | None, only: str | None) -> None:
    """Draw how a run learned, or several runs side by side.

    \b
    ganeval plot results/digits-dcgan-s0                         all that it holds, into its folder plots/
    ganeval plot results/digits-dcgan-s0 --only losses,evolution -o figures
    ganeval plot results/digits-dcgan-s0 --layer block2          what drives a layer of the generator
    ganeval plot results -o figures                              all runs of a folder: FID, precision and recall

    Each picture is a PNG and an SVG. Of one run: evolution, interpolation, losses, training, critic-scores, detector,
    boundary, activation, modes. Of several: fid-over-training, precision-recall, fid, modes-by-run.
    What cannot be drawn is said.
    Only --layer loads the network; all else is drawn from what `ganeval train` stored.
    """
    from ganeval.reports.run_folders import find_reports

    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    found, omissions = find_reports(runs)
    for line in omissions:
        warn(line)
    folder = found[0].folder if len({one.folder for one in found}) == 1 else None
    if folder is not None:
        _one(found, target or folder / FOLDER, layer, names)
    elif layer is not None:
        raise UsageError(f"--layer {layer}: found {len(found)} reports, needed one run folder, whose network it is of")
    else:
        _several(found, target or Path(FOLDER), names)


def _one(found: "list[StoredReport]", target: Path, layer: str | None, names: list[str] | None) -> None:
    """The pictures of one run; a translating one has a report for each direction, which differ in their modes alone."""
    from ganeval.plots.catalogue import RUN_PLOTS, draw_run
    from ganeval.plots.output import write_plots
    from ganeval.runtime.files import check_target

    names = _known(names, list(RUN_PLOTS))
    check_target("-o", target / f"{names[0]}.svg")
    if layer is not None and found[0].folder is not None:
        from ganeval.training.insight.activation import store_activation

        store_activation(found[0].folder, layer)
    drawn = draw_run(found[0], names)
    plots = list(drawn.plots)
    for back in [draw_run(one, ["modes"]) for one in found[1:] if "modes" in names]:
        plots += [replace(plot, name=f"{plot.name}-back") for plot in back.plots]
        drawn.missing.extend(back.missing)
        drawn.broken.extend(back.broken)
    for path in write_plots(plots, target):
        click.echo(path)
    reasons = [*drawn.missing, *(drawn.inapplicable if len(names) < len(RUN_PLOTS) else [])]
    if not plots and not drawn.broken:
        why = dict.fromkeys(line.partition(": ")[2] for line in [*drawn.inapplicable, *drawn.missing])
        raise ContentError(f"{found[0].folder}: nothing to draw: {'; '.join(why)}")
    for line in dict.fromkeys(reasons):
        click.echo(f"not drawn: {line}", err=True)
    if drawn.broken:
        raise ContentError(f"not drawn: {'; '.join(_together(drawn.broken))}")


def _together(lines: list[str]) -> list[str]:
    """Pictures that one broken file keeps from being drawn, before the reason that they share.

    >>> _together(["losses: no JSON", "training: no JSON", "modes: no counts"])
    ['losses, training: no JSON', 'modes: no counts']
    """
    names: dict[str, list[str]] = {}
    for line in lines:
        name, _, reason = line.partition(": ")
        names.setdefault(reason, []).append(name)
    return [f"{', '.join(some)}: {reason}" for reason, some in names.items()]


def _several(found: "list[StoredReport]", target: Path, names: list[str] | None) -> None:
    """The pictures of several runs: those that may not be compared are apart, with a number in their files' names."""
    from ganeval.comparison import compare
    from ganeval.plots.catalogue import GROUP_PLOTS, draw_group
    from ganeval.plots.output import write_plots
    from ganeval.runtime.files import check_target

    names = _known(names, list(GROUP_PLOTS))
    check_target("-o", target / f"{names[0]}.svg")
    groups = compare([one.report for one in found]).groups
    drawn = 0
    for number, group in enumerate(groups, 1):
        plots = draw_group(group.rows, found, names)
        plots = [replace(plot, name=f"{plot.name}-{number}") for plot in plots] if number > 1 else plots
        if group.differs:
            click.echo(f"not comparable, so apart (-{number}): {'; '.join(group.differs)}", err=True)
        for path in write_plots(plots, target):
            click.echo(path)
        drawn += len(plots)
    if not drawn:
        raise ContentError(f"nothing to draw: found no {', '.join(names)} in {len(found)} reports")


def _known(names: list[str] | None, known: list[str]) -> list[str]:
    """The names asked for, or all there are. UsageError for another one."""
    for name in names or ():
        if name not in known:
            raise unknown("plot", name, known)
    return names or known
