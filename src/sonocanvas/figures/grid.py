"""`grid`: methods by prompts, several seeds of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.figures.beside import by_method, seed_and_cells, side_by_side
from sonocanvas.figures.matrix import Row, draw_matrix
from sonocanvas.figures.read import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Grid:
    """Methods as rows, prompts as columns, several seeds of each."""

    samples_of_a_run: ClassVar[int | None] = 2

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, one row for each seed of a method.

        Methods can have different numbers of seeds. Seeds that differ along a row, as in an
        evaluation, are shown for each panel.

        Raises:
            InvalidInputError: A method lacks prompts, has more samples of some, or has one twice.
        """
        found = by_method(shown)
        prompts = list(dict.fromkeys((image, audio) for image, audio, _ in found))
        rows = []
        for method in dict.fromkeys(method for _, _, method in found):
            for ones in side_by_side(found, [(*both, method) for both in prompts]):
                seed, cells = seed_and_cells(ones)
                rows.append(Row(cells, label=f"{method}\n{seed}".strip()))
        titles = [f"looks like {image}\nsounds like {audio}" for image, audio in prompts]
        return draw_matrix(rows, shown[0].sample.canvas_format, titles)
