"""Pictures as files: a PNG and an SVG each."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganeval.errors import UsageError
from ganeval.files import replacing
from ganeval.plots.output import png, svg
from ganeval.plots.plot import Plot


def check_folder(folder: Path) -> None:
    """UsageError where pictures could not be written into a folder: asked before the work.

    >>> check_folder(Path(__file__))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ganeval.errors.UsageError: -o ...writing.py: found a file, needed a folder for pictures
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"-o {folder}: found a file, needed a folder for pictures")
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(f"-o {folder}: nothing can be written to {there}; give another folder with -o")


def write_plots(plots: Sequence[Plot], folder: Path) -> list[Path]:
    """Write each picture as `<name>.png` and `<name>.svg`; the paths, in that order."""
    written = []
    for plot in plots:
        for ending, content in (("png", png(plot)), ("svg", svg(plot, themed=False).encode())):
            path = folder / f"{plot.name}.{ending}"
            with replacing(path) as partial:
                partial.write_bytes(content)
            written.append(path)
    return written
