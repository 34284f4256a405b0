"""`score`, `check`, `features` and `classifier`: the commands that read images."""

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganeval.cli.command import Command, joined
from ganeval.cli.console import print_view, progress, terminal_width, warn
from ganeval.cli.options import OUTPUT, PATH, SOURCE
from ganeval.errors import ContentError, UsageError
from ganeval.evaluation.settings import OPTIONS, Settings

if TYPE_CHECKING:
    from ganeval.reports.report import Report

STDOUT = Path("-")
FLAGS = tuple(name for name, option in OPTIONS.items() if option.flag is not None)
FOR_FEATURES = tuple(
    name for name in FLAGS if name not in ("metrics", "ref_n", "k_precision_recall", "k_density_coverage")
)


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the flags of these settings, and their values as one argument, `settings`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**arguments: Any) -> None:
            command(settings=Settings(**{name: arguments.pop(name) for name in names}), **arguments)

        flagged: Callable[..., None] = functools.wraps(command)(run)
        for name in reversed(names):
            flagged = _flag(name)(flagged)
        return flagged

    return decorate


def _flag(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The flag of a setting: its name, type, default and help are those of `Settings`."""
    option, default = OPTIONS[name], getattr(Settings, name)
    flags = (str(option.flag), name)
    if option.kind is bool:
        return click.option(*flags, is_flag=True, flag_value=not default, default=default, help=option.help)
    if option.listed:
        return click.option(*flags, multiple=True, callback=joined, metavar=option.metavar, help=option.help)
    return click.option(
        *flags,
        type=PATH if option.kind is Path else option.kind,
        default=default,
        show_default=default is not None,
        metavar=option.metavar or "|".join(option.choices),
        help=option.help,
    )


@click.command(cls=Command)
@click.option(
    "--samples", multiple=True, required=True, type=SOURCE, metavar="SRC", help="Samples to score; repeat for several."
)
@click.option(
    "--ref", "reference", required=True, type=SOURCE, metavar="SRC", help="Reference to compare the samples with."
)
@with_settings(*FLAGS)
@click.option("--name", "names", multiple=True, metavar="NAME", help="Name in tables; one for each --samples.")
@click.option(
    "--json", "json_file", type=OUTPUT, metavar="FILE|-", help="Report as JSON in a file; - prints it alone on stdout."
)
@click.option(
    "--out",
    type=OUTPUT,
    metavar="DIR",
    help="Run folder for report and images; with several samples, the folder of a run folder for each.",
)
def score(
    samples: tuple[str, ...],
    reference: str,
    settings: Settings,
    names: tuple[str, ...],
    json_file: Path | None,
    out: Path | None,
) -> None:
    """Score images against a reference.

    \b
    ganeval score --samples out/ --ref cifar10                       a folder against CIFAR-10 (train, all of it)
    ganeval score --samples a.zip --samples b.npz --ref real/        several, one row each
    ganeval score --samples my.module:generate -n 10000 --ref digits --json - | jq .scores.fid
    ganeval score --samples out/ --ref cifar10 --out results/mine    keep a run folder

    SRC is a folder, .zip, .tar, .npz, .npy, a data set's name (NAME is NAME:train), a run folder, module:function, or,
    as --ref, a statistics file (mu and sigma). Each score has one standard error over new draws of both sets.
    """
    from ganeval.evaluation.gallery import FILE, write_gallery
    from ganeval.evaluation.scorer import Scorer
    from ganeval.reports.run_folders import write_run
    from ganeval.runtime.distributed import prepare_rank, ranks_of_torchrun
    from ganeval.runtime.files import check_target
    from ganeval.sources.opening import display_name

    if names and len(names) != len(samples):
        raise UsageError(f"--name: found {len(names)}, needed one for each of the {len(samples)} --samples")
    names = names or tuple(display_name(source) for source in samples)
    with ranks_of_torchrun(settings.device) as ranks:
        is_first = ranks.rank == 0
        folders = _run_folders(names, out) if is_first else []
        if json_file not in (None, STDOUT) and is_first:
            check_target("--json", json_file)
        with progress(visible=is_first) as tick:
            scorer = Scorer(reference, replace(settings, device=prepare_rank(settings.device, ranks)), tick, ranks)
            scored = [
                scorer.score_and_show(source, name) if out is not None else (scorer.score(source, name), None)
                for source, name in zip(samples, names, strict=True)
            ]
    if not is_first:  # the first rank writes the report
        return
    reports = [report for report, _ in scored]
    values = {name: getattr(settings, name) for name in FLAGS}
    config = {"reference": reference, "samples": list(samples), **json.loads(json.dumps(values, default=str))}
    for folder, (report, gallery) in zip(folders, scored, strict=False):
        write_gallery(folder / FILE, gallery)
        write_run(folder, report, config)
    if json_file is not None:
        _write_json(reports, json_file)
    if json_file != STDOUT:
        _show(reports)
    for text in dict.fromkeys(text for report in reports for text in report.warnings):
        warn(text)


@click.command(cls=Command)
@click.argument("source", type=SOURCE, metavar="SRC")
@with_settings("data_root", "offline")
def check(source: str, settings: Settings) -> None:
    """List what a set of images holds, and what would make a score of it wrong.

    \b
    ganeval check out/
    ganeval check samples.npz

    Counts, formats, conversions, sizes, exact duplicates, files that cannot be read, classes and their order, and the
    metrics that need more images. Exit code 1 if `ganeval score` would refuse anything.
    """
    from ganeval.evaluation.opening import opening
    from ganeval.evaluation.survey import survey
    from ganeval.sources.opening import open_images
    from ganeval.tables.report_view import facts_view

    images = open_images(source, opening(settings, 0))  # `survey` refuses a generator, whatever its count
    with progress() as tick:
        report = survey(images, tick)
    print_view(facts_view(source, report.rows()))
    if report.refusal:
        raise ContentError(f"{source}: `ganeval score` would refuse this: {report.refusal}")


@click.command(cls=Command)
@click.argument("source", type=SOURCE, metavar="SRC")
@click.option(
    "-o",
    "path",
    required=True,
    type=OUTPUT,
    metavar="FILE.npz",
    help="File to write; .pt for torch-fidelity.",
)
@click.option(
    "--kind",
    default="statistics",
    show_default=True,
    metavar="statistics|features",
    help="Content of the file: mu and sigma, or all features.",
)
@with_settings(*FOR_FEATURES)
def features(source: str, path: Path, kind: str, settings: Settings) -> None:
    """Publish reference statistics (mu, sigma) or features of images.

    \b
    ganeval features real/ -o real.npz               then: ganeval score --samples out/ --ref real.npz
    ganeval features cifar10 -o cifar10.npz          pytorch-fid, TTUR and ADM read the same file; torch-fidelity a .pt
    ganeval features real/ -o real.npz --kind features     all metrics, without the images

    The file records its protocol; a score under another protocol refuses it.
    """
    from ganeval.evaluation.publish import publish
    from ganeval.runtime.files import check_target

    check_target("-o", path)
    with progress() as tick:
        count = publish(source, path, settings, kind, tick)
    click.echo(f"{path}: {kind} of {count:,} images")


@click.command(cls=Command)
@click.argument("source", type=SOURCE, metavar="SRC")
@click.option("-o", "path", type=OUTPUT, metavar="FILE", help="File to write. Default: in the cache.")
@with_settings("seed", "device", "data_root", "offline")
def classifier(source: str, path: Path | None, settings: Settings) -> None:
    """Train the small classifier of a labelled data set: features, IS and mode counts for any domain.

    \b
    ganeval classifier cifar10                     then: ganeval score --samples out/ --ref cifar10 --extractor cifar10
    ganeval classifier pets/ -o pets.safetensors   a folder per class; then: --extractor pets.safetensors

    Trained once for each seed and data set, and stored by the hash of the images.
    """
    from ganeval.evaluation.opening import opening
    from ganeval.extractors.classifier_command import ensure_classifier
    from ganeval.runtime.devices import pick_device
    from ganeval.runtime.files import check_target
    from ganeval.sources.opening import open_source

    if path is not None:
        check_target("-o", path)
    with progress() as tick:
        images = open_source(source, opening(settings, 0, images=True))  # as in `check`
        line = ensure_classifier(images, path, seed=settings.seed, device=pick_device(settings.device), tick=tick)
    click.echo(line)


def _show(reports: list["Report"]) -> None:
    from ganeval.tables.report_view import report_view, reports_view

    if len(reports) == 1:
        print_view(report_view(reports[0]))
    else:
        print_view(reports_view(reports, width=terminal_width()))


def _write_json(reports: list["Report"], target: Path) -> None:
    """One report as an object, several as a list of them."""
    from ganeval.reports.report import dump
    from ganeval.runtime.files import replacing

    documents = [report.to_dict() for report in reports]
    text = dump(documents[0] if len(documents) == 1 else documents) + "\n"
    if target == STDOUT:
        click.echo(text, nl=False)
        return
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8")


def _run_folders(names: tuple[str, ...], out: Path | None) -> list[Path]:
    """The run folder of each name: `--out` itself for one, below it for several; checked before anything is scored."""
    from ganeval.runtime.files import check_target

    if out is None:
        return []
    below = [name.replace("/", "_").replace(":", "-").lstrip(".") for name in names]
    if len(set(below)) != len(below) or not all(below):
        raise UsageError(f"--out: found the names {', '.join(names)}, needed a --name for each that makes a folder")
    folders = [out] if len(names) == 1 else [out / name for name in below]
    for folder in folders:
        check_target("--out", folder / "report.json")
    return folders
