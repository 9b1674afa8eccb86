"""`columns`: the picture model alone, the spectrogram model alone, both composed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.figures.beside import by_method, seed_and_cells, side_by_side
from sonocanvas.figures.matrix import Row, draw_matrix
from sonocanvas.figures.read import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {
    "image-only": "picture model alone",
    "audio-only": "spectrogram model alone",
    "compose": "composed",
}


@dataclass(frozen=True)
class Columns:
    """A row per prompt pair: picture model alone, spectrogram model alone, both composed."""

    samples_of_a_run: ClassVar[int | None] = 1

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, a row for each pair of prompts and seed.

        The seeds of the three can differ, as in an evaluation; then all are shown.

        Raises:
            InvalidInputError: One of the three is missing, is given twice or has fewer samples.
        """
        found = by_method(shown)
        rows = []
        for image, audio in dict.fromkeys((image, audio) for image, audio, _ in found):
            for ones in side_by_side(found, [(image, audio, method) for method in COLUMNS]):
                seed, cells = seed_and_cells(ones)
                told = [f"looks like {image}, sounds like {audio}", *([seed] if seed else [])]
                rows.append(Row(cells, heading="; ".join(told)))
        return draw_matrix(rows, shown[0].sample.canvas_format, list(COLUMNS.values()))
