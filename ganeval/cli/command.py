"""What every command checks before it starts: no option is given twice, and no output takes the place of an input."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ganeval.errors import UsageError
from ganeval.reports.run_folders import check_apart


class PathType(click.ParamType[Path]):
    """A path, which an unset variable of the shell may have left empty: then it would be the current folder."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if str(value).strip():
            return Path(value)
        raise UsageError(f"{label(param)}: found an empty path, needed a file or folder")


class InputType(PathType):
    """A report, a run or another file that a command reads."""


class OutputType(PathType):
    """A file or folder that a command writes."""


class SourceType(click.ParamType[str]):
    """What `SRC` may be: a path or a name."""

    name = "source"


class Command(click.Command):
    """A command whose options are each given once, unless declared `multiple`, and whose outputs replace no input."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click would take the last of several values, and drop the others in silence."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for param, count in Counter(order).items():
            if count > 1 and isinstance(param, click.Option) and not (param.multiple or param.is_flag):
                raise UsageError(f"{label(param)}: found {count} values, needed one")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, its paths checked."""
        values = [(param, value) for param in self.params for value in _values(ctx.params.get(param.name or ""))]
        inputs = [
            (label(param), Path(value))
            for param, value in values
            if isinstance(param.type, SourceType) or (isinstance(param.type, InputType) and os.path.isfile(value))
        ]
        for param, value in values:
            if isinstance(param.type, OutputType) and str(value) != "-":  # standard output replaces nothing
                check_apart(label(param), value, inputs)
        return super().invoke(ctx)


def label(param: click.Parameter | None) -> str:
    """The name of an option or argument in messages."""
    if param is None or isinstance(param, click.Argument):
        return str((param and (param.metavar or param.name)) or "path")
    return param.opts[0]


def joined(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """For an option of names separated by commas that may be repeated: all of them; None where it is not given."""
    return ",".join(values) if values else None


def _values(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, tuple) else () if value is None else (value,)
