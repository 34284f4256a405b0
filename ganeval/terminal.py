"""What a person sees: progress bars on stderr, tables on stdout. Needs no torch."""

import contextlib
import shutil
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from ganeval.progress import Tick


@contextlib.contextmanager
def progress() -> Iterator[Tick]:
    """Bars with rates on stderr, one for each stage; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        lock = threading.Lock()

        def tick(stage: str, done: int, total: int | None) -> None:
            with lock:
                advance(bars, stage, done, total)

        yield tick


def advance(bars: Any, stage: str, done: int, total: int | None) -> None:
    """Move a stage's bar, or start it anew for the next set, which begins at 0 or has another total.

    Threads may report out of order: a bar never goes back. What follows `: ` in a stage may change.
    """
    name = stage.partition(": ")[0]
    bar = next((bar for bar in bars.tasks if bar.fields["stage"] == name), None)
    if bar is not None and (bar.total != total or done == 0):
        bars.remove_task(bar.id)
        bar = None
    if bar is None:
        bars.add_task(stage, total=total, completed=done, rate="", stage=name)
        return
    rate = f"{bar.speed:,.0f}/s" if bar.speed else ""
    bars.update(bar.id, description=stage, completed=max(done, bar.completed), rate=rate)


def terminal_width() -> int | None:
    """How wide tables may be: as the terminal is, and without limit in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_view(view: Any) -> None:
    """Rich on a terminal; in a pipe plain text, as wide as it needs to be."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console(highlight=False).print(view)
        return
    plain = Console(width=10_000, color_system=None, highlight=False)
    with plain.capture() as captured:
        plain.print(view)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
