"""Captioned sounds, made from any sound: mono, 16 kHz, trimmed, at peak 0.9."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from sonocanvas.errors import InvalidInputError

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 16000
MAX_DURATION_S = 10.24


@dataclass(frozen=True)
class Clip:
    """One captioned sound.

    Attributes:
        id: Unique name; the prefix ``held-`` marks clips that are held out from training.
        caption: Description of the sound, as a phrase.
        concept: Concept of the embedded pair, or any other noun for other sounds.
        source: Its origin and author.
        licence: SPDX identifier of its licence.
        samples: Mono float32 `(samples,)` at 16 kHz, silence trimmed, peak 0.9, at most 10.24 s.
    """

    id: str
    caption: str
    concept: str
    source: str
    licence: str
    samples: Samples


def prepare(samples: NDArray[np.floating], sample_rate_hz: int) -> Samples:
    """Returns a sound in the form of a clip: mono, 16 kHz, trimmed, peak 0.9.

    Args:
        samples: `(samples,)` or `(samples, channels)`.
        sample_rate_hz: Sample rate of `samples`.

    Raises:
        InvalidInputError: If the sound is empty or silent (peak below -60 dB).
    """
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    if len(mono):
        mono = soxr.resample(mono.astype(np.float32), sample_rate_hz, SAMPLE_RATE_HZ)
    peak = float(np.abs(mono).max(initial=0.0))
    if peak < 1e-3:
        raise InvalidInputError(f"A sound with peak {peak:g} is silent; allowed: above 0.001.")
    loud = np.flatnonzero(np.abs(mono) > peak * 10 ** (-46 / 20))
    mono = mono[loud[0] : loud[-1] + 1][: int(MAX_DURATION_S * SAMPLE_RATE_HZ)]
    scaled: Samples = (mono * (0.9 / np.abs(mono).max())).astype(np.float32)
    return scaled


def windows(samples: NDArray[np.floating], sample_rate_hz: int) -> list[Samples]:
    """Returns a recording as clips: one, or several evenly spaced windows of a long recording.

    Args:
        samples: `(samples,)` or `(samples, channels)`.
        sample_rate_hz: Sample rate of `samples`.

    Raises:
        InvalidInputError: If a window is silent, as in `prepare`.
    """
    length = int(MAX_DURATION_S * sample_rate_hz)
    count = max(1, round(len(samples) / length))
    starts = np.linspace(0, max(0, len(samples) - length), count).astype(int)
    return [prepare(samples[start : start + length], sample_rate_hz) for start in starts]
