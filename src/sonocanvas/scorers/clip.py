"""Cosine of canvas and image prompt by CLIP, score `clip`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class Clip:
    """Cosine of canvas and image prompt by CLIP, score `clip`."""

    higher_is_better: ClassVar[bool] = True

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the scores of each sample."""
        raise NotImplementedError
