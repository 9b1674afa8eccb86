"""Fréchet distance of sounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class Fad:
    """Fréchet distance of sounds."""

    extractor: str = "judge"
    higher_is_better: ClassVar[bool] = False

    def __call__(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Score:
        """Returns the score `fad` of samples against a reference."""
        raise NotImplementedError
