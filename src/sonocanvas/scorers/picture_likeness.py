"""Picture likeness: how much of a canvas is oblique, as outlines are but sounds are not.

A sound has horizontal lines (tones, harmonics), vertical ones (onsets, clicks) and noise without
direction; a picture has edges in all directions. For gradients `(g_t, g_f)` in time and frequency,
the structure tensor of a small block (Bigun and Granlund 1987) is the mean of their products. The
score is

    sum over blocks |2 <g_t g_f>|  /  sum over blocks (<g_t^2> + <g_f^2>),

which is 0 for horizontal, vertical or undirected content and `|sin 2a|` for straight edges at angle
`a`. Gliding pitches, as of sirens and birds, are oblique too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import soxr
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import MINI_FORMAT, Sample, Score

PIXELS = 4
"""Side of the squares that are averaged first: finer grain is due to the vocoder and the window."""

BLOCK = 4
"""Side of a block of the structure tensor, in those squares."""

PERCENTILES = (0, 5, 25, 50, 75, 95, 100)
SOUNDS = (0.009, 0.032, 0.06, 0.093, 0.146, 0.307, 0.518)
"""Scores at those percentiles for 300 sounds without a picture, as printed by
`python benchmarks/picture_likeness.py`."""

COMPOSED = (0.111, 0.162, 0.203, 0.239, 0.316, 0.355, 0.376)
"""The same for 24 canvases composed by the embedded pair, played and drawn again."""

NARROWEST = PIXELS * (BLOCK + 1)
PEAK = 0.95


@dataclass(frozen=True)
class PictureLikeness:
    """Measures how much of the canvas of each sound runs obliquely, as in a picture."""

    higher_is_better: ClassVar[bool] = True

    @torch.no_grad()
    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the `picture_likeness` in [0, 1] of each sample's sound, drawn again.

        All sounds are drawn in `MINI_FORMAT`, so scores of different pairs can be compared.

        Args:
            samples: Each with its sound.

        Raises:
            InvalidInputError: A sound is shorter than 0.2 s.
        """
        return [[_score(sample)] for sample in samples]


def picture_likeness(canvas: Tensor) -> float:
    """Returns the oblique share of a canvas's gradients, in [0, 1]; 0 for a flat canvas.

    Args:
        canvas: `(mels, frames)` in [0, 1], each at least 20.

    Raises:
        InvalidInputError: The shape is wrong.
    """
    if canvas.ndim != 2 or min(canvas.shape) < NARROWEST:
        raise InvalidInputError(
            f"The canvas is {tuple(canvas.shape)}; to measure its likeness to a picture it must be "
            f"at least ({NARROWEST}, {NARROWEST})."
        )
    small = avg_pool2d(canvas.double()[None], PIXELS)
    falling = small[:, 1:, 1:] - small[:, :-1, :-1]  # the two diagonals of each 2 x 2 square
    rising = small[:, :-1, 1:] - small[:, 1:, :-1]
    across, along = (falling + rising) / 2, (falling - rising) / 2
    oblique = 2 * avg_pool2d(across * along, BLOCK).abs()
    energy = avg_pool2d(across.square() + along.square(), BLOCK)
    return float(oblique.sum() / energy.sum().clamp(min=torch.finfo(energy.dtype).tiny))


def verdict(value: float, composed_by_us: bool = False) -> str:
    """Returns the meaning of a score in words, relative to measured sounds and canvases.

    Args:
        value: The score.
        composed_by_us: Whether it certainly holds a picture, so that only canvases are compared.
    """
    sounds = float(np.interp(value, SOUNDS, PERCENTILES))
    composed = float(np.interp(value, COMPOSED, PERCENTILES))
    if composed_by_us:
        return f"it holds a picture; more picture-like than {composed:.0f} % of composed canvases"
    meaning = "usual for a sound"
    if sounds > 75:
        meaning = "it may well hold a picture" if sounds > 95 else "high for a sound"
    return (
        f"{meaning} (more than {sounds:.0f} % of sounds without a picture that were measured, and "
        f"than {composed:.0f} % of composed canvases)"
    )


def _score(sample: Sample) -> Score:
    rates_hz = sample.waveform.sample_rate_hz, MINI_FORMAT.sample_rate_hz
    heard = soxr.resample(sample.waveform.samples[0].float().cpu().numpy(), *rates_hz)
    samples = torch.from_numpy(heard).float()[None]
    level = PEAK / samples.abs().max().clamp(min=1e-6)
    value = picture_likeness(waveform_to_canvas(samples * level, MINI_FORMAT)[0])
    return Score("picture_likeness", value, "", higher_is_better=True)
