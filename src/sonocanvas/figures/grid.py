"""`grid`: methods by prompts, several seeds of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.figures.matrix import Cell, Row, draw_matrix
from sonocanvas.figures.read import Shown, by_method, find

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Grid:
    """Methods by rows, prompts by columns, several seeds in each place."""

    samples_of_a_run: ClassVar[int | None] = 2

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, a row for each seed of a method.

        Raises:
            InvalidInputError: A method lacks prompts or a seed, or has them twice.
        """
        found = by_method(shown)
        prompts = list(dict.fromkeys((image, audio) for image, audio, _, _ in found))
        rows = []
        for method, seed in dict.fromkeys((method, seed) for _, _, method, seed in found):
            ones = [find(found, (image, audio, method, seed)).sample for image, audio in prompts]
            cells = [Cell(one.canvas, one.waveform) for one in ones]
            rows.append(Row(cells, label=f"{method}\nseed {seed}"))
        titles = [f"looks like {image}\nsounds like {audio}" for image, audio in prompts]
        return draw_matrix(rows, shown[0].sample.canvas_format, titles)
