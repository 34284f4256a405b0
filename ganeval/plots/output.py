"""A plot as bytes: PNG, and SVG for a file or inside a page. Equal plots give equal bytes."""

import hashlib
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib

from ganeval.plots.theme import DPI, INK, PAPER, STYLE, VARIABLES, Plot
from ganeval.runtime.files import replacing

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
PAGE_COLOURS = {INK: "currentColor", **{value: f"var(--plot-{name}, {value})" for value, name in VARIABLES.items()}}
LINK = re.compile(r"(?<=url\(#)[^)]+")  # as in clip-path: url(#p6e0)
LONG_NUMBER = re.compile(r"(\d\.\d\d)\d+")
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def png_of(plot: Plot) -> bytes:
    """The plot as PNG at 150 dots per inch, on white."""
    return _save(plot, {}, format="png", metadata={"Software": None}, facecolor="white", dpi=DPI)


def svg_of(plot: Plot, *, themed: bool = False) -> str:
    """The plot as SVG text: for a file, on white and with letters as shapes, or `themed` for a page.

    The themed text begins with `<svg` and has no background. Its letters are text in the page's font, its ids are
    unique on the page, and its colours are the page's: ink is `currentColor`, the others are
    `var(--plot-blue, #0072b2)` and so on, with the names in `ganeval.plots.theme.VARIABLES`.
    """
    letters = {"svg.fonttype": "none" if themed else "path"}
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    text = _save(plot, letters, format="svg", metadata=metadata, facecolor="none" if themed else "white")
    root = ElementTree.fromstring(text)  # noqa: S314  # matplotlib wrote it
    if themed:
        _recolour(root, PAGE_COLOURS)
        _fit_into_page(root, plot, text)
        ElementTree.indent(root, space="")  # a tenth of the size is white space
        return ElementTree.tostring(root, encoding="unicode") + "\n"
    _recolour(root, {PAPER: "#ffffff"})
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def write_plots(plots: Sequence[Plot], folder: Path) -> list[Path]:
    """Write each plot as `<name>.png` and `<name>.svg`; the paths, in that order."""
    paths = []
    for plot in plots:
        for ending, content in (("png", png_of(plot)), ("svg", svg_of(plot).encode())):
            path = folder / f"{plot.name}.{ending}"
            with replacing(path) as partial:
                partial.write_bytes(content)
            paths.append(path)
    return paths


def _save(plot: Plot, style: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    with matplotlib.rc_context({**STYLE, **style}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # characters that the font lacks are shown as boxes
        plot.figure.savefig(file, **options)
    return file.getvalue()


def _recolour(root: ElementTree.Element, colours: Mapping[str, str]) -> None:
    """Replace colours in all attributes; texts, which may be names of runs, stay."""
    for element in root.iter():
        for key, value in element.items():
            if "#" in value:
                for colour, other in colours.items():
                    value = value.replace(colour, other)
                element.set(key, value)


def _fit_into_page(root: ElementTree.Element, plot: Plot, text: bytes) -> None:
    """Unique ids, the page's font, an accessible name, and coordinates to 0.01 points, which halves the size."""
    digest = hashlib.sha256(plot.alt.encode("utf-8", "backslashreplace") + text).hexdigest()[:8]
    prefix = f"{re.sub('[^A-Za-z0-9-]', '-', plot.name)}-{digest}-"
    links = {link for element in root.iter() for value in element.attrib.values() for link in LINK.findall(value)}
    links |= {element.get(HREF, "").removeprefix("#") for element in root.iter()}
    for element in root.iter():
        for key, value in element.items():
            if key == "id":
                element.set(key, prefix + value)
            elif key == HREF:
                element.set(key, f"#{prefix}{value[1:]}" if value.startswith("#") else value)
            else:
                value = LONG_NUMBER.sub(r"\1", LINK.sub(lambda link: prefix + link[0], value))
                element.set(key, value.replace("font-family: 'DejaVu Sans'", "font-family: inherit"))
        if element.get("id", "").removeprefix(prefix) not in links:
            element.attrib.pop("id", None)
        for rule in element.findall(f"{{{SVG}}}style"):  # it would hold for the whole page; the root has it below
            element.remove(rule)
    width = round(plot.figure.get_figwidth() * 96)
    style = f"stroke-linejoin: round; stroke-linecap: butt; width: 100%; max-width: {width}px; height: auto"
    view = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {"class": "plot", "viewBox": view, "style": style, "role": "img", "aria-label": plot.alt}
