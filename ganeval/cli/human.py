"""`human`: the human evaluation. `page` makes a real-or-fake test, `tally` counts the answers."""

from pathlib import Path
from typing import Any

import click

from ganeval.cli.command import Command
from ganeval.cli.console import print_view, progress, warn
from ganeval.cli.group import Commands
from ganeval.cli.options import DATA_ROOT, OFFLINE, OUTPUT, PATH, SOURCE


@click.group(cls=Commands)
def human() -> None:
    """Measure the human error rate with a timed real-or-fake test on one page.

    \b
    ganeval human page --samples out/ --ref cifar10:test -o test.html      open it, press ← for fake, → for real
    ganeval human tally answers-*.json --report results/mine              human_error_rate, with a Wilson interval

    After HYPE∞ (Zhou et al. 2019, arXiv:1904.01121). An error rate of 50 % is chance.
    """


@human.command(cls=Command)
@click.option("--samples", required=True, type=SOURCE, metavar="SRC", help="Fake images, as for `ganeval score`.")
@click.option("--ref", "reference", required=True, type=SOURCE, metavar="SRC", help="Real images.")
@click.option("-o", "path", required=True, type=OUTPUT, metavar="FILE.html", help="Page to write.")
@click.option("-n", "n", default=40, show_default=True, metavar="N", help="Number of images in the test, half real.")
@click.option(
    "--seconds",
    type=float,
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds each image is shown (0 = until answered).",
)
@click.option(
    "--size",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    metavar="PIXELS",
    help="Longest side to which larger images are reduced.",
)
@click.option("--seed", default=2020, show_default=True, help="Seed for the choice of images and their order.")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Number of samples to choose from: those of `score -n N`."
)
@click.option(
    "--ref-n",
    type=click.IntRange(1),
    metavar="N",
    help="Number of reference images to choose from: those of `score --ref-n N`.",
)
@click.option("--draw-seed", default=2020, show_default=True, help="Seed of those subsets: the --seed of `score`.")
@click.option("--title", default="Real or fake?", show_default=True, help="Title of the test.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda|mps",
    help="Device that samples a trained run.",
)
@DATA_ROOT
@OFFLINE
def page(samples: str, reference: str, path: Path, device: str, **options: Any) -> None:
    """Make a real-or-fake test: one HTML file for any browser, which sends nothing.

    \b
    ganeval human page --samples out/ --ref cifar10:test -o test.html
    ganeval human page --samples results/digits-cgan-s0 --ref digits:test -o test.html -n 20 --seconds 0
    ganeval human page --samples out/ --limit 10000 --ref real/ -o test.html      for a report of `score -n 10000`

    Half of the images are real. All have the same size, mode and file format, so that only their content tells them
    apart, and the page holds no list of which are real. Send it to people; each sends back a file of answers for
    `ganeval human tally`. Anyone with this program can recompute which images are real: use it with participants you
    trust.
    """
    from ganeval.human.page import HumanTestOptions, make_page

    test = HumanTestOptions(**options, device=_device(device, samples, reference))
    with progress() as tick:
        plan = make_page(samples, reference, path, test, tick)
    half = plan.pictures // 2
    click.echo(f"{path}: test {plan.id}, {half} fakes of {plan.samples.name}, {half} reals of {plan.reference.name}")
    click.echo(f"open it in a browser; then ganeval human tally answers-{plan.id[:8]}-*.json")


@human.command(cls=Command)
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="ANSWERS.json ...")
@click.option("--report", type=PATH, metavar="RUN|REPORT", help="Report to which human_error_rate is added.")
@click.option("--confidence", default=0.95, show_default=True, metavar="P", help="Confidence of the Wilson intervals.")
def tally(paths: tuple[Path, ...], report: Path | None, confidence: float) -> None:
    """Count the answers: errors over all images, fakes taken for real, reals taken for fake.

    \b
    ganeval human tally answers-91cd2f40-AB.json
    ganeval human tally answers-*.json --report results/mine

    Each rate has its Wilson interval; 50 % is chance. --report adds the score human_error_rate to a report on the same
    samples. Nobody counts twice; incomplete tests and answers to different tests are refused.
    """
    from ganeval.human.add_to_report import add_to_report
    from ganeval.human.tally import tally as tally_of
    from ganeval.human.views import tally_view

    counts = tally_of(paths, confidence)
    for line in counts.omissions:
        warn(line)
    lines = [] if report is None else add_to_report(report, counts)
    print_view(tally_view(counts))
    for line in lines:
        click.echo(line)


def _device(name: str, *sources: str) -> str:
    """The device that samples a run; anything else needs none, and to choose one imports torch, which is slow."""
    from ganeval.reports.run_folders import is_run

    if name == "auto" and not any(is_run(Path(source)) for source in sources):
        return "cpu"
    from ganeval.runtime.devices import pick_device

    return str(pick_device(name))
