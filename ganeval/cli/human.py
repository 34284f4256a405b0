"""`human`: the eye as a judge. `page` makes a real-or-fake test, `tally` counts what people answered."""

from pathlib import Path
from typing import Any

import click

from ganeval.cli.console import print_view, progress, warn
from ganeval.cli.group import Commands


@click.group(cls=Commands)
def human() -> None:
    """Let people judge: a timed real-or-fake test on one page, and the error rate of those who took it.

    \b
    ganeval human page --samples out/ --ref cifar10:test -o test.html      open it, press ← for fake, → for real
    ganeval human tally answers-*.json --report results/mine              human_error_rate, with a Wilson interval

    The eye is still the last judge. After HYPE∞ (Zhou et al. 2019, arXiv:1904.01121); 50 % errors is chance.
    """


@human.command()
@click.option("--samples", required=True, metavar="SRC", help="The fakes, as of `ganeval score`.")
@click.option("--ref", "reference", required=True, metavar="SRC", help="The reals.")
@click.option("-o", "path", required=True, type=click.Path(path_type=Path), metavar="FILE.html", help="Where to write.")
@click.option("-n", "n", default=40, show_default=True, metavar="N", help="Pictures in the test, half of them real.")
@click.option(
    "--seconds", type=float, default=1.0, show_default=True, metavar="S", help="Each is seen for; 0: until answered."
)
@click.option(
    "--size", type=click.IntRange(1), default=256, show_default=True, metavar="PIXELS", help="Reduce larger pictures."
)
@click.option("--seed", default=2020, show_default=True, help="Of the choice of pictures and their order.")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Draw from N samples: those that `score -n N` takes."
)
@click.option(
    "--ref-n", type=click.IntRange(1), metavar="N", help="Draw from N reference images, as `score --ref-n N`."
)
@click.option("--draw-seed", default=2020, show_default=True, help="As --seed of the `score` that took those N.")
@click.option("--title", default="Real or fake?", show_default=True, help="What stands over the test.")
@click.option("--device", default="auto", metavar="NAME", help="Where a trained run is sampled: auto, cpu, cuda, mps.")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
@click.option("--offline", is_flag=True, help="Download nothing (GANEVAL_OFFLINE=1).")
def page(samples: str, reference: str, path: Path, device: str, **options: Any) -> None:
    """Make a real-or-fake test: one HTML file, for any browser, with nothing to install and nothing sent.

    \b
    ganeval human page --samples out/ --ref cifar10:test -o test.html
    ganeval human page --samples results/digits-cgan-s0 --ref digits:test -o test.html -n 20 --seconds 0
    ganeval human page --samples out/ --limit 10000 --ref real/ -o test.html      for a report of `score -n 10000`

    Half of the pictures are real. All are brought to one size and mode and saved alike; no name, size or format tells
    them apart, and the page holds no list of what is real. Send it to people; each sends back a file of answers for
    `ganeval human tally`. Who knows this program can work out the truth: the test is for the honest.
    """
    from ganeval.human.page import Wish, make_page

    wish = Wish(**options, device=_device(device, samples, reference))
    with progress() as tick:
        plan = make_page(samples, reference, path, wish, tick)
    half = plan.pictures // 2
    click.echo(f"{path}: test {plan.id}, {half} fakes of {plan.samples.name}, {half} reals of {plan.reference.name}")
    click.echo(f"open it in a browser; then ganeval human tally answers-{plan.id[:8]}-*.json")


@human.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ANSWERS.json ...")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="RUN|REPORT", help="Add human_error_rate to this report."
)
@click.option("--confidence", default=0.95, show_default=True, metavar="P", help="Of the Wilson intervals.")
def tally(paths: tuple[Path, ...], report: Path | None, confidence: float) -> None:
    """Count what people answered: errors over all, fakes taken for real, reals taken for fake.

    \b
    ganeval human tally answers-91cd2f40-AB.json
    ganeval human tally answers-*.json --report results/mine

    Each rate has its Wilson interval; 50 % is chance. --report adds the score human_error_rate to a report on the same
    samples. Nobody counts twice; answers to different tests are refused, and so are tests that were broken off.
    """
    from ganeval.human.add_to_report import add_to_report
    from ganeval.human.tally import tally as counted
    from ganeval.human.views import tally_view

    found = counted(paths, confidence)
    for line in found.said:
        warn(line)
    written = [] if report is None else add_to_report(report, found)
    print_view(tally_view(found))
    for line in written:
        click.echo(line)


def _device(name: str, *sources: str) -> str:
    """Where a run is sampled. Nothing else needs a device, and to ask for one takes torch, which is slow to start."""
    from ganeval.reports.run_folders import is_run

    if name == "auto" and not any(is_run(Path(source)) for source in sources):
        return "cpu"
    from ganeval.runtime.devices import pick_device

    return str(pick_device(name))
