"""Synthesizers of vehicles: trains, ships, aircraft, engines and sirens.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent.
"""

import numpy as np

from sonocanvas.training.partials import (
    Clip,
    Event,
    Samples,
    band_noise,
    fade,
    finish,
    harmonic_tone,
    mix,
    puff,
    strikes,
    timeline,
)


def _whistle(rng: np.random.Generator, pitches: list[float], duration_s: float) -> Samples:
    """Return one blast of a chime whistle: its pitch rises with the steam and sags at the end."""
    time = timeline(duration_s)
    bend = 1 - 0.12 * np.exp(-time / 0.05) - 0.1 * np.exp((time - duration_s) / 0.07)
    tones = [harmonic_tone(pitch * bend, [1, 0.5, 0.2, 0.08]) for pitch in pitches]
    breath = 0.01 * band_noise(rng, duration_s, pitches[0], 3 * pitches[0])
    return fade(np.sum(tones, axis=0) / len(tones) + breath, 0.06, 0.12)


def train(rng: np.random.Generator) -> Clip:
    """Return a steam train: chime whistle chords over chuffs of four exhaust beats a turn.

    The whistle has several chambers tuned to a chord; the exhaust is puffs of noise.
    """
    duration = rng.uniform(4, 9)
    root = rng.uniform(300, 620)
    ratios = [(1, 1.2, 1.5), (1, 1.26, 1.5, 1.68), (1, 1.19, 1.41, 1.68)][rng.integers(3)]
    events: list[Event] = []
    start = rng.uniform(0.1, 2.0)
    while start < duration - 0.5:
        length = min(rng.choice([rng.uniform(0.25, 0.5), rng.uniform(0.8, 2.2)]), duration - start)
        events.append((start, _whistle(rng, [root * r for r in ratios], length)))
        start += length + rng.choice([0.2, 0.5, 1.5]) * rng.uniform(0.8, 1.2)
    gaps = np.geomspace(rng.uniform(0.2, 0.5), rng.uniform(0.16, 0.3), 60)
    beats = np.cumsum(gaps)
    levels = np.where(np.arange(60) % 4 == 0, 1.0, rng.uniform(0.5, 0.8))
    envelope = strikes(beats, levels, puff(0.02, rng.uniform(0.03, 0.05)), duration)
    steam = band_noise(rng, duration, rng.uniform(120, 250), rng.uniform(900, 2000))
    return finish(mix([*events, (0, rng.uniform(0.05, 0.25) * steam * envelope)]))


def ship(rng: np.random.Generator) -> Clip:
    """Return a ship's horn: long low blasts rich in harmonics.

    It is the diaphragm horn of a large ship: a band-limited pulse with a rolloff, at 70 to 190 Hz.
    """
    root = rng.uniform(70, 190)
    slope = rng.uniform(0.75, 0.9)
    events: list[Event] = []
    start = rng.uniform(0.02, 0.3)
    blasts = rng.integers(1, 4)
    for _ in range(blasts):
        length = rng.uniform(1.2, 6.0 / blasts + 1)
        time = timeline(length)
        rise = 1 - np.exp(-time / rng.uniform(0.05, 0.2))
        tone = harmonic_tone(root * (0.96 + 0.04 * rise), np.ones(40), slope * (0.5 + 0.5 * rise))
        events.append((start, fade(tone, 0.1, 0.35)))
        start += length + rng.uniform(0.3, 1.0)
    return finish(mix(events))


def airplane(rng: np.random.Generator) -> Clip:
    """Return a jet passing over: noise that opens upwards as it comes, and a falling fan whine.

    It has broadband exhaust and turbine tones, with the Doppler shift of a pass.
    """
    duration = rng.uniform(5, 10)
    time = timeline(duration)
    offset = (time - duration * rng.uniform(0.35, 0.65)) / (duration * rng.uniform(0.1, 0.2))
    events: list[Event] = []
    low = rng.uniform(50, 90)
    for octave in range(6):
        envelope = 1 / (1 + offset**2) ** (0.5 + 0.6 * octave)
        noise = band_noise(rng, duration, low * 2**octave, low * 2 ** (octave + 0.8))
        events.append((0, noise * envelope * 0.6**octave))
    whine = rng.uniform(1200, 3000) * (1 - 0.3 * offset / np.sqrt(1 + offset**2))
    tone = sum(harmonic_tone(whine * r, [1, 0.4]) for r in (1, rng.uniform(1.2, 1.6)))
    events.append((0, rng.uniform(0.2, 0.6) * tone / (1 + offset**2)))
    return finish(fade(mix(events), 0.3, 0.3))


