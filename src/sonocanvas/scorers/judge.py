"""The judge: towers that took no part in the pair, and by which nothing is ever selected."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sonocanvas.pairs import mini
from sonocanvas.scorers.towers import TowerEmbedder, load_embedders, tower_scores
from sonocanvas.types import Sample, Score

JUDGE = mini.WEIGHTS.parent / "judge"


@dataclass(frozen=True)
class Judge:
    """Cosines of canvas and sound with their prompts by the judge, which only reports."""

    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._embedders  # noqa: B018  # what is missing is told now

    @cached_property
    def _embedders(self) -> tuple[TowerEmbedder, TowerEmbedder]:
        return load_embedders(JUDGE)

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns `judge_image` and `judge_audio` of each sample, from -1 to 1.

        The picture is the mean over the squares side by side of the canvas; the sound is what the
        waveform is analysed to.

        Args:
            samples: Each with a canvas at least as wide as it is high, and its sound.

        Raises:
            InvalidInputError: A canvas is narrower, or a sound too short to be analysed.
        """
        return [tower_scores(self._embedders, "judge", sample) for sample in samples]
