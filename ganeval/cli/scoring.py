"""`score`, `check`, `features` and `classifier`: what needs pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ganeval.cli.console import print_view, progress, terminal_width, warn
from ganeval.errors import ContentError, UsageError
from ganeval.reports.scores import METRICS

Command = TypeVar("Command", bound=Callable[..., Any])

METRICS_HELP = f"Metric families, separated by commas: {', '.join(METRICS)}. Default: all that apply."


def settings_options(command: Command) -> Command:
    """The flags that decide how pictures become features."""
    for option in reversed(
        [
            click.option(
                "--extractor",
                default="auto",
                metavar="NAME|FILE|module:function",
                help="Network: auto, a name of `ganeval list extractors`, a classifier file, or your own.",
            ),
            click.option("--protocol", default="tf1", metavar="NAME", help="tf1 (default), clean or pytorch-fid."),
            click.option(
                "--weights",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A state dict for the extractor (.safetensors or .pth).",
            ),
            click.option(
                "-n",
                "n",
                type=click.IntRange(1),
                metavar="N",
                help="Draw N samples at random; for a generator, how many to make.",
            ),
            click.option("--seed", default=2020, show_default=True, help="Of every random draw."),
            click.option("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps."),
            click.option(
                "--precision", default="float32", metavar="NAME", help="float32, tf32 or bf16; part of the protocol."
            ),
            click.option(
                "--decoder",
                default="pillow",
                metavar="NAME",
                help="pillow, or nvjpeg: JPEGs on the GPU, whose pixels differ a little; part of the protocol.",
            ),
            click.option(
                "--batch-size", type=int, metavar="N", help="Pictures at a time; changes features by rounding only."
            ),
            click.option(
                "--data-root",
                type=click.Path(path_type=Path),
                metavar="DIR",
                help="Where data sets are (GANEVAL_DATA).",
            ),
            click.option(
                "--on-bad-image",
                default="fail",
                metavar="fail|skip",
                help="Stop at a picture that cannot be read, or leave it out and say so.",
            ),
            click.option("--no-cache", "cache", flag_value=False, default=True, help="Neither read nor keep features."),
            click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1)."),
        ]
    ):
        command = option(command)
    return command


@click.command()
@click.option(
    "--samples", multiple=True, required=True, metavar="SRC", help="What to score; may be given several times."
)
@click.option("--ref", "reference", required=True, metavar="SRC", help="What to score against.")
@click.option("--metrics", metavar="LIST", help=METRICS_HELP)
@click.option("--ref-n", type=click.IntRange(1), metavar="N", help="Draw N reference images at random.")
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="What tables call the samples; one for each --samples."
)
@click.option("--json", "json_file", metavar="FILE|-", help="Write the report as JSON; - prints JSON alone on stdout.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a run folder; for several samples, one below DIR for each name.",
)
@settings_options
def score(
    samples: tuple[str, ...],
    reference: str,
    names: tuple[str, ...],
    json_file: str | None,
    out: Path | None,
    **options: Any,
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
    from ganeval.evaluation.settings import Settings
    from ganeval.reports.run_folders import write_run
    from ganeval.runtime.distributed import prepare_rank, ranks_of_torchrun
    from ganeval.runtime.files import check_target
    from ganeval.sources.opening import display_name

    if names and len(names) != len(samples):
        raise UsageError(f"--name: found {len(names)}, needed one for each of the {len(samples)} --samples")
    names = names or tuple(display_name(source) for source in samples)
    with ranks_of_torchrun(options["device"]) as ranks:
        folders = [] if ranks.rank else _run_folders(names, out)
        if json_file not in (None, "-") and not ranks.rank:
            check_target("--json", Path(json_file))
        own = {"device": prepare_rank(options["device"], ranks), "ranks": ranks}
        pairs = list(zip(samples, names, strict=True))
        scored = _scored(reference, pairs, Settings(**{**options, **own}), showing=out is not None)
    if ranks.rank:  # the report is rank 0's to write
        return
    reports = [report for report, _ in scored]
    about = {"reference": reference, "samples": list(samples), **_plain(options)}
    for folder, (report, gallery) in zip(folders, scored, strict=False):
        write_gallery(folder / FILE, gallery)
        write_run(folder, report, about)
    document = reports[0].to_dict() if len(reports) == 1 else [report.to_dict() for report in reports]
    if json_file is not None:
        _write_json(document, json_file)
    if json_file != "-":
        _show(reports)
    for text in dict.fromkeys(text for report in reports for text in report.warnings):
        warn(text)


@click.command()
@click.argument("source", metavar="SRC")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
@click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1).")
def check(source: str, data_root: Path | None, offline: bool) -> None:
    """Say what is in these images, and what would make a score wrong.

    \b
    ganeval check out/
    ganeval check samples.npz

    Counts, formats, conversions, sizes, exact duplicates, files that cannot be read, classes and their order, and which
    metrics there are too few images for. Exit code 1 if `ganeval score` would refuse anything.
    """
    from ganeval.evaluation.survey import survey
    from ganeval.sources.opening import Opening, open_images
    from ganeval.tables.report_view import facts_view

    # a generator is refused, whatever its count
    images = open_images(source, Opening(data_root, offline, count=0))
    with progress() as tick:
        found = survey(images, tick)
    print_view(facts_view(source, found.rows()))
    if found.refused:
        raise ContentError(f"{source}: `ganeval score` would refuse this: {found.refused}")


@click.command()
@click.argument("source", metavar="SRC")
@click.option(
    "-o",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Where to write; .pt for torch-fidelity.",
)
@click.option("--kind", default="statistics", metavar="NAME", help="statistics (mu, sigma; default) or features.")
@settings_options
def features(source: str, path: Path, kind: str, **options: Any) -> None:
    """Publish reference statistics (mu, sigma) or features of images.

    \b
    ganeval features real/ -o real.npz               then: ganeval score --samples out/ --ref real.npz
    ganeval features cifar10 -o cifar10.npz          pytorch-fid, TTUR and ADM read the same file; torch-fidelity a .pt
    ganeval features real/ -o real.npz --kind features     all metrics, without the pictures

    The file says how it was made; a score under another protocol refuses it.
    """
    from ganeval.evaluation.publish import publish
    from ganeval.evaluation.settings import Settings
    from ganeval.runtime.files import check_target

    check_target("-o", path)
    with progress() as tick:
        count = publish(source, path, Settings(**options), kind, tick)
    click.echo(f"{path}: {kind} of {count:,} images")


@click.command()
@click.argument("source", metavar="SRC")
@click.option(
    "-o", "path", type=click.Path(path_type=Path), metavar="FILE", help="Where to write (default: the cache)."
)
@click.option("--seed", default=2020, show_default=True, help="Of initialisation, order and augmentation.")
@click.option("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps.")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
@click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1).")
def classifier(source: str, path: Path | None, seed: int, device: str, data_root: Path | None, offline: bool) -> None:
    """Train the small classifier of a labelled data set: features, IS and mode counts for any domain.

    \b
    ganeval classifier cifar10                     then: ganeval score --samples out/ --ref cifar10 --extractor cifar10
    ganeval classifier pets/ -o pets.safetensors   a folder per class; then: --extractor pets.safetensors

    Seeded, trained once, kept by the hash of the data; a second call finds it.
    """
    from ganeval.extractors.classifier_command import ensure_classifier
    from ganeval.runtime.devices import pick_device
    from ganeval.runtime.files import check_target
    from ganeval.sources.opening import Opening, open_source

    if path is not None:
        check_target("-o", path)
    with progress() as tick:
        images = open_source(source, Opening(data_root, offline, count=0, images=True))  # as in `check`
        line = ensure_classifier(images, path, seed=seed, device=pick_device(device), tick=tick)
    click.echo(line)


def _scored(reference: str, samples: list[tuple[str, str]], settings: Any, showing: bool) -> list[tuple[Any, Any]]:
    """A report on each of the samples (source and name), and a gallery where one is wanted."""
    from ganeval.evaluation.scorer import Scorer

    with progress(shown=settings.ranks.rank == 0) as tick:
        scorer = Scorer(reference, settings, tick)
        if showing:
            return [scorer.score_and_show(source, name) for source, name in samples]
        return [(scorer.score(source, name), None) for source, name in samples]


def _show(reports: list[Any]) -> None:
    from ganeval.tables.report_view import report_view, reports_view

    if len(reports) == 1:
        print_view(report_view(reports[0]))
    else:
        print_view(reports_view(reports, width=terminal_width()))


def _write_json(document: Any, target: str) -> None:
    from ganeval.reports.report import dump
    from ganeval.runtime.files import replacing

    text = dump(document) + "\n"
    if target == "-":
        click.echo(text, nl=False)
        return
    with replacing(Path(target)) as partial:
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


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(options, default=str))  # type: ignore[no-any-return]
