"""Picture likeness: how much of a canvas runs obliquely, as outlines do but sounds do not.

A sound draws horizontal lines (tones, harmonics), vertical ones (onsets, clicks) and noise without
direction. A picture has edges of every direction. Where a canvas has gradients `(g_t, g_f)` in time
and frequency, the structure tensor of a small block (Bigun and Granlund 1987) is the mean of their
products, and the score is

    sum over blocks |2 <g_t g_f>|  /  sum over blocks (<g_t^2> + <g_f^2>),

0 for what is horizontal, vertical or without direction and `|sin 2a|` for straight edges at the
angle `a`. What glides in pitch, as sirens and birds do, runs obliquely too.
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
"""Side of the squares averaged first: finer grain comes from the vocoder and the window."""

BLOCK = 4
"""Side of a block of the structure tensor, in those squares."""

PERCENTILES = (0, 5, 25, 50, 75, 95, 100)
SOUNDS = (0.009, 0.032, 0.06, 0.093, 0.146, 0.307, 0.518)
"""Scores at those percentiles of 300 sounds without a picture, as
`python benchmarks/picture_likeness.py` prints them."""

COMPOSED = (0.111, 0.162, 0.203, 0.239, 0.316, 0.355, 0.376)
"""The same for 24 canvases that the embedded pair composed, played and drawn again."""

NARROWEST = PIXELS * (BLOCK + 1)
PEAK = 0.95


@dataclass(frozen=True)
class PictureLikeness:
    """Measures how much of the canvas of each sound runs obliquely, as in a picture."""

    higher_is_better: ClassVar[bool] = True

    @torch.no_grad()
    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns `picture_likeness` in [0, 1] of each sample: of its sound, drawn again.

        Every sound is drawn in `MINI_FORMAT`, so that numbers of all pairs can be compared.

        Args:
            samples: Each with its sound.

        Raises:
            InvalidInputError: A sound is shorter than 0.2 s.
        """
        return [[_score(sample)] for sample in samples]


def picture_likeness(canvas: Tensor) -> float:
    """Returns the share in [0, 1] of the gradients of a canvas that run obliquely; 0 of a flat one.

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
    falling = small[:, 1:, 1:] - small[:, :-1, :-1]  # the two diagonals of each square of four
    rising = small[:, :-1, 1:] - small[:, 1:, :-1]
    across, along = (falling + rising) / 2, (falling - rising) / 2
    oblique = 2 * avg_pool2d(across * along, BLOCK).abs()
    energy = avg_pool2d(across.square() + along.square(), BLOCK)
    return float(oblique.sum() / energy.sum().clamp(min=torch.finfo(energy.dtype).tiny))


def verdict(value: float, composed_by_us: bool = False) -> str:
    """Returns in words what a score means, compared with measured sounds and canvases.

    Args:
        value: The score.
        composed_by_us: Whether it surely holds a picture; then it is compared with canvases only.
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
