"""The commands: parse, call, print. Heavy modules are imported inside the commands that need them."""

import difflib
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ganeval import __version__
from ganeval.errors import ContentError, GanevalError, GanevalWarning, UsageError, unknown
from ganeval.terminal import print_view, progress, terminal_width

Command = TypeVar("Command", bound=Callable[..., Any])
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Commands(click.Group):
    """A group whose errors are one line, and which knows what a mistyped command meant."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            ctx.fail(f"unknown command '{args[0]}': {hint}(known: {', '.join(sorted(self.commands))})")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", GanevalWarning)
                warnings.showwarning = _show_warning  # type: ignore[assignment]  # it takes what it is called with
                return super().invoke(ctx)
        except GanevalError as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:  # a full disk, a folder that may not be written; a closed pipe is click's business
            if error.filename is None:
                raise
            click.echo(f"Error: {error.filename}: {error.strerror}", err=True)
            ctx.exit(GanevalError.exit_code)


def _show_warning(message: Warning | str, category: type[Warning], file: str, line: int, *_: Any) -> None:
    """Our warnings as one line; anybody else's as Python shows them."""
    if issubclass(category, GanevalWarning):
        click.echo(f"warning: {message}", err=True)
    else:
        sys.stderr.write(warnings.formatwarning(message, category, file, line))


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="ganeval")
def main() -> None:
    """Score generated images: FID, IS, KID, precision/recall, density/coverage, modes, each with an error bar.

    \b
    ganeval score --samples out/ --ref cifar10          a folder against CIFAR-10
    ganeval check out/                                  what is in these images
    ganeval list                                        what is here, and what is missing

    Results go to stdout; progress and warnings to stderr. Exit code 1: the content of a file is at fault; 2: a wrong
    name, flag or path. GANEVAL_DATA, GANEVAL_CACHE and GANEVAL_OFFLINE=1 say where data and cached files are.
    """


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


@main.command()
@click.option(
    "--samples", multiple=True, required=True, metavar="SRC", help="What to score; may be given several times."
)
@click.option("--ref", "reference", required=True, metavar="SRC", help="What to score against.")
@click.option(
    "--metrics", metavar="LIST", help="Of fid, is, kid, pr, dc, modes, mixture, fid-infinity. Default: all that apply."
)
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
    from ganeval.evaluation import Scorer, Settings
    from ganeval.files import check_target
    from ganeval.runs import write_run
    from ganeval.sources import display_name

    settings = Settings(**options)
    if names and len(names) != len(samples):
        raise UsageError(f"--name: found {len(names)}, needed one for each of the {len(samples)} --samples")
    names = names or tuple(display_name(source) for source in samples)
    folders = _run_folders(names, out)
    if json_file not in (None, "-"):
        check_target("--json", Path(json_file))
    with progress() as tick:
        scorer = Scorer(reference, settings, tick)
        reports = [scorer.score(source, name) for source, name in zip(samples, names, strict=True)]
    for folder, report in zip(folders, reports, strict=False):
        write_run(folder, report, {"reference": reference, "samples": list(samples), **_plain(options)})
    document = reports[0].to_dict() if len(reports) == 1 else [report.to_dict() for report in reports]
    if json_file is not None:
        _write_json(document, json_file)
    if json_file != "-":
        _show(reports)
    for text in dict.fromkeys(text for report in reports for text in report.warnings):
        click.echo(f"warning: {text}", err=True)


@main.command()
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
    from ganeval.checking import survey
    from ganeval.render import facts_view
    from ganeval.sources import Opening, open_source
    from ganeval.statistics import Statistics

    images = open_source(
        source, Opening(data_root, offline, count=0, pictures=True)
    )  # a generator is refused, whatever its count
    if isinstance(images, Statistics):
        raise UsageError(f"{source}: is a statistics file, needed pictures")
    with progress() as tick:
        found = survey(images, tick)
    print_view(facts_view(source, found.rows()))
    if found.refused:
        raise ContentError(f"{source}: `ganeval score` would refuse this: {found.refused}")


@main.command()
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
    from ganeval.evaluation import Settings
    from ganeval.files import check_target
    from ganeval.publishing import publish

    check_target("-o", path)
    with progress() as tick:
        count = publish(source, path, Settings(**options), kind, tick)
    click.echo(f"{path}: {kind} of {count:,} images")


