"""Synthesizers of strings, pipes, reeds and brass, each of which plays a phrase.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent.
"""

import numpy as np

from sonocanvas.training.partials import (
    Clip,
    Event,
    band_noise,
    chord,
    damped_modes,
    fade,
    finish,
    harmonic_tone,
    melody,
    mix,
    note_hz,
    plucked_string,
    stroke_times,
    timeline,
    vibrato,
)


def church(rng: np.random.Generator) -> Clip:
    """Return organ chords: ranks of pipes at 16, 8, 4, 2 2/3 and 2 feet, drawn at random.

    Partials are steady and nearly harmonic; the ranks are summed.
    """
    ranks = np.array([0.5, 1, 2, 3, 4])
    stops = np.array([0.6, 1, 0.7, 0.35, 0.4]) * (rng.random(5) < [0.6, 1, 0.8, 0.5, 0.6])
    pipe = rng.uniform(0.3, 0.55) ** np.arange(6)
    frequencies, levels = np.outer(ranks, np.arange(1, 7)).ravel(), np.outer(stops, pipe).ravel()
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(2, 6)):
        length = rng.uniform(0.8, 2.2)
        notes = np.array(chord(rng, int(rng.integers(43, 50)), int(rng.integers(66, 80))))
        pipes = (notes[:, None] * frequencies * (1 + rng.normal(0, 0.0006, 30))).ravel()
        tone = damped_modes(pipes, np.tile(levels, len(notes)), 1e3, length + 0.5)
        events.append((start, fade(tone, 0.05, 0.55)))
        start += length
    return finish(mix(events))


def guitar(rng: np.random.Generator) -> Clip:
    """Return strummed guitar chords on six Karplus-Strong strings.

    K. Karplus and A. Strong, Digital Synthesis of Plucked-String and Drum Timbres, 1983.
    """
    gap, count = rng.uniform(0.3, 0.9), int(rng.integers(3, 9))
    softness, loss = rng.uniform(0.3, 1), rng.uniform(0.990, 0.998)
    events: list[Event] = []
    notes = chord(rng, 40, 66)[:6]
    for index, start in enumerate(stroke_times(rng, count, gap, 0.05)):
        if rng.random() < 0.5:
            notes = chord(rng, 40, 66)[:6]
        spread = rng.uniform(0.008, 0.03)
        order = notes if index % 2 == 0 else notes[::-1]
        ring = gap + (1.6 if index == count - 1 else 0.1)
        for place, pitch in enumerate(order):
            string = plucked_string(rng, pitch, ring, loss, softness)
            events.append((start + place * spread, rng.uniform(0.7, 1) * string))
    return finish(mix(events))


def piano(rng: np.random.Generator) -> Clip:
    """Return a piano phrase: stiff strings at `n f sqrt(1 + B n^2)`, struck at an eighth.

    H. Fletcher, Normal Vibration Frequencies of a Stiff Piano String, 1964.
    """
    number = np.arange(1, 17)
    hammer = rng.uniform(0.62, 0.8)
    gap, count = rng.uniform(0.22, 0.6), int(rng.integers(5, 13))
    notes = melody(rng, 55, 88, count)
    bass = melody(rng, 36, 52, count)
    events: list[Event] = []
    for index, start in enumerate(stroke_times(rng, count, gap, 0.03)):
        for pitch in (notes[index], bass[index])[: 1 + (index % 2 == 0)]:
            stiff = pitch * number * np.sqrt(1 + rng.uniform(2e-4, 6e-4) * number**2)
            level = np.abs(np.sin(np.pi * number / 8.2)) * hammer**number * 260 / (200 + pitch)
            decay = (260 / pitch) ** 0.5 / (0.9 + 0.25 * number)
            ring = min(3 * gap, 2.0) if index < count - 1 else 2.5
            events.append((start, rng.uniform(0.6, 1) * damped_modes(stiff, level, decay, ring)))
    return finish(mix(events))


def violin(rng: np.random.Generator) -> Clip:
    """Return a bowed melody: a sawtooth (Helmholtz motion) through the body's resonances.

    Resonances: air about 280 Hz, wood about 460 Hz, bridge hill about 2.5 kHz.
    """
    centres = np.array([280, 460, 700, 1100, 2500, 3300]) * rng.uniform(0.92, 1.08, 6)
    heights = np.array([1.5, 2, 1, 0.8, 2.2, 1]) * rng.uniform(0.6, 1.3, 6)
    number, cents = np.arange(1, 26), rng.uniform(18, 45)
    events: list[Event] = []
    start = 0.05
    for pitch in melody(rng, 58, 84, int(rng.integers(3, 8))):
        length = rng.uniform(0.4, 1.6)
        offset = np.log2(number[:, None] * pitch / centres)
        body = 0.25 + (heights * np.exp(-((offset / 0.25) ** 2))).sum(axis=1)
        tone = harmonic_tone(pitch * vibrato(rng, length, cents), body / number)
        events.append((start, rng.uniform(0.7, 1) * fade(tone, rng.uniform(0.05, 0.15), 0.12)))
        start += length - 0.06
    return finish(mix(events))


