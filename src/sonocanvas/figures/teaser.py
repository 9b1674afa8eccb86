"""`teaser`: the colour picture above the canvas above the waveform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.figures.matrix import Cell, Row, draw_matrix
from sonocanvas.figures.read import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 2


@dataclass(frozen=True)
class Teaser:
    """Samples with their prompts: the colour picture if there is one, the canvas, the waveform."""

    samples_of_a_run: ClassVar[int | None] = 1

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, two samples per row."""
        cells = [
            Cell(
                one.sample.canvas,
                one.sample.waveform,
                (one.looks_like, one.sounds_like),
                one.colour,
            )
            for one in shown
        ]
        starts = range(0, len(cells), COLUMNS)
        rows = [Row(cells[start : start + COLUMNS]) for start in starts]
        return draw_matrix(rows, shown[0].sample.canvas_format)
