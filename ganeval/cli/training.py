"""`train`, `train-all` and `sample`: the reference models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ganeval.cli.console import print_view, progress, terminal_width
from ganeval.errors import ContentError, UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


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


@click.command()
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
    Several GPUs or machines train one run by torchrun --nproc-per-node=K -m ganeval train MODEL ... (docs/scale.md).
    """
    from ganeval.runtime.distributed import ranks_of_torchrun
    from ganeval.training.commands import planned, train_beside, train_one

    order = _order(source, seed, options, model=model, out=out)
    with ranks_of_torchrun(order.device) as ranks, progress(shown=ranks.rank == 0) as tick:
        if ranks.rank:
            if not dry_run:
                train_beside(order, ranks)
            return
        view, problem = (planned(order, ranks), None) if dry_run else train_one(order, tick, terminal_width(), ranks)
    print_view(view)
    if problem:
        raise ContentError(problem)


@click.command(name="train-all")
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
    from ganeval.training.commands import train_all_of

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


@click.command()
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
    from ganeval.runtime.files import check_target
    from ganeval.training.export import SampleRequest, sample_run

    target = target or Path(f"{run.resolve().name}.zip")
    if target.suffix:
        check_target("-o", target)
    click.echo(sample_run(run, target, SampleRequest(**options)))


def _order(source: str, seed: int, options: dict[str, Any], *, model: str = "", out: Path | None = None) -> Any:
    """What a training command asks for."""
    from ganeval.training.run_request import RunRequest, parsed, run_folder

    changes, size = parsed(options["settings"])
    return RunRequest(
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