@main.command()
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
    from ganeval.devices import pick_device
    from ganeval.files import check_target
    from ganeval.sources import Opening, open_source
    from ganeval.training import trained_classifier

    if path is not None:
        check_target("-o", path)
    with progress() as tick:
        images = open_source(source, Opening(data_root, offline, count=0, pictures=True))  # as in `check`
        line = trained_classifier(images, path, seed=seed, device=pick_device(device), tick=tick)
    click.echo(line)


def run_options(command: Command) -> Command:
    """The flags of `train` and `train-all` alike."""
    for option in reversed(
        [
            click.option("--data-b", metavar="SRC", help="CycleGAN's second domain, for a --data without trainB."),
            click.option(
                "--preset",
                metavar="NAME",
                help="digits, mnist, cifar10, large or vectors; by the data (by size alone without flip).",
            ),
            click.option("--steps", type=click.IntRange(1), metavar="N", help="Of the generator; the preset's."),
            click.option(
                "--set",
                "settings",
                multiple=True,
                metavar="key=value",
                help="Change a setting of `ganeval list settings`; several times.",
            ),
            click.option(
                "--extractor", default="auto", metavar="NAME", help="As of `score`; auto: the data's own classifier."
            ),
            click.option(
                "-n",
                "count",
                type=click.IntRange(10),
                metavar="N",
                help="How many images are scored (as many as train, 10,000 at most; CycleGAN: all test pictures).",
            ),
            click.option("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps."),
            click.option(
                "--data-root",
                type=click.Path(path_type=Path),
                metavar="DIR",
                help="Where data sets are (GANEVAL_DATA).",
            ),
            click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1)."),
            click.option("--tensorboard", is_flag=True, help="Also log for TensorBoard (an extra)."),
        ]
    ):
        command = option(command)
    return command


@main.command()
@click.argument("model", metavar="MODEL")
@click.option("--data", "source", default="digits", show_default=True, metavar="SRC", help="What to train on.")
@click.option("--seed", default=0, show_default=True, help="Of weights, order and every draw.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run folder (results/<data>-MODEL-s0).")
@click.option("--dry-run", is_flag=True, help="Say what would be trained, and train nothing.")
@run_options
def train(model: str, source: str, seed: int, out: Path | None, dry_run: bool, **options: Any) -> None:
    """Train one reference model; the same command again resumes.

    \b
    ganeval train dcgan                                          8 x 8 digits, a minute
    ganeval train wgan-gp --data cifar10 --device cuda           published recipes: docs/reproducing.md
    ganeval train dcgan --data pictures/ --set size=64 --set loss=hinge --set spectral_norm=true --set norm_d=none
    ganeval train cyclegan --data maps/ --set size=64            maps/ holds trainA and trainB

    MODEL is vanilla, dcgan, wgan-gp, cgan or cyclegan. Any folder, zip or array is a data set. The run folder gets
    checkpoints (best and last, averaged and raw), log.jsonl, grids of samples and, of held-out pictures, report.json.
    """
    from ganeval.suite.commands import planned, train_one

    order = _order(source, seed, options, model=model, out=out)
    if dry_run:
        print_view(planned(order))
        return
    with progress() as tick:
        view, problem = train_one(order, tick, terminal_width())
    print_view(view)
    if problem:
        raise ContentError(problem)


@main.command(name="train-all")
@click.option("--data", "source", default="digits", show_default=True, metavar="SRC", help="What to train on.")
@click.option("--models", metavar="LIST", help="Of vanilla, dcgan, wgan-gp, cgan, cyclegan. Default: all that apply.")
@click.option("--seed", type=int, metavar="S", help="Of weights, order and every draw (0).")
@click.option("--seeds", type=click.IntRange(1), metavar="K", help="Train seeds 0 to K-1: mean ± std over them.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    help="The parent of the run folders.",
)
@run_options
def train_all(source: str, models: str | None, seed: int | None, seeds: int | None, out: Path, **options: Any) -> None:
    """Train, sample and score the reference models, and print one table; the same command again resumes.

    \b
    ganeval train-all                                            five models on 8 x 8 digits, minutes, no download
    ganeval train-all --seeds 3                                  mean ± std over three seeds
    ganeval train-all --data mnist --models wgan-gp,cgan --steps 2000
    ganeval train-all --data pictures/ --set size=64 --device cuda

    Each model is scored on the test split at one number of images, between real training pictures (the floor) and
    noise (the ceiling). A model that diverges does not stop the others; it is said, and the exit code is 1.
    """
    from ganeval.suite.commands import train_all_of

    if seed is not None and seeds is not None:
        raise UsageError("--seed and --seeds: found both, needed one")
    chosen = range(seeds) if seeds is not None else [seed or 0]
    names = [name.strip() for name in models.split(",")] if models is not None else None
    order = _order(source, 0, options)
    with progress() as tick:
        view, problem = train_all_of(
            order, names, chosen, out, tick, lambda line: click.echo(line, err=True), terminal_width()
        )
    print_view(view)
    if problem:
        raise ContentError(problem)


