"""Synthesizers of struck instruments: bells, bars, drums and a gong.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent.
"""

import numpy as np

from sonocanvas.training.partials import (
    Clip,
    Event,
    band_noise,
    damped_modes,
    fade,
    finish,
    harmonic_tone,
    melody,
    mix,
    stroke_times,
    timeline,
)

BELL_RATIOS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33])
"""Ratios of bell partials to the prime: hum, prime, tierce, quint, nominal and higher."""
TUBE_RATIOS = np.array([3.0112, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0]) ** 2 / 40.5
"""Ratios of free bar modes to the strike note, an octave below the fourth mode."""
MEMBRANE_RATIOS = np.array([1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06])
"""Ratios of the modes of an ideal circular membrane, from the zeros of Bessel functions."""


def bell(rng: np.random.Generator) -> Clip:
    """Return a church bell struck one to six times; `BELL_RATIOS` over a prime of 180 to 700 Hz.

    Each mode is a beating doublet.
    """
    prime = np.exp(rng.uniform(np.log(180), np.log(700)))
    modes = prime * BELL_RATIOS * (1 + rng.uniform(-0.006, 0.006, 10))
    level = np.array([0.5, 0.7, 0.8, 0.35, 1, 0.4, 0.4, 0.6, 0.4, 0.25]) * rng.uniform(0.6, 1.2, 10)
    decay = rng.uniform(0.9, 2.2) * BELL_RATIOS**-0.7
    gap = rng.uniform(0.7, 2.2)
    strokes = int(rng.integers(1, min(7, 2 + int(7 / gap))))
    twins = np.concatenate([modes, modes * (1 + rng.uniform(0.0005, 0.003, 10))])
    levels, decays = np.tile(level, 2), np.tile(decay, 2)
    return finish(
        mix(
            (start, rng.uniform(0.7, 1) * damped_modes(twins, levels, decays, rng.uniform(3, 4.5)))
            for start in stroke_times(rng, strokes, gap, 0.05)
        )
    )


def castle(rng: np.random.Generator) -> Clip:
    """Return tubular bells tolling a slow melody; `TUBE_RATIOS` over notes of C4 to F5.

    Modes 4, 5 and 6, at about 2 : 3 : 4, produce the strike note.
    """
    levels = np.array([0.4, 0.5, 0.6, 1, 0.8, 0.5, 0.25]) * rng.uniform(0.5, 1.2, 7)
    decay = rng.uniform(0.8, 1.8)
    count = int(rng.integers(3, 9))
    starts = stroke_times(rng, count, rng.uniform(0.6, 1.3), 0.03)
    return finish(
        mix(
            (start, damped_modes(pitch * TUBE_RATIOS, levels, decay * TUBE_RATIOS**-0.4, 3.5))
            for start, pitch in zip(starts, melody(rng, 60, 77, count), strict=True)
        )
    )


def wind_chime(rng: np.random.Generator) -> Clip:
    """Return wind chimes: five to eight rods struck at random, in gusts.

    The rods are free bars with modes at 1 : 2.756 : 5.404.
    """
    rods = melody(rng, 81, 101, int(rng.integers(5, 9)), pentatonic=True)
    duration, decay = rng.uniform(3, 7.5), rng.uniform(0.25, 0.9)
    gust = rng.uniform(0, duration, 3)
    events: list[Event] = []
    for _ in range(int(duration * rng.uniform(2, 5))):
        start = float(np.clip(rng.choice(gust) + rng.normal(0, 0.8), 0, duration))
        modes = rng.choice(rods) * np.array([1, 2.756, 5.404])
        tone = damped_modes(modes, [1, 0.5, 0.2], decay * np.array([1, 0.5, 0.25]), 4 * decay + 0.2)
        events.append((start, rng.uniform(0.15, 1) * tone))
    return finish(mix(events))


def drum(rng: np.random.Generator) -> Clip:
    """Return drums beating a pattern: `MEMBRANE_RATIOS`, a tension glide and the stick.

    The pitch falls as the large amplitude decays.
    """
    step, loops = rng.uniform(0.11, 0.22), int(rng.integers(2, 5))
    root, decay = np.exp(rng.uniform(np.log(60), np.log(130))), rng.uniform(0.08, 0.22)
    sounds = []
    for scale in (1, rng.uniform(1.4, 1.9), rng.uniform(2, 2.8)):
        time = timeline(7 * decay)
        glide = root * scale * (1 + rng.uniform(0.1, 0.5) * np.exp(-time / 0.03))
        head = fade(harmonic_tone(glide, [1]) * np.exp(-time / decay), 0.004, 0.02)
        skin = damped_modes(root * scale * MEMBRANE_RATIOS[1:], 0.3, decay / 3, 2 * decay)
        envelope = fade(np.exp(-timeline(0.1) / 0.01), 0.003, 0.03)
        stick = 0.4 * band_noise(rng, 0.1, 200, rng.uniform(900, 2500)) * envelope
        sounds.append(mix([(0, head), (0, skin), (0, stick)]))
    pattern = [(place, int(rng.integers(3))) for place in range(8) if rng.random() < 0.55]
    pattern = [(0, 0), (4, 1), *pattern]
    return finish(
        mix(
            (0.05 + (8 * loop + place) * step, rng.uniform(0.6, 1) * sounds[which])
            for loop in range(loops)
            for place, which in pattern
        )
    )


def gong(rng: np.random.Generator) -> Clip:
    """Return a gong: dense inharmonic modes, the high ones blooming after the stroke.

    Energy moves from low to high modes over about a second.
    """
    root, count = rng.uniform(65, 180), 24
    modes = root * np.concatenate(
        [[1, 1.5, 2.03], rng.uniform(2.2, rng.uniform(16, 28), count - 3)]
    )
    level = np.concatenate([[1.2, 0.8, 1], rng.uniform(0.1, 0.6, count - 3)])
    level *= np.exp(-modes / rng.uniform(1200, 2600))
    decay = rng.uniform(1.2, 2.2) * (root / modes) ** 0.35
    bloom = 1 / (1 / decay + 1 / (0.02 + 0.8 * np.minimum(modes / 2500, 1)))
    events: list[Event] = []
    for start in stroke_times(rng, int(rng.integers(1, 4)), rng.uniform(1.8, 3.2), 0.1):
        ring = damped_modes(
            np.tile(modes, 2), np.concatenate([level, -level]), np.concatenate([decay, bloom]), 6
        )
        events.append((start, rng.uniform(0.6, 1) * ring))
    return finish(mix(events))


def xylophone(rng: np.random.Generator) -> Clip:
    """Return a quick xylophone melody of short notes.

    The bars are undercut so that their modes are at 1 : 3 : 6.1.
    """
    decay, gap = rng.uniform(0.04, 0.12), rng.uniform(0.11, 0.28)
    count = int(rng.integers(6, 22))
    starts = stroke_times(rng, count, gap, 0.04)
    ratios, levels = np.array([1, 3, 6.1]), [1, rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.25)]
    return finish(
        mix(
            (start, rng.uniform(0.6, 1) * damped_modes(pitch * ratios, levels, decay / ratios, 0.6))
            for start, pitch in zip(starts, melody(rng, 69, 100, count), strict=True)
        )
    )
