"""Synthesizers of signals and electronics: bells at doors, horns, telephone lines, games.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent.
"""

from collections.abc import Callable

import numpy as np

from sonocanvas.training.partials import (
    Clip,
    Event,
    Samples,
    band_noise,
    damped_modes,
    fade,
    finish,
    harmonic_tone,
    melody,
    mix,
    strikes,
    stroke_times,
    timeline,
)

Rng = np.random.Generator


def _beep(pitch_hz: float, duration_s: float, *others_hz: float) -> Samples:
    """Return sine tones of equal level that start and stop at once."""
    time = timeline(duration_s)
    tones = [np.sin(2 * np.pi * f * time) for f in (pitch_hz, *others_hz)]
    return fade(np.sum(tones, axis=0), 0.006, 0.006)


def bicycle_bell(rng: Rng) -> Clip:
    """Return a bicycle bell: two turns of the gear, each a dozen quick blows on a small dome."""
    modes = rng.uniform(1900, 2900) * np.array([1, 1.004, 2.1, 2.11])
    ring = damped_modes(modes, [1, 0.8, 0.5, 0.4], rng.uniform(0.2, 0.5), 1.5, 0.002)
    events: list[Event] = []
    for start in stroke_times(rng, int(rng.integers(2, 6)), rng.uniform(0.45, 1.0), 0.15):
        blows = np.arange(0, rng.uniform(0.15, 0.3), 1 / rng.uniform(24, 36))
        events.append((start, strikes(blows, rng.uniform(0.6, 1, len(blows)), ring, 2.0)))
    return finish(mix(events))


def car_horn(rng: Rng) -> Clip:
    """Return a car horn: two bright reeds of 340 to 520 Hz a third apart, short and long honks."""
    low = rng.uniform(340, 430)
    slopes = np.ones(18) / np.arange(1, 19) ** 0.3
    events: list[Event] = []
    start = rng.uniform(0.02, 0.3)
    for _ in range(rng.integers(1, 6)):
        length = rng.choice([rng.uniform(0.12, 0.3), rng.uniform(0.5, 1.6)])
        flat = np.ones(len(timeline(length)))
        for pitch in (low, low * rng.uniform(1.23, 1.28)):
            events.append((start, fade(harmonic_tone(pitch * flat, slopes), 0.015, 0.04)))
        start += length + rng.uniform(0.08, 0.5)
    return finish(mix(events))


def air_raid_siren(rng: Rng) -> Clip:
    """Return an air-raid siren: a rotor that speeds up and runs down, two tones at 5 : 6."""
    duration = rng.uniform(7, 10)
    time = timeline(duration)
    period = rng.uniform(3.5, 6)
    phase = (time / period + rng.uniform(0, 0.3)) % 1
    up, down = 1 - 0.75 * np.exp(-4 * phase), 0.932 * np.exp(-3.29 * (phase - 0.6))
    speed = np.where(phase < 0.6, up, down)
    pitch = rng.uniform(380, 520) * (0.1 + 0.9 * speed)
    harmonics = 1 / np.arange(1, 13) ** 1.1
    tones = harmonic_tone(pitch, harmonics) + 0.7 * harmonic_tone(pitch * 1.2, harmonics)
    return finish(fade(tones * (0.2 + 0.8 * speed), 0.3, 0.6))


def sonar(rng: Rng) -> Clip:
    """Return sonar: a ping of 700 to 1600 Hz every two or three seconds, each with its echo."""
    pitch, decay, lag = rng.uniform(700, 1600), rng.uniform(0.25, 0.5), rng.uniform(0.5, 1.2)
    ping = damped_modes(pitch * np.array([1, 1.003, 2.0]), [1, 0.6, 0.06], decay, 6 * decay, 0.02)
    events: list[Event] = []
    for start in stroke_times(rng, int(rng.integers(2, 5)), rng.uniform(1.8, 3.0), 0.02):
        events += [(start, ping), (start + lag, 0.18 * ping), (start + 2 * lag, 0.05 * ping)]
    return finish(mix(events))


def geiger(rng: Rng) -> Clip:
    """Return a Geiger counter: clicks of a few milliseconds, Poisson, now rare and now dense."""
    duration = rng.uniform(5, 10)
    click = damped_modes(rng.uniform(1500, 5500, 4), 1, 0.0015, 0.02, 0.0005)
    knots = np.exp(rng.uniform(np.log(3), np.log(70), 4))
    time = timeline(duration)
    rate = np.interp(time, np.linspace(0, duration, 4), knots)
    times = time[rng.random(len(time)) < rate / 16_000]
    return finish(strikes([0.05, *times], 1.0, click, duration))


def dial_tone(rng: Rng) -> Clip:
    """Return a telephone's dial tone: 350 and 440 Hz (ITU-T E.180, North America), or 425 Hz."""
    tones = [(350.0, 440.0), (425.0,)][rng.integers(2)]
    return finish(_beep(tones[0], rng.uniform(4, 10), *tones[1:]))


