"""Building blocks of the sound synthesizers: contours, voices, noise, grains.

Each fades out at its end and stays inside its band, so a spectrogram is black where a sound is
silent: voices are sums of harmonics, which do not alias, and noise is shaped frame by frame.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.signal import istft, stft

Array = npt.NDArray[np.float64]
Waveform = npt.NDArray[np.float32]
Formants = Sequence[tuple[float | Array, float]]

SAMPLE_RATE_HZ = 16_000
MIN_DURATION_S = 0.3
MAX_DURATION_S = 10.24
TOP_HZ = 7_600.0
FRAME_SAMPLES = 64


def samples(duration_s: float) -> int:
    """Returns the number of samples in a duration, at least 16."""
    return max(16, round(duration_s * SAMPLE_RATE_HZ))


def clock(n_samples: int) -> Array:
    """Returns the time of every sample in seconds, `(n_samples,)`."""
    return np.arange(n_samples) / SAMPLE_RATE_HZ


def contour(n_samples: int, values: Sequence[float], at: Sequence[float] | None = None) -> Array:
    """Returns a smooth curve `(n_samples,)` through values, without overshoot (PCHIP).

    Args:
        n_samples: The length.
        values: Two or more values.
        at: Their positions, increasing from 0 to 1; evenly spaced by default.
    """
    places = np.linspace(0, 1, len(values)) if at is None else at
    curve: Array = PchipInterpolator(places, values)(np.linspace(0, 1, n_samples))
    return curve


def wander(rng: np.random.Generator, n_samples: int, rate_hz: float) -> Array:
    """Returns a slow random curve `(n_samples,)` in [-1, 1] with about `rate_hz` turns a second."""
    knots = 2 + round(n_samples / SAMPLE_RATE_HZ * rate_hz * 2)
    return contour(n_samples, list(rng.uniform(-1, 1, knots)))


def envelope(n_samples: int, attack_s: float, release_s: float) -> Array:
    """Returns a gain `(n_samples,)` that rises and falls as a raised cosine; longer ones meet."""
    seconds = clock(n_samples)
    rise = np.clip(seconds / attack_s, 0, 1)
    fall = np.clip((n_samples / SAMPLE_RATE_HZ - seconds) / release_s, 0, 1)
    gain: Array = (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall)) / 4
    return gain


def tone(frequency_hz: Array, phase: float = 0.0) -> Array:
    """Returns a sine `(n_samples,)` of unit level whose frequency follows a curve."""
    wave: Array = np.sin(phase + 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ)
    return wave


def formant_gain(frequency_hz: Array, formants: Formants) -> Array:
    """Returns the gain of resonators in cascade (Fant 1960; Klatt 1980), 1 at 0 Hz.

    Args:
        frequency_hz: Any shape.
        formants: Centre (a number, or an array of the same shape) and bandwidth of each, in Hz.
    """
    gain = np.ones_like(frequency_hz)
    for centre, width in formants:
        ratio = frequency_hz / centre
        gain /= np.sqrt((1 - ratio**2) ** 2 + (ratio * width / centre) ** 2)
    return gain


def voice(pitch_hz: Array, formants: Formants, tilt_db: float = -6.0) -> Array:
    """Returns a voice `(n_samples,)` after the source-filter theory (Fant 1960), peak 1.

    The source is a pulse train, summed from its harmonics below 7.6 kHz. At each moment a
    harmonic has the gain of the formants at its own frequency.

    Args:
        pitch_hz: `(n_samples,)`, the fundamental.
        formants: Centre (a number or a curve `(n_samples,)`) and bandwidth of each, in Hz.
        tilt_db: Spectral slope of the source per octave, including lip radiation.
    """
    turn = np.exp(2j * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ).astype(np.complex64)
    coarse = slice(None, None, FRAME_SAMPLES)
    frames = [(c[coarse] if isinstance(c, np.ndarray) else c, w) for c, w in formants]
    pitch = pitch_hz[coarse]
    order = np.arange(1, max(2, int(TOP_HZ / pitch.min()) + 1))[:, None]
    partial = order * pitch
    level = formant_gain(partial, frames) * (partial / 500.0) ** (tilt_db / 6.02)
    level *= np.clip((TOP_HZ - partial) / 300.0, 0, 1)
    level[level < 6e-4 * level.max()] = 0
    index = np.arange(len(pitch_hz))
    total, power = np.zeros(len(pitch_hz)), np.ones_like(turn)
    for row in level:
        power = power * turn
        if row.any():
            total += np.interp(index, index[coarse], row) * power.imag
    wave: Array = total / np.abs(total).max()
    return wave


def noise(
    rng: np.random.Generator, n_samples: int, centre_hz: float | Array, octaves: float
) -> Array:
    """Returns band noise `(n_samples,)` of unit standard deviation, Gaussian over log-frequency.

    Args:
        rng: Source of randomness.
        n_samples: The length.
        centre_hz: Centre of the band, a number or a curve `(n_samples,)`.
        octaves: Half width of the band: one standard deviation.
    """
    size = min(1024, n_samples)
    frequency, times, spectrum = stft(rng.standard_normal(n_samples), nperseg=size)
    place = np.minimum(times.astype(int), n_samples - 1)
    centre = np.broadcast_to(np.asarray(centre_hz, dtype=float), (n_samples,))[place]
    hertz = np.maximum(frequency * SAMPLE_RATE_HZ, 1.0)[:, None]
    spectrum *= np.exp(-0.5 * (np.log2(hertz / centre) / octaves) ** 2)
    _, wave = istft(spectrum, nperseg=size)
    usable = wave[:n_samples]
    band: Array = np.pad(usable, (0, n_samples - len(usable))) / (usable.std() + 1e-12)
    return band


def hoarse_voice(
    rng: np.random.Generator, pitch_hz: Array, formants: Formants, tilt_db: float, share: float
) -> Array:
    """Returns a voice `(n_samples,)` with a partly chaotic source, like that of hens and ducks.

    Its pitch jitters, and breath noise through the same formants is added (Fitch, Neubauer &
    Herzel 2002, "Calls out of chaos").

    Args:
        rng: Source of randomness.
        pitch_hz: `(n_samples,)`, the fundamental.
        formants: As for `voice`, in order of strength.
        tilt_db: Spectral slope of the source per octave.
        share: Hoarseness, 0 to 1.
    """
    n = len(pitch_hz)
    jittered = pitch_hz * (1 + 0.12 * share * wander(rng, n, 90))
    breath = sum(noise(rng, n, centre, 0.4) / (1 + k) for k, (centre, _) in enumerate(formants))
    return voice(jittered, formants, tilt_db) * (1 - 0.4 * share) + 0.12 * share**2 * breath


def bubble(frequency_hz: float, decay_s: float, rise: float) -> Array:
    """Returns one ringing bubble, whose pitch rises as it nears the surface.

    A bubble of radius r metres rings at about 3.26 / r Hz (Minnaert 1933). The damped rising sine
    is from van den Doel (2005, "Physically based models for liquid sounds").

    Args:
        frequency_hz: Initial pitch.
        decay_s: Time to fall to 1 / e.
        rise: Fraction by which the pitch rises in the time `decay_s`.
    """
    seconds = clock(samples(6 * decay_s))
    pitch = np.minimum(frequency_hz * (1 + rise * seconds / decay_s), TOP_HZ)
    attack = (1 - np.exp(-seconds / (0.3 * decay_s))) ** 2
    ring: Array = tone(pitch) * np.exp(-seconds / decay_s) * attack
    return ring


def scatter(
    rng: np.random.Generator, density: Array, count: float, grain: Callable[[], Array]
) -> Array:
    """Returns the sum `(n_samples,)` of a Poisson number of grains at random positions.

    Args:
        rng: Source of randomness.
        density: `(n_samples,)` probability density of a grain's start, on any scale.
        count: Expected number of grains.
        grain: Makes one grain.
    """
    total = np.zeros(len(density))
    level = np.cumsum(density)
    starts = np.searchsorted(level, rng.uniform(0, level[-1], rng.poisson(count)))
    for start in starts:
        one = grain()[: len(total) - start]
        total[start : start + len(one)] += one
    return total


def chain(parts: Sequence[Array], gaps_s: Sequence[float]) -> Array:
    """Returns parts in sequence, each but the last followed by its gap in seconds."""
    pieces: list[Array] = []
    for part, gap_s in zip(parts, gaps_s, strict=True):
        pieces += [part, np.zeros(samples(gap_s))]
    return np.concatenate(pieces[:-1])


def finish(wave: Array) -> Waveform:
    """Returns the sound as float32 with a peak of 0.9 and faded ends, cut or padded to length.

    A sound under 0.3 s is padded with silence, one over 10.24 s is cut.
    """
    kept = wave[: samples(MAX_DURATION_S)]
    faded = kept * envelope(len(kept), 0.005, 0.02)
    faded = np.pad(faded, (0, max(0, samples(MIN_DURATION_S) - len(faded))))
    sound: Waveform = (0.9 * faded / np.abs(faded).max()).astype(np.float32)
    return sound