def helicopter(rng: np.random.Generator) -> Clip:
    """Return a helicopter: blade slaps at 7 to 12 Hz and the tail rotor's faint tones.

    The rotor is pulses of low noise; the tail rotor is five to six times as fast.
    """
    duration = rng.uniform(4, 10)
    rate = rng.uniform(7, 12)
    time = timeline(duration)
    beats = np.arange(0, duration, 1 / rate)
    levels = np.where(np.arange(len(beats)) % 2 == 0, 1.0, rng.uniform(0.6, 1.0))
    envelope = strikes(beats, levels, puff(0.008, rng.uniform(0.01, 0.016)), duration)
    slap = band_noise(rng, duration, 50, rng.uniform(500, 1600)) * envelope
    tail = harmonic_tone(np.full(len(time), rate * rng.uniform(5, 6.5) * 2), np.ones(8), 0.6)
    swell = 1 - rng.uniform(0, 0.8) * (time / duration - rng.uniform(0, 1)) ** 2
    whole = (slap + 0.05 * tail) * swell
    return finish(fade(whole, 0.2, 0.3))


def car(rng: np.random.Generator) -> Clip:
    """Return one or two racing cars passing: engine harmonics that drop by the Doppler effect.

    A source at speed v passes at distance d; its pitch is shifted by `c / (c + dr/dt)`.
    """
    events: list[Event] = []
    start = 0.0
    for _ in range(rng.integers(1, 4)):
        duration = rng.uniform(2.5, 4.0)
        time = timeline(duration) - duration * rng.uniform(0.4, 0.6)
        speed, distance = rng.uniform(45, 95), rng.uniform(8, 25)
        radius = np.sqrt(distance**2 + (speed * time) ** 2)
        pitch = rng.uniform(180, 420) * 340 / (340 + speed**2 * time / radius)
        amplitudes = rng.uniform(0.3, 1, 24) * rng.uniform(0.78, 0.9) ** np.arange(24)
        nearness = distance / radius
        tone = harmonic_tone(pitch, amplitudes, 0.6 + 0.4 * nearness)
        events.append((start, fade(tone * nearness, 0.3, 0.3)))
        start += duration * rng.uniform(0.6, 1.0)
    return finish(mix(events))


def truck(rng: np.random.Generator) -> Clip:
    """Return a diesel engine: idling, with a rev or two.

    It is a four-stroke engine: half-order harmonics of the firing rate, and knock that excites the
    engine block at each combustion.
    """
    duration = rng.uniform(4, 9)
    time = timeline(duration)
    revs = np.zeros_like(time)
    for _ in range(rng.integers(1, 4)):
        revs += np.exp(-(((time - rng.uniform(1, duration)) / rng.uniform(0.4, 0.9)) ** 2))
    wobble = 1 + 0.01 * np.sin(2 * np.pi * rng.uniform(1, 3) * time)
    half_order = rng.uniform(11, 18) * wobble * (1 + rng.uniform(0.6, 1.6) * np.minimum(revs, 1))
    amplitudes = rng.uniform(0.1, 0.5, 70) / np.arange(1, 71) ** rng.uniform(0.6, 0.9)
    amplitudes[1::2] *= 2.5
    engine = harmonic_tone(half_order, amplitudes)
    pulse = (0.5 + 0.5 * np.cos(4 * np.pi * np.cumsum(half_order) / 16000)) ** 8
    knock = band_noise(rng, duration, rng.uniform(800, 1200), rng.uniform(1500, 2400)) * pulse
    loud = 0.5 + 0.5 * np.minimum(revs, 1)
    return finish(fade((engine + rng.uniform(0.003, 0.015) * knock) * loud, 0.15, 0.2))


def fire_truck(rng: np.random.Generator) -> Clip:
    """Return a siren: wailing, yelping or in two tones, its horn rich in odd harmonics."""
    duration = rng.uniform(4, 10)
    time = timeline(duration)
    style = rng.choice(["wail", "wail", "yelp", "two tones"])
    rate = {"wail": (0.17, 0.5), "yelp": (1.5, 3.5), "two tones": (0.5, 1.0)}[style]
    cycle = (time * rng.uniform(*rate) + rng.random()) % 1
    rise = rng.uniform(0.35, 0.65)
    ramp = np.where(cycle < rise, cycle / rise, (1 - cycle) / (1 - rise))
    if style == "two tones":
        ramp = 1 / (1 + np.exp(-80 * (ramp - 0.5)))
    low = rng.uniform(420, 700)
    span = rng.uniform(1.25, 1.5) if style == "two tones" else rng.uniform(1.8, 2.6)
    even = rng.uniform(0.05, 0.5)
    amplitudes = np.where(np.arange(1, 11) % 2 == 0, even, 1.0) * rng.uniform(
        0.5, 0.7
    ) ** np.arange(10)
    return finish(fade(harmonic_tone(low * span**ramp, amplitudes), 0.05, 0.1))
