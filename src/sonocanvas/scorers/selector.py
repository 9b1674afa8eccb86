"""The towers of `mini`: what chooses among samples, and whose text encoder the pair reads with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sonocanvas.pairs import mini
from sonocanvas.scorers.towers import TowerEmbedder, load_embedders, tower_scores
from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class Selector:
    """Cosines of canvas and sound with their prompts by the towers of `mini`; they may select."""

    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._embedders  # noqa: B018  # what is missing is told now

    @cached_property
    def _embedders(self) -> tuple[TowerEmbedder, TowerEmbedder]:
        return load_embedders(mini.WEIGHTS)

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns `selector_image` and `selector_audio` of each sample, from -1 to 1.

        The picture is the mean over the squares side by side of the canvas; the sound is what the
        waveform is analysed to.

        Args:
            samples: Each with a canvas at least as wide as it is high, and its sound.

        Raises:
            InvalidInputError: A canvas is narrower, or a sound too short to be analysed.
        """
        return [tower_scores(self._embedders, "selector", sample) for sample in samples]
