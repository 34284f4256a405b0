"""`gate`: what a job exits with, by whether scores hold their limits."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ganeval.cli.console import print_view, warn
from ganeval.cli.group import said
from ganeval.errors import GanevalError, UsageError

REPORT = click.Path(path_type=Path)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=REPORT, metavar="REPORT...")
@click.option("--max", multiple=True, metavar="fid=25", help="At most this.")
@click.option("--min", multiple=True, metavar="recall=0.3", help="At least this.")
@click.option("--max-increase", multiple=True, metavar="fid=5%", help="At most this much above the baseline, or %.")
@click.option("--max-decrease", multiple=True, metavar="recall=0.02", help="At most this much below it, or %.")
@click.option(
    "--baseline", multiple=True, type=REPORT, metavar="REPORT", help="What to compare with; several are seeds."
)
@click.option(
    "--limits", "limits_file", type=REPORT, metavar="FILE.toml", help="Limits in a file; flags override its entries."
)
@click.option("--confidence", type=float, metavar="C", help="One-sided, of calling it a regression (0.95).")
@click.option("--inconclusive", metavar="pass|fail|3", help="Exit with 0, 1 or 3 where noise could decide (3).")
@click.option("--junit", type=REPORT, metavar="FILE", help="Also write JUnit XML.")
@click.option("--update-baseline", is_flag=True, help="Write REPORT as the new --baseline, and judge nothing.")
def gate(reports: tuple[Path, ...], update_baseline: bool, **options: Any) -> None:
    """Hold scores against limits: 0 held, 1 regressed, 3 inconclusive, 4 not comparable.

    \b
    ganeval gate report.json --max fid=25 --min recall=0.3
    ganeval gate report.json --baseline baseline.json --max-increase fid=5% --max-decrease recall=0.02
    ganeval gate results/mine --limits limits.toml --junit gate.xml
    ganeval gate s0.json s1.json s2.json --baseline seeds.json --max-increase fid=0.3      a mean of seeds
    ganeval gate report.json --baseline baseline.json --update-baseline                    your word: this is the norm

    REPORT is a report file, a file with a list of them, or a run folder. Each flag of a limit may be given several
    times. An excess that the error bars could explain is inconclusive. Exit code 2: a lost file, a wrong name or flag,
    no limit. In GitHub Actions it also writes the step summary and annotations.
    """
    from ganeval.gating.command import ordered, renewed

    flags = {kind: options.pop(kind.replace("-", "_")) for kind in ("max", "min", "max-increase", "max-decrease")}
    try:
        if update_baseline and options["junit"] is not None:
            raise UsageError("--junit: found it beside --update-baseline, which judges nothing; leave one of them out")
        order = ordered(reports, flags, **options)
        if update_baseline:
            click.echo("\n".join(renewed(order)))
            return
        code = _judge(order)
    except OSError as reason:  # what cannot be read, written or printed says nothing about a model
        lost = UsageError(said(reason))
        _annotate(lost)
        raise lost from reason
    except GanevalError as error:
        _annotate(error)
        raise
    click.get_current_context().exit(code)


def _annotate(error: GanevalError) -> None:
    """Say in GitHub Actions that nothing was judged, and why; where nothing can be printed, stderr alone says it."""
    from ganeval.gating.github import annotation, in_actions

    if in_actions(os.environ):
        with suppress(OSError):
            click.echo(annotation("error", "ganeval gate: cannot judge", str(error)))


def _judge(order: Any) -> int:
    """Judge, say so wherever somebody reads it, and give the exit code."""
    from ganeval.gating.command import gate_view, judged, write_junit
    from ganeval.gating.github import annotations, append_summary, in_actions, summary

    started = time.perf_counter()
    found = judged(order)
    write_junit(found, order, time.perf_counter() - started)
    warnings = list(found.warnings)
    print_view(gate_view(found, order.inconclusive))
    if in_actions(os.environ):
        click.echo("\n".join(annotations(found, order.inconclusive)))
        warnings += [line for line in [append_summary(os.environ, summary(found, order.inconclusive))] if line]
    for line in warnings:
        warn(line)
    code: int = found.exits(order.inconclusive)
    return code
