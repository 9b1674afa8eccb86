"""FID: how far the pictures of a set of samples lie from those of a reference set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sonocanvas.errors import unknown
from sonocanvas.scorers.clip import CLIP, load_clip
from sonocanvas.scorers.embedder import Embedder, distance
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.scorers.towers import load_embedders
from sonocanvas.types import Sample, Score

EXTRACTORS = ("clip", "judge")


@dataclass(frozen=True)
class Fid:
    """Fréchet distance of pictures from a reference set; 0 for equal sets.

    Attributes:
        extractor: `judge`, or `clip` for pairs that know more words than `mini`.
        model: A folder, or a repository of the Hub, for `clip`.
        device: Where `clip` runs, such as `cuda`.
    """

    extractor: str = "judge"
    model: str = CLIP.place
    device: str = "cpu"
    higher_is_better: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.extractor not in EXTRACTORS:
            raise unknown("extractor of fid", self.extractor, EXTRACTORS)
        self._embedder  # noqa: B018  # what is missing is told now

    @cached_property
    def _embedder(self) -> Embedder:
        if self.extractor == "clip":
            return load_clip(self.model, self.device)
        return load_embedders(JUDGE)[0]

    def __call__(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Score:
        """Returns the score `fid`; its unit names the extractor and both counts.

        The features are the extractor's unit vectors of the squares of each canvas, so that
        the value is at most about 4. Only compare values of one extractor and like counts.

        Args:
            samples: Two or more.
            reference: Two or more that they are measured against.

        Raises:
            InvalidInputError: There are fewer, or a sample cannot be scored.
        """
        return distance(self._embedder, "fid", self.extractor, samples, reference)
