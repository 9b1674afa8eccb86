"""Embedders for likeness scores: samples and prompts as unit vectors of one space."""

from typing import Protocol

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import Sample, Score, Waveform


class Embedder(Protocol):
    """Embeds prompts, and canvases or sounds, as vectors of length 1."""

    def embed_text(self, prompt: str) -> Tensor:
        """Returns the vector `(width,)` of a prompt, float32."""

    def embed(self, sample: Sample) -> Tensor:
        """Returns the vectors `(parts, width)` of a sample, float32: of its crops or its sound."""


@torch.no_grad()
def likeness(embedder: Embedder, name: str, sample: Sample, prompt: str) -> Score:
    """Returns the mean of the cosines of the parts of a sample with a prompt, from -1 to 1."""
    cosines = embedder.embed(sample).double() @ embedder.embed_text(prompt).double()
    return Score(name, float(cosines.mean()), "", higher_is_better=True)


def squares(canvases: Tensor, stride: int) -> Tensor:
    """Returns the squares `(batch, squares, height, height)` along the width of canvases.

    Columns at the right that do not fill a square are dropped.

    Args:
        canvases: `(batch, height, width)`.
        stride: Columns between the left edges of two squares.

    Raises:
        InvalidInputError: The canvases are narrower than they are high.
    """
    height, width = canvases.shape[1:]
    if width < height:
        raise InvalidInputError(
            f"The canvas is {width} x {height}; scoring it as a picture needs one that is at least "
            "as wide as it is high."
        )
    return canvases.unfold(2, height, stride).movedim(2, 1)


def peak_normalised(waveform: Waveform, sample_rate_hz: int, peak: float) -> NDArray[np.float32]:
    """Returns sound `(samples,)` resampled and scaled to a peak; silence stays silence.

    Args:
        waveform: `(1, samples)`.
        sample_rate_hz: Sample rate of the result.
        peak: Largest magnitude of the result.
    """
    mono = waveform.samples[0].detach().float().cpu().numpy()
    resampled = np.asarray(soxr.resample(mono, waveform.sample_rate_hz, sample_rate_hz))
    loudest = float(np.abs(resampled).max(initial=0))
    return resampled if loudest == 0 else np.asarray(resampled * (peak / loudest), np.float32)
