"""Building blocks of the synthesizers: modes, harmonics, strings, noise and envelopes.

All signals are float64 at `SAMPLE_RATE_HZ` until `finish` makes a clip. Tones are sums of partials
below `TOP_HZ`, so nothing aliases and the canvas stays dark between partials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfftfreq
from scipy.signal import fftconvolve

SAMPLE_RATE_HZ = 16000
TOP_HZ = 7800.0
LONGEST_S = 10.24
PEAK = 0.9

Samples: TypeAlias = NDArray[np.float64]
Clip: TypeAlias = NDArray[np.float32]
Event: TypeAlias = tuple[float, Samples]

_BLOCK = 256
_MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])
_PENTATONIC = np.array([0, 2, 4, 7, 9])


def timeline(duration_s: float) -> Samples:
    """Return the time of every sample, in seconds, `(samples,)`."""
    return np.arange(max(1, round(duration_s * SAMPLE_RATE_HZ))) / SAMPLE_RATE_HZ


def fade(waveform: Samples, attack_s: float, release_s: float) -> Samples:
    """Return the waveform with raised-cosine edges; longer edges than the half are cut short."""
    faded = waveform.copy()
    for seconds, edge in ((attack_s, faded), (release_s, faded[::-1])):
        length = min(round(seconds * SAMPLE_RATE_HZ), len(faded) // 2)
        edge[:length] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))
    return faded


def finish(waveform: Samples) -> Clip:
    """Return the clip: at most 10.24 s, edges faded, peak 0.9, float32."""
    longest = round(LONGEST_S * SAMPLE_RATE_HZ)
    cut_s = 0.15 if len(waveform) > longest else 0.03
    clip = fade(waveform[:longest], 0.002, cut_s)
    return np.asarray(PEAK * clip / np.abs(clip).max(), dtype=np.float32)


def mix(events: Iterable[Event]) -> Samples:
    """Return the sum of `(start in seconds, waveform)` events, as long as the latest end."""
    placed = [(max(0, round(start * SAMPLE_RATE_HZ)), part) for start, part in events]
    total = np.zeros(max(start + len(part) for start, part in placed))
    for start, part in placed:
        total[start : start + len(part)] += part
    return total


def damped_modes(
    frequencies_hz: ArrayLike,
    amplitudes: ArrayLike,
    decays_s: ArrayLike,
    duration_s: float,
    attack_s: float = 0.002,
) -> Samples:
    """Return a struck body: the sum of `a exp(-t / d) sin(2 pi f t)` over its modes.

    The powers of each mode's complex pole are factored into blocks, so the sum is one matrix
    product.

    Args:
        frequencies_hz: Mode frequencies `(modes,)`; those above `TOP_HZ` are left out.
        amplitudes: Initial amplitudes, broadcast against the frequencies.
        decays_s: Times to fall to 1/e, broadcast likewise.
        duration_s: Length; the last tenth is faded out.
        attack_s: Rise time of the strike.
    """
    frequency, amplitude, decay = np.broadcast_arrays(
        np.atleast_1d(np.asarray(frequencies_hz, dtype=float)), amplitudes, decays_s
    )
    heard = frequency < TOP_HZ
    pole = (2j * np.pi * frequency[heard] - 1 / decay[heard]) / SAMPLE_RATE_HZ
    samples = len(timeline(duration_s))
    starts = _BLOCK * np.arange(-(-samples // _BLOCK))
    blocks = (amplitude[heard] * np.exp(np.outer(starts, pole))) @ np.exp(
        np.outer(pole, np.arange(_BLOCK))
    )
    return fade(blocks.imag.ravel()[:samples], attack_s, 0.1 * duration_s)


def harmonic_tone(
    pitch_hz: Samples, amplitudes: ArrayLike, brightness: Samples | float = 1.0
) -> Samples:
    """Return a gliding tone with harmonics `a_n brightness^n`, none of them above `TOP_HZ`.

    Harmonics come from the Chebyshev recurrence `sin((n+1)x) = 2 cos x sin nx - sin((n-1)x)`.

    Args:
        pitch_hz: Fundamental at every sample, `(samples,)`.
        amplitudes: Amplitude of each harmonic `(harmonics,)`, the fundamental first.
        brightness: Factor from one harmonic to the next, in [0, 1], for each sample or for all.
    """
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    twice_cosine = 2 * np.cos(phase)
    before, current = np.zeros_like(phase), np.sin(phase)
    slope: Samples = np.asarray(brightness, dtype=float)
    gain: Samples = slope
    total = np.zeros_like(phase)
    lowest, highest = float(pitch_hz.min()), float(pitch_hz.max())
    for number, amplitude in enumerate(np.asarray(amplitudes, dtype=float), start=1):
        if number * lowest > TOP_HZ:
            break
        part = amplitude * gain * current
        if number * highest > TOP_HZ - 300:
            part = part * np.clip((TOP_HZ - number * pitch_hz) / 300, 0, 1)
        total += part
        before, current = current, twice_cosine * current - before
        gain = gain * slope
    return total


def plucked_string(
    rng: np.random.Generator, pitch_hz: float, duration_s: float, loss: float, softness: float
) -> Samples:
    """Return a Karplus-Strong string: a noise burst in an averaging delay line.

    It is computed period by period. K. Karplus and A. Strong, Digital Synthesis of Plucked-String
    and Drum Timbres, 1983.

    Args:
        rng: Source of the burst.
        pitch_hz: Pitch, rounded to a whole number of samples per period.
        duration_s: Length.
        loss: Factor per round trip, just below 1.
        softness: Weight of the smoothed burst in [0, 1]; 1 is a soft pick.
    """
    period = max(4, round(SAMPLE_RATE_HZ / pitch_hz - 0.5))
    burst = rng.uniform(-1, 1, period)
    for _ in range(2):
        burst = (1 - softness / 2) * burst + softness / 2 * np.roll(burst, 1)
    samples = len(timeline(duration_s))
    line = np.zeros(1 + samples + period)
    line[1 : period + 1] = burst - burst.mean()
    for start in range(period + 1, samples + 1, period):
        line[start : start + period] = (
            0.5 * loss * (line[start - period : start] + line[start - period - 1 : start - 1])
        )
    return fade(line[1 : samples + 1], 0.002, 0.1 * duration_s)


def band_noise(
    rng: np.random.Generator, duration_s: float, low_hz: float, high_hz: float
) -> Samples:
    """Return Gaussian noise of unit deviation in a band whose skirts fall 70 dB in an octave."""
    samples = len(timeline(duration_s))
    fast = next_fast_len(samples, real=True)
    frequency = np.maximum(rfftfreq(fast, 1 / SAMPLE_RATE_HZ), 1.0)
    outside = np.maximum(np.log2(low_hz / frequency), np.log2(frequency / high_hz))
    mask = np.exp(-8 * np.maximum(outside, 0) ** 2)
    spectrum = mask * (rng.normal(size=len(mask)) + 1j * rng.normal(size=len(mask)))
    noise = irfft(spectrum, fast)[:samples]
    return np.asarray(noise / noise.std(), dtype=float)


def strikes(times_s: ArrayLike, levels: ArrayLike, shape: Samples, duration_s: float) -> Samples:
    """Return `shape` repeated at every time with its level, cut to the duration."""
    train = np.zeros(len(timeline(duration_s)))
    index, level = np.broadcast_arrays(
        np.round(np.asarray(times_s) * SAMPLE_RATE_HZ).astype(int), levels
    )
    inside = (index >= 0) & (index < len(train))
    np.add.at(train, index[inside], level[inside])
    return np.asarray(fftconvolve(train, shape)[: len(train)], dtype=float)


def stroke_times(rng: np.random.Generator, count: int, gap_s: float, jitter: float) -> list[float]:
    """Return `count` start times about `gap_s` apart, the first at 0.02 to 0.2 s."""
    gaps = gap_s * (1 + jitter * rng.uniform(-1, 1, count))
    return [float(start) for start in rng.uniform(0.02, 0.2) + np.cumsum(gaps) - gaps[0]]


def puff(attack_s: float, decay_s: float) -> Samples:
    """Return an envelope that rises in `attack_s` and decays with the time constant given."""
    time = timeline(attack_s + 7 * decay_s)
    return fade(np.exp(-np.maximum(time - attack_s, 0) / decay_s), attack_s, decay_s)


def note_hz(midi: float) -> float:
    """Return the frequency of a MIDI note number; 69 is 440 Hz."""
    return float(440.0 * 2 ** ((midi - 69) / 12))


def melody(
    rng: np.random.Generator, lowest: int, highest: int, count: int, pentatonic: bool = False
) -> list[float]:
    """Return `count` pitches in hertz of a random walk on a scale between two MIDI notes."""
    scale = _PENTATONIC if pentatonic else _MAJOR
    root = rng.integers(12)
    notes = [note for note in range(lowest, highest + 1) if (note - root) % 12 in scale]
    place = int(rng.integers(len(notes)))
    pitches = []
    for _ in range(count):
        pitches.append(note_hz(notes[place]))
        place = int(np.clip(place + rng.choice([-3, -2, -1, 1, 2, 3]), 0, len(notes) - 1))
    return pitches


def chord(rng: np.random.Generator, lowest: int, highest: int) -> list[float]:
    """Return the pitches in hertz of a random major or minor chord between two MIDI notes."""
    root = rng.integers(12)
    third: Sequence[int] = (0, 4, 7) if rng.random() < 0.6 else (0, 3, 7)
    return [note_hz(note) for note in range(lowest, highest + 1) if (note - root) % 12 in third]


def vibrato(rng: np.random.Generator, duration_s: float, cents: float) -> Samples:
    """Return pitch factors `(samples,)` of a vibrato at 4.5 to 6.5 Hz that grows in 0.3 s."""
    time = timeline(duration_s)
    swing = np.minimum(time / 0.3, 1) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * time)
    return np.asarray(2 ** (cents / 1200 * swing), dtype=float)
