"""A page to print: panels and text placed in inches, saved as PNG or PDF.

It uses matplotlib's objects, but none of its global state. matplotlib is imported only when a page
is made, so the rest of the package works without it.
"""

import bisect
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonocanvas.canvas import row_of
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.origin import NOTE, to_png_text
from sonocanvas.files.writing import write_beside
from sonocanvas.types import CanvasFormat, Waveform

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 300
TEXT_PT = 7.0
SMALL_PT = 5.5
LINE_IN = 0.125
DESCENT_IN = 0.03
INK = "#1a1a1a"
SOFT = "#666666"
WAVE = "#555555"
ENVELOPE_POINTS = 800
TICKS_HZ = (500, 1000, 2000, 4000, 8000, 16000)
FEW_TICKS_HZ = (1000, 4000)
ROOMY_IN = 0.6
"""Least height of a canvas for all ticks to fit."""

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": TEXT_PT,
    "pdf.fonttype": 42,  # keeps text as text: embedded, selectable, editable
    "svg.fonttype": "none",
    "text.parse_math": False,  # a prompt may contain dollar signs
    "text.color": INK,
    "axes.linewidth": 0.4,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


@dataclass(frozen=True)
class Page:
    """A figure with contents placed in inches from the left and the top.

    Attributes:
        figure: The matplotlib figure.
        width_in, height_in: Its size in inches.
    """

    figure: "Figure"
    width_in: float
    height_in: float

    def panel(self, left_in: float, top_in: float, width_in: float, height_in: float) -> "Axes":
        """Returns axes without ticks, of exactly this place and size."""
        bottom_in = self.height_in - top_in - height_in
        axes = self.figure.add_axes(
            (
                left_in / self.width_in,
                bottom_in / self.height_in,
                width_in / self.width_in,
                height_in / self.height_in,
            )
        )
        axes.set(xticks=[], yticks=[])
        return axes

    def write(self, left_in: float, top_in: float, text: str, **how: Any) -> None:
        """Writes lines of height `LINE_IN` downwards; `how` holds options of matplotlib."""
        for line in text.split("\n") if text else []:
            top_in += LINE_IN
            baseline = 1 - (top_in - DESCENT_IN) / self.height_in
            self.figure.text(left_in / self.width_in, baseline, line, va="baseline", **how)


def check_installed() -> None:
    """Checks that matplotlib is installed.

    Raises:
        InvalidInputError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InvalidInputError(
            "Figures need matplotlib, which is not installed: pip install 'matplotlib>=3.10'."
        )


@contextmanager
def style() -> Iterator[None]:
    """Applies the style of a page while it is made or saved.

    Raises:
        InvalidInputError: matplotlib is not installed.
    """
    check_installed()
    import matplotlib

    with matplotlib.rc_context(STYLE):
        yield


def new_page(width_in: float, height_in: float) -> Page:
    """Returns an empty white page."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, facecolor="white")
    return Page(figure, width_in, height_in)


def check_dots(dots_per_inch: int) -> None:
    """Checks the resolution of a PNG.

    Raises:
        InvalidInputError: It is not from 50 to 1200.
    """
    if not 50 <= dots_per_inch <= 1200:
        raise InvalidInputError(f"The dots per inch must be from 50 to 1200, not {dots_per_inch}.")


def save_page(figure: "Figure", path: Path, dots_per_inch: int = DOTS_PER_INCH) -> None:
    """Writes a figure; the same figure gives the same bytes.

    Args:
        figure: The figure.
        path: A `.png`, which is gray if the figure is, or a `.pdf`, in which text stays text and a
            canvas keeps its own pixels.
        dots_per_inch: Resolution of a PNG, from 50 to 1200.

    Raises:
        InvalidInputError: `dots_per_inch` is out of range, or the file cannot be written.
    """
    check_dots(dots_per_inch)
    figure.set_dpi(dots_per_inch)
    as_pdf = path.suffix.lower() == ".pdf"
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation("none" if as_pdf else "auto")

    def write(beside: Path) -> None:
        with style():
            (_write_pdf if as_pdf else _write_png)(figure, beside)

    write_beside(path, write)


