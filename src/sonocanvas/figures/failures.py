"""`failures`: the worst samples next to the best, by one of their saved scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.figures.matrix import Cell, Row, draw_matrix
from sonocanvas.figures.read import Shown
from sonocanvas.types import Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 3


@dataclass(frozen=True)
class Failures:
    """The worst samples next to the best by one of their saved scores, at most three of each.

    Attributes:
        score: Name of the score; by default the first that all samples have.
    """

    score: str = ""

    samples_of_a_run: ClassVar[int | None] = None

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, the best on the left and the worst on the right.

        Raises:
            InvalidInputError: There is only one sample, or no score that all samples have.
        """
        name = self._name(shown)
        if len(shown) < 2:
            raise InvalidInputError("The figure 'failures' needs at least 2 samples, not 1.")
        scores = [_score(one, name) for one in shown]
        direction = -1 if scores[0].higher_is_better else 1
        order = sorted(range(len(shown)), key=lambda index: direction * scores[index].value)
        count = min(MOST_ROWS, len(shown) // 2)
        pairs = zip(order[:count], reversed(order[-count:]), strict=True)
        rows = [Row([_cell(shown[index], scores[index]) for index in pair]) for pair in pairs]
        caption = (
            f"The {count} best and the {count} worst of {len(shown)} samples by {_told(name)} "
            f"({'higher' if direction < 0 else 'lower'} is better). They were ranked by this "
            "number alone: a good rank does not say that a canvas looks and sounds as asked."
        )
        return draw_matrix(rows, shown[0].sample.canvas_format, ["best", "worst"], caption)

    def _name(self, shown: Sequence[Shown]) -> str:
        """Returns the score to rank by."""
        held = [[score.name for score in one.sample.scores] for one in shown]
        common = [name for name in held[0] if all(name in names for names in held)]
        if not common:
            bare = next((one for one, names in zip(shown, held, strict=True) if not names), None)
            told = f"'{bare.folder}' has none" if bare else "each lacks one that another has"
            raise InvalidInputError(f"There is no score that all samples have: {told}.")
        if self.score and self.score not in common:
            raise unknown("score", self.score, common)
        return self.score or common[0]


def _score(one: Shown, name: str) -> Score:
    return next(score for score in one.sample.scores if score.name == name)


def _cell(one: Shown, score: Score) -> Cell:
    sample = one.sample
    value = f"{_told(score.name)} {score.value:.3f} {score.unit}".strip()
    facts = f"{value}, seed {sample.seed}, {one.method}"
    return Cell(sample.canvas, sample.waveform, (one.looks_like, one.sounds_like, facts))


def _told(name: str) -> str:
    return name.replace("_", " ")
