"""CLIP: how much a canvas looks like its image prompt, by the paper's protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.pairs.hub import Source
from sonocanvas.scorers.embedder import likeness, squares
from sonocanvas.scorers.published import PublishedEmbedder, load_published, unit_vectors
from sonocanvas.types import Sample, Score

CLIP = Source("openai/clip-vit-base-patch16", licence="MIT, as the code of CLIP")
STRIDES = 8
"""Crops per side length: one every 32 columns at 256 rows."""


@dataclass(frozen=True)
class ClipEmbedder(PublishedEmbedder):
    """A CLIP model that sees the crops of a gray canvas (an `Embedder`)."""

    def embed(self, sample: Sample) -> Tensor:
        """Returns the vectors `(crops, width)` of a canvas's full-height crops, float32."""
        gray = torch.from_numpy(canvas_to_bytes(sample.canvas))
        crops = squares(gray[None], len(gray) // STRIDES)[0]
        pictures = list(crops[:, None].expand(-1, 3, -1, -1))
        seen = self.processor.image_processor(pictures, return_tensors="pt")
        return unit_vectors(self.model.get_image_features(**seen.to(self.model.device)))


def load_clip(model: str = CLIP.place, device: str = "cpu") -> ClipEmbedder:
    """Returns CLIP as an embedder.

    Args:
        model: A folder, or a repository of the Hub.
        device: Device of the model.

    Raises:
        InvalidInputError: The device is not available.
        CheckpointError: The model is missing and cannot be downloaded, or is not a CLIP model.
    """
    return ClipEmbedder(*load_published(model, CLIP, "CLIPModel", "CLIPProcessor", device))


@dataclass(frozen=True)
class Clip:
    """Cosine of the canvas with its image prompt by CLIP, the mean of crops along its width.

    Attributes:
        model: A folder, or a repository of the Hub.
        device: Device of the model, such as `cuda`.
    """

    model: str = CLIP.place
    device: str = "cpu"
    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._embedder  # noqa: B018  # fails now if something is missing

    @cached_property
    def _embedder(self) -> ClipEmbedder:
        return load_clip(self.model, self.device)

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the score `clip` of each sample, from -1 to 1; the paper reports it times 100.

        The 8-bit gray canvas, repeated in three channels, is cropped to squares of its height at a
        stride of an eighth of it (256 x 256 at stride 32: 25 crops for 1024 columns). The score is
        the mean cosine between the crops and the prompt. The authors' program sets a negative mean
        to 0; here it is kept.

        Args:
            samples: Each with a canvas at least as wide as it is high.

        Raises:
            InvalidInputError: A canvas is narrower.
        """
        return [
            [likeness(self._embedder, "clip", sample, sample.prompts.image)] for sample in samples
        ]
