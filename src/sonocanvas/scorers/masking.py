"""How much of a sound is heard together with another: spreading, masking and partial loudness.

The model of the ear is for steady sound: it has masking within a frame, not between frames.
"""

import torch
from torch import Tensor

BANDS = 64
FRAME_POOL = 4
PLAYED_DB = 70.0
"""Assumed playback level, in dB SPL over the whole sound."""
LOWER_SLOPE_DB = 27.0
EXPONENT = 0.23


def bark(frequencies_hz: Tensor) -> Tensor:
    """Returns critical-band rates in Bark.

    Source: Zwicker and Terhardt, "Analytical expressions for critical-band rate" (1980).
    """
    kilohertz = frequencies_hz / 1000
    return 13 * torch.atan(0.76 * kilohertz) + 3.5 * torch.atan((kilohertz / 7.5).square())


def quiet_threshold_db(frequencies_hz: Tensor) -> Tensor:
    """Returns the threshold of hearing in quiet, in dB SPL.

    Source: Terhardt, "Calculating virtual pitch" (1979).
    """
    kilohertz = (frequencies_hz / 1000).clamp(min=0.02)
    dip = 6.5 * torch.exp(-0.6 * (kilohertz - 3.3).square())
    return 3.64 * kilohertz**-0.8 - dip + 1e-3 * kilohertz**4


def excitation(power: Tensor, frequencies_hz: Tensor) -> Tensor:
    """Returns the power `(bands, frames)` that reaches each place in the ear.

    The spread of a band falls by 27 dB per Bark towards lower places and by
    `24 + 230 Hz / f - 0.2 L` dB per Bark towards higher ones, where `L` is its level: loud sounds
    mask more above their own frequency. Powers add.
    Source: Terhardt (1979), as in ITU-R BS.1387-1, section 2.1.4.

    Args:
        power: `(bands, frames)`; 1 is 0 dB SPL.
        frequencies_hz: Centre of each band, `(bands,)`.
    """
    place = bark(frequencies_hz)
    distance = place[:, None] - place[None, :]  # from a masker (column) to a place (row)
    level = 10 * power.clamp(min=1e-12).log10()
    upper = 24 + 230 / frequencies_hz[:, None] - 0.2 * level
    fall = torch.where(
        distance[..., None] < 0,
        -LOWER_SLOPE_DB * distance[..., None],
        upper.clamp(min=1)[None] * distance[..., None],
    )
    return (power[None] * 10 ** (-fall / 10)).sum(1)


def masked_threshold(masker: Tensor, frequencies_hz: Tensor) -> Tensor:
    """Returns the power `(bands, frames)` that a sound must exceed to be heard over another.

    It lies below the excitation by 3 dB up to 12 Bark, and above that by a quarter of the Bark
    rate in dB (ITU-R BS.1387-1, equation 25). The threshold in quiet is added.

    Args:
        masker: Power `(bands, frames)`; 1 is 0 dB SPL.
        frequencies_hz: Centre of each band, `(bands,)`.
    """
    place = bark(frequencies_hz)
    offset_db = torch.where(place <= 12, torch.full_like(place, 3.0), 0.25 * place)
    quiet = 10 ** (quiet_threshold_db(frequencies_hz) / 10)
    masked = excitation(masker, frequencies_hz) * 10 ** (-offset_db / 10)[:, None]
    return masked + quiet[:, None]


def partial_loudness(sound: Tensor, masker: Tensor, frequencies_hz: Tensor) -> Tensor:
    """Returns the loudness of a sound heard together with another, in a unit of its own.

    With excitation `E` and threshold `M` it is `(E + M)^0.23 - M^0.23`, summed over places and
    averaged over frames: Zwicker's power law with the masked threshold instead of that in quiet
    (Zwicker and Fastl, "Psychoacoustics", section 8.7).

    Args:
        sound: Power `(bands, frames)`; 1 is 0 dB SPL.
        masker: Power of the other sound, of the same shape.
        frequencies_hz: Centre of each band, `(bands,)`.
    """
    threshold = masked_threshold(masker, frequencies_hz)
    heard = excitation(sound, frequencies_hz) + threshold
    widths = torch.gradient(bark(frequencies_hz))[0][:, None]
    return ((heard**EXPONENT - threshold**EXPONENT) * widths).sum(0).mean()


def share_of_loudness(sound: Tensor, rest: Tensor, frequencies_hz: Tensor) -> float:
    """Returns the first sound's share of the loudness of two sounds at once, in [0, 1].

    Together they are played at 70 dB SPL. The share is 0 if neither can be heard.

    Args:
        sound: Power `(bands, frames)` in any unit.
        rest: Power of the other sound, of the same shape and unit.
        frequencies_hz: Centre of each band, `(bands,)`.
    """
    total = (sound + rest).sum(0).mean()
    if total <= 0:
        return 0.0
    gain = 10 ** (PLAYED_DB / 10) / total
    ours = partial_loudness(sound * gain, rest * gain, frequencies_hz)
    theirs = partial_loudness(rest * gain, sound * gain, frequencies_hz)
    both = float(ours + theirs)
    return float(ours) / both if both > 0 else 0.0
