"""`train`, `train-all` and `sample`: the reference models."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganeval.cli.command import Command, joined
from ganeval.cli.console import print_view, progress, terminal_width
from ganeval.cli.options import DATA_ROOT, OFFLINE, OUTPUT, PATH, SOURCE
from ganeval.errors import ContentError, UsageError

if TYPE_CHECKING:
    from ganeval.training.run_request import RunRequest

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

DATA = click.option(
    "--data", "source", default="digits", show_default=True, type=SOURCE, metavar="SRC", help="Training data."
)
DEVICE = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Device that trains and samples: auto, cpu, cuda or mps.",
)


def run_options(command: Decorated) -> Decorated:
    """The options that `train` and `train-all` share."""
    for option in reversed(
        [
            click.option(
                "--data-b",
                "other",
                type=SOURCE,
                metavar="SRC",
                help="CycleGAN's second domain, for a --data without trainB.",
            ),
            click.option(
                "--preset",
                metavar="NAME",
                help="Recipe: digits, mnist, cifar10, large or vectors. Default: the data set's own, else chosen by "
                "image size (then without horizontal flips).",
            ),
            click.option(
                "--steps",
                type=click.IntRange(1),
                metavar="N",
                help="Number of generator updates (default: from the preset).",
            ),
            click.option(
                "--set",
                "settings",
                multiple=True,
                metavar="key=value",
                help="A changed setting of `ganeval list settings`; repeat the option for several.",
            ),
            click.option(
                "--extractor",
                default="auto",
                show_default=True,
                metavar="NAME",
                help="Extractor, as of `score`; auto: the data set's own classifier, else Inception.",
            ),
            click.option(
                "-n",
                "count",
                type=click.IntRange(10),
                metavar="N",
                help="Number of samples to score (default: as many as training images, at most 10,000; "
                "CycleGAN: all test images).",
            ),
            DEVICE,
            DATA_ROOT,
            OFFLINE,
            click.option("--tensorboard", is_flag=True, help="Log for TensorBoard as well (needs its extra)."),
        ]
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@click.argument("model", metavar="MODEL")
@DATA
@click.option(
    "--seed", default=0, show_default=True, help="Seed for initial weights, data order and sampling while training."
)
@click.option("--out", type=OUTPUT, metavar="DIR", help="Run folder (default: results/<data>-MODEL-s<seed>).")
@click.option("--dry-run", is_flag=True, help="Listing of data, networks and settings, without training.")
@run_options
def train(model: str, source: str, seed: int, out: Path | None, dry_run: bool, **options: Any) -> None:
    """Train one reference model; the same command again resumes.

    \b
    ganeval train dcgan                                          8 x 8 digits, a minute
    ganeval train wgan-gp --data cifar10 --device cuda           published recipes: docs/reproducing.md
    ganeval train dcgan --data images/ --set size=64 --set loss=hinge --set spectral_norm=true --set norm_d=none
    ganeval train cyclegan --data maps/ --set size=64            maps/ holds trainA and trainB

    MODEL is vanilla, dcgan, wgan-gp, cgan or cyclegan. Any folder, zip or array is a data set. The run folder gets
    checkpoints (best and last, averaged and raw), log.jsonl, grids of samples and report.json, scored against the
    held-out test images. Several GPUs or machines train one run with
    torchrun --nproc-per-node=K -m ganeval train MODEL ... (docs/scale.md).
    """
    from ganeval.runtime.launch import is_first_rank
    from ganeval.training.commands import train_one

    request = _request(source, seed, options, model=model, out=out)
    with progress(visible=is_first_rank()) as tick:
        result = train_one(request, tick, terminal_width(), dry_run=dry_run)
    if result is None:  # another process prints
        return
    view, problem = result
    print_view(view)
    if problem:
        raise ContentError(problem)


@click.command(name="train-all", cls=Command)
@DATA
@click.option(
    "--models",
    multiple=True,
    callback=joined,
    metavar="LIST",
    help="Comma-separated models: vanilla, dcgan, wgan-gp, cgan, cyclegan (default: all that the data can train).",
)
@click.option("--seed", type=int, metavar="S", help="Seed for initial weights, data order and sampling (default: 0).")
@click.option("--seeds", type=click.IntRange(1), metavar="K", help="Number of seeds, 0 to K-1: mean ± std over them.")
@click.option(
    "--out",
    type=OUTPUT,
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    help="Parent of the run folders.",
)
@run_options
def train_all(source: str, models: str | None, seed: int | None, seeds: int | None, out: Path, **options: Any) -> None:
    """Train, sample and score the reference models, and print one table; the same command again resumes.

    \b
    ganeval train-all                                            five models on 8 x 8 digits, minutes, no download
    ganeval train-all --seeds 3                                  mean ± std over three seeds
    ganeval train-all --data mnist --models wgan-gp,cgan --steps 2000
    ganeval train-all --data images/ --set size=64 --device cuda

    All models are scored on the test split at one number of images; the table shows them between two yardsticks, real
    training images (the floor) and noise (the ceiling). If one model diverges, the others still finish; the failure is
    reported and the exit code is 1.
    """
    from ganeval.training.commands import Scope
    from ganeval.training.commands import train_all as train_models

    if seed is not None and seeds is not None:
        raise UsageError("--seed and --seeds: found both, needed one")
    names = [name.strip() for name in models.split(",")] if models is not None else None
    scope = Scope(names, range(seeds) if seeds is not None else [seed or 0], out)
    with progress() as tick:
        view, problem = train_models(
            _request(source, 0, options), scope, tick, lambda line: click.echo(line, err=True), terminal_width()
        )
    print_view(view)
    if problem:
        raise ContentError(problem)


@click.command(cls=Command)
@click.argument("run", type=PATH, metavar="RUN")
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    metavar="N",
    help="Number of samples (default: 10,000; CycleGAN: all test images).",
)
@click.option(
    "-o",
    "target",
    type=OUTPUT,
    metavar="DIR|FILE",
    help="Folder, .npz or .zip to write (default: the run's name with .zip).",
)
@click.option(
    "--seed", default=2020, show_default=True, help="Seed for the latents (CycleGAN: for choosing test images)."
)
@click.option(
    "--checkpoint",
    default="best",
    show_default=True,
    metavar="best|last",
    help="Checkpoint: best is by FID to held-out images.",
)
@click.option("--raw", is_flag=True, help="Samples of the raw weights instead of their moving average.")
@click.option("--direction", default="ab", show_default=True, metavar="ab|ba", help="Direction of a CycleGAN.")
@DEVICE
@DATA_ROOT
@OFFLINE
def sample(run: Path, target: Path | None, **options: Any) -> None:
    """Write samples of a trained run.

    \b
    ganeval sample results/digits-dcgan-s0 -n 50000 -o samples.npz
    ganeval sample results/digits-cgan-s0 -n 1000 -o samples/        a folder for each class

    Seeded: the same seed gives the same samples, and a longer draw begins with the samples of a shorter one. A CycleGAN
    translates its test images: all in their order, or -n of them, drawn at random.
    """
    from ganeval.runtime.files import check_target
    from ganeval.training.export import SampleRequest, sample_run

    target = target or Path(f"{run.resolve().name}.zip")
    if target.suffix:
        check_target("-o", target)
    click.echo(sample_run(run, target, SampleRequest(**options)))


def _request(
    source: str, seed: int, options: dict[str, Any], *, model: str = "", out: Path | None = None
) -> "RunRequest":
    """The request of a training command."""
    from ganeval.reports.run_folders import check_apart
    from ganeval.training.run_request import RunRequest, parse_settings, run_folder

    changes, size = parse_settings(options.pop("settings"))
    folder = out or run_folder(Path("results"), source, model, seed)
    check_apart("--out", folder, [("--data", Path(source))])
    return RunRequest(model, source, folder, seed=seed, changes=changes, size=size, **options)
