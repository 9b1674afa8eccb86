"""CLAP: how much a sound is like its audio prompt, by the paper's protocol."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from torch import Tensor

from sonocanvas.pairs.hub import Source
from sonocanvas.scorers.embedder import likeness, peak_normalised
from sonocanvas.scorers.published import PublishedEmbedder, load_published, unit_vectors
from sonocanvas.types import Sample, Score

CLAP = Source("laion/clap-htsat-unfused", licence="Apache-2.0")
LONGEST_S = 10


@dataclass(frozen=True)
class ClapEmbedder(PublishedEmbedder):
    """A CLAP model that hears the first 10 s of a sound (an `Embedder`)."""

    def embed(self, sample: Sample) -> Tensor:
        """Returns the vector `(1, width)` of a sound, float32.

        It is cut to 10 s, since the processor would crop longer sounds at random.
        """
        extractor = self.processor.feature_extractor
        rate_hz = extractor.sampling_rate
        sound = peak_normalised(sample.waveform, rate_hz, peak=1.0)[: LONGEST_S * rate_hz]
        heard = extractor(sound, sampling_rate=rate_hz, return_tensors="pt")
        return unit_vectors(self.model.get_audio_features(**heard.to(self.model.device)))


def load_clap(model: str = CLAP.place, device: str = "cpu") -> ClapEmbedder:
    """Returns CLAP as an embedder.

    Args:
        model: A folder, or a repository of the Hub.
        device: Device of the model.

    Raises:
        InvalidInputError: The device is not available.
        CheckpointError: The model is missing and cannot be downloaded, or is not a CLAP model.
    """
    return ClapEmbedder(*load_published(model, CLAP, "ClapModel", "ClapProcessor", device))


@dataclass(frozen=True)
class Clap:
    """Cosine of the sound with its audio prompt by CLAP, or 0 if it is negative.

    Attributes:
        model: A folder, or a repository of the Hub.
        device: Device of the model, such as `cuda`.
    """

    model: str = CLAP.place
    device: str = "cpu"
    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._embedder  # noqa: B018  # fails now if something is missing

    @cached_property
    def _embedder(self) -> ClapEmbedder:
        return load_clap(self.model, self.device)

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the score `clap` of each sample, from 0 to 1; the paper reports it times 100.

        The sound is resampled to the model's rate (48 kHz), scaled to a peak of 1 and cut to its
        first 10 s; a negative cosine counts as 0.

        Args:
            samples: Each with its sound.
        """
        return [[self._score(sample)] for sample in samples]

    def _score(self, sample: Sample) -> Score:
        score = likeness(self._embedder, "clap", sample, sample.prompts.audio)
        return dataclasses.replace(score, value=max(0.0, score.value))
