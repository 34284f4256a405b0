"""Pictures as files: a PNG and an SVG each."""

from collections.abc import Sequence
from pathlib import Path

from ganeval.files import replacing
from ganeval.plots.output import png, svg
from ganeval.plots.plot import Plot


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
