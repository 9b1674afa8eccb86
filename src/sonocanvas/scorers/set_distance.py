"""How far a set of samples lies from a reference set, by the features of an extractor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.scorers.embedder import Embedder
from sonocanvas.scorers.frechet import frechet_distance
from sonocanvas.types import Sample, Score


@dataclass(frozen=True)
class SetDistance:
    """Fréchet distance between samples and a reference set; 0 for equal sets.

    Attributes:
        name: Name of the score.
        extractors: Functions that load each extractor from `model` and `device`.
        extractor: `judge`, or a published model for pairs that know more words than `mini`.
        model: Folder or Hub repository of the published model.
        device: Device of the published model, such as `cuda`.
    """

    name: ClassVar[str]
    extractors: ClassVar[Mapping[str, Callable[[str, str], Embedder]]]
    higher_is_better: ClassVar[bool] = False
    extractor: str = "judge"
    model: str = ""
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.extractor not in self.extractors:
            raise unknown(f"extractor of {self.name}", self.extractor, self.extractors)
        self._embedder  # noqa: B018  # fails now if something is missing

    @cached_property
    def _embedder(self) -> Embedder:
        return self.extractors[self.extractor](self.model, self.device)

    @torch.no_grad()
    def __call__(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Score:
        """Returns the distance over all parts of samples; its unit names extractor and both counts.

        The features are the extractor's unit vectors, so the value is at most about 4. Compare only
        values of the same extractor and of similar counts.

        Args:
            samples: Two or more samples.
            reference: Two or more samples of the reference set.

        Raises:
            InvalidInputError: There are fewer than two, or a sample cannot be scored.
        """
        counts = len(samples), len(reference)
        if min(counts) < 2:
            raise InvalidInputError(
                f"{self.name} compares at least two samples with at least two, not "
                f"{counts[0]} with {counts[1]}."
            )
        ours, theirs = (
            torch.cat([self._embedder.embed(sample) for sample in one]).double().numpy()
            for one in (samples, reference)
        )
        unit = f"{self.extractor}, n = {counts[0]} and {counts[1]}"
        return Score(self.name, frechet_distance(ours, theirs), unit, self.higher_is_better)
