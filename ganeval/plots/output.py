"""A picture as bytes: PNG, and SVG for a file or to stand in a page. The same picture gives the same bytes."""

import hashlib
import html
import io
import re
import warnings
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import matplotlib

from ganeval.plots.plot import Plot
from ganeval.plots.theme import DPI, INK, PAPER, STYLE, VARIABLES
from ganeval.runtime.files import replacing

UNFIT = re.compile(r"[^A-Za-z0-9-]")  # for an identifier
TAG = re.compile(r"<[^<>]*>")  # matplotlib escapes both signs in texts and attributes
STYLE_BLOCK = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)
METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
IDENTIFIER = re.compile(r'\s+id="([^"]*)"')
REFERENCE = re.compile(r'(url\(|href=")#([^")]*)')
FAMILY = re.compile(r"font-family: [^;\"]*")
OPENING = re.compile(r"<svg\b[^>]*>")
VIEW_BOX = re.compile(r'viewBox="[^"]*"')


def png(plot: Plot) -> bytes:
    """PNG at 150 dots per inch, on white."""
    return _saved(plot, "png", {"Software": None}, facecolor="white", dpi=DPI)


def svg(plot: Plot, themed: bool) -> str:
    """SVG text: with letters as shapes on white for a file, or `themed` for a page."""
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none" if themed else "path"}):
        text = _saved(plot, "svg", metadata, facecolor="none" if themed else "white").decode()
    text = METADATA.sub("", text)
    return _themed(text, plot) if themed else text.replace(PAPER, "#ffffff")


def _saved(plot: Plot, form: str, metadata: dict[str, None], **options: Any) -> bytes:
    file = io.BytesIO()
    with (
        matplotlib.rc_context(STYLE | {"svg.fonttype": matplotlib.rcParams["svg.fonttype"]}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph")  # a name in a script that the font lacks is shown as boxes
        plot.figure.savefig(file, format=form, metadata=metadata, **options)
    return file.getvalue()


def _themed(text: str, plot: Plot) -> str:
    """One element to stand in a page: no size but its proportions, identifiers of its own, the page's colours."""
    text = STYLE_BLOCK.sub("", text[text.index("<svg") :])
    content = (plot.alt + text).encode("utf-8", "backslashreplace")  # a name may be no UTF-8
    own = f"{UNFIT.sub('-', plot.name)}-{hashlib.sha256(content).hexdigest()[:8]}-"
    used = {name for tag in TAG.findall(text) for _, name in REFERENCE.findall(tag)}
    text = TAG.sub(lambda tag: _of_page(tag.group(), own, used), text)
    return OPENING.sub(lambda tag: _opening(tag.group(), plot), text, count=1).strip() + "\n"


def _of_page(tag: str, own: str, used: Set[str]) -> str:
    """A tag with the page's colours; its identifier made the picture's own, or left out where nothing refers to it."""
    tag = IDENTIFIER.sub(lambda found: f' id="{own}{found[1]}"' if found[1] in used else "", tag)
    tag = REFERENCE.sub(rf"\1#{own}\2", tag)
    tag = FAMILY.sub("font-family: inherit", tag).replace(INK, "currentColor")
    for value, name in VARIABLES.items():
        tag = tag.replace(value, f"var(--plot-{name}, {value})")
    return tag


def _opening(tag: str, plot: Plot) -> str:
    found = VIEW_BOX.search(tag)
    view = found.group() if found else ""
    width = round(plot.figure.get_figwidth() * 96)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="plot" {view} '
        f'style="stroke-linejoin: round; stroke-linecap: butt; width: 100%; max-width: {width}px; height: auto" '
        f'role="img" aria-label="{html.escape(plot.alt)}">'
    )


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
