"""Cosines by the judge, which only reports: scores `judge_image` and `judge_audio`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class Judge:
    """Cosines by the judge, which only reports: scores `judge_image` and `judge_audio`."""

    higher_is_better: ClassVar[bool] = True

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the scores of each sample."""
        raise NotImplementedError