def _write_pdf(figure: "Figure", path: Path) -> None:
    notes = {"Subject": NOTE, "CreationDate": None, "Creator": None, "Producer": None}
    figure.savefig(path, format="pdf", dpi=figure.dpi, metadata=notes)


def _write_png(figure: "Figure", path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    if (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    picture, dots = Image.fromarray(pixels), (figure.dpi, figure.dpi)
    picture.save(path, format="PNG", dpi=dots, pnginfo=to_png_text(None), optimize=True)


def draw_pixels(axes: "Axes", pixels: npt.NDArray[np.uint8], duration_s: float, mels: int) -> None:
    """Draws a picture with axes in seconds and rows, the lowest row at 0.

    Args:
        axes: Where to draw.
        pixels: `(height, width)`, or `(height, width, 3)` in colour.
        duration_s: Length of its sound.
        mels: Rows of the canvas.
    """
    extent = (0, duration_s, 0, mels)
    if pixels.ndim == 2:  # as RGB, since a colour map may be off by one level
        pixels = np.stack([pixels] * 3, axis=-1)
    axes.imshow(pixels, aspect="auto", extent=extent)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_waveform(axes: "Axes", waveform: Waveform) -> None:
    """Draws sound `(1, samples)` as its envelope, scaled to its peak."""
    samples = waveform.samples[0].numpy()
    starts = np.unique(np.linspace(0, len(samples), ENVELOPE_POINTS, endpoint=False).astype(int))
    low, high = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    duration_s = len(samples) / waveform.sample_rate_hz
    peak = float(np.abs(samples).max()) or 1.0
    time_s = starts / waveform.sample_rate_hz
    axes.fill_between(time_s, low, high, color=WAVE, linewidth=0.3)
    axes.set(xlim=(0, duration_s), ylim=(-peak, peak))
    axes.spines[:].set_visible(False)


def label_frequencies(axes: "Axes", fmt: CanvasFormat, height_in: float) -> None:
    """Puts ticks in kHz to the left of a canvas, at its mel bands."""
    wanted = TICKS_HZ if height_in >= ROOMY_IN else FEW_TICKS_HZ
    rows = {hz: row_of(hz, fmt) for hz in wanted}
    inside = {hz: min(row, fmt.mels) for hz, row in rows.items() if row <= fmt.mels + 0.6}
    labels = [f"{hz / 1000:g} kHz" if hz == max(inside) else f"{hz / 1000:g}" for hz in inside]
    axes.set_yticks(list(inside.values()), labels)
    axes.tick_params(axis="y", labelsize=SMALL_PT, length=1.5, width=0.4, pad=1)


def label_seconds(axes: "Axes", duration_s: float) -> None:
    """Puts ticks in seconds below a panel, the last one clear of the next panel's first."""
    step_s = next((step for step in (1, 2, 5, 10, 30, 60) if duration_s / step <= 6), 120)
    ticks_s = np.arange(0, 0.9 * duration_s, step_s)
    axes.set_xticks(ticks_s, [f"{tick:g}" for tick in ticks_s[:-1]] + [f"{ticks_s[-1]:g} s"])
    axes.tick_params(axis="x", labelsize=SMALL_PT, length=1.5, width=0.4, pad=1)


def fitted(text: str, width_in: float, size_pt: float = TEXT_PT, lines: int = 1) -> str:
    """Returns a text in lines that fit a width, cut with an ellipsis if it is too long.

    Call it within `style`.
    """
    from matplotlib.textpath import TextPath

    def fits(line: str) -> bool:
        return float(TextPath((0, 0), line, size=size_pt).get_extents().width) <= 72 * width_in

    done: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if fits(longer):
            line = longer
            continue
        if line and len(done) < lines - 1 and fits(word):
            done.append(line)
            line = word
            continue
        lengths = range(1, len(longer) + 1)
        kept = bisect.bisect_left(lengths, True, key=lambda n: not fits(f"{longer[:n]}…"))
        return "\n".join([*done, f"{longer[:kept].rstrip()}…"])
    return "\n".join([*done, line])
