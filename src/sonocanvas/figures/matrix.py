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
"""Text width of a paper; a figure with many columns is wider."""
NARROWEST_IN = 1.2
EDGE_IN = 0.04
SEAM_IN = 0.02
TICKS_IN = 0.32
LABEL_IN = 0.62
GAP_IN = 0.1
SHARE = 0.32
"""Height of a waveform as a share of its canvas's, at most `HIGHEST_IN`."""
HIGHEST_IN = 0.34


@dataclass(frozen=True)
class Cell:
    """A panel.

    Attributes:
        canvas: `(mels, frames)` in [0, 1].
        waveform: Its sound; `None` to omit it.
        notes: Lines below it.
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
        label: Text to the left of them.
        heading: Line above them.
    """

    cells: Sequence[Cell | None]
    label: str = ""
    heading: str = ""


@dataclass(frozen=True)
class Sizes:
    """Sizes that all panels share, in inches."""

    left: float
    panel: float
    canvas: float
    wave: float


def draw_matrix(
    rows: Sequence[Row], fmt: CanvasFormat, titles: Sequence[str] = (), caption: str = ""
) -> "Figure":
    """Returns a figure of panels, as wide as the text of a paper, or wider for many columns.

    Args:
        rows: The panels; all canvases have the same size.
        fmt: What a canvas means as sound.
        titles: Titles of the columns, each of one or more lines.
        caption: Sentences below the figure.

    Raises:
        InvalidInputError: matplotlib is not installed.
    """
    columns = max(len(row.cells) for row in rows)
    sizes = _sizes(rows, columns)
    width_in = sizes.left + columns * (sizes.panel + GAP_IN) - GAP_IN + EDGE_IN
    with style():
        sentences = fitted(caption, width_in - 2 * EDGE_IN, lines=20) if caption else ""
        cut = [_title(title, sizes.panel) for title in titles]
        title_in = LINE_IN * max((title.count("\n") + 1 for title in cut), default=0)
        caption_in = LINE_IN * (sentences.count("\n") + 1) if caption else 0.0
        heights = [_height(row, sizes, last=row is rows[-1]) for row in rows]
        if not caption:
            heights[-1] -= GAP_IN
        page = new_page(width_in, 2 * EDGE_IN + title_in + sum(heights) + caption_in)
        for column, title in enumerate(cut):
            left_in = sizes.left + column * (sizes.panel + GAP_IN)
            page.write(left_in, EDGE_IN + title_in - LINE_IN * (title.count("\n") + 1), title)
        top_in = EDGE_IN + title_in
        for row, height_in in zip(rows, heights, strict=True):
            _draw_row(page, row, sizes, top_in, fmt, last=row is rows[-1])
            top_in += height_in
        page.write(EDGE_IN, top_in, sentences)
    return page.figure


def _sizes(rows: Sequence[Row], columns: int) -> Sizes:
    mels, frames = next(cell.canvas.shape for row in rows for cell in row.cells if cell)
    left_in = EDGE_IN + TICKS_IN + (LABEL_IN if any(row.label for row in rows) else 0.0)
    room_in = WIDTH_IN - left_in - EDGE_IN - (columns - 1) * GAP_IN
    panel_in = max(NARROWEST_IN, room_in / columns)
    canvas_in = panel_in * mels / frames
    return Sizes(left_in, panel_in, canvas_in, min(HIGHEST_IN, SHARE * canvas_in))


def _title(title: str, width_in: float) -> str:
    """Returns the lines of a title, each of which can wrap to two."""
    return "\n".join(fitted(line, width_in, lines=2) for line in title.split("\n"))


def _height(row: Row, sizes: Sizes, last: bool) -> float:
    """Returns the inches of a row with the gap below it."""
    cells = [cell for cell in row.cells if cell]
    pictures = 2 if _coloured(row) else 1
    wave_in = sizes.wave if any(cell.waveform for cell in cells) else 0.0
    lines = max(len(cell.notes) for cell in cells) + bool(row.heading) + last
    return pictures * (sizes.canvas + SEAM_IN) + wave_in + lines * LINE_IN + GAP_IN


def _coloured(row: Row) -> bool:
    return any(cell is not None and cell.colour is not None for cell in row.cells)


def _draw_row(
    page: Page, row: Row, sizes: Sizes, top_in: float, fmt: CanvasFormat, last: bool
) -> None:
    if row.heading:
        heading = fitted(row.heading, page.width_in - sizes.left - EDGE_IN)
        page.write(sizes.left, top_in, heading, color=SOFT)
        top_in += LINE_IN
    lines = row.label.count("\n") + 1
    page.write(EDGE_IN, top_in + (sizes.canvas - lines * LINE_IN) / 2, row.label)
    for column, cell in enumerate(row.cells):
        if cell is not None:
            left_in = sizes.left + column * (sizes.panel + GAP_IN)
            colour = cell.colour
            if colour is None and _coloured(row):
                colour = canvas_to_bytes(cell.canvas)
            _draw_cell(page, cell, colour, sizes, (left_in, top_in), fmt, column == 0, last)


def _draw_cell(
    page: Page,
    cell: Cell,
    colour: npt.NDArray[np.uint8] | None,
    sizes: Sizes,
    corner_in: tuple[float, float],
    fmt: CanvasFormat,
    first: bool,
    last: bool,
) -> None:
    left_in, top_in = corner_in
    duration_s = cell.canvas.shape[1] * fmt.hop_samples / fmt.sample_rate_hz
    if colour is not None:
        above = page.panel(left_in, top_in, sizes.panel, sizes.canvas)
        draw_pixels(above, colour, duration_s, fmt.mels)
        top_in += sizes.canvas + SEAM_IN
    lowest = page.panel(left_in, top_in, sizes.panel, sizes.canvas)
    draw_pixels(lowest, canvas_to_bytes(cell.canvas), duration_s, fmt.mels)
    top_in += sizes.canvas + SEAM_IN
    if first:
        label_frequencies(lowest, fmt, sizes.canvas)
    if cell.waveform:
        lowest = page.panel(left_in, top_in, sizes.panel, sizes.wave)
        draw_waveform(lowest, cell.waveform)
        top_in += sizes.wave
    if last:
        label_seconds(lowest, duration_s)
        top_in += LINE_IN
    notes = "\n".join(fitted(note, sizes.panel) for note in cell.notes)
    page.write(left_in, top_in, notes, color=SOFT)
