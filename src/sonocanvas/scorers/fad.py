"""FAD: how far the sounds of a set of samples lie from those of a reference set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sonocanvas.errors import unknown
from sonocanvas.scorers.clap import CLAP, load_clap
from sonocanvas.scorers.embedder import Embedder, distance
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.scorers.towers import load_embedders
from sonocanvas.types import Sample, Score

EXTRACTORS = ("clap", "judge")


@dataclass(frozen=True)
class Fad:
    """Fréchet distance of sounds from a reference set; 0 for equal sets.

    Attributes:
        extractor: `judge`, or `clap` for pairs that know more words than `mini`.
        model: A folder, or a repository of the Hub, for `clap`.
        device: Where `clap` runs, such as `cuda`.
    """

    extractor: str = "judge"
    model: str = CLAP.place
    device: str = "cpu"
    higher_is_better: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.extractor not in EXTRACTORS:
            raise unknown("extractor of fad", self.extractor, EXTRACTORS)
        self._embedder  # noqa: B018  # what is missing is told now

    @cached_property
    def _embedder(self) -> Embedder:
        if self.extractor == "clap":
            return load_clap(self.model, self.device)
        return load_embedders(JUDGE)[1]

    def __call__(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Score:
        """Returns the score `fad`; its unit names the extractor and both counts.

        The features are the extractor's unit vectors of each sound, so that
        the value is at most about 4. Only compare values of one extractor and like counts.

        Args:
            samples: Two or more.
            reference: Two or more that they are measured against.

        Raises:
            InvalidInputError: There are fewer, or a sample cannot be scored.
        """
        return distance(self._embedder, "fad", self.extractor, samples, reference)
