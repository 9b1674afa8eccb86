"""Cosines by the towers of `mini`, scores `selector_image` and `selector_audio`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class Selector:
    """Cosines by the towers of `mini`, scores `selector_image` and `selector_audio`."""

    higher_is_better: ClassVar[bool] = True

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the scores of each sample."""
        raise NotImplementedError
