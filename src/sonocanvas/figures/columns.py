"""`columns`: the picture model alone, the spectrogram model alone, both composed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.figures.matrix import Cell, Row, draw_matrix
from sonocanvas.figures.read import Shown, by_method, find

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {
    "image-only": "picture model alone",
    "audio-only": "spectrogram model alone",
    "compose": "composed",
}


@dataclass(frozen=True)
class Columns:
    """Prompts by rows; picture model alone, spectrogram model alone, both composed."""

    samples_of_a_run: ClassVar[int | None] = 1

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, a row for the prompts and each seed.

        Raises:
            InvalidInputError: One of the three is not there, or is there twice.
        """
        found = by_method(shown)
        places = dict.fromkeys((image, audio, seed) for image, audio, _, seed in found)
        rows = []
        for image, audio, seed in places:
            ones = [find(found, (image, audio, method, seed)).sample for method in COLUMNS]
            cells = [Cell(one.canvas, one.waveform) for one in ones]
            heading = f"looks like {image}, sounds like {audio}; seed {seed}"
            rows.append(Row(cells, heading=heading))
        return draw_matrix(rows, shown[0].sample.canvas_format, list(COLUMNS.values()))