def modem(rng: Rng) -> Clip:
    """Return a modem connecting: dialled digits, an answering tone, chirps, scrambled noise.

    Digits are the row and column tones of ITU-T Q.23; the answering tone is 2100 Hz (ITU-T V.25).
    """
    rows, columns = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(5, 9)):
        events.append((start, _beep(rng.choice(rows), 0.09, rng.choice(columns))))
        start += rng.uniform(0.13, 0.18)
    start += rng.uniform(0.2, 0.5)
    for pitch in (2100.0, 1200.0, 2225.0, 980.0)[: rng.integers(2, 5)]:
        length = rng.uniform(0.3, 1.0)
        events.append((start, _beep(pitch, length, *([1800.0] if rng.random() < 0.3 else []))))
        start += length + rng.choice([0.0, 0.08])
    for _ in range(rng.integers(2, 5)):
        length, low = rng.uniform(0.3, 1.2), rng.choice([600.0, 900.0, 1600.0])
        events.append((start, fade(0.7 * band_noise(rng, length, low, 3000), 0.01, 0.01)))
        start += length
    return finish(mix(events))


def morse(rng: Rng) -> Clip:
    """Return Morse code: random letters in one tone of 450 to 1000 Hz, a dash three dots long."""
    pitch, dot = rng.uniform(450, 1000), rng.uniform(0.05, 0.1)
    events: list[Event] = []
    start = 0.05
    while start < rng.uniform(5, 9):
        for _ in range(rng.integers(1, 5)):
            length = dot * rng.choice([1, 3])
            events.append((start, _beep(pitch, length)))
            start += length + dot
        start += dot * rng.choice([2, 2, 6])
    return finish(mix(events))


def video_game(rng: Rng) -> Clip:
    """Return video game effects: square waves that jump up, ring a coin or fall in a zap."""
    odd = np.where(np.arange(1, 12) % 2 == 1, 1 / np.arange(1, 12), 0)
    events: list[Event] = []
    start, kind = 0.05, int(rng.integers(3))
    for _ in range(rng.integers(4, 10)):
        low = rng.uniform(250, 500)
        if kind == 0:  # a jump
            length = rng.uniform(0.15, 0.3)
            pitch = low * rng.uniform(2, 3.5) ** (timeline(length) / length)
        elif kind == 1:  # a coin: a fourth up, the second note long
            length = rng.uniform(0.4, 0.6)
            pitch = np.where(timeline(length) < 0.08, 3.0, 4.0) * low
        else:  # a zap
            length = rng.uniform(0.2, 0.4)
            pitch = low * 6 * 0.1 ** (timeline(length) / length)
        sound = harmonic_tone(pitch, odd) * np.linspace(1, 0.2, len(pitch))
        events.append((start, fade(sound, 0.004, 0.02)))
        start += length + rng.uniform(0.08, 0.5)
        kind = int(rng.integers(3)) if rng.random() < 0.5 else kind
    return finish(mix(events))


def radio(rng: Rng) -> Clip:
    """Return a radio being tuned: static, and whistles that fall to zero beat and rise again."""
    duration = rng.uniform(6, 10)
    time = timeline(duration)
    total = 0.25 * band_noise(rng, duration, 300, 3800)
    for _ in range(rng.integers(3, 7)):
        beat = rng.uniform(1500, 6000) * np.abs(time - rng.uniform(0, duration)) + 40
        near = np.exp(-((beat / rng.uniform(1200, 2600)) ** 2))
        tone = np.sin(2 * np.pi * np.cumsum(np.minimum(beat, 7000)) / 16_000)
        total *= 1 - 0.75 * near
        total += near * tone
    return finish(fade(total, 0.05, 0.1))


def doorbell(rng: Rng) -> Clip:
    """Return a doorbell: ding-dong on two bars of 500 to 800 Hz a third apart."""
    high, drop = rng.uniform(580, 800), rng.choice([1.26, 1.26, 1.2, 1.335])
    decay = rng.uniform(0.35, 0.8)
    events: list[Event] = []
    gap = rng.uniform(0.4, 0.7)
    for start in stroke_times(rng, int(rng.integers(1, 4)), 2 * gap + rng.uniform(0.8, 1.8), 0.1):
        for lag, pitch in ((0.0, high), (gap, high / drop)):
            modes = pitch * np.array([1, 2.756, 5.404])
            bar = damped_modes(modes, [1, 0.25, 0.1], [decay, decay / 4, decay / 8], 5 * decay)
            events.append((start + lag, bar))
    return finish(mix(events))


def theremin(rng: Rng) -> Clip:
    """Return a theremin: one nearly pure tone that slides from note to note with wide vibrato."""
    duration = rng.uniform(5, 9)
    time = timeline(duration)
    notes = melody(rng, 60, 86, int(duration * rng.uniform(1.0, 1.8)))
    places = np.repeat(np.linspace(0, duration, len(notes) + 1), 2)[1:-1]
    places = places + np.tile([0.12, -0.12], len(notes))
    pitch = np.exp(np.interp(time, places, np.repeat(np.log(notes), 2)))
    pitch *= 2 ** (rng.uniform(30, 70) / 1200 * np.sin(2 * np.pi * rng.uniform(5, 6.5) * time))
    return finish(fade(harmonic_tone(pitch, [1, 0.35, 0.15, 0.05]), 0.2, 0.4))


SIGNALS: dict[str, Callable[[Rng], Clip]] = {
    "bicycle-bell": bicycle_bell,
    "car-horn": car_horn,
    "air-raid-siren": air_raid_siren,
    "sonar": sonar,
    "geiger-counter": geiger,
    "dial-tone": dial_tone,
    "modem": modem,
    "morse": morse,
    "video-game": video_game,
    "radio": radio,
    "doorbell": doorbell,
    "theremin": theremin,
}
"""The synthesizers in this file, by concept."""
