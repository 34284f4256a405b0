"""Many small images in rows and columns, each pixel a square of whole device pixels, with text around them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganeval.plots.run_arrays import Array, downscale
from ganeval.plots.theme import DPI, MUTED, WIDTH, shorten

SIDE = 64  # pixels: images are never scaled below it
ENLARGED_SIDE = 76  # device pixels to which small images are enlarged
LETTER = 11  # device pixels of a letter's width at the size of labels, amply
LINE = 27  # and of its height
EDGE = 10
COLUMN_NAME = 16  # letters


@dataclass(frozen=True)
class MosaicText:
    """The text around a mosaic.

    `rows` on the left, `columns` over each column, `spans` over several, as (first, last, text); `captions` (rows,
    columns) under each image; `breaks`: the columns after which the gap is wider.
    """

    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    spans: Sequence[tuple[int, int, str]] = ()
    captions: Sequence[Sequence[str]] = ()
    breaks: Sequence[int] = ()


@dataclass(frozen=True)
class MosaicLayout:
    """Positions: `lefts` and `tops` of the images and `size` of one, in the mosaic's own pixels.

    `below`: pixels for a caption; `scale`: device pixels for each pixel; `margins`: device pixels on the left and
    above; `upright`: whether the columns' names are turned, as they are where one is wider than its column.
    """

    lefts: Array
    tops: Array
    size: tuple[int, int]
    below: int
    scale: int
    margins: tuple[int, int]
    upright: bool


def mosaic(cells: Array, text: MosaicText) -> Figure:
    """A figure of images, uint8 (rows, columns, H, W, 3), and the text around them, about as wide as a page."""
    left = EDGE + bool(text.rows) * (EDGE + LETTER * max(len(shorten(name)) for name in text.rows or ("",)))
    room = int(WIDTH * DPI) - left - EDGE
    cells = downscale(cells, max(SIDE, room // cells.shape[1]))
    layout = _layout(cells, text, left, room)
    canvas = _canvas(cells, layout)
    high, wide = (side * layout.scale for side in canvas.shape[:2])
    whole = (wide + left + EDGE, high + layout.margins[1] + EDGE)
    figure = Figure(figsize=(whole[0] / DPI, whole[1] / DPI), dpi=DPI)
    axes = figure.add_axes((left / whole[0], EDGE / whole[1], wide / whole[0], high / whole[1]))
    axes.imshow(canvas, extent=(0, canvas.shape[1], canvas.shape[0], 0), aspect="auto")
    axes.set_axis_off()
    _add_text(axes, text, layout)
    return figure


def _layout(cells: Array, text: MosaicText, left: int, room: int) -> MosaicLayout:
    rows, columns, high, wide = cells.shape[:4]
    gap = max(1, round(wide / 14))
    lefts = np.arange(columns) * (wide + gap)
    lefts += 3 * gap * np.array([sum(column > last for last in text.breaks) for column in range(columns)])
    scale = max(1, min(ENLARGED_SIDE // wide, room // int(lefts[-1] + wide)))
    below = -(-LINE // scale) if text.captions else 0
    longest = max((len(shorten(name, COLUMN_NAME)) for name in text.columns), default=0)
    upright = longest * LETTER > (wide + gap) * scale
    top = EDGE + (longest * LETTER if upright else LINE * bool(text.columns)) + (LINE + 6) * bool(text.spans)
    return MosaicLayout(lefts, np.arange(rows) * (high + gap + below), (wide, high), below, scale, (left, top), upright)


def _canvas(cells: Array, layout: MosaicLayout) -> Array:
    """All images on one, uint8 RGBA, transparent between them."""
    wide, high = layout.size
    canvas = np.zeros((int(layout.tops[-1]) + high + layout.below, int(layout.lefts[-1]) + wide, 4), np.uint8)
    for row, top in enumerate(layout.tops):
        for column, left in enumerate(layout.lefts):
            canvas[top : top + high, left : left + wide, :3] = cells[row, column]
            canvas[top : top + high, left : left + wide, 3] = 255
    return canvas


def _add_text(axes: Axes, text: MosaicText, layout: MosaicLayout) -> None:
    (wide, high), inch = layout.size, DPI / layout.scale
    middles = layout.lefts + wide / 2
    for top, name in zip(layout.tops, text.rows, strict=False):
        axes.text(-0.06 * inch, top + high / 2, shorten(name), ha="right", va="center", fontsize=8)
    angle = 90 if layout.upright else 0
    for middle, name in zip(middles, text.columns, strict=False):
        label = shorten(name, COLUMN_NAME)
        axes.text(middle, -0.04 * inch, label, ha="center", va="bottom", fontsize=8, rotation=angle)
    over = (layout.margins[1] - LINE - 6) / layout.scale
    for first, last, span in text.spans:
        middle = (middles[first] + middles[last]) / 2
        axes.text(middle, -over, shorten(span, 80), ha="center", va="bottom", fontsize=8.5, fontweight="bold")
    for top, captions in zip(layout.tops, text.captions, strict=False):
        for middle, caption in zip(middles, captions, strict=False):
            axes.text(middle, top + high + 0.02 * inch, caption, ha="center", va="top", fontsize=7.5, color=MUTED)