@main.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option(
    "-n", "count", type=click.IntRange(1), metavar="N", help="How many (10,000; CycleGAN: all test pictures)."
)
@click.option(
    "-o", "target", type=click.Path(path_type=Path), metavar="DIR|FILE", help="Folder, .npz or .zip (RUN's name.zip)."
)
@click.option("--seed", default=2020, show_default=True, help="Of the latents, or of a CycleGAN's draw.")
@click.option("--checkpoint", default="best", metavar="best|last", help="Best (default), by FID on held-out pictures.")
@click.option("--raw", is_flag=True, help="The weights themselves, not their moving average.")
@click.option("--direction", default="ab", metavar="ab|ba", help="Of a CycleGAN (default ab).")
@click.option("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps.")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
@click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1).")
def sample(run: Path, target: Path | None, **options: Any) -> None:
    """Write samples of a trained run.

    \b
    ganeval sample results/digits-dcgan-s0 -n 50000 -o samples.npz
    ganeval sample results/digits-cgan-s0 -n 1000 -o samples/        a folder for each class

    Seeded: the same seed gives the same samples, and more of them begin with the same ones. A CycleGAN translates its
    test pictures: all in their order, or -n of them, drawn at random.
    """
    from ganeval.files import check_target
    from ganeval.suite.sampling import Wanted, sample_run

    target = target or Path(f"{run.resolve().name}.zip")
    if target.suffix:
        check_target("-o", target)
    click.echo(sample_run(run, target, Wanted(**options)))


@main.command(name="list")
@click.argument("what", required=False, metavar="[metrics|datasets|extractors|models|protocols|settings]")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
def list_(what: str | None, data_root: Path | None) -> None:
    """Say what is here, and which weights or data are missing.

    \b
    ganeval list
    ganeval list extractors
    ganeval list settings                          every key of `train --set`: meaning, values, default

    A preset has defaults of its own: `ganeval train MODEL --dry-run` says what a run takes.
    """
    from ganeval.listing import LISTS, UNASKED
    from ganeval.render import facts_view

    if what is not None and what not in LISTS:
        raise unknown("list", what, LISTS)
    for title in [what] if what else UNASKED:
        print_view(facts_view(title, LISTS[title](data_root)))


def _order(source: str, seed: int, options: dict[str, Any], *, model: str = "", out: Path | None = None) -> Any:
    """What a training command asks for."""
    from ganeval.suite.orders import Order, parsed, run_folder

    changes, size = parsed(options["settings"])
    return Order(
        model=model,
        source=source,
        folder=out or run_folder(Path("results"), source, model, seed),
        other=options["data_b"],
        preset=options["preset"],
        steps=options["steps"],
        seed=seed,
        changes=changes,
        size=size,
        extractor=options["extractor"],
        count=options["count"],
        device=options["device"],
        data_root=options["data_root"],
        offline=options["offline"],
        tensorboard=options["tensorboard"],
    )


def _show(reports: list[Any]) -> None:
    from ganeval.render import report_view, reports_view

    if len(reports) == 1:
        print_view(report_view(reports[0]))
    else:
        print_view(reports_view(reports, width=terminal_width()))


def _write_json(document: Any, target: str) -> None:
    from ganeval.files import replacing
    from ganeval.report import dump

    text = dump(document) + "\n"
    if target == "-":
        click.echo(text, nl=False)
        return
    with replacing(Path(target)) as partial:
        partial.write_text(text, encoding="utf-8")


def _run_folders(names: tuple[str, ...], out: Path | None) -> list[Path]:
    """The run folder of each name: `--out` itself for one, below it for several; checked before anything is scored."""
    from ganeval.files import check_target

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
