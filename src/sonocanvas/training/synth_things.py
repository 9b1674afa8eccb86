"""Synthesizers of things and people: clocks, doors, explosions, steps, beeps, applause.

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
    mix,
    strikes,
    stroke_times,
    timeline,
)


def clock(rng: np.random.Generator) -> Clip:
    """Return a clock ticking, tick and tock in turn, sometimes with a chime at the end.

    Each tick consists of two or three impacts of the escapement in a small case.
    """
    duration, rate = rng.uniform(4, 9), rng.choice([1.0, 2.0, 2.5, 4.0]) * rng.uniform(0.95, 1.05)
    sounds = []
    for _ in range(2):
        modes = rng.uniform(1200, 6500, 5)
        tick = damped_modes(modes, rng.uniform(0.3, 1, 5), rng.uniform(0.002, 0.008), 0.06, 0.001)
        sounds.append(mix([(0, tick), (rng.uniform(0.008, 0.03), rng.uniform(0.3, 0.8) * tick)]))
    lag = rng.uniform(0, 0.15) / rate
    events: list[Event] = [
        (0.05 + i / rate + lag * (i % 2), rng.uniform(0.85, 1) * sounds[i % 2])
        for i in range(int(duration * rate))
    ]
    if rng.random() < 0.25:
        rod = rng.uniform(350, 800) * np.array([1, 2.756, 5.404])
        for stroke in range(rng.integers(1, 4)):
            chime = damped_modes(rod, [1, 0.7, 0.3], [0.7, 0.4, 0.2], 2.5)
            events.append((duration - 2.5 + 1.1 * stroke, 0.5 * chime))
    return finish(mix(events))


def telephone(rng: np.random.Generator) -> Clip:
    """Return an electromechanical telephone: a clapper between two small gongs, in cadence.

    It has about 20 strokes per second, in rings of one or two bursts.
    """
    root, rate, detune = rng.uniform(900, 1700), rng.uniform(18, 26), rng.uniform(1.12, 1.3)
    ratios, decay = (
        np.array([1, 2.1, 3.3, 4.2]) * rng.uniform(0.95, 1.05, 4),
        rng.uniform(0.06, 0.2),
    )
    gongs = [
        damped_modes(
            root * scale * ratios, [1, 0.7, 0.4, 0.2], decay / ratios**0.5, 6 * decay, 0.005
        )
        for scale in (1, detune)
    ]
    bursts = [(rng.uniform(1.2, 2.2),), (0.4, 0.4)][rng.integers(2)]
    rest = rng.uniform(1.0, 2.5)
    events: list[Event] = []
    start = rng.uniform(0.02, 0.3)
    for _ in range(rng.integers(1, 4)):
        for burst in bursts:
            for gong, lag in zip(gongs, (0, 0.5 / rate), strict=True):
                times = lag + np.arange(0, burst, 1 / rate)
                levels = rng.uniform(0.8, 1, len(times))
                events.append((start, strikes(times, levels, gong, burst + 6 * decay)))
            start += burst + 0.2
        start += rest
    return finish(mix(events))


def glass(rng: np.random.Generator) -> Clip:
    """Return glasses clinking: two rims struck against each other, two to six times.

    The modes are those of wine glasses, at about 1 : 2.3 : 4.2 : 6.6.
    """
    ratios, decay = np.array([1, 2.32, 4.25, 6.63]), rng.uniform(0.08, 0.35)
    roots = rng.uniform(1000, 2300) * np.array([1, rng.uniform(1.05, 1.4)])
    modes = np.outer(roots, ratios * rng.uniform(0.96, 1.04, 4)).ravel()
    levels = rng.uniform(0.4, 1, 8) * np.tile([1, 0.9, 0.7, 0.4], 2)
    decays = decay * np.tile([1, 0.7, 0.45, 0.3], 2)
    events: list[Event] = []
    for start in stroke_times(rng, int(rng.integers(2, 7)), rng.uniform(0.4, 1.2), 0.3):
        ring = damped_modes(modes, levels, decays, 6 * decay + 0.2, 0.001)
        for bounce in range(rng.integers(1, 4)):
            lag = bounce * rng.uniform(0.03, 0.07)
            events.append((start + lag, rng.uniform(0.3, 1) * 0.5**bounce * ring))
    return finish(mix(events))


def door(rng: np.random.Generator) -> Clip:
    """Return a door that creaks, then knocks shut.

    The creak is stick-slip pulses, whose rate slides with force, through the modes of the panel;
    the slam is a low thump.
    """
    panel = rng.uniform(350, 2600, 7)
    slip = damped_modes(panel, rng.uniform(0.3, 1, 7), rng.uniform(0.006, 0.02), 0.1, 0.004)
    events: list[Event] = []
    start = rng.uniform(0.05, 0.3)
    for _ in range(rng.integers(1, 4)):
        length = rng.uniform(0.7, 2.0)
        time = timeline(length)
        knots = np.exp(rng.uniform(np.log(45), np.log(520), 4))
        rate = np.exp(np.interp(time, np.linspace(0, length, 4), np.log(knots)))
        turns = np.floor(np.cumsum(rate) / 16000)
        times = time[1:][np.diff(turns) > 0]
        levels = rng.uniform(0.6, 1, len(times)) * np.interp(times, [0, length], [1, 0.6])
        events.append((start, fade(strikes(times, levels, slip, length + 0.1), 0.1, 0.1)))
        start += length + rng.uniform(0.1, 0.5)
    loudest = max(float(np.abs(part).max()) for _, part in events)
    if rng.random() < 0.75:
        boards = np.concatenate([rng.uniform(70, 160, 3), rng.uniform(200, 700, 4)])
        slam = damped_modes(boards, [1, 1, 1, 0.5, 0.5, 0.5, 0.5], rng.uniform(0.04, 0.1), 0.5)
        events.append((start, 1.5 * loudest * slam / np.abs(slam).max()))
    return finish(mix(events))


def bomb(rng: np.random.Generator) -> Clip:
    """Return an explosion: a burst, noise that sinks and decays, and falling debris.

    Higher bands decay sooner.
    """
    duration, size = rng.uniform(2.5, 6), rng.uniform(0.5, 1.2)
    time = timeline(duration)
    events: list[Event] = []
    start = rng.uniform(0.05, 0.5)
    for octave in range(7):
        noise = band_noise(rng, duration, 35 * 2**octave, 35 * 2 ** (octave + 0.9))
        decay = size * 0.58**octave
        events.append((start, fade(noise * np.exp(-time / decay) * 0.8**octave, 0.004, 0.5)))
    for _ in range(rng.integers(0, 40)):
        rock = damped_modes(rng.uniform(200, 2500, 3), 1, rng.uniform(0.005, 0.03), 0.15)
        lag = 0.4 + rng.exponential(0.3 * duration)
        events.append((start + min(lag, duration), rng.uniform(0.005, 0.12) * rock))
    return finish(mix(events))


def footsteps(rng: np.random.Generator) -> Clip:
    """Return footsteps: heel, then toe, the two feet in turn.

    A step has two contacts: the heel is a thud with a click, the toe a scuff.
    """
    pace, count = rng.uniform(0.4, 0.75), int(rng.integers(5, 13))
    heel = damped_modes(rng.uniform(90, 260, 3), 1, rng.uniform(0.015, 0.03), 0.2)
    crisp, high = rng.uniform(0.2, 0.7), rng.uniform(1200, 3500)
    events: list[Event] = []
    for index, start in enumerate(stroke_times(rng, count, pace, 0.04)):
        click = band_noise(rng, 0.12, 400, high) * fade(
            np.exp(-timeline(0.12) / 0.008), 0.003, 0.03
        )
        scuff = band_noise(rng, 0.2, 500, 0.8 * high) * fade(np.ones(3200), 0.03, 0.15)
        level = rng.uniform(0.75, 1) * (1 if index % 2 else 0.85)
        events += [(start, level * heel), (start, crisp * level * click)]
        events.append((start + rng.uniform(0.1, 0.15), 0.15 * crisp * level * scuff))
    return finish(mix(events))


def hammer(rng: np.random.Generator) -> Clip:
    """Return a hammer on an anvil: a hard click and a high inharmonic ring, at a steady pace.

    It is the modal synthesis of a steel block.
    """
    modes = np.concatenate([rng.uniform(700, 1500, 2), rng.uniform(1800, 7000, 9)])
    level, decay = rng.uniform(0.2, 1, 11), rng.uniform(0.08, 0.3) * rng.uniform(0.5, 1.3, 11)
    thud = damped_modes(rng.uniform(120, 400, 3), 0.8, 0.012, 0.12)
    events: list[Event] = []
    for start in stroke_times(rng, int(rng.integers(3, 10)), rng.uniform(0.4, 1.0), 0.08):
        ring = damped_modes(modes, level * rng.uniform(0.6, 1.2, 11), decay, 1.5, 0.001)
        strength = rng.uniform(0.6, 1)
        events += [(start, strength * ring), (start, strength * thud)]
        if rng.random() < 0.2:
            events.append((start + rng.uniform(0.12, 0.18), 0.25 * ring))
    return finish(mix(events))


def alarm(rng: np.random.Generator) -> Clip:
    """Return an electronic alarm: groups of equal beeps of a piezo buzzer's square wave.

    A symmetric square wave has odd harmonics with amplitudes `1 / n`; it is limited to `TOP_HZ`.
    """
    pitch, odd = rng.uniform(700, 2600), np.array([1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7])
    second = pitch * rng.choice([1, 1, rng.uniform(1.15, 1.5)])
    beep, rest = rng.uniform(0.06, 0.25), rng.uniform(0.05, 0.2)
    size, pause = int(rng.integers(1, 6)), rng.uniform(0.25, 0.8)
    tones = [
        fade(harmonic_tone(np.full(len(timeline(beep)), f), odd), 0.006, 0.006)
        for f in (pitch, second)
    ]
    events: list[Event] = []
    start, duration = 0.05, rng.uniform(2.5, 8)
    while start < duration:
        for index in range(size):
            events.append((start, tones[index % 2]))
            start += beep + rest
        start += pause if size > 1 else 0
    return finish(mix(events))


def robot(rng: np.random.Generator) -> Clip:
    """Return a robot's chatter: quick electronic blips, glides and trills of random pitch."""
    events: list[Event] = []
    start, duration, pace = 0.05, rng.uniform(1.5, 5.5), rng.uniform(0.05, 0.14)
    colour = np.array([1, rng.uniform(0, 0.2), rng.uniform(0, 0.35), 0, rng.uniform(0, 0.15)])
    while start < duration:
        length = pace * rng.choice([1, 1, 1, 2, 4])
        time = timeline(length)
        low, high = np.exp(rng.uniform(np.log(350), np.log(3200), 2))
        pitch = low * np.ones_like(time)
        kind = rng.integers(4)
        if kind == 0:
            pitch = low * (high / low) ** (time / length)
        elif kind == 1:
            pitch = low * 2 ** (
                rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * rng.uniform(12, 25) * time)
            )
        events.append((start, fade(harmonic_tone(pitch, colour), 0.006, 0.01)))
        start += length + rng.choice([0.01, 0.02, rng.uniform(0.1, 0.4)], p=[0.5, 0.3, 0.2])
    return finish(mix(events))


def applause(rng: np.random.Generator) -> Clip:
    """Return applause: many people clapping, each with hands and a pace of their own.

    Claps are short resonances at about 0.7 to 2.6 kHz, three to five per second.
    """
    duration, people = rng.uniform(2.5, 8), int(rng.integers(6, 30))
    total = np.zeros(len(timeline(duration)))
    for _ in range(8):
        centre = np.exp(rng.uniform(np.log(700), np.log(2600)))
        hands = band_noise(rng, 0.08, 0.9 * centre, 1.1 * centre)
        hands = fade(hands * np.exp(-timeline(0.08) / rng.uniform(0.005, 0.01)), 0.003, 0.03)
        times = []
        for _ in range(-(-people // 8)):
            gap, first = rng.uniform(0.2, 0.36), rng.uniform(0, 0.5)
            beats = np.arange(first, duration * rng.uniform(0.75, 1), gap)
            times.append(beats + rng.normal(0, 0.02, len(beats)))
        joined = np.concatenate(times)
        total += strikes(joined, rng.uniform(0.3, 1, len(joined)), hands, duration)
    return finish(fade(total, rng.uniform(0.05, 0.6), rng.uniform(0.4, 1.5)))
