"""`ganeval` itself: errors in one line, a hint where a command is mistyped, warnings on stderr."""

import difflib
import errno
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from ganeval.cli.console import warn
from ganeval.errors import GanevalError, GanevalWarning, UsageError, plain
from ganeval.runtime.launch import is_first_rank, is_one_of_several, let_others_run, rank_label, share_cores
from ganeval.version import __version__

TORCHRUN_COMMANDS = ("score", "train")  # under torchrun the others would do their work several times
RESUMED = {  # what an interrupted command leaves; the others write at their end, or nothing
    **dict.fromkeys(("train", "train-all"), "the last checkpoint is kept, and the same command resumes there"),
    **dict.fromkeys(
        ("score", "features"), "nothing was written; sets read whole are in the cache, but with --no-cache"
    ),
}
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Terminated(KeyboardInterrupt):
    """SIGTERM, which by itself would leave temporary files."""


class Commands(click.Group):
    """A group that prints an error as one line and suggests the command that a mistyped name is nearest to."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            ctx.fail(f"unknown command '{args[0]}': {hint}(known: {', '.join(sorted(self.commands))})")
        if args and is_one_of_several() and args[0] not in TORCHRUN_COMMANDS:
            raise UsageError(
                f"{args[0]}: runs as one process, as all but {' and '.join(TORCHRUN_COMMANDS)}; leave torchrun out"
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        share_cores()
        let_others_run()
        try:
            with warnings.catch_warnings(), _raised_where_terminated():
                warnings.simplefilter("always", GanevalWarning)
                warnings.showwarning = _show_warning  # type: ignore[assignment]  # it takes what it is called with
                return super().invoke(ctx)
        except KeyboardInterrupt as interruption:
            rest = RESUMED.get(ctx.invoked_subcommand or "", "nothing was written")
            _print_error(f"{str(interruption) or 'interrupted'}: {rest}")
            ctx.exit(128 + (signal.SIGTERM if isinstance(interruption, Terminated) else signal.SIGINT))
        except GanevalError as error:
            _print_error(str(error))
            ctx.exit(error.exit_code)
        except OSError as error:  # a full disk, a folder that may not be written; a closed pipe is click's business
            if error.errno == errno.EPIPE:
                raise
            _print_error(describe_os_error(error))
            ctx.exit(GanevalError.exit_code)
        except (MemoryError, RuntimeError) as error:
            if type(error).__name__ not in ("MemoryError", "OutOfMemoryError"):  # the second is torch's
                raise
            reason = (str(error).splitlines() or [""])[0]
            _print_error(f"memory ran out ({reason}); free some, lower --batch-size, or choose another --device")
            ctx.exit(GanevalError.exit_code)


@contextmanager
def _raised_where_terminated() -> Iterator[None]:
    """SIGTERM as an exception, so that what is half done is cleared away."""

    def terminate(*_: Any) -> None:
        raise Terminated("terminated")

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # in a thread other than the main one nobody is told of signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_error(error: str) -> None:
    """The one line of an error; under torchrun with the name of the rank that failed."""
    rank = f"{rank_label()}: " if is_one_of_several() else ""
    click.echo(f"{rank}Error: {plain(error)}", err=True)
    _discard_output()


def _discard_output() -> None:
    """Drop unprinted output: else Python prints it again as it ends, and exits with 120 instead of the error's code."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def describe_os_error(error: OSError) -> str:
    """The file and the reason; the reason alone where standard output could not be written.

    >>> describe_os_error(OSError(2, "No such file", "lost.json"))
    'lost.json: No such file'
    """
    return (f"{error.filename}: " if error.filename is not None else "") + (error.strerror or str(error))


def _show_warning(message: Warning | str, category: type[Warning], file: str, line: int, *_: Any) -> None:
    """Our warnings as one line, others as Python shows them; under torchrun those of the first rank alone."""
    if not is_first_rank():
        return
    if issubclass(category, GanevalWarning):
        warn(str(message))
    else:
        sys.stderr.write(warnings.formatwarning(message, category, file, line))


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="ganeval")
def main() -> None:
    """Score generated images: FID, IS, KID, precision/recall, density/coverage, modes, each with an error bar.

    \b
    ganeval score --samples out/ --ref cifar10          a folder against CIFAR-10
    ganeval check out/                                  what is in these images
    ganeval train-all                                   five reference GANs, so that scores have a yardstick
    ganeval compare                                     the runs in results/, side by side
    ganeval report -o report.html                       the same as one page with images
    ganeval gate results/mine --max fid=25              exit 0 held, 1 regressed, 3 too close to tell
    ganeval list                                        what is here, and what is missing

    Results go to stdout; progress and warnings to stderr. Exit code 1: the content of a file is at fault; 2: a wrong
    name, flag or path. GANEVAL_DATA, GANEVAL_CACHE and GANEVAL_OFFLINE=1 say where data and cached files are.
    """
