"""`gate`: the exit code of a CI job, by whether scores hold their limits."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganeval.cli.command import Command
from ganeval.cli.console import print_view, progress, warn
from ganeval.cli.group import describe_os_error
from ganeval.cli.options import OUTPUT, PATH, SOURCE
from ganeval.errors import GanevalError, UsageError

if TYPE_CHECKING:
    from ganeval.gating.limits import GateOptions
    from ganeval.gating.proving import Proof


@click.command(cls=Command)
@click.argument("reports", nargs=-1, required=True, type=PATH, metavar="REPORT...")
@click.option("--max", multiple=True, metavar="fid=25", help="Largest value allowed of a score.")
@click.option("--min", multiple=True, metavar="recall=0.3", help="Smallest value allowed of a score.")
@click.option(
    "--max-increase", multiple=True, metavar="fid=5%", help="Largest increase over the baseline, absolute or in %."
)
@click.option(
    "--max-decrease", multiple=True, metavar="recall=0.02", help="Largest decrease from the baseline, absolute or in %."
)
@click.option(
    "--baseline",
    multiple=True,
    type=PATH,
    metavar="REPORT",
    help="Baseline report; repeat the option for several seeds of one model.",
)
@click.option(
    "--limits", "limits_file", type=PATH, metavar="FILE.toml", help="TOML file of limits; options override its entries."
)
@click.option(
    "--confidence",
    type=float,
    metavar="C",
    help="One-sided confidence of calling an excess a regression. Default: the limits file's, else 0.95.",
)
@click.option(
    "--inconclusive",
    metavar="pass|fail|3",
    help="Exit code 0, 1 or 3 where noise explains the excess. Default: the limits file's, else 3.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Proof that the gate works: held-out real data must pass it, and known-bad sets must fail.",
)
@click.option(
    "--held-out",
    type=SOURCE,
    metavar="SRC",
    help="Held-out real images for --prove. Default: the other split of the reference's data set.",
)
@click.option("--junit", type=OUTPUT, metavar="FILE", help="JUnit XML file of the outcomes, for CI systems.")
@click.option("--update-baseline", is_flag=True, help="Replacement of --baseline by REPORT; nothing is judged.")
def gate(reports: tuple[Path, ...], update_baseline: bool, prove: bool, held_out: str | None, **options: Any) -> None:
    """Hold scores against limits: 0 held, 1 regressed, 3 inconclusive, 4 not comparable.

    \b
    ganeval gate report.json --max fid=25 --min recall=0.3
    ganeval gate report.json --baseline baseline.json --max-increase fid=5% --max-decrease recall=0.02
    ganeval gate results/mine --limits limits.toml --junit gate.xml
    ganeval gate s0.json s1.json s2.json --baseline seeds.json --max-increase fid=0.3    the mean of seeds
    ganeval gate results/mine --baseline results/old --max-increase fid=5% --prove    does the gate see what is bad?
    ganeval gate report.json --baseline baseline.json --update-baseline      accept this report as the new baseline

    REPORT is a report file, a file with a list of them, or a run folder. Options of limits may be repeated. An excess
    within the error bars is inconclusive. The exit code is 2 for a lost file, a wrong name or option, and no limit. In
    GitHub Actions the step summary and annotations are written as well.
    """
    from ganeval.gating.command import gate_options
    from ganeval.gating.command import update_baseline as write_baseline

    flags = {kind: options.pop(kind.replace("-", "_")) for kind in ("max", "min", "max-increase", "max-decrease")}
    try:
        if update_baseline and options["junit"] is not None:
            raise UsageError("--junit: found --update-baseline, which judges nothing; leave one of them out")
        if update_baseline and prove:
            raise UsageError("--prove: found --update-baseline, which judges nothing; leave one of them out")
        if held_out is not None and not prove:
            raise UsageError("--held-out: found no --prove, which it is for; add it, or leave this out")
        settings = gate_options(flags, **options)
        if update_baseline:
            click.echo("\n".join(write_baseline(reports, settings)))
            return
        code = _judge(reports, settings, options["junit"], prove=prove, held_out=held_out)
    except OSError as reason:  # what cannot be read, written or printed says nothing about a model
        lost = UsageError(describe_os_error(reason))
        _annotate(lost)
        raise lost from reason
    except GanevalError as error:
        _annotate(error)
        raise
    click.get_current_context().exit(code)


def _annotate(error: GanevalError) -> None:
    """An annotation in GitHub Actions that nothing was judged, and why; stderr has it as well."""
    from ganeval.gating.github import annotation, in_actions

    if in_actions(os.environ):
        with suppress(OSError):
            click.echo(annotation("error", "ganeval gate: cannot judge", str(error)))


def _judge(
    reports: tuple[Path, ...], options: "GateOptions", junit_file: Path | None, *, prove: bool, held_out: str | None
) -> int:
    """Judge, report to the terminal, JUnit and GitHub, and return the exit code."""
    from ganeval.gating.command import gate_view, proof_view
    from ganeval.gating.github import annotations, append_summary, in_actions, proof_annotations, proof_summary, summary
    from ganeval.gating.junit import junit
    from ganeval.gating.proving import worst_code
    from ganeval.gating.rule import judge
    from ganeval.runtime.files import write_text

    started = time.perf_counter()
    gate = judge(options.limits, reports, options.baseline or None, options.confidence)
    proof = _prove(reports, options, held_out) if prove else None
    policy = options.inconclusive
    if junit_file is not None:
        write_text("--junit", junit_file, junit(gate, policy, time.perf_counter() - started, proof))
    warnings = [*gate.warnings, *(proof.warnings if proof else ())]
    print_view(gate_view(gate, policy))
    if proof is not None:
        print_view(proof_view(gate, proof))
    if in_actions(os.environ):
        click.echo("\n".join([*annotations(gate, policy), *(proof_annotations(proof) if proof else ())]))
        parts = [summary(gate, policy), *([proof_summary(gate, proof)] if proof else ())]
        warnings += filter(None, [append_summary(os.environ, "\n".join(parts))])
    for line in warnings:
        warn(line)
    code = gate.exit_code_for(policy)
    return code if proof is None else worst_code(code, proof)


def _prove(reports: tuple[Path, ...], options: "GateOptions", held_out: str | None) -> "Proof":
    """The proof, which alone of all that a gate does needs torch and images."""
    from ganeval.evaluation.proof import prove

    with progress() as tick:
        return prove(reports, options, held_out, tick)