def trumpet(rng: np.random.Generator) -> Clip:
    """Return a fanfare: harmonics that spread upwards as the level grows.

    Brightness follows level (J.-C. Risset and M. Mathews, Analysis of Musical-Instrument Tones,
    1969).
    """
    root = note_hz(int(rng.integers(53, 60)))
    bright = rng.uniform(0.72, 0.88)
    events: list[Event] = []
    start, duration = 0.05, rng.uniform(2.5, 7)
    while start < duration:
        length = float(rng.choice([0.14, 0.14, 0.3, 0.9])) * rng.uniform(0.9, 1.2)
        pitch = root * rng.choice([1, 1.25, 1.5, 2, 2, 2.5])
        time = timeline(length)
        level = (1 - np.exp(-time / 0.03)) * np.minimum((length - time) / 0.08, 1)
        steady = pitch * vibrato(rng, length, 12)
        tone = harmonic_tone(steady, np.ones(18), 0.25 + (bright - 0.25) * level)
        events.append((start, fade(tone * level, 0.01, 0.04)))
        start += length + rng.uniform(0.02, 0.12)
    return finish(mix(events))


def flute(rng: np.random.Generator) -> Clip:
    """Return a flute melody: almost a sine, with vibrato in pitch and level, and breath.

    It has few harmonics, and noise around the note.
    """
    breath, cents = rng.uniform(0.001, 0.008), rng.uniform(10, 30)
    overtones = np.array([1, rng.uniform(0.1, 0.4), rng.uniform(0.03, 0.15), 0.02])
    pace = rng.uniform(0.2, 0.8)
    events: list[Event] = []
    start = 0.05
    for pitch in melody(rng, 72, 93, int(rng.integers(4, 11))):
        length = pace * rng.uniform(0.7, 1.6)
        swing = vibrato(rng, length, cents)
        tone = harmonic_tone(pitch * swing, overtones) * swing**8
        noise = breath * band_noise(rng, length, 0.9 * pitch, 1.2 * pitch)
        events.append((start, fade(tone + noise, 0.05, 0.08)))
        start += length
    return finish(mix(events))


def harp(rng: np.random.Generator) -> Clip:
    """Return harp arpeggios running up and down over three octaves or more.

    A string plucked at point p has harmonic amplitudes `sin(pi n p) / n^2`.
    """
    number = np.arange(1, 9)
    shape = np.abs(np.sin(np.pi * number * rng.uniform(0.25, 0.45))) / number ** rng.uniform(1.3, 2)
    gap, ring = rng.uniform(0.06, 0.14), rng.uniform(0.7, 1.6)
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(1, 4)):
        notes = chord(rng, int(rng.integers(45, 55)), int(rng.integers(84, 99)))
        run = [notes, notes + notes[-2::-1], notes[::-1]][rng.integers(3)]
        for pitch in run:
            decay = ring * (300 / pitch) ** 0.4 / number**0.6
            events.append((start, damped_modes(pitch * number, shape, decay, 1.4 * ring)))
            start += gap
        start += rng.uniform(0.2, 0.6)
    return finish(mix(events))


def accordion(rng: np.random.Generator) -> Clip:
    """Return an accordion waltz: pairs of detuned reeds, bass and chords on the beat.

    Two free reeds a few hertz apart make the tremolo.
    """
    beat, detune = rng.uniform(0.22, 0.42), rng.uniform(1.004, 1.012)
    number = np.arange(1, 17)
    reed = np.where(number % 2 == 1, 1, rng.uniform(0.3, 0.6)) * rng.uniform(0.78, 0.88) ** number
    events: list[Event] = []
    for bar in range(rng.integers(2, 5)):
        notes = chord(rng, 41, 65)
        for place in range(3):
            low = notes[:1] if place == 0 else notes[2:5]
            modes = np.outer(low, number[:10]).ravel()
            tone = damped_modes(modes, np.tile(reed[:10], len(low)), 1e3, 0.8 * beat)
            events.append((0.05 + (3 * bar + place) * beat, 0.4 * fade(tone, 0.02, 0.05)))
    total, start = 3 * beat * (bar + 1), 0.05
    while start < total:
        length = beat * float(rng.choice([0.5, 1, 1, 2, 3]))
        pitch = melody(rng, 69, 86, 1)[0]
        modes = np.concatenate([pitch * number, pitch * detune * number])
        tone = damped_modes(modes, np.tile(reed, 2), 1e3, length)
        events.append((start, fade(tone, 0.03, 0.06)))
        start += length
    return finish(mix(events))
