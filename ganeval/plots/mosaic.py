"""Many small pictures in rows and columns, each pixel a square of whole device pixels, with words around them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganeval.plots.run_arrays import Array, reduced
from ganeval.plots.theme import DPI, MUTED, WIDTH, said

CRISP = 64  # pixels of a side that are never made fewer
ENOUGH = 76  # device pixels of a side to which small pictures are enlarged
LETTER = 11  # device pixels of a letter's width at the size of labels, amply
LINE = 27  # and of its height
EDGE = 10
LONG = 16  # letters of a column's name


@dataclass(frozen=True)
class Words:
    """What stands around a mosaic.

    `rows` on the left, `columns` over each column, `spans` over several, as (first, last, text); `captions` (rows,
    columns) under each picture; `breaks`: the columns after which there is a wider gap.
    """

    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    spans: Sequence[tuple[int, int, str]] = ()
    captions: Sequence[Sequence[str]] = ()
    breaks: Sequence[int] = field(default=())


@dataclass(frozen=True)
class Layout:
    """Where things are: `lefts` and `tops` of the pictures and `size` of one, in the mosaic's own pixels.

    `scale`: device pixels for each; `margins`: device pixels on the left and above; `upright`: whether columns' names
    stand on end, as they do where one is wider than its column.
    """

    lefts: Array
    tops: Array
    size: tuple[int, int]
    below: int
    scale: int
    margins: tuple[int, int]
    upright: bool

    @property
    def inch(self) -> float:
        """An inch in the mosaic's pixels."""
        return DPI / self.scale


def mosaic(cells: Array, words: Words) -> Figure:
    """A figure of pictures, uint8 (rows, columns, H, W, 3), and the words around them, about as wide as a page."""
    left = EDGE + bool(words.rows) * (EDGE + LETTER * max(len(said(one)) for one in words.rows or ("",)))
    room = int(WIDTH * DPI) - left - EDGE
    cells = reduced(cells, max(CRISP, room // cells.shape[1]))
    layout = _layout(cells, words, left, room)
    canvas = _canvas(cells, layout)
    high, wide = (side * layout.scale for side in canvas.shape[:2])
    whole = (wide + left + EDGE, high + layout.margins[1] + EDGE)
    figure = Figure(figsize=(whole[0] / DPI, whole[1] / DPI), dpi=DPI)
    axes = figure.add_axes((left / whole[0], EDGE / whole[1], wide / whole[0], high / whole[1]))
    axes.imshow(canvas, extent=(0, canvas.shape[1], canvas.shape[0], 0), aspect="auto")
    axes.set_axis_off()
    _write(axes, words, layout)
    return figure


def _layout(cells: Array, words: Words, left: int, room: int) -> Layout:
    rows, columns, high, wide = cells.shape[:4]
    gap = max(1, round(wide / 14))
    lefts = np.arange(columns) * (wide + gap)
    lefts += 3 * gap * np.array([sum(column > one for one in words.breaks) for column in range(columns)])
    scale = max(1, min(ENOUGH // wide, room // int(lefts[-1] + wide)))
    below = -(-LINE // scale) if words.captions else 0
    longest = max((len(said(one, LONG)) for one in words.columns), default=0)
    upright = longest * LETTER > (wide + gap) * scale
    top = EDGE + (longest * LETTER if upright else LINE * bool(words.columns)) + (LINE + 6) * bool(words.spans)
    return Layout(lefts, np.arange(rows) * (high + gap + below), (wide, high), below, scale, (left, top), upright)


def _canvas(cells: Array, layout: Layout) -> Array:
    """All pictures on one, uint8 RGBA, that is clear between them."""
    wide, high = layout.size
    canvas = np.zeros((int(layout.tops[-1]) + high + layout.below, int(layout.lefts[-1]) + wide, 4), np.uint8)
    for row, top in enumerate(layout.tops):
        for column, left in enumerate(layout.lefts):
            canvas[top : top + high, left : left + wide, :3] = cells[row, column]
            canvas[top : top + high, left : left + wide, 3] = 255
    return canvas


def _write(axes: Axes, words: Words, layout: Layout) -> None:
    """Words beside the rows, over the columns and under the pictures."""
    (wide, high), inch = layout.size, layout.inch
    middles = layout.lefts + wide / 2
    for top, text in zip(layout.tops, words.rows, strict=False):
        axes.text(-0.06 * inch, top + high / 2, said(text), ha="right", va="center", fontsize=8)
    turned = 90 if layout.upright else 0
    for middle, text in zip(middles, words.columns, strict=False):
        axes.text(middle, -0.04 * inch, said(text, LONG), ha="center", va="bottom", fontsize=8, rotation=turned)
    over = (layout.margins[1] - LINE - 6) / layout.scale
    for first, last, text in words.spans:
        middle = (middles[first] + middles[last]) / 2
        axes.text(middle, -over, said(text, 80), ha="center", va="bottom", fontsize=8.5, fontweight="bold")
    for top, texts in zip(layout.tops, words.captions, strict=False):
        for middle, text in zip(middles, texts, strict=False):
            axes.text(middle, top + high + 0.02 * inch, text, ha="center", va="top", fontsize=7.5, color=MUTED)
