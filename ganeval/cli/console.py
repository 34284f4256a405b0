"""Progress bars and warnings on stderr, tables on stdout. Needs no torch."""

import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import click

from ganeval.errors import plain
from ganeval.progress import Tick, silent

RATE_WINDOW = 3600.0  # seconds that a rate is taken over: some bars move every few minutes only


@contextlib.contextmanager
def progress(visible: bool = True) -> Iterator[Tick]:
    """Bars with rates on stderr, one for each stage; nothing where stderr is no terminal, or unless `visible`."""
    from rich.console import Console

    if not visible:
        yield silent
        return
    with bars_on(Console(stderr=True)) as bars:
        lock = threading.Lock()

        def tick(stage: str, done: int, total: int | None) -> None:
            with lock:
                advance(bars, stage, done, total)

        yield tick


def bars_on(console: Any, get_time: Callable[[], float] | None = None) -> Any:
    """Rich's bars, with the columns that `advance` fills; nothing is shown where the console is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=RATE_WINDOW,
        get_time=get_time,
    )


def advance(bars: Any, stage: str, done: int, total: int | None) -> None:
    """Move a stage's bar, or restart it for the next set, which begins at 0 or has another total.

    Threads may report out of order: a bar never goes back. The text after `: ` in a stage may change.
    """
    name = stage.partition(": ")[0]
    bar = next((bar for bar in bars.tasks if bar.fields["stage"] == name), None)
    if bar is not None and (bar.total != total or done == 0):
        bars.remove_task(bar.id)
        bar = None
    if bar is None:
        number = bars.add_task(stage, total=total, rate="", stage=name)
        bars.update(number, completed=done)  # from here on the time counts
        return
    bars.update(bar.id, description=stage, completed=max(done, bar.completed))
    bars.update(bar.id, rate=rate(bar.speed))


def rate(speed: float | None) -> str:
    """A rate per second, with two digits below ten; empty while it is not known.

    >>> rate(1234.5), rate(3.21), rate(1 / 6), rate(None)
    ('1,234/s', '3.2/s', '0.17/s', '')
    """
    if not speed:
        return ""
    return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.2g}/s"


def warn(line: str) -> None:
    """One warning line on stderr."""
    click.echo(f"warning: {plain(line)}", err=True)


def terminal_width() -> int | None:
    """The width of tables: the terminal's, None (no limit) in a pipe."""
    return shutil.get_terminal_size().columns if _on_terminal() else None


def print_view(view: Any) -> None:
    """Print with colours on a terminal; in a pipe as plain text of any width."""
    from rich.console import Console

    if _on_terminal():
        Console(highlight=False, markup=False).print(view)  # brackets in names are no markup
        return
    wide = Console(width=10_000, color_system=None, highlight=False, markup=False)
    with wide.capture() as captured:
        wide.print(view)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _on_terminal() -> bool:
    """Whether standard output is a terminal; a closed one is None."""
    return sys.stdout is not None and sys.stdout.isatty()
