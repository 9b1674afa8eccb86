"""Rows and columns of panels: each a canvas over its waveform, with words above and below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from torch import Tensor

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.figures.page import (
    LINE_IN,
    SOFT,
    Page,
    draw_pixels,
    draw_waveform,
    fitted,
    label_frequencies,
    label_seconds,
    new_page,
    style,
)
from sonocanvas.types import CanvasFormat, Waveform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN = 5.5
"""Width of the text of a paper; a figure of many columns is wider."""
NARROWEST_IN = 1.2
EDGE_IN = 0.04
TICKS_IN = 0.24
LABEL_IN = 0.75
GAP_IN = 0.08
SHARE = 0.32
"""Height of a waveform as a share of its canvas', at most `HIGHEST_IN`."""
HIGHEST_IN = 0.34


@dataclass(frozen=True)
class Cell:
    """A panel.

    Attributes:
        canvas: `(mels, frames)` in [0, 1].
        waveform: Its sound; `None` leaves its place out.
        notes: Lines below.
        colour: `(height, width, 3)`, drawn above the canvas.
    """

    canvas: Tensor
    waveform: Waveform | None = None
    notes: tuple[str, ...] = ()
    colour: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Row:
    """Panels side by side; `None` leaves a place empty.

    Attributes:
        cells: The panels.
        label: Words at their left.
        heading: A line above them.
    """

    cells: Sequence[Cell | None]
    label: str = ""
    heading: str = ""


@dataclass(frozen=True)
class Sizes:
    """Inches of what all panels have in common."""

    left: float
    panel: float
    canvas: float
    wave: float


def draw_matrix(
    rows: Sequence[Row], fmt: CanvasFormat, titles: Sequence[str] = (), caption: str = ""
) -> "Figure":
    """Returns a figure of panels, as wide as the text of a paper or, of many columns, wider.

    Args:
        rows: The panels; all canvases have the same size.
        fmt: What a canvas means as sound.
        titles: Of the columns; each may hold several lines.
        caption: Sentences below.
    """
    columns = max(len(row.cells) for row in rows)
    some = next(cell.canvas for row in rows for cell in row.cells if cell)
    sizes = _sizes(rows, columns, some.shape[0] / some.shape[1])
    width_in = sizes.left + columns * (sizes.panel + GAP_IN) - GAP_IN + 2 * EDGE_IN
    with style():
        lines = fitted(caption, width_in - 2 * EDGE_IN, lines=20) if caption else ""
        title_in = LINE_IN * max((title.count("\n") + 1 for title in titles), default=0)
        caption_in = LINE_IN * (lines.count("\n") + 2) if lines else 0
        heights = [_height(row, sizes) for row in rows]
        page = new_page(
            width_in, 2 * EDGE_IN + title_in + sum(heights) + LINE_IN * 1.6 + caption_in
        )
        for column, title in enumerate(titles):
            cut = "\n".join(fitted(line, sizes.panel) for line in title.split("\n"))
            middle_in = sizes.left + column * (sizes.panel + GAP_IN) + sizes.panel / 2
            page.write(middle_in, EDGE_IN, cut, ha="center")
        top_in = EDGE_IN + title_in
        for row, height_in in zip(rows, heights, strict=True):
            _draw_row(page, row, sizes, top_in, fmt, last=row is rows[-1])
            top_in += height_in
        page.write(EDGE_IN, top_in + LINE_IN * 2, lines)
    return page.figure


def _sizes(rows: Sequence[Row], columns: int, canvas_share: float) -> Sizes:
    label_in = LABEL_IN if any(row.label for row in rows) else 0.0
    left_in = EDGE_IN + label_in + TICKS_IN
    room_in = WIDTH_IN - left_in - EDGE_IN - (columns - 1) * GAP_IN
    panel_in = max(NARROWEST_IN, room_in / columns)
    canvas_in = panel_in * canvas_share
    return Sizes(left_in, panel_in, canvas_in, min(HIGHEST_IN, SHARE * canvas_in))


def _height(row: Row, sizes: Sizes) -> float:
    """Returns the inches of a row with the gap below it."""
    cells = [cell for cell in row.cells if cell]
    canvases = 2 if any(cell.colour is not None for cell in cells) else 1
    wave_in = sizes.wave if any(cell.waveform for cell in cells) else 0.0
    lines = max(len(cell.notes) for cell in cells) + bool(row.heading)
    return canvases * (sizes.canvas + 0.02) + wave_in + lines * LINE_IN + GAP_IN


def _draw_row(
    page: Page, row: Row, sizes: Sizes, top_in: float, fmt: CanvasFormat, last: bool
) -> None:
    if row.heading:
        page.write(sizes.left, top_in, fitted(row.heading, page.width_in - sizes.left))
        top_in += LINE_IN
    if row.label:
        page.write(EDGE_IN, top_in + sizes.canvas / 2, row.label, va="center")
    coloured = any(cell is not None and cell.colour is not None for cell in row.cells)
    for column, cell in enumerate(row.cells):
        left_in = sizes.left + column * (sizes.panel + GAP_IN)
        if cell is not None:
            _draw_cell(page, cell, sizes, (left_in, top_in), fmt, coloured, column == 0, last)


def _draw_cell(
    page: Page,
    cell: Cell,
    sizes: Sizes,
    corner_in: tuple[float, float],
    fmt: CanvasFormat,
    coloured: bool,
    first: bool,
    last: bool,
) -> None:
    left_in, top_in = corner_in
    gray = canvas_to_bytes(cell.canvas)
    duration_s = gray.shape[1] * fmt.hop_samples / fmt.sample_rate_hz
    if coloured:
        colour = gray if cell.colour is None else cell.colour
        above = page.panel(left_in, top_in, sizes.panel, sizes.canvas)
        draw_pixels(above, colour, duration_s, fmt.mels)
        top_in += sizes.canvas + 0.02
    lowest = page.panel(left_in, top_in, sizes.panel, sizes.canvas)
    draw_pixels(lowest, gray, duration_s, fmt.mels)
    if first:
        label_frequencies(lowest, fmt, sizes.canvas)
    top_in += sizes.canvas + 0.02
    if cell.waveform:
        lowest = page.panel(left_in, top_in, sizes.panel, sizes.wave)
        draw_waveform(lowest, cell.waveform)
        top_in += sizes.wave
    if last:
        label_seconds(lowest, duration_s)
        top_in += LINE_IN
    for line, note in enumerate(cell.notes):
        page.write(left_in, top_in + line * LINE_IN + 0.02, fitted(note, sizes.panel), color=SOFT)
